//! The face on the whole terminal, as a person meets it: the built program in a pseudo-terminal, keys in, a screen out.
//! What is waited for is a text on the screen, never a time.

use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::homes::{Home, Place};

/// How long a text may be on its way before the test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program in a terminal.
pub struct Seat {
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    said: Receiver<Vec<u8>>,
    pub screen: vt100::Parser,
    /// Everything that the program wrote.
    raw: Vec<u8>,
    child: Box<dyn Child + Send + Sync>,
}

impl Seat {
    /// Starts a command on a home, in a terminal of `columns` and `rows`.
    pub fn new(
        home: &Home,
        args: &[&str],
        (columns, rows): (u16, u16),
        env: &[(&str, &str)],
    ) -> Self {
        let program =
            std::env::var("OKIBI_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_okibi").to_owned());
        let mut command = CommandBuilder::new(program);
        command.args(args);
        Self::start(command, home, (columns, rows), env)
    }

    /// Starts any command.
    pub fn start(
        mut command: CommandBuilder,
        home: &Home,
        (cols, rows): (u16, u16),
        env: &[(&str, &str)],
    ) -> Self {
        let size = PtySize {
            rows,
            cols,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size).unwrap();
        command.env_clear();
        command.env("PATH", std::env::var("PATH").unwrap_or_default());
        command.env("HOME", home.path.parent().unwrap());
        command.env("OKIBI_HOME", &home.path);
        command.env("TERM", "xterm-256color");
        command.cwd(home.path.parent().unwrap());
        for (name, value) in env {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (sender, said) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 8192];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            keys: pair.master.take_writer().unwrap(),
            master: pair.master,
            said,
            screen: vt100::Parser::new(rows, cols, 0),
            raw: Vec::new(),
            child,
        }
    }

    /// Types.
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Takes in what was written until `seen` likes the screen. Returns whether it did before `patience` was over.
    pub fn until(&mut self, patience: Duration, seen: impl Fn(&vt100::Screen) -> bool) -> bool {
        let end = Instant::now() + patience;
        loop {
            if seen(self.screen.screen()) {
                return true;
            }
            let left = end.saturating_duration_since(Instant::now());
            match self.said.recv_timeout(left) {
                Ok(bytes) => {
                    self.raw.extend(&bytes);
                    self.screen.process(&bytes);
                }
                Err(_) => return seen(self.screen.screen()),
            }
        }
    }

    /// Waits for a text on the screen, with or without the quotes around names of others.
    #[track_caller]
    pub fn see(&mut self, text: &str) {
        let there = self.until(PATIENCE, |screen| {
            let shown = screen.contents();
            shown.contains(text) || shown.replace(['“', '”'], "").contains(text)
        });
        assert!(
            there,
            "{text:?} is not on the screen:\n{}",
            self.screen.screen().contents()
        );
    }

    /// Waits until an answer has ended: its speed stands beside it, and nothing is computed any more.
    #[track_caller]
    pub fn see_the_end(&mut self) {
        let ended = |screen: &vt100::Screen| {
            let heads = heads(screen);
            let busy = ["waiting …", "reading,", "answering,", "thinking …"];
            heads.contains("tokens/s · ⌂") && !busy.iter().any(|word| heads.contains(word))
        };
        let there = self.until(PATIENCE, ended);
        assert!(there, "no end:\n{}", self.screen.screen().contents());
    }

    /// Waits until a text is not on the screen any more.
    #[track_caller]
    pub fn see_no(&mut self, text: &str) {
        let gone = self.until(PATIENCE, |screen| !screen.contents().contains(text));
        assert!(
            gone,
            "{text:?} is still on the screen:\n{}",
            self.screen.screen().contents()
        );
    }

    /// Takes in everything until the program ends; returns whether it ended well.
    pub fn end(&mut self) -> portable_pty::ExitStatus {
        let status = self.child.wait().unwrap();
        while let Ok(bytes) = self.said.recv_timeout(Duration::from_secs(5)) {
            self.raw.extend(&bytes);
            self.screen.process(&bytes);
        }
        status
    }

    /// Another size.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        let size = PtySize {
            rows,
            cols: columns,
            pixel_width: 0,
            pixel_height: 0,
        };
        self.master.resize(size).unwrap();
        self.screen.screen_mut().set_size(rows, columns);
    }

    /// Everything that the program wrote, as far as it was taken in.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Sends a signal.
    pub fn signal(&self, name: &str) {
        let id = self.id().to_string();
        let sent = std::process::Command::new("sh")
            .args(["-c", &format!("kill -{name} {id}")])
            .status();
        assert!(sent.unwrap().success());
    }

    /// The terminal is as it was: the other screen left, the cursor shown, no mode of ours on.
    #[track_caller]
    pub fn given_back(&self) {
        let screen = self.screen.screen();
        assert!(
            !screen.alternate_screen(),
            "the other screen is still shown"
        );
        assert!(!screen.hide_cursor(), "the cursor is hidden");
        assert!(
            !screen.bracketed_paste(),
            "pasted text still comes in brackets"
        );
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    }

    /// Whether the terminal's line discipline is raw now.
    fn raw_mode(&self) -> bool {
        let termios = rustix_termios(self.master.as_ref());
        !termios
    }
}

/// The rows that the program says itself: what a model writes is indented, and may be any words.
pub fn heads(screen: &vt100::Screen) -> String {
    let (_, columns) = screen.size();
    let rows = screen.rows(0, columns);
    let heads: Vec<String> = rows.filter(|row| !row.starts_with(' ')).collect();
    heads.join("\n")
}

/// Whether lines are edited by the terminal (ICANON), asked of the master's side.
fn rustix_termios(master: &dyn MasterPty) -> bool {
    let name = master.tty_name().expect("the terminal has a name");
    let said = std::process::Command::new("stty")
        .arg("-a")
        .arg("-F")
        .arg(name)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    !said.contains("-icanon")
}

impl Drop for Seat {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

const WIDE: (u16, u16) = (80, 24);

/// A model may write the very words by which the program says that it is at work.
#[test]
fn an_answer_is_no_state() {
    let mut seen = vt100::Parser::new(4, 40, 0);
    seen.process("ember  83 tokens/s · ⌂\r\n  kept on thinking …, or answering, she".as_bytes());
    assert_eq!(heads(seen.screen()).trim(), "ember  83 tokens/s · ⌂");
}

#[test]
fn chat_quit_and_resume() {
    let place = Place::new();
    let home = place.home("alice");
    let mut seat = Seat::new(&home, &[], WIDE, &[]);
    seat.see("No language model is chosen");
    seat.press("/model ember\r");
    seat.see("ember (toy)");
    seat.press("Tell me of 火 fire\r");
    seat.see_the_end();
    seat.press("\u{4}");
    assert!(seat.end().success());
    seat.given_back();

    let sessions = home.facts("session", ["history", "list"]);
    assert_eq!(sessions.len(), 1);
    assert_eq!(sessions[0]["title"], "Tell me of 火 fire");
    let messages = home.facts("message", ["history", "show", "last"]);
    assert_eq!(messages.len(), 2);
    assert_eq!(
        (&messages[1]["role"], &messages[1]["privacy"]),
        (&"model".into(), &"local".into())
    );
    let said = messages[1]["text"].as_str().unwrap().to_owned();
    assert!(!said.is_empty());

    let mut seat = Seat::new(&home, &["chat", "--resume", "-m", "ember"], WIDE, &[]);
    seat.see("Tell me of 火 fire");
    // The list knows it as well, and the search finds it.
    seat.press("\u{f}");
    seat.see("Conversations");
    seat.press("\u{1b}");
    seat.see_no("Conversations");
    seat.press("draft\u{12}");
    seat.see("Search all");
    seat.press("火");
    seat.see("▸");
    seat.press("\u{1b}");
    seat.see("› draft");
    seat.press("\u{3}\u{4}");
    assert!(seat.end().success());
}

#[test]
fn resizing_while_an_answer_streams() {
    let place = Place::new();
    let home = place.home("alice");
    let mut seat = Seat::new(
        &home,
        &["chat", "-m", "ember", "--seed", "1", "--max-tokens", "200"],
        WIDE,
        &[],
    );
    seat.see("ember (toy)");
    seat.press("A long tale\r");
    for (columns, rows) in [(40, 12), (120, 40), (33, 9), (40, 12)] {
        seat.resize(columns, rows);
    }
    seat.see("›");
    let narrow = |screen: &vt100::Screen| {
        let rows: Vec<String> = screen.rows(0, 40).collect();
        rows.iter().any(|row| row.starts_with("Enter send"))
            && rows.iter().all(|row| row.chars().count() <= 40)
    };
    assert!(
        seat.until(PATIENCE, narrow),
        "{}",
        seat.screen.screen().contents()
    );
    seat.press("\u{3}\u{3}\u{3}");
    seat.end();
    seat.given_back();
}

/// Killed in any way that a program can answer, the terminal is given back; killed otherwise, nothing that was said is lost.
#[test]
fn the_terminal_is_given_back() {
    let place = Place::new();
    let home = place.home("alice");
    for signal in ["TERM", "HUP"] {
        let mut seat = Seat::new(&home, &["chat", "-m", "ember"], WIDE, &[]);
        seat.see("ember (toy)");
        assert!(seat.raw_mode());
        seat.signal(signal);
        assert!(
            !seat.end().success(),
            "{signal}: the shell sees what ended it"
        );
        seat.given_back();
    }
    let mut seat = Seat::new(&home, &["chat", "-m", "ember"], WIDE, &[]);
    seat.see("ember (toy)");
    seat.press("Remember this\r");
    // The first words of the answer: the question was on the disk before them.
    seat.see("tokens/s");
    seat.signal("KILL");
    seat.end();
    let messages = home.facts("message", ["history", "show", "last"]);
    assert_eq!(messages[0]["text"], "Remember this");
}

/// Suspended as every program in a shell, and there again with `fg`.
#[test]
fn suspend_and_come_back() {
    let place = Place::new();
    let home = place.home("alice");
    let mut shell = CommandBuilder::new("sh");
    shell.args(["-i"]);
    let mut seat = Seat::start(shell, &home, WIDE, &[("PS1", "shell> "), ("ENV", "")]);
    seat.see("shell>");
    seat.press(&format!("{} chat -m ember\r", env!("CARGO_BIN_EXE_okibi")));
    seat.see("ember (toy)");
    seat.press("a draft\u{1a}");
    // The shell throws away what is typed before it has the terminal back.
    seat.see("Stopped");
    let prompt = |screen: &vt100::Screen| screen.contents().trim_end().ends_with("shell>");
    assert!(seat.until(PATIENCE, prompt));
    seat.press("echo in the sh''ell\r");
    seat.see("in the shell");
    seat.press("fg\r");
    seat.see("› a draft");
    seat.press("\u{3}\u{4}");
    assert!(seat.until(PATIENCE, |screen| !screen.alternate_screen()));
    assert!(seat.until(PATIENCE, prompt));
    seat.press("exit\r");
    seat.end();
}

/// What `$EDITOR` leaves is the draft.
#[test]
fn the_persons_own_editor() {
    let place = Place::new();
    let home = place.home("alice");
    let editor = place.file("editor.sh", "#!/bin/sh\nprintf 'two\\nlines' >> \"$1\"\n");
    let env = [("EDITOR", format!("sh {editor}"))];
    let env: Vec<(&str, &str)> = env
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let mut seat = Seat::new(&home, &["chat", "-m", "ember"], WIDE, &env);
    seat.see("ember (toy)");
    seat.press("one \u{18}");
    seat.see("› one two");
    seat.see("lines");
    // Pasted text keeps its lines and is not sent.
    seat.press("\u{1b}[200~ and\rthree\u{1b}[201~");
    seat.see("three");
    seat.press("\u{3}\u{4}");
    seat.end();
    let drafts = std::fs::read_dir(&home.path).unwrap();
    let mut names = drafts.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(
        !names.any(|name| name.starts_with("draft")),
        "the draft was taken away"
    );
}

#[test]
fn a_stick_is_looked_at_and_taken_in() {
    let place = Place::new();
    let (alice, bob) = place.alice_and_bob();
    let file = place.file("compost.md", "# Compost\n\nTurn it warm.\n");
    alice.ok(["library", "add", &file]);
    alice.ok(["library", "share", "compost"]);
    let stick = place.stick("stick");
    alice.ok(["export-bundle", "--to", "bob", &stick]);
    let mut seat = Seat::new(&bob, &["monitor"], WIDE, &[]);
    seat.see("This node");
    seat.press(&format!("i{stick}\r"));
    seat.see("Take this in?");
    assert!(
        bob.facts("document", ["library", "list"]).is_empty(),
        "a preview takes nothing"
    );
    seat.press("\r");
    seat.see("new documents: compost");
    seat.see("acknowledged on the medium");
    seat.press("\u{1b}");
    seat.see("Circle hearth");
    seat.press("\u{1b}OR\u{1b}OQ\u{4}");
    seat.end();
    assert_eq!(bob.facts("document", ["library", "list"]).len(), 1);
    assert_eq!(alice.hashes(), bob.hashes());
}

/// Words of the interface follow the locale and `--lang`; the code of what is missing is never seen.
#[test]
fn it_speaks_japanese() {
    let place = Place::new();
    let home = place.home("alice");
    let mut seat = Seat::new(&home, &[], (40, 12), &[("LC_ALL", "ja_JP.UTF-8")]);
    seat.see("言語モデルが選ばれていません");
    seat.press("\u{1b}OP");
    seat.see("全画面共通");
    seat.press("\u{1b}");
    seat.see_no("全画面共通");
    seat.press("\u{4}");
    seat.end();
    let mut seat = Seat::new(
        &home,
        &["--lang", "en"],
        (40, 12),
        &[("LC_ALL", "ja_JP.UTF-8")],
    );
    seat.see("No language model");
    seat.press("\u{4}");
    seat.end();
    // So does the command line, in all that it says.
    let run = home.run(["--lang", "ja", "model", "show", "nobody"]);
    assert!(
        run.err.contains("nobody というモデルはありません"),
        "{run:?}"
    );
}

/// What is copied goes to the terminal's clipboard (OSC 52), whole and in its own bytes.
#[test]
fn copies_reach_the_clipboard() {
    let place = Place::new();
    let home = place.home("alice");
    let mut seat = Seat::new(&home, &[], WIDE, &[]);
    seat.see("No language model");
    seat.press("火 and \u{1b}\rtwo lines\r");
    seat.see("[1]");
    seat.press("\tgy");
    seat.see("characters copied");
    let coded = data_encoding::BASE64.encode("火 and \ntwo lines".as_bytes());
    let raw = String::from_utf8_lossy(seat.raw()).into_owned();
    assert!(raw.contains(&format!("\u{1b}]52;c;{coded}\u{7}")), "{raw}");
    seat.signal("TERM");
    seat.end();
}

/// The mouse belongs to the terminal until it is asked for, and again when the program ends.
#[test]
fn the_mouse_is_off_until_it_is_wanted() {
    let place = Place::new();
    let home = place.home("alice");
    let mut seat = Seat::new(&home, &[], WIDE, &[]);
    seat.see("No language model");
    let off =
        |screen: &vt100::Screen| screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None;
    assert!(off(seat.screen.screen()));
    seat.press("\u{1b}m");
    assert!(seat.until(PATIENCE, |screen| !off(screen)));
    seat.press("\u{1b}m");
    assert!(seat.until(PATIENCE, off));
    seat.press("\u{1b}m");
    assert!(seat.until(PATIENCE, |screen| !off(screen)));
    seat.press("\u{4}");
    seat.end();
    seat.given_back();
}

/// `NO_COLOR` leaves weight and inversion, and takes every colour away.
#[test]
fn no_colour_where_none_is_wanted() {
    let place = Place::new();
    let home = place.home("alice");
    let colours = |env: &[(&str, &str)]| {
        let mut seat = Seat::new(&home, &[], WIDE, env);
        seat.see("No language model");
        seat.press("\u{1b}OR");
        seat.see("This node");
        let screen = seat.screen.screen();
        let cells = (0..WIDE.1).flat_map(|row| (0..WIDE.0).map(move |column| (row, column)));
        let cells = cells.filter_map(|(row, column)| screen.cell(row, column));
        let plain = vt100::Color::Default;
        let count = cells.filter(|cell| cell.fgcolor() != plain || cell.bgcolor() != plain);
        let count = count.count();
        seat.press("\u{1b}OQ\u{4}");
        seat.end();
        count
    };
    assert!(colours(&[]) > 0);
    assert_eq!(colours(&[("NO_COLOR", "1")]), 0);
    assert!(
        colours(&[("NO_COLOR", "")]) > 0,
        "an empty one says nothing"
    );
}

/// Without a terminal, or on one that can only write lines, nothing takes the screen.
#[test]
fn no_screen_is_taken_where_there_is_none() {
    let place = Place::new();
    let home = place.home("alice");
    let help = home.ok::<&str>([]);
    assert!(help.out.contains("Usage: okibi"));
    let mut seat = Seat::new(&home, &["chat", "-m", "ember"], WIDE, &[("TERM", "dumb")]);
    seat.see("talking to ember");
    seat.press("\u{4}");
    seat.end();
    let esc = String::from_utf8_lossy(&seat.raw).matches('\u{1b}').count();
    assert_eq!(esc, 0, "no control of a terminal");
    let plain = home.ok(["monitor", "--plain", "--once"]);
    assert!(plain.out.contains("This node"), "{plain:?}");
}

/// The line mode once sent `/help` to the model, and knew no command of the interface.
#[test]
fn the_line_mode_knows_the_commands() {
    let place = Place::new();
    let home = place.home("alice");
    let arguments = ["chat", "--plain", "-m", "ember"];
    let mut seat = Seat::new(&home, &arguments, WIDE, &[]);
    seat.see("talking to ember");
    seat.press("/help\r");
    seat.see("/context");
    seat.press("/system\r");
    seat.see("there are no instructions");
    seat.press("/system Be brief.\r/system\r");
    seat.see("instructions: Be brief.");
    seat.press("/model embr\r");
    seat.see("did you mean");
    seat.press("/zzz\r");
    seat.see("there is no command /zzz");
    seat.press("/monitor\r");
    seat.see("on the whole terminal");
    seat.press("/save\r");
    seat.see("wants something behind it");
    seat.press("/context 64\r/context\r");
    seat.see("holds 64 tokens");
    seat.press("/exit\r");
    seat.end();
    // None of these lines was a question.
    assert!(home.facts("session", ["history", "list"]).is_empty());
}
