# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_okibi_global_optspecs
    string join \n home= json q/quiet lang= h/help V/version
end

function __fish_okibi_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_okibi_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_okibi_using_subcommand
    set -l cmd (__fish_okibi_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c okibi -n "__fish_okibi_needs_command" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_needs_command" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_needs_command" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_needs_command" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_needs_command" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_needs_command" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_needs_command" -f -a "chat" -d 'Ask a question: one answer, or a conversation when no prompt is given'
complete -c okibi -n "__fish_okibi_needs_command" -f -a "status" -d 'What this node is, has and lacks, and when each peer was last heard'
complete -c okibi -n "__fish_okibi_needs_command" -f -a "export-bundle" -d 'Write a bundle with all that the recipients lack'
complete -c okibi -n "__fish_okibi_needs_command" -f -a "import-bundle" -d 'Take in what a bundle has for this node, and acknowledge it'
complete -c okibi -n "__fish_okibi_needs_command" -f -a "inspect-bundle" -d 'Say what a bundle holds, without taking anything in'
complete -c okibi -n "__fish_okibi_needs_command" -f -a "verify-bundle" -d 'Check a bundle to its last byte, without taking anything in'
complete -c okibi -n "__fish_okibi_needs_command" -f -a "courier" -d 'Import, export and carry at each medium, in one call for cron'
complete -c okibi -n "__fish_okibi_needs_command" -f -a "node" -d 'Be a node: find others on the local network and stay in step with them'
complete -c okibi -n "__fish_okibi_needs_command" -f -a "sync" -d 'One round with everybody who can be reached, then end'
complete -c okibi -n "__fish_okibi_needs_command" -f -a "peer" -d 'Addresses of others, nicknames, and whom not to speak with'
complete -c okibi -n "__fish_okibi_needs_command" -f -a "circle" -d 'Found circles; admit and suspend members'
complete -c okibi -n "__fish_okibi_needs_command" -f -a "model" -d 'Add, list, show, choose, share, quantize and remove models'
complete -c okibi -n "__fish_okibi_needs_command" -f -a "library" -d 'Add, find, share and remove documents'
complete -c okibi -n "__fish_okibi_needs_command" -f -a "audit" -d 'All that came in and went out, by which road'
complete -c okibi -n "__fish_okibi_needs_command" -f -a "history" -d 'Your conversations: list, show, export, delete; they never leave this node'
complete -c okibi -n "__fish_okibi_needs_command" -f -a "key" -d 'This node\'s keys: show, card, rotate, open a new feed, print the age identity'
complete -c okibi -n "__fish_okibi_needs_command" -f -a "monitor" -d 'Look at this node: its model, its circles, what comes in and goes out'
complete -c okibi -n "__fish_okibi_needs_command" -f -a "doctor" -d 'What is wrong and what to do'
complete -c okibi -n "__fish_okibi_needs_command" -f -a "backup" -d 'Write the whole home into one encrypted file'
complete -c okibi -n "__fish_okibi_needs_command" -f -a "restore" -d 'Make a new home out of a backup; it opens a new feed'
complete -c okibi -n "__fish_okibi_needs_command" -f -a "update" -d 'List releases of okibi that came by bundle, or write one out; nothing is ever executed'
complete -c okibi -n "__fish_okibi_needs_command" -f -a "gc" -d 'Remove blobs that nothing names any more'
complete -c okibi -n "__fish_okibi_needs_command" -f -a "config" -d 'Show the configuration and where each value comes from'
complete -c okibi -n "__fish_okibi_needs_command" -f -a "completions" -d 'Print completions for a shell'
complete -c okibi -n "__fish_okibi_needs_command" -f -a "man" -d 'Print the manual page, of a command if one is named, such as `circle admit`'
complete -c okibi -n "__fish_okibi_needs_command" -f -a "internal" -d 'For those who build okibi'
complete -c okibi -n "__fish_okibi_using_subcommand chat" -s m -l model -d 'Model to use; see `okibi model list`. Without one the built-in manual is quoted' -r
complete -c okibi -n "__fish_okibi_using_subcommand chat" -l system -d 'Instructions that stand before the conversation' -r
complete -c okibi -n "__fish_okibi_using_subcommand chat" -l temperature -d '0 always takes the likeliest token' -r
complete -c okibi -n "__fish_okibi_using_subcommand chat" -l top-k -d 'Choose among the K likeliest tokens; 0 for no limit' -r
complete -c okibi -n "__fish_okibi_using_subcommand chat" -l top-p -d 'Choose among the likeliest tokens that have probability P together' -r
complete -c okibi -n "__fish_okibi_using_subcommand chat" -l min-p -d 'Leave out tokens less likely than P times the likeliest' -r
complete -c okibi -n "__fish_okibi_using_subcommand chat" -l repeat-penalty -d 'Divide the scores of recent tokens by R; 1 for none' -r
complete -c okibi -n "__fish_okibi_using_subcommand chat" -l seed -d 'Same seed, same text' -r
complete -c okibi -n "__fish_okibi_using_subcommand chat" -l context -d 'Most tokens of context; at most the model\'s own limit' -r
complete -c okibi -n "__fish_okibi_using_subcommand chat" -l max-tokens -d 'Most tokens of one answer' -r
complete -c okibi -n "__fish_okibi_using_subcommand chat" -l stop -d 'End the answer where this text appears; may be repeated' -r
complete -c okibi -n "__fish_okibi_using_subcommand chat" -l template -d 'A file with a chat template (Jinja) to use in place of the model\'s own' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand chat" -l logprobs -d 'With --json: how probable each token was, and the N likeliest at its place' -r
complete -c okibi -n "__fish_okibi_using_subcommand chat" -l resume -d 'Go on with a conversation: its number (see `okibi history list`), or the last one' -r
complete -c okibi -n "__fish_okibi_using_subcommand chat" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand chat" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand chat" -l thoughts -d 'Show on standard error what a reasoning model thinks before it answers'
complete -c okibi -n "__fish_okibi_using_subcommand chat" -l plain -d 'Plain lines without any terminal control, for screen readers'
complete -c okibi -n "__fish_okibi_using_subcommand chat" -l no-save -d 'Do not keep this conversation'
complete -c okibi -n "__fish_okibi_using_subcommand chat" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand chat" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand chat" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand chat" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand status" -l max-age -d 'Exit with 14 when a peer was not heard for this long, such as 26h, 7d, 90m' -r
complete -c okibi -n "__fish_okibi_using_subcommand status" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand status" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand status" -l strict -d 'Also exit with 15 for forks and 17 for records that wait'
complete -c okibi -n "__fish_okibi_using_subcommand status" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand status" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand status" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand status" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand export-bundle" -l to -d 'A member to write for: name, or beginning of its fingerprint; may be repeated' -r
complete -c okibi -n "__fish_okibi_using_subcommand export-bundle" -l to-ssh -d 'Somebody with an SSH key, who needs no okibi to open it: the public key\'s line, or a file of such lines' -r
complete -c okibi -n "__fish_okibi_using_subcommand export-bundle" -l passphrase-file -d 'Whoever knows the passphrase in the first line of a file' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand export-bundle" -l circle -d 'The circle, where there are several' -r
complete -c okibi -n "__fish_okibi_using_subcommand export-bundle" -l since -d 'Everything that came in since then, acknowledged or not: 7d, 26h, or a local date such as 2026-11-01. For a road on which nobody answers' -r
complete -c okibi -n "__fish_okibi_using_subcommand export-bundle" -s o -l output -d 'Write one plain age file instead; - for standard output' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand export-bundle" -l slice -d 'Cut into slices of at most SIZE, such as 700M or 2G; without it as large as the file system allows' -r
complete -c okibi -n "__fish_okibi_using_subcommand export-bundle" -l parity -d 'Add so much parity, such as 10%: it repairs as much damage' -r
complete -c okibi -n "__fish_okibi_using_subcommand export-bundle" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand export-bundle" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand export-bundle" -l passphrase -d 'Whoever knows a passphrase, which is asked for'
complete -c okibi -n "__fish_okibi_using_subcommand export-bundle" -l full -d 'Everything, not only what was not acknowledged yet'
complete -c okibi -n "__fish_okibi_using_subcommand export-bundle" -l usb -d 'The removable medium that is mounted now'
complete -c okibi -n "__fish_okibi_using_subcommand export-bundle" -l dry-run -d 'Say what would be written'
complete -c okibi -n "__fish_okibi_using_subcommand export-bundle" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand export-bundle" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand export-bundle" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand export-bundle" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand import-bundle" -l ssh-key -d 'Also open what is written for this SSH private key; may be repeated' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand import-bundle" -l passphrase-file -d 'Also open what is written for the passphrase in the first line of a file' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand import-bundle" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand import-bundle" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand import-bundle" -l usb -d 'All removable media that are mounted now'
complete -c okibi -n "__fish_okibi_using_subcommand import-bundle" -l dry-run -d 'Say what would change, and change nothing'
complete -c okibi -n "__fish_okibi_using_subcommand import-bundle" -l no-ack -d 'Write nothing to the medium: the acknowledgement goes with the next export'
complete -c okibi -n "__fish_okibi_using_subcommand import-bundle" -l salvage -d 'Of a damaged bundle take what stands whole before the damage; exits with 3'
complete -c okibi -n "__fish_okibi_using_subcommand import-bundle" -l accept -d 'Also join the circles that these bundles offer: for who compared the founder\'s fingerprint before'
complete -c okibi -n "__fish_okibi_using_subcommand import-bundle" -l strict -d 'Also exit with 14 for a bundle older than one already here, 15 for forks and 17 for records that wait'
complete -c okibi -n "__fish_okibi_using_subcommand import-bundle" -l passphrase -d 'Also open what is written for a passphrase, which is asked for'
complete -c okibi -n "__fish_okibi_using_subcommand import-bundle" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand import-bundle" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand import-bundle" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand import-bundle" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand inspect-bundle" -l ssh-key -d 'Also open what is written for this SSH private key; may be repeated' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand inspect-bundle" -l passphrase-file -d 'Also open what is written for the passphrase in the first line of a file' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand inspect-bundle" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand inspect-bundle" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand inspect-bundle" -l passphrase -d 'Also open what is written for a passphrase, which is asked for'
complete -c okibi -n "__fish_okibi_using_subcommand inspect-bundle" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand inspect-bundle" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand inspect-bundle" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand inspect-bundle" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand verify-bundle" -l ssh-key -d 'Also open what is written for this SSH private key; may be repeated' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand verify-bundle" -l passphrase-file -d 'Also open what is written for the passphrase in the first line of a file' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand verify-bundle" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand verify-bundle" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand verify-bundle" -l passphrase -d 'Also open what is written for a passphrase, which is asked for'
complete -c okibi -n "__fish_okibi_using_subcommand verify-bundle" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand verify-bundle" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand verify-bundle" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand verify-bundle" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand courier" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand courier" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand courier" -l usb -d 'All removable media that are mounted now'
complete -c okibi -n "__fish_okibi_using_subcommand courier" -l watch -d 'Stay, and serve each removable medium with a folder `okibi` when it is mounted'
complete -c okibi -n "__fish_okibi_using_subcommand courier" -l only-prepared -d 'Leave a medium alone that has no folder `okibi` at its top: for what runs by itself'
complete -c okibi -n "__fish_okibi_using_subcommand courier" -l dry-run -d 'Say what would change, and change nothing'
complete -c okibi -n "__fish_okibi_using_subcommand courier" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand courier" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand courier" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand courier" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand node" -l peer -d 'An address to dial (host:port, or iroh:...) beside those of `okibi peer list`; may be repeated' -r
complete -c okibi -n "__fish_okibi_using_subcommand node" -l port -d 'UDP port to listen on, 0 for any' -r
complete -c okibi -n "__fish_okibi_using_subcommand node" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand node" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand node" -l no-discovery -d 'Neither show this node on the local network nor look out for others there'
complete -c okibi -n "__fish_okibi_using_subcommand node" -l offline -d 'Open no network socket at all'
complete -c okibi -n "__fish_okibi_using_subcommand node" -l watch-media -d 'Run the courier at each removable medium with a folder `okibi` that is plugged in'
complete -c okibi -n "__fish_okibi_using_subcommand node" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand node" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand node" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand node" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand sync" -l peer -d 'An address to dial (host:port, or iroh:...) beside those of `okibi peer list`; may be repeated' -r
complete -c okibi -n "__fish_okibi_using_subcommand sync" -l port -d 'UDP port to listen on, 0 for any' -r
complete -c okibi -n "__fish_okibi_using_subcommand sync" -l timeout -d 'End after this many seconds, whatever is still to do' -r
complete -c okibi -n "__fish_okibi_using_subcommand sync" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand sync" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand sync" -l no-discovery -d 'Neither show this node on the local network nor look out for others there'
complete -c okibi -n "__fish_okibi_using_subcommand sync" -l offline -d 'Open no network socket at all'
complete -c okibi -n "__fish_okibi_using_subcommand sync" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand sync" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand sync" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand sync" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand peer; and not __fish_seen_subcommand_from list address add remove block unblock nick" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand peer; and not __fish_seen_subcommand_from list address add remove block unblock nick" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand peer; and not __fish_seen_subcommand_from list address add remove block unblock nick" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand peer; and not __fish_seen_subcommand_from list address add remove block unblock nick" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand peer; and not __fish_seen_subcommand_from list address add remove block unblock nick" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand peer; and not __fish_seen_subcommand_from list address add remove block unblock nick" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand peer; and not __fish_seen_subcommand_from list address add remove block unblock nick" -f -a "list" -d 'Addresses that are dialled, and what you think of others'
complete -c okibi -n "__fish_okibi_using_subcommand peer; and not __fish_seen_subcommand_from list address add remove block unblock nick" -f -a "address" -d 'The line by which others reach this node beyond the local network (for their `okibi peer add`)'
complete -c okibi -n "__fish_okibi_using_subcommand peer; and not __fish_seen_subcommand_from list address add remove block unblock nick" -f -a "add" -d 'Dial this address (host:port, or iroh:...) from now on, where multicast does not reach'
complete -c okibi -n "__fish_okibi_using_subcommand peer; and not __fish_seen_subcommand_from list address add remove block unblock nick" -f -a "remove" -d 'Dial this address no longer'
complete -c okibi -n "__fish_okibi_using_subcommand peer; and not __fish_seen_subcommand_from list address add remove block unblock nick" -f -a "block" -d 'Speak with this member no longer; what it wrote still counts'
complete -c okibi -n "__fish_okibi_using_subcommand peer; and not __fish_seen_subcommand_from list address add remove block unblock nick" -f -a "unblock" -d 'Speak with this member again'
complete -c okibi -n "__fish_okibi_using_subcommand peer; and not __fish_seen_subcommand_from list address add remove block unblock nick" -f -a "nick" -d 'Call a member by a name of your own; without a name, no longer'
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from list" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from list" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from list" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from address" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from address" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from address" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from address" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from address" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from address" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from add" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from add" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from add" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from add" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from add" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from remove" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from remove" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from remove" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from remove" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from remove" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from block" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from block" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from block" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from block" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from block" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from block" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from unblock" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from unblock" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from unblock" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from unblock" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from unblock" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from unblock" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from nick" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from nick" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from nick" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from nick" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from nick" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand peer; and __fish_seen_subcommand_from nick" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and not __fish_seen_subcommand_from found list offers accept members invite join confirm tickets withdraw admit endorse suspend lift readmit add-admin policy refound forget explain log" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand circle; and not __fish_seen_subcommand_from found list offers accept members invite join confirm tickets withdraw admit endorse suspend lift readmit add-admin policy refound forget explain log" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and not __fish_seen_subcommand_from found list offers accept members invite join confirm tickets withdraw admit endorse suspend lift readmit add-admin policy refound forget explain log" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and not __fish_seen_subcommand_from found list offers accept members invite join confirm tickets withdraw admit endorse suspend lift readmit add-admin policy refound forget explain log" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and not __fish_seen_subcommand_from found list offers accept members invite join confirm tickets withdraw admit endorse suspend lift readmit add-admin policy refound forget explain log" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and not __fish_seen_subcommand_from found list offers accept members invite join confirm tickets withdraw admit endorse suspend lift readmit add-admin policy refound forget explain log" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and not __fish_seen_subcommand_from found list offers accept members invite join confirm tickets withdraw admit endorse suspend lift readmit add-admin policy refound forget explain log" -f -a "found" -d 'Found a circle; the owners of the cards become admins beside you'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and not __fish_seen_subcommand_from found list offers accept members invite join confirm tickets withdraw admit endorse suspend lift readmit add-admin policy refound forget explain log" -f -a "list" -d 'List your circles'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and not __fish_seen_subcommand_from found list offers accept members invite join confirm tickets withdraw admit endorse suspend lift readmit add-admin policy refound forget explain log" -f -a "offers" -d 'List circles that admitted you and that you have not joined'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and not __fish_seen_subcommand_from found list offers accept members invite join confirm tickets withdraw admit endorse suspend lift readmit add-admin policy refound forget explain log" -f -a "accept" -d 'Join a circle that admitted you, after you compared its founder\'s fingerprint with who invited you'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and not __fish_seen_subcommand_from found list offers accept members invite join confirm tickets withdraw admit endorse suspend lift readmit add-admin policy refound forget explain log" -f -a "members" -d 'List the members of a circle'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and not __fish_seen_subcommand_from found list offers accept members invite join confirm tickets withdraw admit endorse suspend lift readmit add-admin policy refound forget explain log" -f -a "invite" -d 'Invite somebody: a ticket to show or send, then words that both compare'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and not __fish_seen_subcommand_from found list offers accept members invite join confirm tickets withdraw admit endorse suspend lift readmit add-admin policy refound forget explain log" -f -a "join" -d 'Ask to be admitted with a ticket; compare the words with who gave it to you'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and not __fish_seen_subcommand_from found list offers accept members invite join confirm tickets withdraw admit endorse suspend lift readmit add-admin policy refound forget explain log" -f -a "confirm" -d 'Say that the other side shows these words: for a pairing that waits where nobody can be asked'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and not __fish_seen_subcommand_from found list offers accept members invite join confirm tickets withdraw admit endorse suspend lift readmit add-admin policy refound forget explain log" -f -a "tickets" -d 'List this node\'s invitations'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and not __fish_seen_subcommand_from found list offers accept members invite join confirm tickets withdraw admit endorse suspend lift readmit add-admin policy refound forget explain log" -f -a "withdraw" -d 'Take an invitation back'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and not __fish_seen_subcommand_from found list offers accept members invite join confirm tickets withdraw admit endorse suspend lift readmit add-admin policy refound forget explain log" -f -a "admit" -d 'Admit the owner of a key card; compare the fingerprint first'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and not __fish_seen_subcommand_from found list offers accept members invite join confirm tickets withdraw admit endorse suspend lift readmit add-admin policy refound forget explain log" -f -a "endorse" -d 'Stand behind a member, an admission, or another decision'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and not __fish_seen_subcommand_from found list offers accept members invite join confirm tickets withdraw admit endorse suspend lift readmit add-admin policy refound forget explain log" -f -a "suspend" -d 'Suspend a member: what it wrote until now stays, nothing later counts'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and not __fish_seen_subcommand_from found list offers accept members invite join confirm tickets withdraw admit endorse suspend lift readmit add-admin policy refound forget explain log" -f -a "lift" -d 'Lift a member\'s suspension'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and not __fish_seen_subcommand_from found list offers accept members invite join confirm tickets withdraw admit endorse suspend lift readmit add-admin policy refound forget explain log" -f -a "readmit" -d 'Admit a suspended member again, with the feeds that it had'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and not __fish_seen_subcommand_from found list offers accept members invite join confirm tickets withdraw admit endorse suspend lift readmit add-admin policy refound forget explain log" -f -a "add-admin" -d 'Make a member an admin; more than half of the admins must stand behind it'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and not __fish_seen_subcommand_from found list offers accept members invite join confirm tickets withdraw admit endorse suspend lift readmit add-admin policy refound forget explain log" -f -a "policy" -d 'Show the policy, or propose another one'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and not __fish_seen_subcommand_from found list offers accept members invite join confirm tickets withdraw admit endorse suspend lift readmit add-admin policy refound forget explain log" -f -a "refound" -d 'Found a circle that goes on from an old one, with the same admins and members'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and not __fish_seen_subcommand_from found list offers accept members invite join confirm tickets withdraw admit endorse suspend lift readmit add-admin policy refound forget explain log" -f -a "forget" -d 'Forget a circle on this node: its records, and its documents and models here. The others keep theirs, and you stay a member'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and not __fish_seen_subcommand_from found list offers accept members invite join confirm tickets withdraw admit endorse suspend lift readmit add-admin policy refound forget explain log" -f -a "explain" -d 'Say why a person or a record counts or does not'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and not __fish_seen_subcommand_from found list offers accept members invite join confirm tickets withdraw admit endorse suspend lift readmit add-admin policy refound forget explain log" -f -a "log" -d 'List the decisions of a circle, with those that have no effect'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from found" -l as -d 'What the circle calls you' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from found" -l with -d 'A further admin and its key card, or a file that holds the card; three admins are advised' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from found" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from found" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from found" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from found" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from found" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from found" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from list" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from list" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from list" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from offers" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from offers" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from offers" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from offers" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from offers" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from offers" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from accept" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from accept" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from accept" -l dry-run -d 'Say what would change, and change nothing'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from accept" -s y -l yes -d 'Do it without a question; without a terminal nothing is done otherwise'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from accept" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from accept" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from accept" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from accept" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from members" -l circle -d 'The circle, where there are several' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from members" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from members" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from members" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from members" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from members" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from members" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from invite" -l circle -d 'The circle, where there are several' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from invite" -l minutes -d 'The ticket may be used for this many minutes, by this node\'s clock' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from invite" -l peer -d 'An address to dial (host:port, or iroh:...) beside those of `okibi peer list`; may be repeated' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from invite" -l port -d 'UDP port to listen on, 0 for any' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from invite" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from invite" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from invite" -l no-wait -d 'Print the ticket and end; the running node honours it'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from invite" -l no-qr -d 'Show no QR code'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from invite" -l no-discovery -d 'Neither show this node on the local network nor look out for others there'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from invite" -l offline -d 'Open no network socket at all'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from invite" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from invite" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from invite" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from invite" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from join" -l name -d 'What the circle shall call you' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from join" -l peer -d 'An address to dial (host:port, or iroh:...) beside those of `okibi peer list`; may be repeated' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from join" -l port -d 'UDP port to listen on, 0 for any' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from join" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from join" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from join" -l no-discovery -d 'Neither show this node on the local network nor look out for others there'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from join" -l offline -d 'Open no network socket at all'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from join" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from join" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from join" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from join" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from confirm" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from confirm" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from confirm" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from confirm" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from confirm" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from confirm" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from tickets" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from tickets" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from tickets" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from tickets" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from tickets" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from tickets" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from withdraw" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from withdraw" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from withdraw" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from withdraw" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from withdraw" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from withdraw" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from admit" -l name -d 'What the circle will call this member' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from admit" -l circle -d 'The circle, where there are several' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from admit" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from admit" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from admit" -l dry-run -d 'Say what would change, and change nothing'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from admit" -s y -l yes -d 'Do it without a question; without a terminal nothing is done otherwise'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from admit" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from admit" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from admit" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from admit" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from endorse" -l circle -d 'The circle, where there are several' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from endorse" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from endorse" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from endorse" -l dry-run -d 'Say what would change, and change nothing'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from endorse" -s y -l yes -d 'Do it without a question; without a terminal nothing is done otherwise'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from endorse" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from endorse" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from endorse" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from endorse" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from suspend" -l reason -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from suspend" -l circle -d 'The circle, where there are several' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from suspend" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from suspend" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from suspend" -l from-start -d 'Nothing that it ever wrote counts'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from suspend" -l dry-run -d 'Say what would change, and change nothing'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from suspend" -s y -l yes -d 'Do it without a question; without a terminal nothing is done otherwise'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from suspend" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from suspend" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from suspend" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from suspend" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from lift" -l circle -d 'The circle, where there are several' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from lift" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from lift" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from lift" -l dry-run -d 'Say what would change, and change nothing'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from lift" -s y -l yes -d 'Do it without a question; without a terminal nothing is done otherwise'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from lift" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from lift" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from lift" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from lift" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from readmit" -l circle -d 'The circle, where there are several' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from readmit" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from readmit" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from readmit" -l dry-run -d 'Say what would change, and change nothing'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from readmit" -s y -l yes -d 'Do it without a question; without a terminal nothing is done otherwise'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from readmit" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from readmit" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from readmit" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from readmit" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from add-admin" -l circle -d 'The circle, where there are several' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from add-admin" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from add-admin" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from add-admin" -l dry-run -d 'Say what would change, and change nothing'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from add-admin" -s y -l yes -d 'Do it without a question; without a terminal nothing is done otherwise'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from add-admin" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from add-admin" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from add-admin" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from add-admin" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from policy" -l invitations -d 'How many people a member that is no admin may admit' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from policy" -l quorum -d 'How many admins must stand behind a proposal; 0 for more than half' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from policy" -l circle -d 'The circle, where there are several' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from policy" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from policy" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from policy" -l dry-run -d 'Say what would change, and change nothing'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from policy" -s y -l yes -d 'Do it without a question; without a terminal nothing is done otherwise'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from policy" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from policy" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from policy" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from policy" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from refound" -l circle -d 'The circle, where there are several' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from refound" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from refound" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from refound" -l dry-run -d 'Say what would change, and change nothing'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from refound" -s y -l yes -d 'Do it without a question; without a terminal nothing is done otherwise'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from refound" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from refound" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from refound" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from refound" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from forget" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from forget" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from forget" -l dry-run -d 'Say what would change, and change nothing'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from forget" -s y -l yes -d 'Do it without a question; without a terminal nothing is done otherwise'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from forget" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from forget" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from forget" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from forget" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from explain" -l circle -d 'The circle, where there are several' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from explain" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from explain" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from explain" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from explain" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from explain" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from explain" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from log" -l circle -d 'The circle, where there are several' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from log" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from log" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from log" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from log" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from log" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand circle; and __fish_seen_subcommand_from log" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand model; and not __fish_seen_subcommand_from add list show use share withdraw remove quantize fetch" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand model; and not __fish_seen_subcommand_from add list show use share withdraw remove quantize fetch" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand model; and not __fish_seen_subcommand_from add list show use share withdraw remove quantize fetch" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand model; and not __fish_seen_subcommand_from add list show use share withdraw remove quantize fetch" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand model; and not __fish_seen_subcommand_from add list show use share withdraw remove quantize fetch" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand model; and not __fish_seen_subcommand_from add list show use share withdraw remove quantize fetch" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand model; and not __fish_seen_subcommand_from add list show use share withdraw remove quantize fetch" -f -a "add" -d 'Copy a GGUF file into the node and give it a name'
complete -c okibi -n "__fish_okibi_using_subcommand model; and not __fish_seen_subcommand_from add list show use share withdraw remove quantize fetch" -f -a "list" -d 'List the models'
complete -c okibi -n "__fish_okibi_using_subcommand model; and not __fish_seen_subcommand_from add list show use share withdraw remove quantize fetch" -f -a "show" -d 'Show what is known of a model, and whether it fits into memory'
complete -c okibi -n "__fish_okibi_using_subcommand model; and not __fish_seen_subcommand_from add list show use share withdraw remove quantize fetch" -f -a "use" -d 'Choose the model that chat uses when none is named; nothing: none'
complete -c okibi -n "__fish_okibi_using_subcommand model; and not __fish_seen_subcommand_from add list show use share withdraw remove quantize fetch" -f -a "share" -d 'Share a model in a circle'
complete -c okibi -n "__fish_okibi_using_subcommand model; and not __fish_seen_subcommand_from add list show use share withdraw remove quantize fetch" -f -a "withdraw" -d 'Take a model back that you shared: every node hides it and drops its content'
complete -c okibi -n "__fish_okibi_using_subcommand model; and not __fish_seen_subcommand_from add list show use share withdraw remove quantize fetch" -f -a "remove" -d 'Forget a model\'s name on this node; a shared one stays away until it is fetched'
complete -c okibi -n "__fish_okibi_using_subcommand model; and not __fish_seen_subcommand_from add list show use share withdraw remove quantize fetch" -f -a "quantize" -d 'Write a model in fewer bits to a new file'
complete -c okibi -n "__fish_okibi_using_subcommand model; and not __fish_seen_subcommand_from add list show use share withdraw remove quantize fetch" -f -a "fetch" -d 'Take a shared model back that was removed here'
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from add" -l name -d 'Name for -m; from the file\'s name when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from add" -l source -d 'Where it comes from, in your words' -r
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from add" -l licence -d 'SPDX expression or free words' -r
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from add" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from add" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from add" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from add" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from add" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from list" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from list" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from list" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from show" -l context -d 'Reckon with so many tokens of context' -r
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from show" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from show" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from show" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from use" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from use" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from use" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from use" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from use" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from use" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from share" -l circle -r
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from share" -l source -d 'Where it comes from, in your words' -r
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from share" -l licence -d 'SPDX expression or free words' -r
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from share" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from share" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from share" -s y -l yes -d 'You know the licence\'s terms and may pass it on: no question'
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from share" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from share" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from share" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from share" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from withdraw" -l circle -r
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from withdraw" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from withdraw" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from withdraw" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from withdraw" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from withdraw" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from withdraw" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from remove" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from remove" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from remove" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from remove" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from remove" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from quantize" -l type -d 'Q4_K_M is a good middle; Q8_0 loses next to nothing' -r
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from quantize" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from quantize" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from quantize" -l again -d 'Take a file that is packed already, and accept that its weights lose twice'
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from quantize" -l dry-run -d 'Say what would be written'
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from quantize" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from quantize" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from quantize" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from quantize" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from fetch" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from fetch" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from fetch" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from fetch" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from fetch" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand model; and __fish_seen_subcommand_from fetch" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand library; and not __fish_seen_subcommand_from add list search share withdraw remove" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand library; and not __fish_seen_subcommand_from add list search share withdraw remove" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand library; and not __fish_seen_subcommand_from add list search share withdraw remove" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand library; and not __fish_seen_subcommand_from add list search share withdraw remove" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand library; and not __fish_seen_subcommand_from add list search share withdraw remove" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand library; and not __fish_seen_subcommand_from add list search share withdraw remove" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand library; and not __fish_seen_subcommand_from add list search share withdraw remove" -f -a "add" -d 'Add text or markdown files; they stay on this node until you share them'
complete -c okibi -n "__fish_okibi_using_subcommand library; and not __fish_seen_subcommand_from add list search share withdraw remove" -f -a "list" -d 'List the documents'
complete -c okibi -n "__fish_okibi_using_subcommand library; and not __fish_seen_subcommand_from add list search share withdraw remove" -f -a "search" -d 'Find sections by words; a question does, too'
complete -c okibi -n "__fish_okibi_using_subcommand library; and not __fish_seen_subcommand_from add list search share withdraw remove" -f -a "share" -d 'Share a document in a circle'
complete -c okibi -n "__fish_okibi_using_subcommand library; and not __fish_seen_subcommand_from add list search share withdraw remove" -f -a "withdraw" -d 'Take a document back that you shared: every node hides it and drops its content'
complete -c okibi -n "__fish_okibi_using_subcommand library; and not __fish_seen_subcommand_from add list search share withdraw remove" -f -a "remove" -d 'Remove a document that was never shared'
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from add" -l title -d 'Title, for a single file' -r
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from add" -l language -d 'BCP 47 tag, such as en or ja' -r
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from add" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from add" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from add" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from add" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from add" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from list" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from list" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from list" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from search" -s l -l limit -d 'Most hits' -r
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from search" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from search" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from search" -l manual -d 'Search the built-in manual as well'
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from search" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from search" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from search" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from search" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from share" -l circle -r
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from share" -l source -d 'Where it comes from, in your words' -r
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from share" -l licence -d 'SPDX expression or free words' -r
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from share" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from share" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from share" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from share" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from share" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from share" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from withdraw" -l circle -r
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from withdraw" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from withdraw" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from withdraw" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from withdraw" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from withdraw" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from withdraw" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from remove" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from remove" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from remove" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from remove" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand library; and __fish_seen_subcommand_from remove" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand audit" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand audit" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand audit" -l verify -d 'Check that no line was changed or taken out'
complete -c okibi -n "__fish_okibi_using_subcommand audit" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand audit" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand audit" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand audit" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand history; and not __fish_seen_subcommand_from list show export delete" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand history; and not __fish_seen_subcommand_from list show export delete" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand history; and not __fish_seen_subcommand_from list show export delete" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand history; and not __fish_seen_subcommand_from list show export delete" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand history; and not __fish_seen_subcommand_from list show export delete" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand history; and not __fish_seen_subcommand_from list show export delete" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand history; and not __fish_seen_subcommand_from list show export delete" -f -a "list" -d 'List the conversations, newest first'
complete -c okibi -n "__fish_okibi_using_subcommand history; and not __fish_seen_subcommand_from list show export delete" -f -a "show" -d 'Show a conversation: its number, or last'
complete -c okibi -n "__fish_okibi_using_subcommand history; and not __fish_seen_subcommand_from list show export delete" -f -a "export" -d 'Write a conversation as markdown'
complete -c okibi -n "__fish_okibi_using_subcommand history; and not __fish_seen_subcommand_from list show export delete" -f -a "delete" -d 'Delete conversations for good'
complete -c okibi -n "__fish_okibi_using_subcommand history; and __fish_seen_subcommand_from list" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand history; and __fish_seen_subcommand_from list" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand history; and __fish_seen_subcommand_from list" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand history; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand history; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand history; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand history; and __fish_seen_subcommand_from show" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand history; and __fish_seen_subcommand_from show" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand history; and __fish_seen_subcommand_from show" -l all -d 'All branches, with the numbers of the messages'
complete -c okibi -n "__fish_okibi_using_subcommand history; and __fish_seen_subcommand_from show" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand history; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand history; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand history; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand history; and __fish_seen_subcommand_from export" -s o -l output -d 'The file; standard output without one' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand history; and __fish_seen_subcommand_from export" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand history; and __fish_seen_subcommand_from export" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand history; and __fish_seen_subcommand_from export" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand history; and __fish_seen_subcommand_from export" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand history; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand history; and __fish_seen_subcommand_from export" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand history; and __fish_seen_subcommand_from delete" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand history; and __fish_seen_subcommand_from delete" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand history; and __fish_seen_subcommand_from delete" -l all -d 'Every conversation'
complete -c okibi -n "__fish_okibi_using_subcommand history; and __fish_seen_subcommand_from delete" -l dry-run -d 'Say what would change, and change nothing'
complete -c okibi -n "__fish_okibi_using_subcommand history; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Do it without a question; without a terminal nothing is done otherwise'
complete -c okibi -n "__fish_okibi_using_subcommand history; and __fish_seen_subcommand_from delete" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand history; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand history; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand history; and __fish_seen_subcommand_from delete" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand key; and not __fish_seen_subcommand_from show card rotate new-feed revoke signers passphrase plugin identity" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand key; and not __fish_seen_subcommand_from show card rotate new-feed revoke signers passphrase plugin identity" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand key; and not __fish_seen_subcommand_from show card rotate new-feed revoke signers passphrase plugin identity" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand key; and not __fish_seen_subcommand_from show card rotate new-feed revoke signers passphrase plugin identity" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand key; and not __fish_seen_subcommand_from show card rotate new-feed revoke signers passphrase plugin identity" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand key; and not __fish_seen_subcommand_from show card rotate new-feed revoke signers passphrase plugin identity" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand key; and not __fish_seen_subcommand_from show card rotate new-feed revoke signers passphrase plugin identity" -f -a "show" -d 'Show fingerprint, words and keys'
complete -c okibi -n "__fish_okibi_using_subcommand key; and not __fish_seen_subcommand_from show card rotate new-feed revoke signers passphrase plugin identity" -f -a "card" -d 'Print the key card, one line to give to who shall admit you'
complete -c okibi -n "__fish_okibi_using_subcommand key; and not __fish_seen_subcommand_from show card rotate new-feed revoke signers passphrase plugin identity" -f -a "rotate" -d 'Make a new sign key; the old feed ends and names the new one'
complete -c okibi -n "__fish_okibi_using_subcommand key; and not __fish_seen_subcommand_from show card rotate new-feed revoke signers passphrase plugin identity" -f -a "new-feed" -d 'Open a new feed, after this home was restored, moved or copied'
complete -c okibi -n "__fish_okibi_using_subcommand key; and not __fish_seen_subcommand_from show card rotate new-feed revoke signers passphrase plugin identity" -f -a "revoke" -d 'Take the sign key back because somebody else may have it, and go on with a new one; what this node knows of the old feed stays'
complete -c okibi -n "__fish_okibi_using_subcommand key; and not __fish_seen_subcommand_from show card rotate new-feed revoke signers passphrase plugin identity" -f -a "signers" -d 'Print an allowed-signers line for each member, to check HEAD.sig with ssh-keygen'
complete -c okibi -n "__fish_okibi_using_subcommand key; and not __fish_seen_subcommand_from show card rotate new-feed revoke signers passphrase plugin identity" -f -a "passphrase" -d 'Keep the root key under a passphrase, or in clear again'
complete -c okibi -n "__fish_okibi_using_subcommand key; and not __fish_seen_subcommand_from show card rotate new-feed revoke signers passphrase plugin identity" -f -a "plugin" -d 'Keep the root key under an age plugin, such as a YubiKey or a TPM'
complete -c okibi -n "__fish_okibi_using_subcommand key; and not __fish_seen_subcommand_from show card rotate new-feed revoke signers passphrase plugin identity" -f -a "identity" -d 'Print the receive key as an age identity, to open bundles without okibi; it is secret'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from show" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from show" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from show" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from card" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from card" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from card" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from card" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from card" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from card" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from rotate" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from rotate" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from rotate" -l receive -d 'The receive key instead, which bundles are encrypted to'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from rotate" -l transport -d 'The transport key instead, by which this node is known on a network'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from rotate" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from rotate" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from rotate" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from rotate" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from new-feed" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from new-feed" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from new-feed" -l spare -d 'With the spare key, while the root key is locked or lost: ordinary records only. Never with one spare key in two homes'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from new-feed" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from new-feed" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from new-feed" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from new-feed" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from revoke" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from revoke" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from revoke" -l receive -d 'The receive key instead, which bundles are encrypted to'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from revoke" -l transport -d 'The transport key instead, by which this node is known on a network'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from revoke" -s y -l yes -d 'Do it without a question; without a terminal nothing is done otherwise'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from revoke" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from revoke" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from revoke" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from revoke" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from signers" -l circle -d 'The circle, where there are several' -r
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from signers" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from signers" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from signers" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from signers" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from signers" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from signers" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from passphrase" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from passphrase" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from passphrase" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from passphrase" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from passphrase" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from passphrase" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from passphrase" -f -a "set" -d 'Put the root key under a new passphrase, which is asked for'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from passphrase" -f -a "remove" -d 'Write the root key in clear again'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from plugin" -l recipient -d 'What the plugin printed: age1NAME1...' -r
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from plugin" -l identity -d 'A file with the plugin\'s AGE-PLUGIN-NAME-1... line' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from plugin" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from plugin" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from plugin" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from plugin" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from plugin" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from plugin" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from identity" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from identity" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from identity" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from identity" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from identity" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand key; and __fish_seen_subcommand_from identity" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand monitor" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand monitor" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand monitor" -l plain -d 'Plain lines without any terminal control: everything once, then what changes'
complete -c okibi -n "__fish_okibi_using_subcommand monitor" -l once -d 'With --plain: everything once, and no more'
complete -c okibi -n "__fish_okibi_using_subcommand monitor" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand monitor" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand monitor" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand monitor" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand doctor" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand doctor" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand doctor" -l strict -d 'Exit with 1 when something is wrong'
complete -c okibi -n "__fish_okibi_using_subcommand doctor" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand doctor" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand doctor" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand doctor" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand backup" -l to -d 'Encrypt to an age recipient, an SSH public key, or a file of SSH public keys; may be repeated. Without it a passphrase is asked for' -r
complete -c okibi -n "__fish_okibi_using_subcommand backup" -l passphrase-file -d 'Encrypt with the passphrase in the first line of a file' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand backup" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand backup" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand backup" -l without-keys -d 'Leave the secret keys out; they are kept elsewhere'
complete -c okibi -n "__fish_okibi_using_subcommand backup" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand backup" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand backup" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand backup" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand restore" -l identity -d 'Open it with an age identity file or an SSH private key. Without it a passphrase is asked for' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand restore" -l of -d 'Refuse it unless this is the fingerprint of its identity, or the beginning of it' -r
complete -c okibi -n "__fish_okibi_using_subcommand restore" -l passphrase-file -d 'Open it with the passphrase in the first line of a file' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand restore" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand restore" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand restore" -l with-network-settings -d 'Also take the settings that say whom the node speaks to and where its passphrase is'
complete -c okibi -n "__fish_okibi_using_subcommand restore" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand restore" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand restore" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand restore" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand update" -l extract -d 'Write the newest release under the key that you confirmed, and its signature, into a folder' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand update" -l name -d 'The release of this name instead of the newest' -r
complete -c okibi -n "__fish_okibi_using_subcommand update" -l key -d 'The key whose releases you take from now on, as ssh-keygen writes its line; from a place that no bundle came from' -r
complete -c okibi -n "__fish_okibi_using_subcommand update" -l share -d 'Share a release file in a circle' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand update" -l signature -d 'Its signature: ssh-keygen -Y sign -n okibi-release@v1' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand update" -l circle -d 'The circle, where there are several' -r
complete -c okibi -n "__fish_okibi_using_subcommand update" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand update" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand update" -l older -d 'Also one that is older than this program'
complete -c okibi -n "__fish_okibi_using_subcommand update" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand update" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand update" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand update" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand gc" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand gc" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand gc" -l dry-run -d 'Say what would be removed'
complete -c okibi -n "__fish_okibi_using_subcommand gc" -l slices -d 'Also drop slices that wait for the other media of their set, however new'
complete -c okibi -n "__fish_okibi_using_subcommand gc" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand gc" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand gc" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand gc" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand config; and not __fish_seen_subcommand_from show" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand config; and not __fish_seen_subcommand_from show" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand config; and not __fish_seen_subcommand_from show" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand config; and not __fish_seen_subcommand_from show" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand config; and not __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand config; and not __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand config; and not __fish_seen_subcommand_from show" -f -a "show" -d 'Show every value and where it comes from'
complete -c okibi -n "__fish_okibi_using_subcommand config; and __fish_seen_subcommand_from show" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand config; and __fish_seen_subcommand_from show" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand config; and __fish_seen_subcommand_from show" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand config; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand config; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand completions" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand completions" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand completions" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand completions" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand completions" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand completions" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand man" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand man" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand man" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand man" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand man" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand man" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand internal; and not __fish_seen_subcommand_from man completions starter" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand internal; and not __fish_seen_subcommand_from man completions starter" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand internal; and not __fish_seen_subcommand_from man completions starter" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand internal; and not __fish_seen_subcommand_from man completions starter" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand internal; and not __fish_seen_subcommand_from man completions starter" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand internal; and not __fish_seen_subcommand_from man completions starter" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand internal; and not __fish_seen_subcommand_from man completions starter" -f -a "man" -d 'Write all man pages into a folder'
complete -c okibi -n "__fish_okibi_using_subcommand internal; and not __fish_seen_subcommand_from man completions starter" -f -a "completions" -d 'Write all completions into a folder'
complete -c okibi -n "__fish_okibi_using_subcommand internal; and not __fish_seen_subcommand_from man completions starter" -f -a "starter" -d 'Make the starter bundle from its sources'
complete -c okibi -n "__fish_okibi_using_subcommand internal; and __fish_seen_subcommand_from man" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand internal; and __fish_seen_subcommand_from man" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand internal; and __fish_seen_subcommand_from man" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand internal; and __fish_seen_subcommand_from man" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand internal; and __fish_seen_subcommand_from man" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand internal; and __fish_seen_subcommand_from man" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand internal; and __fish_seen_subcommand_from completions" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand internal; and __fish_seen_subcommand_from completions" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand internal; and __fish_seen_subcommand_from completions" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand internal; and __fish_seen_subcommand_from completions" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand internal; and __fish_seen_subcommand_from completions" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand internal; and __fish_seen_subcommand_from completions" -s V -l version -d 'Print version'
complete -c okibi -n "__fish_okibi_using_subcommand internal; and __fish_seen_subcommand_from starter" -l home -d 'Folder of this node (database, keys, blobs); also OKIBI_HOME' -r -F
complete -c okibi -n "__fish_okibi_using_subcommand internal; and __fish_seen_subcommand_from starter" -l lang -d 'Language of the interface, en or ja; by the locale when missing' -r
complete -c okibi -n "__fish_okibi_using_subcommand internal; and __fish_seen_subcommand_from starter" -l json -d 'Print facts as JSON lines with a `type`, errors too'
complete -c okibi -n "__fish_okibi_using_subcommand internal; and __fish_seen_subcommand_from starter" -s q -l quiet -d 'Print nothing on success'
complete -c okibi -n "__fish_okibi_using_subcommand internal; and __fish_seen_subcommand_from starter" -s h -l help -d 'Print help'
complete -c okibi -n "__fish_okibi_using_subcommand internal; and __fish_seen_subcommand_from starter" -s V -l version -d 'Print version'
