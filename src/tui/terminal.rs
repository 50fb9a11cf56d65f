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
        let taken = TAKEN.load(Ordering::SeqCst);
        leave();
        before(info);
        if taken && std::thread::current().id() != face {
            std::process::exit(101);
        }
    }));
}
