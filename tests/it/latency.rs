//! How long a key takes to its frame while a model computes, what the face costs when nothing happens, and how it scrolls
//! through a long conversation. Measured in a real pseudo-terminal, from the write of the key to the byte that shows
//! it. `just latency` runs it with the release build (docs/performance.md).

use std::time::{Duration, Instant};

use crate::homes::Place;
use crate::terminal::{Seat, heads};

const WIDE: (u16, u16) = (80, 24);
/// No frame may take longer; what does is named.
const SLOW: Duration = Duration::from_millis(50);

/// Microseconds at a share of the sorted figures.
fn quantile(sorted: &[u128], share: f64) -> u128 {
    let at = (sorted.len() as f64 * share) as usize;
    sorted[at.min(sorted.len() - 1)]
}

fn tell(what: &str, figures: &mut [u128]) {
    figures.sort_unstable();
    let millis = |share| quantile(figures, share) as f64 / 1_000.0;
    println!(
        "{what}: {} keys, median {:.2} ms, 99 % {:.2} ms, worst {:.2} ms",
        figures.len(),
        millis(0.5),
        millis(0.99),
        millis(1.0)
    );
}

/// Seconds of processor time of a process, from `/proc/ID/stat` (fields 14 and 15, in ticks of 10 ms).
fn processor_seconds(id: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    let (_, rest) = stat.rsplit_once(") ").unwrap();
    let fields: Vec<&str> = rest.split(' ').collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    ticks / 100.0
}

/// `VmRSS` of a process, in KiB.
fn resident(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// An answer is on its way: the model reads or writes.
fn computes(screen: &vt100::Screen) -> bool {
    let heads = heads(screen);
    heads.contains("answering,") || heads.contains("reading,")
}

/// The time from each of `keys` to a screen that `shows` it, each time after `ready` likes the screen: where it does not,
/// the key that `asks` for it is pressed first, and not counted.
fn press_each(
    seat: &mut Seat,
    keys: &[(String, String)],
    ready: impl Fn(&vt100::Screen) -> bool,
    asks: &str,
) -> Vec<u128> {
    let patience = Duration::from_secs(10);
    let mut figures = Vec::new();
    for (key, shown) in keys {
        // Keys come at any moment of a frame and of a token.
        let pause = 20_000 + (figures.len() as u64 * 7_919) % 30_000;
        seat.until(Duration::from_micros(pause), |_| false);
        while !ready(seat.screen.screen()) {
            seat.press(asks);
            seat.until(patience, &ready);
        }
        let start = Instant::now();
        seat.press(key);
        let there = seat.until(patience, |screen| {
            screen.contents().contains(shown.as_str())
        });
        assert!(
            there,
            "{shown:?} never came:\n{}",
            seat.screen.screen().contents()
        );
        let took = start.elapsed();
        if took > SLOW {
            let at = figures.len();
            println!("key {at}: {:.1} ms", took.as_secs_f64() * 1e3);
        }
        figures.push(took.as_micros());
    }
    figures
}

#[test]
#[ignore = "a measurement; `just latency` runs it"]
fn keys_while_a_model_computes() {
    let place = Place::new();
    let home = place.home("alice");
    let count: usize = std::env::var("OKIBI_LATENCY")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(300);
    // A model of the person's own (OKIBI_LATENCY_MODEL=FILE), or the toy, which is asked again and again.
    let model = match std::env::var("OKIBI_LATENCY_MODEL") {
        Ok(file) => {
            home.ok(["model", "add", &file, "--name", "own"]);
            "own"
        }
        Err(_) => "ember",
    };
    let mut seat = Seat::new(
        &home,
        &["chat", "-m", model, "--max-tokens", "100000", "--no-save"],
        WIDE,
        &[],
    );
    seat.see(model);
    seat.press("x\r");
    assert!(
        seat.until(Duration::from_secs(60), computes),
        "the model begins"
    );
    let keys: Vec<(String, String)> = (0..count)
        .map(|at| {
            // A line grows letter by letter; every 40 letters it is emptied with ^U.
            let letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ";
            let written: String = letters.chars().take(at % 40 + 1).collect();
            let key = letters.chars().nth(at % 40).unwrap();
            let key = if at % 40 == 0 {
                format!("\u{15}{key}")
            } else {
                key.to_string()
            };
            (key, format!("› {written}"))
        })
        .collect();
    let before = processor_seconds(seat.id());
    let start = Instant::now();
    // An answer that has ended is asked for again (Alt-r).
    let mut figures = press_each(&mut seat, &keys, computes, "\u{1b}r");
    let share = (processor_seconds(seat.id()) - before) / start.elapsed().as_secs_f64();
    tell("while a model computes", &mut figures);
    println!(
        "the process used {share:.2} cores meanwhile; load {}",
        load()
    );
    seat.signal("KILL");
}

#[test]
#[ignore = "a measurement; `just latency` runs it"]
fn idle_and_long_conversations() {
    let place = Place::new();
    let home = place.home("alice");
    let mut seat = Seat::new(&home, &[], WIDE, &[]);
    seat.see("No language model");
    let (before, start) = (processor_seconds(seat.id()), Instant::now());
    std::thread::sleep(Duration::from_secs(20));
    let share = (processor_seconds(seat.id()) - before) / start.elapsed().as_secs_f64();
    println!(
        "idle: {:.2} % of a core over 20 s, {} KiB resident",
        share * 100.0,
        resident(seat.id())
    );
    seat.press("\u{4}");
    seat.end();

    long_conversation(&home.path);
    let mut seat = Seat::new(&home, &["chat", "--resume"], WIDE, &[]);
    let start = Instant::now();
    seat.see("message 10000");
    println!(
        "10,000 messages opened in {} ms",
        start.elapsed().as_millis()
    );
    seat.press("\t");
    seat.see("▸");
    let first = resident(seat.id());
    // Up message by message: each time another one is chosen, and the mark stands beside another number.
    let keys: Vec<(String, String)> = (1..=200)
        .map(|at| ("k".to_owned(), format!("message {}", 10_000 - at)))
        .collect();
    let mut figures = press_each(&mut seat, &keys, |_| true, "");
    tell("a message up in 10,000", &mut figures);
    seat.press("g");
    let start = Instant::now();
    let first_one = |screen: &vt100::Screen| {
        let mut rows = screen.rows(0, WIDE.0);
        rows.any(|row| row.trim() == "message 1")
    };
    assert!(seat.until(Duration::from_secs(60), first_one));
    println!(
        "to the first of 10,000: {:.1} ms; {first} KiB resident before, {} KiB after",
        start.elapsed().as_secs_f64() * 1e3,
        resident(seat.id())
    );
    seat.signal("KILL");
}

/// A conversation of ten thousand messages, written as the node writes them.
fn long_conversation(home: &std::path::Path) {
    let config = okibi::config::Config::load(Some(home), |_| None).unwrap();
    let node = okibi::node::Handle::open(config, Box::new(|_| {})).unwrap();
    let session = node.history().begin_session("a long one", "").unwrap();
    let mut parent = None;
    for number in 1..=10_000 {
        let text = format!(
            "message {number}\n\nwith *words* and `code`, so that there is something to draw"
        );
        parent = Some(
            node.history()
                .keep_question(session, parent, &text)
                .unwrap(),
        );
    }
}

fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or_default().to_owned()
}
