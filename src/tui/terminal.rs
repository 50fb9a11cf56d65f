//! The terminal, taken and given back. Whatever ends the program (a key, a signal, a panic on any thread) passes
//! through `leave`, which may be called twice.

use std::io::{self, Stdout, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use ratatui::crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::crossterm::{cursor, execute};

use super::state::State;
use super::view;

/// The terminal is ours.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal while it is ours.
pub struct Face {
    terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Face {
    /// Takes the terminal.
    pub fn take() -> io::Result<Self> {
        enter()?;
        let terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
        Ok(Self { terminal })
    }

    /// Draws a frame, in one piece where the terminal can do that.
    pub fn draw(&mut self, state: &mut State) -> io::Result<()> {
        execute!(io::stdout(), BeginSynchronizedUpdate)?;
        self.terminal.draw(|frame| view::draw(frame, state))?;
        execute!(io::stdout(), EndSynchronizedUpdate)
    }

    /// Draws everything anew with the next frame.
    pub fn clear(&mut self) -> io::Result<()> {
        // `Terminal::clear` would ask the terminal where its cursor is, and another thread reads the answers.
        execute!(io::stdout(), Clear(ClearType::All))?;
        self.terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
        Ok(())
    }

    /// Columns and rows.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.terminal.size()?;
        Ok((size.width, size.height))
    }

    /// The mouse on or off: while it is on, the terminal does not select text itself.
    pub fn mouse(&self, on: bool) -> io::Result<()> {
        if on {
            execute!(io::stdout(), EnableMouseCapture)
        } else {
            execute!(io::stdout(), DisableMouseCapture)
        }
    }

    /// Gives a text to the terminal's clipboard (OSC 52), which works over SSH as well.
    pub fn copy(&self, text: &str) -> io::Result<()> {
        let coded = data_encoding::BASE64.encode(text.as_bytes());
        let mut out = io::stdout().lock();
        write!(out, "\x1b]52;c;{coded}\x07")?;
        out.flush()
    }
}

impl Drop for Face {
    fn drop(&mut self) {
        leave();
    }
}

/// Takes the terminal: raw, the other screen, pasted text in brackets.
pub fn enter() -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste)
}

/// Gives the terminal back as it was.
pub fn leave() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // A terminal that is gone cannot be given back; nothing more is to be done then.
        let _ = execute!(
            io::stdout(),
            DisableMouseCapture,
            DisableBracketedPaste,
            LeaveAlternateScreen,
            cursor::Show
        );
        let _ = disable_raw_mode();
    }
}

/// A panic on any thread gives the terminal back before it is told. One on another thread than the face's ends the
/// program: a face without its threads answers nothing any more.
pub fn guard_panics() {
    let before = std::panic::take_hook();
    let face = std::thread::current().id();
    std::panic::set_hook(Box::new(move |info| {
        if crate::node::panic_is_caught() {
            return;
        }
        let taken = TAKEN.load(Ordering::SeqCst);
        leave();
        before(info);
        if taken && std::thread::current().id() != face {
            std::process::exit(101);
        }
    }));
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use portable_pty::{CommandBuilder, PtySize, native_pty_system};

    /// How the child of the test below ends; run by it alone, in a terminal.
    const HOW: &str = "OKIBI_TEST_PANIC";

    #[test]
    #[ignore = "the child of a_panic_gives_the_terminal_back"]
    fn in_a_terminal() {
        let Ok(how) = std::env::var(HOW) else { return };
        super::guard_panics();
        let _face = super::Face::take().unwrap();
        if how == "here" {
            panic!("a fault of ours");
        }
        let other = std::thread::spawn(|| panic!("a fault of ours"));
        // Not reached: a face without its threads ends.
        let _ = other.join();
        println!("it goes on");
    }

    /// A panic on the face's own thread or on any other: the terminal is given back before the panic is told, and the
    /// program ends.
    #[test]
    fn a_panic_gives_the_terminal_back() {
        for how in ["here", "there"] {
            let pair = native_pty_system().openpty(PtySize::default()).unwrap();
            let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
            command.args([
                "--exact",
                "tui::terminal::tests::in_a_terminal",
                "--ignored",
                "--nocapture",
            ]);
            command.env(HOW, how);
            let mut child = pair.slave.spawn_command(command).unwrap();
            let mut reader = pair.master.try_clone_reader().unwrap();
            let reads = std::thread::spawn(move || {
                let mut said = Vec::new();
                // Linux ends a terminal that nobody writes to any more with an error.
                let _ = reader.read_to_end(&mut said);
                String::from_utf8_lossy(&said).into_owned()
            });
            let status = child.wait().unwrap();
            let name = pair.master.tty_name().unwrap();
            let modes = std::process::Command::new("stty")
                .arg("-a")
                .arg("-F")
                .arg(&name)
                .output();
            let modes = String::from_utf8_lossy(&modes.unwrap().stdout).into_owned();
            drop(pair.slave);
            drop(pair.master);
            let said = reads.join().unwrap();
            assert!(!status.success(), "{how}");
            assert!(!said.contains("it goes on"), "{how}: {said}");
            let at = |text: &str| {
                said.find(text)
                    .unwrap_or_else(|| panic!("{how}: {text:?} in {said:?}"))
            };
            assert!(at("\u{1b}[?1049h") < at("\u{1b}[?1049l"), "{how}");
            assert!(at("\u{1b}[?1049l") < at("a fault of ours"), "{how}");
            assert!(at("\u{1b}[?25h") < at("a fault of ours"), "{how}");
            assert!(
                modes.contains("icanon") && !modes.contains("-icanon"),
                "{how}: {modes}"
            );
        }
    }
}
