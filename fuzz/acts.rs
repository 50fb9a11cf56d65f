//! What parties without office say in a circle, as a string of bytes, and what it costs whoever hears it: the fold, a
//! store, an import. The oracles are memory, disk and work for each byte that the records and statements take.
//!
//! Memory and work are what this thread asked the allocator for, at its peak and in all; SQLite has its own memory, and its
//! disk is counted in pages.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use okibi::carrier::media::MediaError;
use okibi::carrier::media::Small;
use okibi::carrier::media::files::Files;
use okibi::carrier::media::plan::Plan;
use okibi::carrier::media::write::{Destination, write_bundle};
use okibi::config::Config;
use okibi::fold;
use okibi::fold::testing::{Draft, World, admit, document, suspend};
use okibi::node::{Handle, ImportOptions};
use okibi::record::{Body, Claim, FeedKey, Kind, Policy, RecordId, Role, RootKey};
use okibi::store::{Batch, Join, Source, Standing, Store};

/// Peak of the fold, in bytes for each byte and once.
const FOLD: (usize, usize) = (12, 512 << 10);
/// Peak of a store that takes them in, and of the next look at it.
const STORE: (usize, usize) = (24, 4 << 20);
/// Bytes of the database and its log.
const DISK: (usize, usize) = (16, 1 << 20);
/// Peak of an import of a bundle: its buffers come on top.
const IMPORT: (usize, usize) = (24, 16 << 20);
/// All that is ever asked for, in each of these: what goes by the square does not fit.
const WORK: (usize, usize) = (256, 48 << 20);

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
    static ASKED: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: everything is handed to the system's allocator as it came, and counted beside it; cells without a destructor
// allocate nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let size = layout.size();
        let live = LIVE.get() + size.cast_signed();
        LIVE.set(live);
        PEAK.set(PEAK.get().max(live));
        ASKED.set(ASKED.get().saturating_add(size));
        // SAFETY: the caller keeps the same promises to this function.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        LIVE.set(LIVE.get() - layout.size().cast_signed());
        // SAFETY: the caller keeps the same promises to this function.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Runs something and holds its peak and its work against bounds for so many bytes.
fn within<T>(bytes: usize, peak: (usize, usize), work: impl FnOnce() -> T) -> T {
    let (live, asked) = (LIVE.get(), ASKED.get());
    PEAK.set(live);
    let done = work();
    let used = usize::try_from(PEAK.get() - live).unwrap_or(0);
    assert!(
        used <= peak.0 * bytes + peak.1,
        "{used} bytes of memory for {bytes}"
    );
    let asked = ASKED.get() - asked;
    assert!(
        asked <= WORK.0 * bytes + WORK.1,
        "{asked} bytes in all for {bytes}"
    );
    done
}

/// Roots: the founder, the reader, a plain member, its guest, and others whom nobody admitted yet.
const MEMBER: usize = 2;
const ACTS: u8 = 14;
/// Acts of one string; more would only take time.
const MOST: usize = 400;

/// A circle, which has `reader` as a member, and what is said in it by everybody but its founder. Two bytes are one act: which, and of what.
fn told(acts: &[u8], signed: bool, reader: Option<RootKey>) -> (World, usize) {
    let mut world = World::new(signed);
    let feeds: Vec<FeedKey> = (0..4).map(|n| world.device(n, 0)).collect();
    let founder = world.root(0);
    world.found(feeds[0], &[founder], Policy::default());
    let (second, member) = (world.root(1), world.root(MEMBER));
    for root in [reader.unwrap_or(second), member] {
        world.admit(feeds[0], root);
    }
    let guest = world.root(3);
    let tip = world.admit(feeds[MEMBER], guest);
    let begin = world.records.len();
    for (n, act) in acts.as_chunks::<2>().0.iter().take(MOST).enumerate() {
        say(&mut world, tip, n, *act);
    }
    // Something that another names and that did not arrive.
    if acts.len() % 2 == 1 && world.records.len() > begin {
        let lost = begin + usize::from(acts[acts.len() - 1]) % (world.records.len() - begin);
        world.records.remove(lost);
    }
    let bytes = world
        .records
        .iter()
        .map(|it| it.bytes().len())
        .sum::<usize>()
        + world
            .statements
            .iter()
            .map(|it| it.bytes().len())
            .sum::<usize>();
    (world, bytes)
}

fn say(world: &mut World, tip: RecordId, n: usize, [act, of]: [u8; 2]) {
    let of = usize::from(of);
    let own = world.device(MEMBER, of % 40);
    let guest = world.device(3, of % 3);
    let other = 4 + of;
    let any = world.records[of * 7 % world.records.len()].id();
    let root = world.root(of % 6);
    let vote = Body::Vote {
        subject: any,
        choice: n as u64,
    };
    let mut ordinary = Draft::new(own, &Body::Merge);
    (ordinary.kind, ordinary.body) = (Kind(200), vec![0x40]);
    match act % ACTS {
        0 => world.add(Draft::new(own, &document(&format!("{n}")))),
        1 => world.add(Draft::new(guest, &document(&format!("{n}")))),
        2 => world.merge(own),
        3 => world.add(Draft::new(own, &vote).first().seen(&[tip])),
        4 => world.add(ordinary.first()),
        5 => {
            let root = world.root(other);
            let below = world.add(Draft::new(own, &admit(root)).seen(&[tip]));
            let theirs = world.device(other, 0);
            world.add(Draft::new(theirs, &document(&format!("{n}"))));
            below
        }
        6 => {
            let (feed, root) = (world.device(other, 0), world.root(other + 1));
            world.admit(feed, root)
        }
        7 => world.add(Draft::new(own, &vote).seen(&[tip])),
        8 => world.add(Draft::new(own, &suspend(root))),
        9 => world.endorse(own, any),
        10 => world.add(Draft::new(own, &Body::Withdraw { target: any })),
        11 => {
            let low = world.add(ordinary.clone());
            world.add(ordinary);
            world.revoke(own, Some(low));
            low
        }
        12 => {
            ordinary.body = [&[0x59, 0x80, 0][..], &[0; 0x8000]].concat();
            world.add(ordinary)
        }
        _ => {
            let seen: Vec<RecordId> = world
                .records
                .iter()
                .filter(|it| it.value().kind.is_critical())
                .map(|it| (it.value().feed, it.id()))
                .collect::<std::collections::BTreeMap<_, _>>()
                .into_values()
                .take(60)
                .collect();
            world.add(Draft::new(own, &Body::Merge).seen(&seen))
        }
    };
}

/// The fold of whatever was said.
pub fn fold(acts: &[u8]) -> bool {
    let (world, bytes) = told(acts, false, None);
    let history = world.history();
    let (membership, state, known) = within(bytes, FOLD, || fold::evaluate_and_keep(&history));
    assert!(state.members.len() >= 3, "somebody lost a place");
    let mut again = world.history();
    again.know(known);
    assert!(fold::evaluate(&again) == (membership.clone(), state));
    membership.records.len() > 4
}

/// A folder that goes when it is done with.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let memory = Path::new("/dev/shm");
        let at = if memory.is_dir() {
            memory.to_owned()
        } else {
            std::env::temp_dir()
        };
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let at = at.join(format!("okibi-acts-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&at).expect("a folder for a test");
        Self(at)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn on_disk(folder: &Path) -> usize {
    let size = |name: &str| std::fs::metadata(folder.join(name)).map_or(0, |it| it.len() as usize);
    size("okibi.db") + size("okibi.db-wal")
}

/// A store that takes in whatever was said, and is looked at.
pub fn ingest(acts: &[u8]) -> bool {
    let (world, bytes) = told(acts, false, None);
    let scratch = Scratch::new();
    let mut store = Store::open(&scratch.0, 1, [0; 8]).expect("a new store");
    let empty = on_disk(&scratch.0);
    let batch = Batch {
        statements: world.statements.clone(),
        records: world.records.clone(),
        join: Some(Join {
            standing: Standing::Member,
        }),
        ..Batch::default()
    };
    let feeds: Vec<FeedKey> = world.records.iter().map(|it| it.value().feed).collect();
    let from = Source::Member(world.owner(feeds[feeds.len() - 1]));
    let me = world.owner(feeds[0]);
    let receipt = within(bytes, STORE, || {
        store.ingest(world.circle, batch, from, me, 1)
    });
    let receipt = receipt.expect("taken in");
    let tally = within(bytes, STORE, || store.tally(&world.circle));
    within(bytes, STORE, || store.state(&world.circle)).expect("a state");
    let grown = on_disk(&scratch.0) - empty;
    assert!(
        grown <= DISK.0 * bytes + DISK.1,
        "{grown} bytes of disk for {bytes}"
    );
    assert!(tally.expect("a tally").records as usize == receipt.taken);
    receipt.taken > 4
}

/// A bundle of whatever was said, by the member, taken in by a home that joined.
pub fn import(acts: &[u8]) -> bool {
    let scratch = Scratch::new();
    let config = Config::load(Some(&scratch.0.join("home")), |_| None).expect("a configuration");
    let mut home = Handle::open_bare(config, Box::new(|_| {})).expect("a new home");
    let card = home.card().expect("a card");
    let receive = card
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
    let (mut world, bytes) = told(acts, true, Some(card.root()));
    // A key that no act takes back.
    let signer = world.device(MEMBER, 60);
    home.accept(world.circle, None).expect("a yes");
    let small = |name: &str, bytes: Vec<u8>| Small {
        name: name.to_owned(),
        bytes,
    };
    let statements = world.statements.iter().flat_map(|it| it.bytes().to_vec());
    let records = world.records.iter().flat_map(|it| it.bytes().to_vec());
    let id = world.certificate(signer);
    let certificate = world.statements.iter().find(|it| it.id() == id);
    let file = scratch.0.join("bundle.okb");
    let mut order: Vec<_> = world.records.iter().collect();
    order.sort_by_key(|it| (it.value().height, it.id()));
    let plan = Plan {
        circle: world.circle.0,
        certificate: certificate.expect("certified").bytes().to_vec(),
        sequence: 1,
        previous: None,
        standalone: true,
        trust: vec![
            small("trust/0000-statements.cborseq", statements.collect()),
            small("trust/0001-records.cborseq", records.collect()),
        ],
        acks: Vec::new(),
        records: order
            .into_iter()
            .map(|it| Ok::<_, MediaError>(it.bytes().to_vec())),
        contents: Vec::new(),
        part_bytes: 1 << 30,
    };
    let mut noise = blake3::Hasher::new().finalize_xof();
    write_bundle(
        (&Files::new(scratch.0.clone()), Path::new("spool")),
        Destination::File {
            files: &Files::new(scratch.0.clone()),
            path: Path::new("bundle.okb"),
        },
        plan,
        &world.secret(signer),
        &[receive.expect("a receive key").into()],
        &mut |bytes| noise.fill(bytes),
    )
    .expect("written");
    let before = on_disk(&scratch.0.join("home"));
    let report = within(2 * bytes, IMPORT, || {
        home.import_path(&file, ImportOptions::default())
    });
    let grown = on_disk(&scratch.0.join("home")).saturating_sub(before);
    assert!(
        grown <= DISK.0 * bytes + DISK.1,
        "{grown} bytes of disk for {bytes}"
    );
    within(2 * bytes, IMPORT, || home.status(1)).expect("a status");
    report.is_ok_and(|report| report.failures.is_empty())
}
