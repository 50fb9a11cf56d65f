//! The event loop of the face: it waits for whatever comes first, feeds the state, carries the
//! effects out, and draws.
//!
//! It owns the terminal, the state, and the channels to the workers. The reader of the terminal,
//! the signals and the workers have a thread each and meet in one channel.
//!
//! **Always holds.** The loop waits for no disk, no network and no model. Frames that no key asked
//! for are at least `FRAME` milliseconds apart, and one is drawn after `GULP` events in any case.
//! While another program has the terminal, the reader is held back. The terminal is given back
//! before this function returns.
//!
//! **Failure.** A terminal that cannot be drawn on ends the face with `output-failed`; a failure of
//! a worker is shown and ends nothing.

use std::io::{self, Write};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ratatui::crossterm::event::{self as terminal_event, Event as TerminalEvent, MouseEventKind};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP};

use crate::node::{ChatOptions, Engine, Exit, Failure, Handle, Question, Stopwatch, wall_clock};

use super::chat::Model;
use super::state::{Effect, Event, Reply, Screen, State};
use super::terminal::{self, Face};
use super::theme::Theme;
use super::update::{self, WHEEL, update};
use super::worker::conversations;
use super::worker::tasks;

/// Milliseconds between two frames that no key asked for: thirty frames a second are enough for text.
const FRAME: u64 = 33;
/// Events taken in before a frame is drawn in any case.
const GULP: usize = 4_096;
/// How long one look for a key lasts: an editor that wants the terminal waits no longer than this.
const GLANCE: Duration = Duration::from_millis(100);

/// How the face is opened.
#[derive(Debug, Clone)]
pub struct Options {
    pub chat: ChatOptions,
    pub screen: Screen,
    /// Keep conversations.
    pub saves: bool,
    /// A conversation to go on with.
    pub resume: Option<i64>,
    /// Colours may be used.
    pub colours: bool,
}

/// An event that the loop waits for.
pub enum Incoming {
    Event(Event),
    Signal(i32),
    /// A model is loaded.
    Engine(Engine),
    /// A question. Everything that was said before it is on the disk.
    Ask(Question),
}

impl From<Reply> for Incoming {
    fn from(reply: Reply) -> Self {
        Self::Event(Event::Reply(reply))
    }
}

/// Holds the reader of the terminal back while another program has it.
#[derive(Default)]
struct Gate {
    shut: AtomicBool,
    reading: Mutex<()>,
}

/// Runs the face on this terminal until the person leaves it.
pub fn run(node: Handle, options: Options) -> Result<Exit, Failure> {
    let (outbox, inbox) = channel();
    let (to_conversations, conversations_inbox) = channel();
    let (to_tasks, tasks_inbox) = channel();
    let second = Handle::open(node.config().clone(), tasks::sink(outbox.clone()))?;
    let chosen = node.chat_model(options.chat.model.as_deref());
    let home = node.config().home.clone();
    let broken =
        |error: &io::Error| Failure::new("output-failed", Exit::Failed).with("error", error);

    let out = outbox.clone();
    let keeper = start("conversations", move || {
        conversations::run(node, &conversations_inbox, &out)
    })?;
    let out = outbox.clone();
    let chat = ChatOptions {
        behind: true,
        ..options.chat.clone()
    };
    start("tasks", move || {
        tasks::run(second, &chat, &tasks_inbox, &out)
    })?;
    let gate = Arc::new(Gate::default());
    watch_signals(outbox.clone())?;

    terminal::guard_panics();
    let face = Face::take().map_err(|error| broken(&error))?;
    let (keys, reader) = (outbox, Arc::clone(&gate));
    start("keys", move || read_keys(&keys, &reader))?;

    let size = face.size().map_err(|error| broken(&error))?;
    let mut state = State::new(Theme::new(options.colours), size, options.saves);
    state.chat.system = options.chat.system.clone().unwrap_or_default();
    let mut first = vec![Effect::ListModels];
    match chosen {
        Ok(Some(name)) => {
            state.chat.model = Model::Loading(name.clone());
            first.push(Effect::Load(name));
        }
        Ok(None) => {}
        Err(failure) => state.complain(conversations::words(&failure)),
    }
    first.extend(options.resume.map(|id| Effect::OpenSession(id, None)));
    first.extend(update::open(&mut state, options.screen));
    let mut runner = Runner {
        face,
        state,
        clock: Stopwatch::start(),
        to_conversations,
        to_tasks,
        engine: None,
        gate,
        home,
        ending: None,
    };
    for effect in first {
        runner.carry_out(effect).map_err(|error| broken(&error))?;
    }
    let ran = runner.run(&inbox);
    let Runner {
        face,
        ending,
        to_conversations,
        ..
    } = runner;
    // This worker ends with its channel, and has written everything then.
    drop(to_conversations);
    drop(face);
    let _ = keeper.join();
    if let Some(signal) = ending {
        // The shell shall see what ended this program.
        let _ = signal_hook::low_level::emulate_default_handler(signal);
    }
    ran.map_err(|error| broken(&error))?;
    Ok(Exit::Done)
}

fn start(
    name: &str,
    work: impl FnOnce() + Send + 'static,
) -> Result<std::thread::JoinHandle<()>, Failure> {
    let thread = std::thread::Builder::new().name(name.to_owned());
    thread
        .spawn(work)
        .map_err(|error| Failure::new("no-thread", Exit::Failed).with("error", error))
}

fn watch_signals(outbox: Sender<Incoming>) -> Result<(), Failure> {
    let wanted = [SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGCONT];
    let mut signals = signal_hook::iterator::Signals::new(wanted)
        .map_err(|error| Failure::new("no-thread", Exit::Failed).with("error", error))?;
    start("signals", move || {
        for signal in signals.forever() {
            if outbox.send(Incoming::Signal(signal)).is_err() {
                return;
            }
        }
    })?;
    Ok(())
}

fn read_keys(outbox: &Sender<Incoming>, gate: &Gate) {
    loop {
        if gate.shut.load(Ordering::SeqCst) {
            std::thread::sleep(GLANCE);
            continue;
        }
        let reading = gate.reading.lock().unwrap_or_else(PoisonError::into_inner);
        if gate.shut.load(Ordering::SeqCst) {
            continue;
        }
        let event = match terminal_event::poll(GLANCE) {
            Ok(false) => None,
            Ok(true) => terminal_event::read().ok(),
            // The terminal is gone: the signal that says so ends the program.
            Err(_) => {
                drop(reading);
                std::thread::sleep(GLANCE);
                continue;
            }
        };
        drop(reading);
        let event = match event {
            Some(TerminalEvent::Key(key)) => Event::Key(key),
            Some(TerminalEvent::Paste(text)) => Event::Paste(text),
            Some(TerminalEvent::Resize(columns, rows)) => Event::Resize(columns, rows),
            Some(TerminalEvent::Mouse(mouse)) => match mouse.kind {
                MouseEventKind::ScrollUp => Event::Wheel(-WHEEL),
                MouseEventKind::ScrollDown => Event::Wheel(WHEEL),
                _ => continue,
            },
            _ => continue,
        };
        if outbox.send(Incoming::Event(event)).is_err() {
            return;
        }
    }
}

struct Runner {
    face: Face,
    state: State,
    clock: Stopwatch,
    to_conversations: Sender<Effect>,
    to_tasks: Sender<Effect>,
    engine: Option<Engine>,
    gate: Arc<Gate>,
    home: std::path::PathBuf,
    /// The signal that ended it.
    ending: Option<i32>,
}

impl Runner {
    fn run(&mut self, inbox: &Receiver<Incoming>) -> io::Result<()> {
        self.draw()?;
        let (mut drawn, mut stale) = (self.clock.millis(), false);
        loop {
            let mut wait = self.state.patience();
            if stale {
                let left = (drawn + FRAME).saturating_sub(self.clock.millis());
                wait = Some(wait.map_or(left, |wait| wait.min(left)));
            }
            let first = match wait {
                None => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(millis) => inbox.recv_timeout(Duration::from_millis(millis)),
            };
            let mut pressed = false;
            match first {
                Ok(first) => {
                    let mut next = Some(first);
                    let mut taken = 0;
                    while let Some(incoming) = next {
                        pressed |= matches!(
                            &incoming,
                            Incoming::Event(Event::Key(_) | Event::Resize(..) | Event::Paste(_))
                        );
                        self.take(incoming)?;
                        taken += 1;
                        next = if taken < GULP && !self.state.quit {
                            inbox.try_recv().ok()
                        } else {
                            None
                        };
                    }
                    stale = true;
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.feed(Event::Tick)?;
                    stale = true;
                }
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            if self.state.quit {
                for effect in self.state.chat.close() {
                    self.carry_out(effect)?;
                }
                return Ok(());
            }
            let now = self.clock.millis();
            if stale && (pressed || now >= drawn + FRAME) {
                self.draw()?;
                (drawn, stale) = (now, false);
            }
        }
    }

    fn draw(&mut self) -> io::Result<()> {
        self.state.now = self.clock.millis();
        self.state.wall = wall_clock();
        self.face.draw(&mut self.state)
    }

    fn take(&mut self, incoming: Incoming) -> io::Result<()> {
        match incoming {
            Incoming::Event(event) => self.feed(event),
            Incoming::Engine(engine) => {
                self.engine = Some(engine);
                Ok(())
            }
            Incoming::Ask(ask) => match &self.engine {
                Some(engine) if !engine.ask_after(ask) => {
                    self.feed(Event::Reply(tasks::model_gone()))
                }
                _ => Ok(()),
            },
            Incoming::Signal(SIGTSTP) => self.suspend(),
            Incoming::Signal(SIGCONT) => {
                // Whoever stopped this program may have changed the terminal.
                terminal::enter()?;
                self.face.clear()
            }
            Incoming::Signal(signal) => {
                self.ending = Some(signal);
                self.state.quit = true;
                Ok(())
            }
        }
    }

    fn feed(&mut self, event: Event) -> io::Result<()> {
        self.state.now = self.clock.millis();
        self.state.wall = wall_clock();
        for effect in update(&mut self.state, event) {
            self.carry_out(effect)?;
        }
        Ok(())
    }

    fn carry_out(&mut self, effect: Effect) -> io::Result<()> {
        match effect {
            Effect::Stop => {
                if let Some(engine) = &self.engine {
                    engine.stop();
                }
            }
            Effect::Load(_) => {
                // The old model's thread ends with its channel, and gives its memory back.
                self.engine = None;
                let _ = self.to_tasks.send(effect);
            }
            Effect::Copy(text) => self.face.copy(&text)?,
            Effect::Mouse(on) => self.face.mouse(on)?,
            Effect::Redraw => self.face.clear()?,
            Effect::Suspend => self.suspend()?,
            Effect::Editor(draft) => self.edit(&draft)?,
            // A question goes by way of the conversations: it is on the disk before it is answered.
            Effect::Ask(_)
            | Effect::Keep(_)
            | Effect::ListSessions
            | Effect::OpenSession(..)
            | Effect::Search(_)
            | Effect::Manual(_) => {
                let _ = self.to_conversations.send(effect);
            }
            effect => {
                let _ = self.to_tasks.send(effect);
            }
        }
        Ok(())
    }

    /// Stops this program as the shell's ^Z does; it goes on behind this call.
    fn suspend(&mut self) -> io::Result<()> {
        self.away(|| {
            let _ = signal_hook::low_level::emulate_default_handler(SIGTSTP);
        })
    }

    /// Gives the terminal to somebody else for a while.
    fn away(&mut self, other: impl FnOnce()) -> io::Result<()> {
        self.gate.shut.store(true, Ordering::SeqCst);
        let gate = Arc::clone(&self.gate);
        let reading = gate.reading.lock().unwrap_or_else(PoisonError::into_inner);
        terminal::leave();
        other();
        terminal::enter()?;
        if self.state.mouse {
            self.face.mouse(true)?;
        }
        drop(reading);
        self.gate.shut.store(false, Ordering::SeqCst);
        self.face.clear()
    }

    /// Has the draft edited by the person's own editor.
    fn edit(&mut self, draft: &str) -> io::Result<()> {
        let path = self.home.join(format!("draft-{}.md", std::process::id()));
        write_private(&path, draft)?;
        let editor = ["VISUAL", "EDITOR"]
            .into_iter()
            .find_map(|name| std::env::var(name).ok());
        let editor = editor
            .filter(|editor| !editor.trim().is_empty())
            .unwrap_or_else(|| "vi".to_owned());
        let mut done = Ok(false);
        self.away(|| {
            // The variable may hold arguments; a shell takes it apart as every other program has it done.
            let script = format!("{editor} \"$1\"");
            let status = Command::new("sh")
                .args(["-c", &script, "sh"])
                .arg(&path)
                .status();
            done = status.map(|status| status.success());
        })?;
        let text = std::fs::read_to_string(&path);
        let _ = std::fs::remove_file(&path);
        let reply = match (done, text) {
            (Ok(true), Ok(text)) => Reply::Edited(text),
            _ => Reply::Refused(crate::messages::say(
                "tui-editor-failed",
                &[("editor", editor)],
            )),
        };
        self.feed(Event::Reply(reply))
    }
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())
}
