//! Screenshots for the documents, from the terminal's own output: as text, and as SVG with the terminal's styles.
//! `just shots` writes them again.

use std::fmt::Write as _;
use std::path::Path;

use crate::homes::Place;
use crate::meeting;
use crate::terminal::Seat;

/// Pixels of a cell, and the size of the letters in it.
const CELL: (f64, f64) = (8.4, 18.0);
const LETTER: f64 = 14.0;

/// The colours of a light and of a dark terminal: background, text, and the sixteen by their numbers as far as used.
const LIGHT: Look = Look {
    back: "#fdfaf4",
    text: "#2b2622",
    red: "#b3361d",
    magenta: "#8a3f8f",
};
const DARK: Look = Look {
    back: "#1d1a18",
    text: "#e6ddd3",
    red: "#ff7a55",
    magenta: "#d79be0",
};

struct Look {
    back: &'static str,
    text: &'static str,
    red: &'static str,
    magenta: &'static str,
}

/// A picture of a screen of this size, around what is drawn on it.
fn frame((rows, columns): (u16, u16), look: &Look, inner: &str) -> String {
    let (width, height) = (
        f64::from(columns) * CELL.0 + 16.0,
        f64::from(rows) * CELL.1 + 16.0,
    );
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"{}\"/>\n\
         <g font-family=\"DejaVu Sans Mono, Menlo, Consolas, Noto Sans Mono CJK JP, monospace\" font-size=\"{LETTER}\" xml:space=\"preserve\">\n\
         {inner}</g>\n</svg>\n",
        look.back
    )
}

/// Pictures one after the other, for ever; seconds beside each.
fn film(size: (u16, u16), look: &Look, frames: &[(String, f64)]) -> String {
    let whole: f64 = frames.iter().map(|(_, seconds)| seconds).sum();
    let (mut inner, mut at) = (String::new(), 0.0);
    for (number, (drawn, seconds)) in frames.iter().enumerate() {
        // Where nothing moves, the last picture is seen.
        let first = if number + 1 == frames.len() {
            "visible"
        } else {
            "hidden"
        };
        let (from, to) = (at / whole, (at + seconds) / whole);
        let _ = write!(
            inner,
            "<g visibility=\"{first}\">\n<animate attributeName=\"visibility\" calcMode=\"discrete\" dur=\"{whole:.1}s\" \
             repeatCount=\"indefinite\" values=\"hidden;visible;hidden;hidden\" keyTimes=\"0;{from:.4};{to:.4};1\"/>\n{drawn}</g>\n"
        );
        at += seconds;
    }
    frame(size, look, &inner)
}

/// What is drawn on a screen: one text element for each run of one style.
fn drawing(screen: &vt100::Screen, look: &Look) -> String {
    let (rows, columns) = screen.size();
    let mut out = String::new();
    for row in 0..rows {
        let y = 8.0 + f64::from(row) * CELL.1;
        let mut column = 0;
        while column < columns {
            let Some(cell) = screen.cell(row, column) else {
                break;
            };
            let start = column;
            let style = |cell: &vt100::Cell| {
                (
                    cell.fgcolor(),
                    cell.bold(),
                    cell.dim(),
                    cell.inverse(),
                    cell.italic(),
                    cell.underline(),
                )
            };
            let this = style(cell);
            let mut text = String::new();
            // A wide character is a run of its own, so that what follows stands in its column whatever the font.
            while let Some(next) = screen.cell(row, column) {
                if style(next) != this || (column > start && (next.is_wide() || !text.is_ascii())) {
                    break;
                }
                text.push_str(if next.has_contents() {
                    next.contents()
                } else {
                    " "
                });
                column += if next.is_wide() { 2 } else { 1 };
                if column >= columns {
                    break;
                }
            }
            let (colour, bold, dim, inverse, italic, underline) = this;
            let x = 8.0 + f64::from(start) * CELL.0;
            let fill = match colour {
                vt100::Color::Idx(1) => look.red,
                vt100::Color::Idx(5) => look.magenta,
                _ => look.text,
            };
            let (fill, under) = if inverse {
                (look.back, Some(fill))
            } else {
                (fill, None)
            };
            if let Some(under) = under {
                let wide = f64::from(column - start) * CELL.0;
                let _ = writeln!(
                    out,
                    "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{wide:.1}\" height=\"{}\" fill=\"{under}\"/>",
                    CELL.1
                );
            }
            if text.trim().is_empty() {
                continue;
            }
            let escaped = text
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;");
            let mut marks = String::new();
            if bold {
                marks.push_str(" font-weight=\"bold\"");
            }
            if dim {
                marks.push_str(" opacity=\"0.62\"");
            }
            if italic {
                marks.push_str(" font-style=\"italic\"");
            }
            if underline {
                marks.push_str(" text-decoration=\"underline\"");
            }
            let _ = writeln!(
                out,
                "<text x=\"{x:.1}\" y=\"{:.1}\" fill=\"{fill}\"{marks}>{escaped}</text>",
                y + LETTER
            );
        }
    }
    if !screen.hide_cursor() {
        let (row, column) = screen.cursor_position();
        let (x, y) = (
            8.0 + f64::from(column) * CELL.0,
            8.0 + f64::from(row) * CELL.1,
        );
        let _ = writeln!(
            out,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"2\" height=\"{}\" fill=\"{}\"/>",
            CELL.1, look.red
        );
    }
    out
}

fn keep(seat: &mut Seat, name: &str, look: &Look) {
    // The rest of the frame in which a text was seen.
    seat.until(std::time::Duration::from_millis(300), |_| false);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/screenshots");
    std::fs::create_dir_all(&folder).unwrap();
    let screen = seat.screen.screen();
    let text: Vec<String> = screen
        .contents()
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect();
    std::fs::write(folder.join(format!("{name}.txt")), text.join("\n") + "\n").unwrap();
    let picture = frame(screen.size(), look, &drawing(screen, look));
    std::fs::write(folder.join(format!("{name}.svg")), picture).unwrap();
}

#[test]
#[ignore = "writes docs/screenshots; `just shots` runs it"]
fn screenshots() {
    let place = Place::new();
    let (alice, bob) = place.alice_and_bob();
    let file = place.file("compost.md", "# Compost\n\nTurn it warm.\n");
    alice.ok(["library", "add", &file]);
    alice.ok(["library", "share", "compost"]);
    let stick = place.stick("stick");
    alice.ok(["export-bundle", "--to", "bob", &stick]);
    let size = (80, 24);

    let mut seat = Seat::new(&bob, &[], size, &[]);
    seat.see("No language model");
    keep(&mut seat, "1-welcome", &DARK);
    seat.press("What does a found stick show?\r");
    seat.see("[1]");
    keep(&mut seat, "2-manual", &DARK);
    seat.press("\u{1b}s");
    seat.see("Sources");
    keep(&mut seat, "3-sources", &LIGHT);
    seat.press("\u{1b}");
    seat.see_no("Sources");
    seat.press("\u{4}");
    seat.end();

    // A seed whose answer is short enough to be seen whole.
    let mut seat = Seat::new(&bob, &TOLD, size, &[]);
    seat.see("answers here");
    seat.press("Tell me of the embers\r");
    seat.see_the_end();
    seat.press("And of 熾火?\r");
    seat.see("And of 熾火?");
    seat.see_the_end();
    // What the face said of the toy has gone by then, and the keys stand in its place.
    seat.see("F1 help");
    keep(&mut seat, "4-chat", &DARK);
    seat.press("/mo");
    seat.see("/monitor");
    keep(&mut seat, "5-commands", &LIGHT);
    seat.press("\u{15}\u{1b}OR");
    seat.see("This node");
    seat.press(&format!("i{stick}\r"));
    seat.see("Take this in?");
    keep(&mut seat, "6-import", &DARK);
    seat.press("\r");
    seat.see("acknowledged");
    seat.press("\u{1b}");
    seat.see("Circle hearth");
    keep(&mut seat, "7-monitor", &LIGHT);
    seat.press("\u{1b}OP");
    seat.see("Everywhere");
    keep(&mut seat, "8-help", &DARK);
    seat.signal("TERM");
    seat.end();
    people();

    let mut seat = Seat::new(&bob, &[], (40, 12), &[("LC_ALL", "ja_JP.UTF-8")]);
    seat.see("言語モデル");
    seat.press("火とは何ですか");
    seat.see("火とは何ですか");
    keep(&mut seat, "9-japanese-40x12", &LIGHT);
    seat.signal("TERM");
    seat.end();
}

/// How the toy is asked for the pictures.
const TOLD: [&str; 9] = [
    "chat",
    "-m",
    "ember",
    "--seed",
    "8",
    "--temperature",
    "0.5",
    "--max-tokens",
    "60",
];

/// An invitation, the words that two people compare, and the members afterwards.
fn people() {
    let place = Place::new();
    let port = meeting::port();
    let (alice, bob) = meeting::scene(&place, &port);
    let mut hers = meeting::window(&alice, &port, "Circle hearth");
    let mut his = meeting::window(&bob, "0", "no circle yet");
    let ticket = meeting::invite(&mut hers);
    hers.see_no("characters");
    keep(&mut hers, "10-invitation", &LIGHT);
    meeting::join(&mut his, &ticket, "bob");
    meeting::words(&mut hers);
    meeting::words(&mut his);
    keep(&mut hers, "11-words", &DARK);
    hers.press("y");
    his.press("y");
    hers.see("bob is a member of hearth now");
    his.see("in step with alice");
    hers.press("\u{1b}");
    hers.see("used by bob");
    keep(&mut hers, "12-peers", &DARK);
    for mut seat in [hers, his] {
        seat.signal("TERM");
        seat.end();
    }
}

/// The recording of the README: a question, an answer as it comes, the monitor, the help.
#[test]
#[ignore = "writes docs/screenshots; `just shots` runs it"]
fn recording() {
    let place = Place::new();
    let home = place.home("alice");
    home.ok(["circle", "found", "hearth", "--as", "alice"]);
    let mut frames = Vec::new();
    let mut seat = Seat::new(&home, &TOLD, (80, 24), &[]);
    let mut shot =
        |seat: &Seat, seconds: f64| frames.push((drawing(seat.screen.screen(), &DARK), seconds));
    seat.see("answers here");
    shot(&seat, 2.0);
    let question = "Tell me of the embers";
    for letter in question.split_inclusive(' ') {
        seat.press(letter);
        seat.see(letter.trim());
        shot(&seat, 0.4);
    }
    seat.press("\r");
    // The toy is fast: what is caught of its answer on the way depends on the machine.
    for _ in 0..3 {
        let before = seat.screen.screen().contents();
        seat.until(std::time::Duration::from_millis(400), |screen| {
            screen.contents() != before
        });
        shot(&seat, 0.5);
    }
    seat.see_the_end();
    shot(&seat, 4.0);
    seat.press("\u{1b}OR");
    seat.see("Circle hearth");
    shot(&seat, 4.0);
    seat.press("\u{1b}OP");
    seat.see("Everywhere");
    shot(&seat, 3.0);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/screenshots");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("recording.svg"), film((24, 80), &DARK, &frames)).unwrap();
    seat.signal("TERM");
    seat.end();
}
