//! The worst bundle of one mebibyte. A party with no office says whatever it may, and more, in as many bytes as fit; an
//! honest node that belongs to the circle takes the bundle in. Whatever it was, the node has grown by a stated amount, the
//! import and the next `status` stayed below a stated memory, and honest commands that write go on working.
//!
//! Peaks are those of whole processes of the real program, as the kernel counts them (`ru_maxrss`). Nothing is timed; a
//! limit on processor time, far above what is needed, ends a run that costs the square of what it should.
//!
//! `OKIBI_WORST_SEEDS` asks for more mixtures; `--nocapture` prints the figures.

mod families;

use std::path::{Path, PathBuf};
use std::process::Command;

use okibi::carrier::media::files::Files;
use okibi::carrier::media::medium::Medium;
use okibi::carrier::media::plan::Plan;
use okibi::carrier::media::write::{Destination, write_bundle};
use okibi::carrier::media::{MediaError, Small};
use okibi::fold::testing::random::Dice;
use okibi::fold::testing::{Draft, World, admit};
use okibi::identity::{KeyCard, Verified, fingerprint};
use okibi::record::{
    Ack, BlobHash, BlobRef, Body, Claim, Document, Entry, Epoch, FeedKey, Frontier, Kind, Policy,
    RecordId, Role, RootKey, Signed,
};

use crate::bundle_stock_tools::have;
use serde_json::Value;

use crate::homes::{Home, Place};

use families::{FAMILIES, acknowledgement};

/// Bytes of the sealed bundle, about.
const MEBIBYTE: usize = 1 << 20;
/// A records member may unpack to 32 times its size (decision 058), and everything lies in the database once, with
/// its indices; to this come the log of the database and an empty home.
const GROWN: u64 = 48 << 20;
/// Peak of an import, in bytes: one batch of records, SQLite's cache, the fold of what one bundle brings.
const IMPORT_PEAK: u64 = 160 << 20;
/// Peak of the next `status`.
const STATUS_PEAK: u64 = 96 << 20;
/// Seconds of processor time after which a process is killed; the debug build needs less than a tenth.
const CPU: u64 = 300;
/// A private text of Alice's, and one that she shared in another circle.
const OWN: [(&str, &str); 2] = [
    (
        "diary",
        "# Diary\n\nI met the journalist on Tuesday at the mill.\n",
    ),
    ("plan", "# Plan\n\nThe mill opens again in spring.\n"),
];
/// The feed of whoever speaks, and of the founder: root and device.
const FOUNDER: usize = 0;
const MALLORY: usize = 1;
const FORMER: usize = 2;
const GUEST: usize = 3;
const STRANGER: usize = 9;

/// What a process came to.
struct Cost {
    status: i32,
    peak: u64,
    text: String,
}

/// Runs a command of the real program and measures it. The measuring process is small: what a child had before `exec` counts.
fn measure(home: &Home, args: &[&str]) -> Cost {
    let code = "import os, resource, sys\n\
        limit = int(sys.argv[1])\n\
        pid = os.fork()\n\
        if pid == 0:\n    \
            resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))\n    \
            os.execv(sys.argv[2], sys.argv[2:])\n\
        _, status, usage = os.wait4(pid, 0)\n\
        print('\\nPEAK', usage.ru_maxrss * 1024)\n\
        sys.exit(os.waitstatus_to_exitcode(status) & 255)\n";
    let mut command = home.command([] as [&str; 0]);
    let program = command.get_program().to_owned();
    let mut outer = Command::new("python3");
    outer
        .args(["-c", code, &CPU.to_string()])
        .arg(program)
        .args(args);
    for (key, value) in command.get_envs() {
        match value {
            Some(value) => outer.env(key, value),
            None => outer.env_remove(key),
        };
    }
    outer.env("OKIBI_DISCOVERY", "false");
    command = outer;
    let output = command.output().unwrap();
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    let peak = out.lines().find_map(|line| line.strip_prefix("PEAK "));
    Cost {
        status: output.status.code().unwrap_or(-1),
        peak: peak.unwrap().parse().unwrap(),
        text: out + &String::from_utf8_lossy(&output.stderr),
    }
}

/// Bytes of all files in a folder.
fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().map(|it| it.unwrap());
    entries
        .map(|entry| match entry.metadata().unwrap() {
            it if it.is_dir() => size(&entry.path()),
            it => it.len(),
        })
        .sum()
}

/// What a bundle has beside what was said in the world.
#[derive(Default)]
struct Load {
    acks: Vec<Vec<u8>>,
}

/// A founder who is nobody's home admits Alice, Mallory and a former member; Mallory has a guest.
fn founded(alice: RootKey) -> (World, Vec<FeedKey>) {
    let mut world = World::new(true);
    let feeds: Vec<FeedKey> = (0..10).map(|n| world.device(n, 0)).collect();
    let roots: Vec<RootKey> = (0..10).map(|n| world.root(n)).collect();
    world.found(feeds[FOUNDER], &[roots[FOUNDER]], Policy::default());
    for root in [alice, roots[MALLORY], roots[FORMER]] {
        world.admit(feeds[FOUNDER], root);
    }
    world.admit(feeds[MALLORY], roots[GUEST]);
    world.suspend(feeds[FOUNDER], roots[FORMER], &[]);
    (world, feeds)
}

struct Scene {
    place: Place,
    alice: Home,
    card: KeyCard,
    world: World,
    feeds: Vec<FeedKey>,
    /// What Alice had from the first bundle.
    statements: usize,
    records: usize,
    sequence: u64,
}

impl Scene {
    fn new() -> Self {
        let place = Place::new();
        let alice = place.home("alice");
        let card = KeyCard::parse(alice.ok(["key", "card"]).out.trim()).unwrap();
        alice.ok(["circle", "found", "grove", "--as", "alice"]);
        for (title, text) in OWN {
            let file = place.file("own.md", text);
            alice.ok(["library", "add", &file, "--title", title]);
        }
        alice.ok(["library", "share", OWN[1].0, "--circle", "grove"]);
        let (world, feeds) = founded(card.root());
        std::fs::create_dir(place.path("scratch")).unwrap();
        let mut scene = Self {
            place,
            alice,
            card,
            world,
            feeds,
            statements: 0,
            records: 0,
            sequence: 0,
        };
        let stick = scene.write(FOUNDER, Load::default());
        let circle = scene.world.circle.to_string();
        scene.alice.accept(&circle);
        scene.alice.ok(["import-bundle", stick.to_str().unwrap()]);
        scene.mark();
        scene
    }

    /// What was said so far is known.
    fn mark(&mut self) {
        (self.statements, self.records) = (self.world.statements.len(), self.world.records.len());
    }

    /// A bundle for Alice, signed by somebody, of all that was said since the last mark.
    fn write(&mut self, signer: usize, load: Load) -> PathBuf {
        self.sequence += 1;
        let stick = PathBuf::from(self.place.stick(&format!("stick {}", self.sequence)));
        let feed = self.feeds[signer];
        let key = self.world.secret(feed);
        let id = self.world.certificate(feed);
        let all = &self.world.statements;
        let certificate = all
            .iter()
            .find(|it| it.id() == id)
            .unwrap()
            .bytes()
            .to_vec();
        let small = |number: usize, kind: &str, bytes: Vec<u8>| Small {
            name: format!("trust/{number:04}-{kind}.cborseq"),
            bytes,
        };
        // The whole world's statements, so that any signer is known; records in the order of the format.
        let mut trust: Vec<Small> = Vec::new();
        let mut part = Vec::new();
        for statement in &self.world.statements[self.statements..] {
            part.extend(statement.bytes());
            if part.len() > MEBIBYTE / 2 {
                trust.push(small(trust.len(), "statements", std::mem::take(&mut part)));
            }
        }
        trust.push(small(trust.len(), "statements", part));
        if signer == FOUNDER {
            // Nobody knows the circle yet.
            let records = self.world.records.iter().flat_map(|it| it.bytes());
            let bytes = records.copied().collect();
            trust.push(small(trust.len(), "records", bytes));
        }
        let mut new: Vec<&Verified<okibi::record::Record>> =
            self.world.records[self.records..].iter().collect();
        new.sort_by_key(|it| (it.value().height, it.id()));
        let plan = Plan {
            circle: self.world.circle.0,
            certificate,
            sequence: self.sequence,
            previous: None,
            standalone: true,
            trust,
            acks: (0..)
                .zip(load.acks)
                .map(|(number, bytes): (usize, _)| Small {
                    name: format!("acks/{number:04}-ack.cose"),
                    bytes,
                })
                .collect(),
            records: new
                .into_iter()
                .map(|it| Ok::<_, MediaError>(it.bytes().to_vec())),
            contents: Vec::new(),
            part_bytes: 1 << 30,
        };
        let receive = self
            .card
            .statements()
            .iter()
            .find_map(|it| match it.value().claim {
                Claim::Certificate {
                    role: Role::Receive,
                    key,
                    ..
                } => Some(key),
                _ => None,
            });
        let mut seed = blake3::Hasher::new()
            .update(&self.sequence.to_le_bytes())
            .finalize_xof();
        write_bundle(
            (&Files::new(self.place.path("scratch")), Path::new("spool")),
            Destination::Medium(&Medium::take(&Files::new(stick.clone())).unwrap()),
            plan,
            &key,
            &[receive.unwrap().into()],
            &mut |bytes| seed.fill(bytes),
        )
        .unwrap();
        stick
    }
}

impl Scene {
    /// The newest record of the first bundle: a past in which everybody belongs.
    fn known_tip(&self) -> RecordId {
        let told = &self.world.records[..self.records];
        let critical = |it: &&Verified<okibi::record::Record>| {
            it.value().kind.is_critical() && it.value().feed == self.feeds[FOUNDER]
        };
        told.iter().rfind(critical).unwrap().id()
    }

    /// Says as much of some kinds as a bundle of a mebibyte holds.
    fn say(&mut self, who: usize, families: &[usize], seed: u64) {
        let mut dice = Dice(seed);
        let (mut room, mut counts) = (MEBIBYTE - 64_000, [0; FAMILIES.len()]);
        // What compresses leaves room for more of it.
        while room > MEBIBYTE / 16 {
            let mut bytes = 0;
            while bytes < room {
                let family = families[dice.below(families.len())];
                bytes += FAMILIES[family].1(self, &mut dice, who, counts[family]);
                counts[family] += 1;
            }
            room = (MEBIBYTE - 64_000).saturating_sub(self.weight());
        }
    }

    /// Bytes that what was said takes in a bundle, about.
    fn weight(&self) -> usize {
        let records = self.world.records[self.records..].iter();
        let records: Vec<u8> = records.flat_map(|it| it.bytes()).copied().collect();
        let statements = self.world.statements[self.statements..].iter();
        let statements: usize = statements.map(|it| it.bytes().len()).sum();
        zstd::bulk::compress(&records, 3).unwrap().len() + statements
    }

    /// What shows outside of the circle in which everything is said: another circle, private texts, models, settings.
    fn outside(&self) -> Vec<Value> {
        let alice = &self.alice;
        let status = alice.fact("status", ["status"]);
        let circles = status["circles"].as_array().unwrap().iter();
        let mut found: Vec<Value> = circles
            .filter(|it| it["name"] == "grove")
            .cloned()
            .collect();
        for command in [
            &["circle", "members", "--circle", "grove"][..],
            &["circle", "log", "--circle", "grove"],
            &["model", "list"],
            &["config", "show"],
            &["circle", "offers"],
            &["library", "search", "mill"],
        ] {
            let run = alice.run(command.iter().chain(&["--json"]));
            assert!(run.status.success(), "{run:#?}");
            found.extend(run.json());
        }
        let listed = alice.ok(["library", "list", "--json"]).json();
        found.extend(
            listed
                .into_iter()
                .filter(|it| !it.to_string().contains("hearth")),
        );
        found
    }

    /// Commands that write go on working, whatever the others said.
    fn go_on(&mut self, what: &str) {
        let text = self.place.file("text.md", format!("# {what}\n"));
        let guest = self.place.home("another");
        let card = guest.ok(["key", "card"]).out;
        let card = self.place.file("card", card);
        let mallory = fingerprint(&self.world.root(MALLORY));
        let stick = self.place.stick("out");
        let backup = self.place.path("backup");
        let _ = std::fs::remove_file(&backup);
        let secret = self
            .place
            .file("passphrase", "correct horse battery staple okibi\n");
        let commands: [&[&str]; 11] = [
            &["library", "add", &text, "--title", "after"],
            &["library", "share", "after", "--circle", "hearth"],
            &[
                "circle", "admit", &card, "--name", "another", "--circle", "hearth", "--yes",
            ],
            &["circle", "suspend", &mallory, "--circle", "hearth", "--yes"],
            &["key", "rotate"],
            &["library", "withdraw", "after", "--circle", "hearth"],
            &["courier", &stick],
            &[
                "backup",
                backup.to_str().unwrap(),
                "--passphrase-file",
                &secret,
            ],
            &["gc"],
            &["chat", "hello"],
            &["circle", "forget", "hearth", "--yes"],
        ];
        for command in commands {
            let run = self.alice.run(command);
            assert!(run.status.success(), "{what}: {command:?}: {run:#?}");
        }
        std::fs::remove_dir_all(stick).unwrap();
    }

    /// Alice's home as it was before.
    fn again(&self) {
        let (home, before) = (self.alice.path.clone(), self.place.path("before"));
        if before.exists() {
            std::fs::remove_dir_all(&home).unwrap();
            crate::homes::copy(&before, &home);
        } else {
            crate::homes::copy(&home, &before);
        }
    }

    /// Takes a bundle in and holds what it costs against the bounds; honest commands go on.
    fn hold(&mut self, what: &str, signer: usize, load: Load, member: bool) {
        self.again();
        let before = size(&self.alice.path);
        let outside = self.outside();
        let stick = self.write(signer, load);
        let sealed = size(&stick);
        let import = measure(&self.alice, &["import-bundle", stick.to_str().unwrap()]);
        let status = measure(&self.alice, &["status"]);
        let grown = size(&self.alice.path).saturating_sub(before);
        println!(
            "{what}: {} KiB; import exits {} at {} MiB; home {} KiB larger; status at {} MiB",
            sealed >> 10,
            import.status,
            import.peak >> 20,
            grown >> 10,
            status.peak >> 20
        );
        assert!(
            matches!(import.status, 0 | 11 | 12),
            "{what}: {}",
            import.text
        );
        assert_eq!(member, import.status == 0, "{what}: {}", import.text);
        assert_eq!(status.status, 0, "{what}: {}", status.text);
        assert!(sealed < 2 * MEBIBYTE as u64, "{what}: {sealed}");
        // Nobody without a place in the circle leaves more than a line in the audit trail.
        let room = if member { GROWN } else { 256 << 10 };
        assert!(grown < room, "{what}: {grown}");
        assert!(import.peak < IMPORT_PEAK, "{what}: {}", import.peak);
        assert!(status.peak < STATUS_PEAK, "{what}: {}", status.peak);
        assert_eq!(self.outside(), outside, "{what}");
        self.go_on(what);
        std::fs::remove_dir_all(stick).unwrap();
        self.world = founded(self.card.root()).0;
    }
}

fn seeds(default: u64) -> u64 {
    let asked = std::env::var("OKIBI_WORST_SEEDS").ok();
    asked.map_or(default, |text| text.parse().unwrap())
}

/// What a plain member may say at most in a bundle of a mebibyte, kind by kind.
fn kinds(range: std::ops::Range<usize>) {
    if !have(&["python3"]) {
        return;
    }
    let mut scene = Scene::new();
    for family in range {
        scene.say(MALLORY, &[family], 1);
        scene.hold(FAMILIES[family].0, MALLORY, Load::default(), true);
    }
}

/// A cut named every feed of a root that is in the set. A member who cites each of two thousand feeds from the next has
/// that many there, the record had no room for them, and nobody could suspend that member.
#[test]
fn the_worst_mebibyte_of_a_member_has_bounds() {
    kinds(0..FAMILIES.len() / 2);
}

#[test]
fn the_other_worst_mebibytes_of_a_member_have_bounds() {
    kinds(FAMILIES.len() / 2..FAMILIES.len());
}

/// One that is too wide is not kept; mixtures are no worse than the worst of their parts.
#[test]
fn acknowledgements_and_mixtures_have_bounds() {
    if !have(&["python3"]) {
        return;
    }
    let mut scene = Scene::new();
    let acks = vec![acknowledgement(&mut scene, MALLORY, &mut Dice(1))];
    scene.hold("a wide acknowledgement", MALLORY, Load { acks }, true);
    for seed in 0..seeds(3) {
        let mut dice = Dice(seed);
        let families: Vec<usize> = (0..4).map(|_| dice.below(FAMILIES.len())).collect();
        scene.say(MALLORY, &families, seed);
        scene.hold(
            &format!("{families:?}, seed {seed}"),
            MALLORY,
            Load::default(),
            true,
        );
    }
}

/// A guest has the same bounds; a suspended member and a stranger leave nothing.
#[test]
fn the_worst_mebibyte_of_others_has_bounds() {
    if !have(&["python3"]) {
        return;
    }
    let mut scene = Scene::new();
    for (who, name, member) in [
        (GUEST, "a guest", true),
        (FORMER, "a former member", false),
        (STRANGER, "a stranger", false),
    ] {
        for families in [&[0][..], &[1, 2, 3], &[4, 5, 6, 9, 10, 11, 12]] {
            scene.say(who, families, 7);
            scene.hold(
                &format!("{name}, {families:?}"),
                who,
                Load::default(),
                member,
            );
        }
    }
}
