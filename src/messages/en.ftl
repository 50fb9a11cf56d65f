# English. Keys are stable codes; the attribute `.hint` says what to do now. `QUOTED($name)` quotes and cuts a value that
# somebody chose, who may be a stranger. The values circle, member, signer, author and reason always are. A count has
# a form for one thing.

identity-made = a new identity was made for this node; its fingerprint is { $fingerprint }
starter-taken = the starter bundle was taken in: { $documents } chapters of the manual, { $models } toy model
decision-changed = new records changed { $count ->
    [one] { $count } earlier decision
   *[other] { $count } earlier decisions
} in circle { $circle }; okibi status lists them
home-loose = { $path } is open to others on this machine; okibi does not use it
    .hint = see that nothing was changed there, then: { $fix }; a key that others could read may need a new one (okibi key rotate)
home-not-yours = { $path } belongs to another user
    .hint = run okibi as that user, or name a home of your own with --home
home-closed = others on this machine could read this home until now; it is closed
home-relative = { $error }
    .hint = give a path that begins with /, or --home
home-moved = this home stands in another folder or on another machine than before; it reads, but writes no records
    .hint = if this is the only copy: okibi key new-feed

file-not-found = { $path }: no such file or folder
    .hint = check the path; a folder on a stick needs the stick to be mounted
file-denied = { $path }: permission denied
    .hint = run as the user who owns it, or change its mode
file-failed = { $path }: { $error }
file-exists = { $path } exists already
    .hint = nothing was overwritten; name another, or remove this one first
file-busy = { $path }: another okibi writes it
    .hint = wait until it has ended
file-is-folder = { $path }: this is a folder
    .hint = name a file
file-read-only = { $path }: what it lies on is read-only
    .hint = remount it for writing, open the switch of the card or stick, or use another place
no-space = there is not enough space: { $error }
    .hint = free some space there, or use a larger stick (in the home okibi gc gives some back), then run the same command again
output-failed = the output could not be written: { $error }
no-randomness = the operating system gives no random numbers: { $error }
no-home = no home folder is known for this user
    .hint = name one: okibi --home DIR, or set OKIBI_HOME
config-unreadable = the configuration cannot be read: { $error }
    .hint = correct the file, or move it away to go on with defaults
config-value = the configuration has a mistake: { $error }
    .hint = okibi config show lists all keys, once the file is read
usage = { $error }
    .hint = okibi --help shows commands and options
no-such-command = there is no command { $name }
    .hint = okibi --help lists the commands

store-busy = another okibi is writing to this home and did not finish within 30 seconds
    .hint = wait for it, then run the same command again
home-busy = another okibi is working on the files of this home
    .hint = wait for it, then run the same command again
store-newer = this home was written by a newer okibi (layout { $found }; this one knows { $known }); nothing was changed
    .hint = install the newer okibi, or use another home with --home DIR
store-damaged = the database is damaged: { $error }
    .hint = restore a copy of the home, then run: okibi key new-feed
store-failed = the database refused: { $error }
    .hint = okibi doctor looks for the cause
circle-newer = the circle decides by rules of a newer okibi; this one reads, shares and suspends, but decides nothing else in it
    .hint = install the newer okibi
target-not-here = nothing was written: { $id } is no authority record of this circle that is here
    .hint = `okibi circle log` lists them; import a bundle or meet a member if it is missing
feed-full = nothing was written: this feed is full
    .hint = okibi key new-feed opens a new one; what was written stays
feed-stopped = this home may not write into its feed: { $why }
    .hint = okibi key new-feed opens a new one; what was written stays
blob-damaged = { $path }: the content does not belong to its name any more
    .hint = remove the file; the next full bundle brings it again (okibi export-bundle --full on the other side)
blob-missing = the content { $id } is not on this node
    .hint = import a bundle that has it
database-missing = { $path } has keys of an identity, but no database
    .hint = put okibi.db back from your copy; to begin anew as somebody else, move the folder keys away
key-missing = the key file { $path } is missing
    .hint = put it back from your copy; without it this identity cannot sign or read bundles
key-malformed = the key file { $path } holds no key
    .hint = put it back from your copy
identity-broken = the identity of this home is incomplete: { $error }
    .hint = restore a copy of the home
library-failed = the library refused: { $error }

bad-name = a name has 1 to 256 bytes and no control characters
    .hint = choose another name
bad-age = not a duration: { $value }
    .hint = write a number and a unit: 90m, 26h, 7d
no-circle = this node belongs to no circle yet
    .hint = found one (okibi circle found NAME), or give your key card (okibi key card) to somebody who has one
circle-unknown = no circle is called { $name }
    .hint = okibi circle list shows yours
circle-ambiguous = more than one circle fits: { $circles }
    .hint = say which: --circle NAME, or the beginning of its id
member-unknown = no member of { $circle } is called { $name }
    .hint = okibi circle members shows them
member-ambiguous = more than one member fits { QUOTED($name) }: { $fits }
    .hint = use the beginning of the fingerprint, as id:xxxx-xxxx
member-known = { QUOTED($name) } is a member already
name-taken = another member is called { QUOTED($name) }
    .hint = choose another name with --name
not-a-member = this node is no active member of { QUOTED($name) }
    .hint = ask a member to admit your key card (okibi key card)
without-effect = the record { $id } was written but has no effect: { $why }
    .hint = an admin of the circle can do what you may not
card-unnamed = { $value } does not say what the admin is called
    .hint = write --with NAME=CARD
circle-name-taken = this node has a circle called { QUOTED($name) } already
    .hint = choose another name; okibi circle list shows yours
card-twice = the card of { QUOTED($name) } is one of another founder, or your own
    .hint = each admin has a card of its own; you are an admin without one
card-bad = this is no usable key card: { $error }
    .hint = have the owner print it again with: okibi key card

document-refused = { $path }: { $error }
    .hint = okibi takes UTF-8 text and markdown (.txt, .md)
document-unknown = no document is called { $name }
    .hint = okibi library list shows them
document-ambiguous = more than one thing fits { $name }
    .hint = use the beginning of its hash or record id
document-shared = { QUOTED($name) } is shared in a circle
    .hint = okibi library withdraw takes back what you shared yourself; what others shared stays
already-shared = { QUOTED($name) } is shared there already, by record { $id }
not-yours = that was shared by { QUOTED($name) }
    .hint = only who shared a thing can withdraw it
not-shared = nothing that is shared there fits { $id }
    .hint = okibi --json library list shows record ids
model-unknown = no model is called { $name }
    .hint = okibi model list shows them; okibi model add FILE adds one

audit-broken = line { $line } of the audit trail was changed, or it or a line before it was taken out
audit-verified = { $count ->
    [one] { $count } line
   *[other] { $count } lines
}, none changed, none cut off; the last has hash { $hash }
circle-founded = circle { QUOTED($name) } ({ $id }) was founded
few-admins = the circle has { $count ->
    [one] { $count } admin
   *[other] { $count } admins
}; three are advised, since the stolen key of a lone admin can end it
circle-line = { $name }  { $id }  { $count ->
    [one] { $count } member
   *[other] { $count } members
}, founded by { $founder }
shared = { QUOTED($name) } is shared in { $circle }; the next bundle carries it
withdrawn = { QUOTED($name) } is withdrawn from { $circle }; nodes drop it when they hear of it, copies that others made cannot be called back
removed = { $name } was removed
document-added = { $name } was added; it stays on this node until you share it
document-known = { $name } is in the library already
library-empty = the library is empty; okibi library add FILE adds a document
nothing-found = nothing was found
hit-origin = from { $origin }
gc-done = { $count ->
    [one] { $count } file
   *[other] { $count } files
} removed, { $size }
gc-would = would remove { $count ->
    [one] { $count } file
   *[other] { $count } files
}, { $size }
gc-database = the database is { $size } smaller; { $records ->
    [one] { $records } record
   *[other] { $records } records
} that can never count and { $statements ->
    [one] { $statements } statement
   *[other] { $statements } statements
} without use were removed
gc-database-would = the database would be smaller by about { $size }; { $records ->
    [one] { $records } record
   *[other] { $records } records
} that can never count and { $statements ->
    [one] { $statements } statement
   *[other] { $statements } statements
} without use would be removed
gc-database-busy = another okibi uses the database, so its file keeps some of its size; run okibi gc again when that has ended
gc-database-no-space = the disk has no room for writing the database anew, so its file keeps its size; the pages are used again. Free some space, then run okibi gc again
key-replaced = a new key serves from now on; export to the others soon, until then they use the old one
would-revoke-key = the key is taken back everywhere; what was written for an old receive key and not imported yet is lost
key-rotated = a new sign key writes from now on; the old feed names it
key-identity = this line is secret: whoever has it reads every bundle written for this node
key-new-feed = a new feed is open; the old one is written no more

status-alone = no circle yet: okibi circle found NAME, or give your key card (okibi key card) to somebody who has one
status-blobs = { $count ->
    [one] { $count } document or model has
   *[other] { $count } documents or models have
} not arrived yet
status-waiting = { $circle }: { $count ->
    [one] { $count } record waits
   *[other] { $count } records wait
} for others that are not here yet
status-set-back = { $circle }: { $names } hold records of yours that are not here: this home was set back, or a copy of it wrote
status-fork = { $circle }: a feed has two records at one height; it counts below that only
status-newer = { $circle }: decides by rules of a newer okibi; this one shares and suspends, and decides nothing else there
status-changed = { $circle }: { $what } was: { $was }; is now: { $is }; by { $by } (okibi circle explain says more)
status-stale = { $circle }: not heard from recently, or ever: { $names }
member-me = (me)
member-admin = admin
member-suspended = suspended
member-heard-future = heard by { $road } at a time in the future: a clock is wrong
member-heard = heard { $age } ago by { $road }
member-never-heard = never heard
member-even = has all of mine
member-behind = lacks { $count ->
    [one] { $count } record
   *[other] { $count } records
}

doctor-good = ok{ " " }
doctor-bad = !!{ " " }
doctor-root-plain = the root key lies unencrypted in the home folder, readable by you only (the default): keep the disk encrypted if others can reach it
doctor-key-exposed = others may read the key file { $path }
    .hint = chmod 600 it, and rotate the key if somebody could have copied it (okibi key rotate)
doctor-key-missing = the { $role } key is missing
    .hint = put the file back from your copy
spare-only = a spare key signs here, and decisions need a key that the root certified
    .hint = unlock the root key: okibi key rotate
doctor-no-spare = no spare sign key is certified
doctor-home-moved = this home was moved or copied; it writes no records
    .hint = if this is the only copy: okibi key new-feed
doctor-future = circle { $circle }: { $name } was last heard at a time that lies in the future; a clock was wrong then, or is now
    .hint = set the clock of this machine (date); the time is right again once { $name } is heard anew
doctor-disk = { $mib } MiB are free
    .hint = below 256 MiB imports begin to fail; okibi gc shows what can be given back
doctor-file-system = the home lies on a file system without file modes or safe locking (FAT, network)
    .hint = move it to a local file system: okibi --home DIR
doctor-database = database check: { $error }
doctor-blobs = { $count ->
    [one] { $count } document or model is missing or has the wrong size
   *[other] { $count } documents or models are missing or have the wrong size
}
    .hint = an export with --full from another member brings them again
doctor-audit = the audit trail is unbroken
doctor-audit-broken = the audit trail was changed at line { $line }, or it or a line before it was taken out
    .hint = somebody or something wrote into the database; compare with a copy
doctor-one-admin = { $circle } has one admin: its key, stolen, can end the circle from any point of its past
    .hint = found circles with three admins (okibi circle found NAME --with NAME=CARD)
doctor-no-admin = { $circle } has no admin left: members go on reading and writing, but nobody decides
    .hint = go on in a new circle: okibi circle refound NAME
doctor-two-admins = { $circle } has two admins: one can suspend the other only with more than half of the members' weight
    .hint = make a third one: okibi circle add-admin NAME
doctor-two-trunks = { $circle } rests on two people with equal votes: where they disagree, no vote by weight can pass
    .hint = have two admins vouch for a third person (okibi circle endorse NAME)
doctor-set-back = { $circle }: { $names } hold records of yours that are not here: this home was set back, or a copy of it wrote
    .hint = meet them again before you write: they bring what is missing; your newer records go on in a new feed
doctor-fork = { $circle }: a feed has two records at one height
    .hint = its owner goes on with okibi key new-feed; an admin may suspend a thief's key
doctor-waiting = { $circle }: { $count ->
    [one] { $count } record waits
   *[other] { $count } records wait
} for others
    .hint = the acknowledgement asks for them; the next bundle brings them
doctor-newer = { $circle }: decides by rules of a newer okibi
    .hint = install the newer okibi
doctor-rotation = the feed before the last `okibi key rotate` is not closed yet in: { $circles }
    .hint = the new key is in use all the same; it is tried again whenever okibi starts
doctor-no-model = no language model is installed; chat quotes the manual
    .hint = okibi model add FILE.gguf

output-is-terminal = a bundle is binary data, and standard output is a terminal
    .hint = redirect it to a file or a pipe, or name a file: -o FILE
ask-bundle = Passphrase of the bundle:
ask-new-bundle = Passphrase for the bundle (Enter: one is made up):
ask-again = The same again:
ask-ssh-key = Passphrase of the SSH key { $path }:
passphrase-no-terminal = a passphrase is needed, and there is no terminal to ask for it
    .hint = put it into the first line of a file that only you can read, and name the file: --passphrase-file FILE
passphrase-empty = an empty passphrase protects nothing
passphrase-differs = the two passphrases differ
    .hint = run the same command again
passphrase-short = the passphrase is too short; it needs { $least ->
    [one] { $least } character
   *[other] { $least } characters
} at least
    .hint = whoever has the file can try as many as his machines manage; type nothing and okibi makes one up
passphrase-made-up = the passphrase; write it down, it is not shown again:
secret-loose = { $path } can be read by others on this machine, so the secret in it is refused
    .hint = close it: { $fix }
passphrase-bad = { $path }: its first line holds no passphrase
ssh-key-bad = this SSH key cannot be used: { $error }
    .hint = ssh-ed25519 keys and ssh-rsa keys of 2,048 to 4,096 bits can; --to-ssh takes a .pub file or its line, --ssh-key the private key's file
ssh-key-locked = { $path }: the passphrase of this SSH key is another one
courier-watching = waiting for removable media with a folder okibi; Ctrl-C ends it
courier-no-folder = { $path } is a file; a courier serves the folder of a medium
    .hint = one bundle in a file: okibi import-bundle FILE
courier-read-only = { $path } was read; it cannot be written, so what others lack was not left there
    .hint = open its switch or remount it for writing, and run the same command again; nothing is lost
courier-skipped = { $path }: no folder okibi, left alone
courier-there = nothing new; what others lack lies there already
courier-nothing = nothing to take in, nothing to leave
courier-cleared = { $count ->
    [one] { $count } bundle
   *[other] { $count } bundles
} of yours went: taken in, or replaced by a later one
courier-carried-in = { $count ->
    [one] { $count } sealed bundle
   *[other] { $count } sealed bundles
} for others are carried from here ({ $size })
courier-carried-out = { $count ->
    [one] { $count } sealed bundle
   *[other] { $count } sealed bundles
} of others were left here ({ $size })
courier-left = { $count ->
    [one] { $count } sealed bundle
   *[other] { $count } sealed bundles
} for others were not carried: no room, damaged, or parts of a set
courier-delivered = { $count ->
    [one] { $count } carried bundle
   *[other] { $count } carried bundles
} reached everybody they are for, or were carried too long
key-locked = the root key is locked: { $error }
    .hint = run it on a terminal, or put the passphrase into the first line of a file and name it: OKIBI_PASSPHRASE_FILE=FILE
plugin-failed = the age plugin did not do it: { $error }
    .hint = the program age-plugin-NAME must be in the PATH; the root key is as it was
spare-used = no spare sign key is left that never wrote
    .hint = unlock the root key: okibi key new-feed
backup-closed = this backup does not open with that passphrase or key
    .hint = nothing was restored; --identity FILE takes an age identity or an SSH private key, --passphrase-file FILE a passphrase
backup-refused = this is no sound backup: { $error }
    .hint = nothing was restored; use another copy of it
backup-newer = this backup is of a newer okibi (reader { $found })
    .hint = install the newer okibi; nothing was restored
restore-not-empty = { $path } is not empty; a backup is restored into a new home only
    .hint = name another folder: okibi --home DIR restore FILE
ask-root = Passphrase of the root key:
ask-new-root = New passphrase for the root key (Enter: one is made up):
ask-new-backup = Passphrase for the backup (Enter: one is made up):
ask-backup = Passphrase of the backup:
would-revoke = the sign key in use would be taken back in all your circles: what this node knows of its feed stays, everything else by it will not count, here and at everybody whom this reaches
key-revoked = the old key is taken back; export to the others soon, until then they do not know
key-passphrase-set = the root key is under a passphrase now; without it no key can be made, taken back or replaced. What the disk held before may still be found on it
key-passphrase-removed = the root key lies in clear again, readable by you only
key-plugin-set = the root key is under the age plugin now
backup-done = { $path }: the whole home, with its keys and { $count ->
    [one] { $count } blob
   *[other] { $count } blobs
} ({ $size }). Anyone who can decrypt this file can act as this node
backup-without-keys = { $path }: the home without its keys, with { $count ->
    [one] { $count } blob
   *[other] { $count } blobs
} ({ $size }); keep the folder keys elsewhere
backup-damaged = { $count ->
    [one] { $count } blob was
   *[other] { $count } blobs were
} damaged here and are not in the backup
    .hint = the rest is whole; a bundle can bring the damaged ones again
restored = { $path }: restored, { $count ->
    [one] { $count } blob
   *[other] { $count } blobs
}; is the fingerprint the one that you know? What was written after the backup comes back from the others
restored-made = signed by this identity, made { $age } ago by its clock
restored-left-out = left out of the configuration, because it says whom the node speaks to and where its secrets are: { $names }; --with-network-settings takes it, too
backup-of-another = the backup is of another identity: { $fingerprint }
    .hint = whoever knows your recipient can make a file that you can open; use your own
restored-stopped = no new feed could be opened, because the root key is locked or not here: this home reads, and writes no records until okibi key new-feed
doctor-advice = --{ " " }
doctor-root-locked = the root key is under a passphrase
doctor-root-plugin = the root key is under the age plugin { $name }
doctor-home-restored = this home was restored without its root key; it writes no records
    .hint = okibi key new-feed; while the root key stays locked: okibi key new-feed --spare, if this backup was never restored before
doctor-spare = a spare key signs here; it writes ordinary records only
    .hint = once the root key is at hand: okibi key rotate
doctor-no-modes = the file system of this home keeps no file modes: others on this machine can read its keys
    .hint = move the home to a disk of this machine, or put the root key under a passphrase: okibi key passphrase set
doctor-open-home = others on this machine can look into this home; its keys are closed to them
    .hint = chmod 700 the home
doctor-no-wal = the database keeps its log in mode { $mode }: its file system does not hold what okibi needs
    .hint = move the home to a disk of this machine
circle-forgot = { QUOTED($name) }: { $count ->
    [one] { $count } record
   *[other] { $count } records
} of it went from this node. The others keep theirs and you are still a member there; it stays away until okibi circle accept { $id }, and a bundle written with --full brings it back then. okibi gc gives its space back
would-forget = { QUOTED($name) }: its records, documents and models would go from this node only; what you wrote there and nobody took in is lost, and your sign key is replaced if you wrote there
model-fetched = { $name } is back
home-is-file = { $path } is a file; a home is a folder
    .hint = name a folder: okibi --home DIR, or OKIBI_HOME
home-read-only = this home cannot be written; it is shown as it was left
no-release = no release of okibi came by bundle
release-line = { QUOTED($name) }  { $size }, shared by { $author } in { $circle }
release-line-missing = { QUOTED($name) }  { $size }, shared by { $author } in { $circle }; its file did not come along yet
release-shared = { QUOTED($name) } is shared in { $circle }; it goes with the next bundles
release-name = { $name } is no name of a release
    .hint = name the file okibi-VERSION-TARGET, such as okibi-1.2.0-x86_64-linux.tar.gz
release-refused = the signature of this release is refused: { $error }
    .hint = sign the file with: ssh-keygen -Y sign -n okibi-release@v1 -f KEY FILE (ssh-ed25519)
release-unknown = no release { $name } came by bundle
    .hint = okibi update lists those that did
release-lower = { $name } is older than this program, { $version }
    .hint = if that is meant: add --older
release-whose = shared by { $author } in { $circle }; the signature fits the file. Whether that key is one of okibi's is for you to know, from a place that this bundle did not come from
release-check = put the line of the key that you trust into a file allowed, a name before it, and check it yourself
release-inert = nothing was executed, and the file is not executable
export-to-self = a bundle for yourself would hold nothing
    .hint = name another member: --to NAME
recipient-suspended = { QUOTED($name) } is suspended; nothing is written for it
recipient-unusable = nothing can be encrypted to the receive key of { QUOTED($name) }
    .hint = the key is broken, or made to break others' programs; ask for a new key card, or suspend the member
recipient-left-out = left out, because nothing can be encrypted to their receive keys: { $names }; the others get theirs
recipient-no-key = no receive key of { QUOTED($name) } is known
    .hint = ask for its key card (okibi key card) and admit it with that
nothing-for-me = nothing here is for this node
    .hint = bundles name their recipients; the sender must export --to this node (okibi key show)
slice-missing = { $error }
    .hint = copy the whole okibi folder again, or ask the sender for a new export
slices-kept = a part of a bundle is here ({ $have ->
    [one] { $have } slice
   *[other] { $have } slices
}, kept on this node); still missing: { $missing }
    .hint = import the other media of the set, in any order; okibi gc drops the kept slices after 30 days, okibi gc --slices now
slices-first = a part of a bundle is here, and not the one with its first slice; nothing of it was kept; missing: { $missing }
    .hint = begin with the medium that has 000.age: only that one tells whether the bundle is for this node
slices-elsewhere = a part of a bundle is here ({ $have ->
    [one] { $have } slice
   *[other] { $have } slices
}); still missing: { $missing }
    .hint = name all media of the set at once, or import them one after the other without --dry-run
output-closed = the reader closed the pipe before the end of the bundle; what it has is no bundle
    .hint = run it again with a reader that takes everything
bad-slice = { $text } is no size of a slice
    .hint = write 700M, 2G or a number of bytes, at least 4K
bad-parity = { $text } is no amount of parity
    .hint = write 10% or any percentage from 1 to 100
bad-since = { $text } is no time
    .hint = use a duration with a unit, such as 7d or 26h, or a date such as 2026-11-01
parity-of-pipe = parity is made in a second pass, and a pipe is read once
    .hint = write to a file or a medium, or leave --parity out
no-removable = no removable medium is mounted
    .hint = plug the stick in and mount it, or name its folder
several-removable = several removable media are mounted: { $paths }
    .hint = name one of the folders, or several in the order in which they shall be filled
stdin-alone = standard input stands alone
    .hint = name either - or folders and files
bundle-refused = { $error }
    .hint = nothing was kept; ask the sender for a new export, and compare fingerprints if this surprises you
bundle-newer = { $error }
    .hint = install the newer okibi
medium-busy = { $error }
    .hint = wait for the other okibi, then run the same command again
no-medium = { $error }
    .hint = plug the stick in and mount it, then name the folder where it is mounted
read-back = { $error }
    .hint = the medium is broken or lies about its size; use another one
content-changed = { $error }
    .hint = okibi doctor looks at the blobs of this node
bundle-plan = { $error }
starter-broken = the built-in starter bundle cannot be used: { $error }
    .hint = this okibi was built wrongly; build it again from an unchanged checkout

exported = for { $to }: { $records ->
    [one] { $records } record
   *[other] { $records } records
}, { $documents ->
    [one] { $documents } document
   *[other] { $documents } documents
}, { $models ->
    [one] { $models } model
   *[other] { $models } models
} ({ $content }); { $size } written
exported-ack = for { $to }: no records, only the acknowledgement of what was taken in; { $size } written
would-export = for { $to }: would write { $records ->
    [one] { $records } record
   *[other] { $records } records
}, { $documents ->
    [one] { $documents } document
   *[other] { $documents } documents
}, { $models ->
    [one] { $models } model
   *[other] { $models } models
} ({ $content })
export-nothing = nothing new for { $to }; nothing was written
exported-slices = { $slices ->
    [one] { $slices } slice
   *[other] { $slices } slices
} on { $media } media, { $parity } of parity
next-medium = the medium is full: { $written } are written, up to { $left } are still to go. Unmount it, mount the next one and press Enter for { $path }, or type another folder; q stops:
next-medium-unfit = that one cannot take more: it is not mounted, read-only, full, in use, or has a part of this bundle already
safe-to-remove-unread = written and synced. The read-back may have come from the cache; unmount the medium before you remove it
not-reread = written, but not read back from the medium
safe-to-remove = written, read back and verified; the stick is safe to remove once it is unmounted
read-back-file = written, read back and verified
joined = this node now belongs to a circle:
would-join = this node would enter a circle:
circle-founded-by = founded by { $founder }
circle-called = called { $circle }
imported = { $circle }: { $records ->
    [one] { $records } record
   *[other] { $records } records
} from { $signer }
imported-no-records = { $circle }: no new records from { $signer }
would-import = { $circle }: would take { $records ->
    [one] { $records } record
   *[other] { $records } records
} from { $signer }
import-nothing-new = { $circle }: nothing new from { $signer }
import-members = new members: { $names }
import-suspended = suspended: { $names }
import-documents = new documents: { $names }
import-models = new models: { $names }
import-lifted = suspension lifted: { $names }
import-admins = new admins: { $names }
import-current = current now: { $names }
import-withdrawn = taken back by who shared it: { $names }
import-policy = the circle's policy has changed (okibi circle policy)
would-members = would be admitted: { $names }
would-suspend = would be suspended: { $names }
would-lift = suspensions that would be lifted: { $names }
would-admins = would become admins: { $names }
would-documents = documents that would be added: { $names }
would-models = models that would be added: { $names }
would-withdraw = would be taken back: { $names }
would-current = would become current: { $names }
would-policy = the circle's policy would change
import-older = this bundle (number { $sequence }) is older than one of { $signer } that is here already (number { $newer }); that does no harm
import-set-back = { $names } hold records of yours that are not here: this home was set back, or a copy of it wrote; meet them again, they bring them
import-forked = these members wrote two records at one place, their feeds stop there: { $names } (okibi doctor)
import-salvaged = the bundle is damaged ({ $why }); what stands whole before that was taken in, { $count ->
    [one] { $count } member was
   *[other] { $count } members were
} left out: { $names }
slices-repaired = bundle { $handle }: damaged slices were repaired from parity: { $names }; the medium loses bytes, use another one
parity-damaged = bundle { $handle }: parity is damaged and repairs nothing more: { $names }
import-acks = { $signer } acknowledged what it has
import-unnamed = { $count ->
    [one] and { $count } more document or model
   *[other] and { $count } more documents and models
}
import-resumed = an earlier import of this bundle was broken off; what it took in is counted here
import-held-back = contents left out by this node's settings (contents.* in okibi config show): { $count }
import-waiting = { $count ->
    [one] { $count } record waits
   *[other] { $count } records wait
} for others that are not here yet; the acknowledgement asks for them
import-acknowledged = acknowledged on the medium
import-refused = { $count ->
    [one] { $count } record was
   *[other] { $count } records were
} left out: damaged, forged, or of another circle
ack-later = the medium cannot be written; the acknowledgement goes with the next export
bundle-named = bundle { $handle }:
bundles-missing = { $circle }: bundle { $numbers } of { $signer } is missing, and { $signer } has records that are not here; lost, or withheld
doctor-bundles-missing = { $circle }: bundle { $numbers } of { $signer } is missing, and { $signer } has records that are not here
    .hint = sticks get lost: once { $signer } has your acknowledgement, the next bundle brings all of it; ask for one
bundle-unfinished = unfinished bundles on the medium: { $count }; who wrote them runs the export again
medium-crowded = folders on the medium that were not looked into, at least: { $count }; there are more than okibi looks through
    .hint = import one bundle by the path of its folder, or take what nobody knows out of the folder okibi
medium-blank = there is no bundle here
bundle-for-others = { $handle }  for others, { $size }
bundle-begins = { $handle }  slices { $first } to { $last }, { $size }: the beginning of a bundle that goes on on other media
bundle-middle = { $handle }  slices { $first } to { $last }, { $size }: the middle of a bundle; the others lie on other media
bundle-ends = { $handle }  slices { $first } to { $last }, { $size }: the end of a bundle that begins on other media
part-undamaged = undamaged
part-import = import the media of the set in any order: the last one completes it; only then the signature over all of it can be checked
bundle-head = bundle { $id } from { $signer }, { $circle }, number { $sequence }, { $count ->
    [one] { $count } recipient
   *[other] { $count } recipients
}
bundle-verified = bundle { $id } from { $signer }, { $circle }, number { $sequence }, { $count ->
    [one] { $count } recipient
   *[other] { $count } recipients
}: every byte verified
circle-not-known = a circle not known here

model-added = { $name } was added ({ $size }); ask it with: okibi chat -m { $name }
model-template = { $name }: { $error }; name another one: okibi chat -m { $name } --template FILE
model-used = chat uses { $name } when no model is named
model-unused = no model is chosen any more
model-removed = { $name } was removed; okibi gc gives its space back
model-removed-shared = { $name } was removed from the list and stays away (okibi model fetch { $name } brings it back); its file stays while a circle or the starter shelf has it
model-toy = toy
model-no-template = none: it continues text and was not made for conversation
yes = yes
model-refused = { $name } does not run here: { $error }
    .hint = okibi runs whole GGUF files of some architectures; copy a file again that is cut short, see: okibi library search --manual 'which models run?'
model-choose = several models are installed: { $names }
    .hint = name one with -m, or choose one for good: okibi model use NAME
bad-model-name = { $name } cannot be a model's name
    .hint = use up to 64 letters, digits, dots, - and _
model-name-taken = a model is called { $name } already
    .hint = give another name: --name NAME
quantized = { $path }: { $type }, { $after } instead of { $before } ({ $types })
would-quantize = { $path }: would be { $type }, { $after } instead of { $before } ({ $types })
model-type-unknown = { $name } is no type that models are written in
    .hint = these are: { $known }
model-packed = { $name }: { $error }
    .hint = take the F16, BF16 or F32 file of this model; --again accepts the loss
model-no-gain = { $name }: { $error }
    .hint = it would become no smaller; choose a type with fewer bits
licence-unsure = { $name } is under "{ $licence }": okibi does not know whether you may pass it on, and on which terms
licence-denies = { $name } is under "{ $licence }", which does not let you pass it on
licence-unanswered = { $name } was not shared
    .hint = read its licence; if you may share it, say so with --yes
model-needs = { $file } file + { $cache } for { $context ->
    [one] { $context } token
   *[other] { $context } tokens
} of context: { $needed } in all
model-fits = { $file } file + { $cache } for { $context ->
    [one] { $context } token
   *[other] { $context } tokens
} of context: { $needed } in all, of { $available } that are free: it fits
model-too-large = { $file } file + { $cache } for { $context ->
    [one] { $context } token
   *[other] { $context } tokens
} of context: { $needed } in all, but only { $available } are free: it does not fit; a smaller context (--context) or fewer bits (okibi model quantize) may
tokenizer-unverified = unverified: its cutting was compared with llama.cpp's on made-up vocabularies only
model-licence = the licence of { $name } is not known; sharing it may not be yours to decide
    .hint = say under which licence you share it: --licence WORDS
chat-left-out = the { $count ->
    [one] { $count } oldest message has
   *[other] { $count } oldest messages have
} no room in the context any more: the model answered without them
model-gone = the model's thread ended without an answer
    .hint = that is a fault of okibi; please report it with the model's name
prompt-too-long = { $error }
    .hint = shorten the question, begin a new conversation, or give more context if the model has it: --context N, or /context N in a conversation
template-failed = { $name }: { $error }
    .hint = the file's chat template is at fault; another GGUF of the same model may have a better one
no-thread = the operating system gives no thread: { $error }
bad-option = { $name } must be { $want }
    .hint = okibi chat --help explains it
question-empty = there is no question
    .hint = okibi chat 'How do I add a model?'
question-unreadable = the question cannot be read: { $error }
    .hint = questions are UTF-8 text

manual-mode = No language model is loaded. These sections of the built-in manual are closest to your question:
manual-nothing = The manual has nothing close to that; try other words, or look at the commands: okibi --help
manual-add = To get answers from a model of your own: { $command }
manual-files = GGUF files found on this machine:
chat-toy = { $name } is a toy: { $note }
chat-begin = talking to { $name }; an empty line does nothing, Ctrl-D ends, Ctrl-C stops an answer
chat-idle = Ctrl-C once more ends the conversation, as Ctrl-D does
chat-begin-manual = no language model is loaded; questions are answered with quotations from the manual; Ctrl-D ends
chat-thinking = the model is thinking; --thoughts shows what
chat-limit = the answer was cut at the limit of { $count ->
    [one] { $count } token
   *[other] { $count } tokens
}; --max-tokens N (or chat.max-tokens in config.toml) allows more
chat-limit-thoughts = the limit of { $count ->
    [one] { $count } token
   *[other] { $count } tokens
} was used up by thinking, before an answer began; --max-tokens N (or chat.max-tokens in config.toml) allows more
chat-context-full = the answer stops here: the context of { $context ->
    [one] { $context } token
   *[other] { $context } tokens
} is full

would-decide = This would happen:
decided = Done, as record { $id }:
sure = Continue? [y/N]
sole-admin = { QUOTED($name) } is the only admin, and no endorsements suspend an only admin; found a new circle with those you trust
not-decided = cancelled; nothing was changed
    .hint = --yes answers the question beforehand; --dry-run shows what would happen
home-missing = there is no okibi home at { $path }
    .hint = check OKIBI_HOME or --home; okibi chat makes a home where there is none
nothing-written = nothing was written
compare = compare before you admit: { $fingerprint }; { $words }
change-member = { QUOTED($name) } ({ $fingerprint }) becomes a member
change-suspended = { QUOTED($name) } ({ $fingerprint }) is suspended
change-restored = { QUOTED($name) } ({ $fingerprint }) is a member again
change-admin = { QUOTED($name) } ({ $fingerprint }) becomes an admin
change-no-admin = { QUOTED($name) } ({ $fingerprint }) is no admin any more
change-policy = members may admit { $invitations ->
    [one] { $invitations } person
   *[other] { $invitations } people
} each; proposals need { $quorum } of the admins
change-none = nobody's standing changes
change-counts = record { $id } counts from now on
change-without-effect = record { $id } has no effect any more
policy = members may admit { $invitations ->
    [one] { $invitations } person
   *[other] { $invitations } people
} each; proposals need { $quorum } of the admins
policy-majority = more than half
would-refound = { QUOTED($name) } would go on from { $old }, with its admins and members; the old circle stays as it is
not-suspended = { QUOTED($name) } is not suspended
admin-known = { QUOTED($name) } is an admin already
founder-needs-none = { QUOTED($name) } was named at founding; nobody has to vouch for it
record-unknown = no member is called { $id }, and no record begins with it
    .hint = okibi circle members shows names, okibi circle log ids; give at least four digits of an id
why-count = ({ $have } of { $need })
why-unreadable = its content does not fit its kind
why-newer = its kind belongs to a newer okibi
why-dangling = it speaks of a record that it does not know
why-no-member = its author is no member
why-suspended = suspended
why-no-admin = its author is no admin
why-invitations = its author has used up its invitations
why-target = it cannot be said of that person
why-succeeded = it stands behind the record that closed its feed
why-revoked = its key was revoked before it
why-forked = it stands at or above a fork of its feed
why-beyond = it lies beyond the cut of a suspension
why-unsupported = its author's right does not count any more
why-inert = it has no effect in this version of the rules
why-votes = it waits for endorsements (okibi circle endorse)
why-replaced = another proposal was taken
why-admission-without-effect = there is an admission that has no effect
why-admitted = admitted
why-lifted = a suspension of it was lifted
why-made-admin = made an admin
why-named-by-genesis = named at founding
why-readmitted = admitted again
why-suspension = a suspension names it
why-endorsed = endorsed
why-admin = an admin
why-branch = it waits: its feed has a fork below it, and nothing that counts reaches it
why-counts = it counts
why-feeds = it waits: its author has more feeds than are allowed
why-seat = it waits: others whom the same member admitted come before its author; an admin's endorsement of the admission gives it room
why-quota = its feed has written as much as one feed may
why-lacks-admission = it waits: nobody has admitted its author
why-lacks-certificate = it waits: the certificate of its feed is missing
why-lacks-record = it waits: a record that it names is missing
why-member = a member
why-never = it can never belong to the set
why-unknown = nothing is known of it here
why-withdrawn = its author withdrew it
why-void = it does not count any more

network-failed = the network cannot be used: { $error }
    .hint = okibi doctor looks for the cause; sticks need no network
node-runs = a node of this home runs already ({ $path })
    .hint = it does what this would do; stop it first to start another
node-starts = the node of { $home } starts; Ctrl-C ends it
session-failed = a peer was given up: { $error }
interrupted = interrupted; what had arrived is kept
bad-address = { $value } is no address
    .hint = write host:port, such as 192.168.1.7:6542 or [fe80::1%eth0]:6542, or the line that okibi peer address shows on the other node
bad-relay = { $value } is no relay
    .hint = write its URL, such as https://relay.example.org, in network.relays or OKIBI_RELAYS
bad-bootstrap = { $value } is no node of the DHT
    .hint = write host and port, such as router.bittorrent.com:6881, in network.dht-bootstrap or OKIBI_DHT_BOOTSTRAP
iroh-off = this node is not reached beyond the local network
    .hint = set network.iroh or network.relays (docs/network.md), and start okibi node again if it runs
address-unknown = { $address } is not among the addresses
    .hint = okibi peer list shows them
peer-unknown = no member of a circle of yours is called { $name }
    .hint = okibi circle members shows them
peer-added = { $address } is dialled from now on
peer-removed = { $address } is dialled no longer
peer-blocked = { QUOTED($name) } is not spoken with any more; what it wrote still counts (okibi circle suspend decides for all)
peer-unblocked = { QUOTED($name) } is spoken with again
peer-nick = this peer is shown as { $name } here
peer-never = nobody answered there yet
peer-connected = connected: { QUOTED($name) } at { $address }
peer-silent = nobody answers at { $address }
sync-nobody = nobody was found
sync-done = in step with { $names }: { $in ->
    [one] { $in } record
   *[other] { $in } records
} came, { $out } went, { $blobs ->
    [one] { $blobs } document or model
   *[other] { $blobs } documents or models
} came
sync-offline = this needs a network, and offline is set
    .hint = okibi export-bundle and import-bundle work without one
ticket-how = show or send this line to one person; it may be used once, for { $minutes } minutes (okibi circle withdraw { $id } takes it back). Then both compare words
ticket-bad = this is no usable ticket
    .hint = copy the whole line that begins with okibi-ticket-1:
ticket-own = this ticket was made by this node
    .hint = give it to somebody else
ticket-unknown = no open invitation begins with { $id }
    .hint = okibi circle tickets lists them
ticket-unused = nobody was admitted by this ticket
    .hint = make another one: okibi circle invite
ticket-admitted = { QUOTED($name) } is a member of { $circle } now
ticket-withdrawn = the invitation { $id } is withdrawn
pairing-asked = somebody asks to be admitted; by voice or side by side, both must have the same words on the screen (for a key that is compared for years, compare the fingerprint):
pairing-called = calls itself { QUOTED($name) }
pairing-joining = you ask to be admitted as { QUOTED($name) }; by voice or side by side, both must have the same words on the screen (for a key that is compared for years, compare the fingerprint):
pairing-confirmed = the words are the same; { QUOTED($name) } is told
pairing-none = no pairing waits for words here
    .hint = okibi circle invite on one side and okibi circle join on the other begin one
pairing-words-differ = these are not the words of this side: nobody is admitted
    .hint = somebody may be in between; begin again with a new ticket, and read out what the other screen shows
join-done = you are a member of { $circle }
join-denied = nobody was admitted: the words differed, or the ticket is not honoured any more
    .hint = ask for a new ticket
join-nobody = who made this ticket was not found, or does not honour it
    .hint = both must be on one network and the ticket open (okibi circle tickets there); or name the address: --peer HOST:PORT

doctor-clock = this machine's clock is { $minutes } minutes behind what others have written
    .hint = set the clock; nothing is lost by it, but ages and expiries are wrong
doctor-peer-seen = multicast: { $count ->
    [one] { $count } other node shows
   *[other] { $count } other nodes show
} up on the local network
    .hint = is okibi node running there, and on the same network? Some access points keep devices apart, some firewalls drop UDP 5353; an address works without multicast: okibi peer add HOST:PORT
doctor-peer-udp = UDP goes through to { $address }, and what answers there speaks okibi
doctor-iroh = beyond the local network this node is { $address }
doctor-relay = one of { $count ->
    [one] { $count } relay
   *[other] { $count } relays
} answers
    .hint = is its URL right (okibi config show), is the relay running, and does a firewall let this machine reach it by HTTP?
doctor-dht = the mainline DHT answers
    .hint = does a firewall let this machine send UDP to any port, and do the names in network.dht-bootstrap resolve (okibi config show)? The other roads work without it
doctor-peer-relayed = { $address } is reached through a relay, since UDP finds no direct way; what answers there speaks okibi
doctor-peer-silent = nobody answers at { $address }
    .hint = is okibi node running there, and does a firewall on either side let UDP in on its port (by default 6542, beyond the local network 6543)?
doctor-peer-member = { QUOTED($name) } answers and is a member of a circle in common
doctor-peer-in-step = both have what the other has: { QUOTED($name) }
    .hint = okibi status says what is lacking; okibi sync goes on with it
doctor-peer-stranger = { $address } hangs up: it has no circle in common with this node, does not know that this node was admitted, or has blocked or suspended it
    .hint = exchange a bundle by stick (okibi export-bundle --full), which brings the admission; okibi circle explain says who is suspended
doctor-peer-refused = { $address } does not prove to be an active member of a circle in common
    .hint = okibi circle explain NAME says whether somebody is suspended; okibi peer list whom this node does not speak with
doctor-peer-version = { $address } speaks another version of the exchange
    .hint = install the newer okibi on both sides
doctor-peer-myself = { $address } is this very node
    .hint = name another one
doctor-peer-broken = { $address } broke the exchange off, or the connection was lost
    .hint = try again; RUST_LOG=okibi=debug okibi node says more
doctor-peer-blocked = this node does not speak with { QUOTED($name) }
    .hint = okibi peer unblock takes that back
session-unknown = there is no conversation { $name }
    .hint = okibi history list shows their numbers
no-session = there is no conversation yet
    .hint = okibi chat begins one
history-empty = no conversation is kept yet; okibi chat begins one
history-exported = written to { $path }
history-deleted = { $count ->
    [one] { $count } conversation was
   *[other] { $count } conversations were
} deleted
history-you = you
history-manual = the manual
history-broken-off = (broken off: the program ended)
history-stopped = (stopped)

# The face on the whole terminal.
tui-age-days = { $count } d
tui-age-hours = { $count } h
tui-age-minutes = { $count } min
tui-age-seconds = { $count } s
tui-ago = { $age } ago
tui-answering = answering, { $rate ->
    [one] { $rate } token
   *[other] { $rate } tokens
}/s
tui-audit = Audit trail, newest first
tui-audit-empty = nothing came in and nothing went out yet
tui-broken-off = broken off
tui-busy = an answer is on its way; ^C stops it
tui-card-about = about
tui-card-architecture = architecture
tui-card-context = context, in tokens
tui-card-licence = licence
tui-card-name = name in the file
tui-card-parameters = parameters
tui-card-size = size
tui-card-type = weights
tui-chat = chat
tui-circle = Circle { $circle }: { $members ->
    [one] { $members } member
   *[other] { $members } members
}, { $records ->
    [one] { $records } record
   *[other] { $records } records
}
tui-circles = Circles
tui-coming = Shared and not here yet
tui-coming-more = and { $count } more
tui-coming-words = { $percent } %, { $here } of { $size }; { QUOTED($name) } shares it in { $circle }
tui-command-again = answer the last question again
tui-command-copy = copy the last message
tui-command-edit = edit the last question
tui-command-find = search all conversations
tui-command-help = all keys and commands
tui-command-model = answer with this model
tui-command-models = the models of this node
tui-command-monitor = this node and its people
tui-command-mouse = mouse wheel on or off
tui-command-new = begin a new conversation
tui-command-peers = members, invitations, who is behind
tui-command-quit = leave okibi
tui-command-save = write the conversation to a file
tui-command-sessions = earlier conversations
tui-command-system = instructions for the model; - removes them
tui-command-temp = temperature, 0 to 5
tui-command-title = another title
tui-context = { $used } of { $context ->
    [one] { $context } token
   *[other] { $context } tokens
}
tui-context-full = context full
tui-context-short = { $used }/{ $context }
tui-copied = { $count ->
    [one] { $count } character
   *[other] { $count } characters
} copied
tui-delete-sure = Delete “{ $name }” for good? Enter deletes, Esc keeps
tui-disk = disk
tui-disk-words = { $used } of okibi's, { $free } free of { $all }
tui-editing = edited question: sending begins a new branch
tui-editor-failed = the editor did not end well: { $editor }; the draft is as it was
tui-failed = failed
tui-filter = find:{ " " }
tui-find = Search all conversations
tui-find-how = Type words; messages that hold all of them appear, newest first. Enter goes there, Tab takes the words into your draft, Esc goes back to it
tui-find-nothing = no message holds these words
tui-fingerprint = fingerprint
tui-help-chat = Chat, while writing
tui-help-commands = slash commands
tui-help-dialog = Questions
tui-help-find = Search
tui-help-global = Everywhere
tui-help-lists = Lists
tui-help-marks = Marks
tui-help-models = Models
tui-help-monitor = Monitor
tui-help-nothing = no key and no command fits
tui-help-pair = Comparing words
tui-help-peers = Peers and invitations
tui-help-reading = Chat, while reading
tui-help-sessions = Conversations
tui-help-writing = Every input
tui-here = stayed here
tui-home = home
tui-import-sure = Take this in? Enter takes it, Esc leaves it
tui-import-title = Import
tui-import-what = Where is the bundle? The folder of a stick, or a file. You see first what it would bring
tui-importing = taking in { $path } …
tui-join-as = What shall the circle call you?
tui-join-how = Paste or write the ticket, the line that begins with okibi-ticket-1:
tui-join-left = not joining any more
tui-join-title = Joining a circle
tui-join-working = Looking for whoever made this ticket … Esc gives up
tui-key-again = again
tui-key-back = back
tui-key-chat = chat
tui-key-choose = choose
tui-key-confirm = yes
tui-key-copy = copy
tui-key-copy-code = copy its code
tui-key-delete = delete
tui-key-differ = they differ
tui-key-down = down
tui-key-edit = edit the question
tui-key-editor = write in your editor ($EDITOR)
tui-key-fetch = fetch offers
tui-key-find = search
tui-key-first = first
tui-key-help = help
tui-key-import = import
tui-key-interrupt = stop the answer; else empty the input; else leave
tui-key-invite = invite
tui-key-join = join by a ticket
tui-key-last = last
tui-key-later = later
tui-key-leave = leave (empty input)
tui-key-models = models
tui-key-monitor = monitor
tui-key-mouse = mouse wheel on or off
tui-key-new-line = new line
tui-key-new-session = new conversation
tui-key-newer = line down, or your next question
tui-key-next-branch = next branch
tui-key-older = line up, or your last question
tui-key-page-down = page down
tui-key-page-up = page up
tui-key-peers = peers and invitations
tui-key-previous-branch = previous branch
tui-key-redraw = draw everything anew
tui-key-refuse = no
tui-key-round = exchange once
tui-key-same = the same
tui-key-send = send
tui-key-sessions = conversations
tui-key-show = details
tui-key-sources = sources of the quotations
tui-key-suspend = back to the shell (fg returns)
tui-key-take = into the draft
tui-key-to-chat = to the chat
tui-key-transcript = read
tui-key-up = up
tui-key-use = use it
tui-key-withdraw = withdraw the invitation
tui-key-write = write
tui-leave-again = ^C once more leaves okibi
tui-length = token limit reached
tui-library = library
tui-library-words = { $models ->
    [one] { $models } model
   *[other] { $models } models
}, { $documents ->
    [one] { $documents } document
   *[other] { $documents } documents
} of yours
tui-loading = { $name }, loading …
tui-looking = looking at { $path } …
tui-looking-around = looking …
tui-manual = the manual
tui-mark-branches = this is branch 1 of 2: ← → while reading
tui-mark-here = nothing left this machine for this message
tui-member-fingerprint = fingerprint { $fingerprint }
tui-member-how = For decisions about a member: okibi circle --help. For addresses, nicknames and blocks: okibi peer --help
tui-memory = memory
tui-memory-words = { $used } of okibi's, { $free } free of { $all }
tui-messages = { $count ->
    [one] { $count } message
   *[other] { $count } messages
}
tui-model = model
tui-models = models
tui-models-coming = Offered by others, and not here yet
tui-models-here = Models of this node
tui-monitor = monitor
tui-more-below = more below
tui-mouse-off = the mouse is off: your terminal selects text again
tui-mouse-on = the mouse wheel scrolls; with Shift your terminal still selects text
tui-no-code = there is no code to copy
tui-no-command = there is no command /{ $name }; a question that begins with a slash begins with two
tui-no-sources = nothing here is quoted
tui-not-kept = not kept
tui-nothing-to-copy = there is nothing to copy
tui-pair-ended = this is over, and nobody was admitted
tui-pair-how = Are they the same on both screens? y: yes; n: no, they differ; Esc: later. Nobody is admitted before both have said yes
tui-pair-refused = refused: nobody is admitted
tui-pair-said = Said. Waiting for the other side to say the same …
tui-pair-title = Somebody asks to be admitted
tui-pair-waits = { QUOTED($name) } waits for words to be compared: F5
tui-peers = peers
tui-peers-alone = no circle yet: found one in a shell (okibi circle found NAME --as YOU), or join one with t and a ticket
tui-peers-compare = Enter compares the words
tui-peers-connected = connected now
tui-peers-here = this window is on the network until the invitation or the joining is over; okibi node in another terminal stays there
tui-peers-invitations = Invitations of this node
tui-peers-network = Network
tui-peers-not-running = no okibi node runs in this home, so nobody can reach it. Start one in another terminal to stay in step with others; s exchanges once, and invitations are honoured while this window is open
tui-peers-offline = okibi node runs offline in this home: nobody can reach it
tui-peers-running = okibi node runs in this home: port { $port }, { $count } connected
tui-peers-said = said to be the same here; the other side is waited for
tui-peers-waiting = These people wait for an answer
tui-progress = { $what } { $percent } %
tui-quoted = Not an answer but quotations: these sections of the built-in manual are closest to your question
tui-rate = { $rate ->
    [one] { $rate } token
   *[other] { $rate } tokens
}/s
tui-reading = reading, { $percent } %
tui-readline-cuts = cut a word, to the start, to the end
tui-readline-ends = start and end of the line
tui-readline-moves = left and right
tui-readline-swaps = swap two characters
tui-readline-words = a word left and right
tui-readline-yanks = put back what was cut
tui-round-begins = exchanging with whoever is there …
tui-round-runs = okibi node runs and keeps in step by itself; { $count } connected
tui-save-where = say where: /save FILE
tui-sessions = Conversations
tui-sessions-empty = No conversation is kept yet. What you ask is kept on this machine, and nowhere else
tui-sources = Sources
tui-speed = speed
tui-stale = not heard from recently
tui-stick-blank = no bundle
tui-stick-bundles = { $count ->
    [one] { $count } bundle
   *[other] { $count } bundles
}; i looks at what is for this node
tui-stick-there = a stick is there: { $path }; i looks at it
tui-stick-unreadable = cannot be read
tui-sticks = Sticks
tui-stopped = stopped
tui-stopping = stopping …
tui-system-none = no instructions any more
tui-system-set = from the next question on
tui-temp-bad = a temperature is a number from 0 to 5: /temp 0.7
tui-temp-set = temperature { $value } from the next question on
tui-the-manual = the manual
tui-thinking = thinking …
tui-this-node = This node
tui-ticket-expired = to { $circle }: expired, nobody came
tui-ticket-here = Leave this window open: it honours the invitation
tui-ticket-how = Give this line to one person: okibi circle join there, or F5 and t. c copies it. It may be used once, for { $left }
tui-ticket-open = to { $circle }: open, { $left } left; Enter shows it, w withdraws it
tui-ticket-small = The QR code wants { $columns } columns and { $rows } rows
tui-ticket-spent = to { $circle }: used by { QUOTED($name) }
tui-ticket-title = Invitation to { $circle }
tui-ticket-withdrawn = to { $circle }: withdrawn
tui-toy = { $name } (toy)
tui-used = in use
tui-waiting = waiting …
tui-welcome = { $name } answers here. Write a question and press Enter
tui-welcome-add = A model of your own: okibi model add FILE.gguf. F4 shows the models that are here
tui-welcome-here = Everything stays on this machine: ⌂ marks each message for which nothing left it
tui-welcome-manual = No language model is chosen. Ask anything about okibi: the closest sections of the built-in manual are quoted, word for word
tui-you = you

offer-here = a circle offers to take this node in; nobody here joined it yet
offer-circle = { "  " }circle   { $id }  called { $name }
offer-founder = { "  " }founder  { $founder }
offer-signer = { "  " }signed   { $fingerprint }  called { $called }
offer-seen = { "  " }seen     { $date }  at { $place }
offer-how = compare the founder's fingerprint with who invited you; then: okibi circle accept { $id }
offers-how = compare the founder's fingerprint with who invited you; then: okibi circle accept ID
offers-none = no circle offers to take this node in
no-offer = no circle offers to take this node in
    .hint = import the bundle that you were given (okibi import-bundle PATH), or name the circle's whole id
offer-unknown = no offer fits { $name }
    .hint = okibi circle offers lists them; a circle of which nothing came yet is named by its whole id
offer-ambiguous = more than one offer fits: { $offers }
    .hint = name the beginning of its id, or its founder's fingerprint
offer-joined = this node belongs to { $name } already
accept-unseen = nothing of circle { $id } is at hand; it is joined when a bundle of it comes
accepted = circle { $id } is accepted
accepted-waits = its bundle is not where it was seen; import it once more: okibi import-bundle PATH
bundle-blocked = a bundle was left alone: { $name } ({ $fingerprint }) is blocked here; okibi peer unblock takes that back
bundle-forgotten = a bundle was left alone: circle { $name } was forgotten here; okibi circle accept { $id } takes that back
status-offers = circles that offer to take this node in: { $count }; okibi circle offers shows them
doctor-offers = circles that offer to take this node in: { $count }
    .hint = okibi circle offers shows them; okibi circle accept joins one
peer-is-blocked = { $name } is blocked here; nothing is written for it
    .hint = if that is over: okibi peer unblock { $name }
tui-offers = Offers: circles that this node has not joined
tui-offer = { $name } by { $founder }; compare that fingerprint, then: okibi circle accept { $id }
chat-foreign = { $name } was shared by others: { $origin }
release-unconfirmed = nobody here confirmed the key of any of these releases: { $releases }
    .hint = get the line of okibi's release key from a place that no bundle came from, then add --key 'ssh-ed25519 ...'; or name the release that you mean: --name NAME
release-key-bad = that is no ssh-ed25519 key
    .hint = write its line as ssh-keygen does, beginning with ssh-ed25519

plain-argument = /{ $name } wants something behind it; /help shows the commands
plain-context = the context holds { $context ->
    [one] { $context } token
   *[other] { $context } tokens
}; /context N loads the model again with room for N
plain-model = { $name } answers from now on
plain-models = { $name } answers; these models are here: { $names }
plain-new = a new conversation begins
plain-nothing-kept = nothing of this conversation is kept yet
plain-whole-terminal = /{ $name } works in the interface on the whole terminal only (okibi chat); /help shows the commands that work here
tui-command-context = size of the context, in tokens
tui-context-bad = a context is a number of tokens: /context 8192
tui-context-none = the manual has no context; /model NAME chooses a model first
tui-context-shown = { $used } of { $context ->
    [one] { $context } token is
   *[other] { $context } tokens are
} used; /context N loads the model again with room for N
tui-key-line = the line alone
tui-key-quit = leave
tui-key-stop = stop
tui-model-near = there is no model { $name }; did you mean { QUOTED($other) }? The model stays as it is
tui-model-none = there is no model { $name }; F4 lists the models. The model stays as it is
tui-model-several = { $name } may be one of these: { $names }. The model stays as it is
tui-pair-inviter-waits = whoever invited you ({ $fingerprint }) waits for words to be compared: F5
tui-peers-inviter = the inviter
tui-system-empty = there are no instructions; /system TEXT gives some
tui-system-shown = instructions: { $text } (/system - takes them away)
tui-ticket-bare = Select the line with the mouse: whoever joins may paste it with its breaks. l shows the QR code again
