//! What the face knows, what can happen to it, and what it wants done.
//!
//! `update(state, event) -> effects` (in `update.rs`) is a pure function over these types: no clock, no terminal, no
//! node. The loop in `event_loop` feeds it and carries the effects out; tests feed it by hand.

use ratatui::crossterm::event::KeyEvent;

use crate::node::{
    Answer, Card, FoundMessage, ManualAnswer, MessageRow, Missing, ModelRow, Overview,
    PeersOverview, Question, SessionRow,
};

use crate::record::CircleId;

use crate::messages::say;

use super::chat::Chat;
use super::dialog::Dialog;
use super::find::Find;
use super::help::Help;
use super::models::Models;
use super::monitor::Monitor;
use super::pairing::Ticket;
use super::peers::Peers;
use super::sessions::Sessions;
use super::theme::Theme;

/// The screens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    Chat,
    Monitor,
    Models,
    Peers,
}

/// What lies over a screen and takes its keys.
#[derive(Debug)]
pub enum Overlay {
    Help(Help),
    Find(Find),
    Sessions(Sessions),
    Dialog(Dialog),
    Ticket(Ticket),
}

/// A line that says what just happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub words: String,
    pub bad: bool,
    /// Milliseconds of the state's clock at which it came, and at which it goes.
    pub since: u64,
    pub until: u64,
    /// It answers a key: the next key takes it away.
    pub asked: bool,
}

/// Everything that is shown.
#[derive(Debug)]
pub struct State {
    pub screen: Screen,
    pub overlay: Option<Overlay>,
    pub chat: Chat,
    pub monitor: Monitor,
    pub models: Models,
    pub peers: Peers,
    pub notice: Option<Notice>,
    pub theme: Theme,
    /// Columns and rows.
    pub size: (u16, u16),
    pub mouse: bool,
    /// Milliseconds since the face was opened.
    pub now: u64,
    /// Milliseconds since 1970, for ages.
    pub wall: u64,
    /// ^C was pressed with nothing to stop: once more ends.
    pub leaving: bool,
    pub quit: bool,
}

/// Milliseconds that a notice stays.
const NOTICE: u64 = 6_000;
/// Milliseconds for which no key takes away a notice that came by itself, so that who is typing sees it.
const UNASKED: u64 = 2_000;

/// Something that happened.
#[derive(Debug)]
pub enum Event {
    Key(KeyEvent),
    Paste(String),
    /// Lines that the wheel turned: negative is up.
    Wheel(i32),
    Resize(u16, u16),
    /// Time went on.
    Tick,
    Reply(Reply),
}

/// What the node's threads answer.
#[derive(Debug)]
pub enum Reply {
    Loaded {
        name: String,
        toy: bool,
        note: String,
        /// Who shared it, where that was somebody else.
        origin: Option<String>,
        context: usize,
    },
    /// The model cannot be loaded; in words.
    NotLoaded(String),
    Reading {
        done: usize,
        total: usize,
    },
    Text(String),
    /// A piece of what the model thinks before it answers.
    Thought,
    Done(Answer),
    Failed(String),
    Quoted(Box<ManualAnswer>),
    Sessions(Vec<SessionRow>),
    Opened(Box<(SessionRow, Vec<MessageRow>)>, Option<i64>),
    Found(String, Vec<FoundMessage>),
    Overview(Box<Overview>),
    /// Who is there, and whether this program is on the network itself.
    #[cfg_attr(
        not(feature = "lan"),
        expect(dead_code, reason = "only a network brings it")
    )]
    Peers(Box<PeersOverview>, bool),
    #[cfg_attr(
        not(feature = "lan"),
        expect(dead_code, reason = "only a network brings it")
    )]
    Invited(Box<Ticket>),
    /// A circle was joined, line by line.
    #[cfg_attr(
        not(feature = "lan"),
        expect(dead_code, reason = "only a network brings it")
    )]
    Joined(Vec<String>),
    /// The models that are here, the chosen one, and those that are not here yet.
    Models(Vec<ModelRow>, Option<String>, Vec<Missing>),
    Card(String, Box<Card>),
    /// What an import would do, or did: words, and whether there is something to take.
    Preview(String, Vec<String>, bool),
    Imported(Vec<String>),
    /// A conversation has its number in the database.
    Began(i64, i64),
    /// Done: say so.
    Said(String),
    /// Something did not work: say why.
    Refused(String),
    /// What came back from the editor.
    Edited(String),
}

/// What shall be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    Ask(Question),
    Manual(String),
    Stop,
    Load(String),
    /// Positions of context for the models that are loaded from now on.
    Context(usize),
    Keep(Keep),
    ListSessions,
    OpenSession(i64, Option<i64>),
    Search(String),
    Look,
    LookAtPeers,
    Invite(CircleId),
    /// Show an open invitation again.
    Ticket([u8; 16]),
    /// Take an invitation back, by its id.
    Withdraw(String),
    /// Join by a ticket, under a name.
    Join(String, String),
    StopJoin,
    /// Whether the words of a pairing are the same on both sides.
    Answer(i64, bool),
    /// One round with whoever is on the network.
    Round,
    ListModels,
    ShowModel(String),
    UseModel(String),
    Preview(String),
    Import(String),
    Copy(String),
    Editor(String),
    Write(String, String),
    Mouse(bool),
    Suspend,
    Redraw,
}

/// What is to be kept of a conversation. Numbers from [`LOCAL`] on are the face's own; the thread that keeps them
/// knows which of the database they became.
#[derive(Debug, Clone, PartialEq)]
pub enum Keep {
    Begin {
        session: i64,
        question: String,
        system: String,
    },
    Question {
        session: i64,
        id: i64,
        parent: Option<i64>,
        text: String,
    },
    Answer {
        session: i64,
        id: i64,
        parent: i64,
        model: String,
    },
    Grow {
        id: i64,
        piece: String,
    },
    End {
        id: i64,
        answer: Option<Answer>,
    },
    Quotes {
        session: i64,
        id: i64,
        parent: i64,
    },
    Branch {
        session: i64,
        leaf: Option<i64>,
    },
    Title {
        session: i64,
        text: String,
    },
    System {
        session: i64,
        text: String,
    },
    Delete(i64),
}

/// The first number that the face gives to what is not in the database yet. SQLite counts from 1: no home gets here.
pub const LOCAL: i64 = 1 << 40;

impl State {
    pub fn new(theme: Theme, size: (u16, u16), saves: bool) -> Self {
        Self {
            screen: Screen::Chat,
            overlay: None,
            chat: Chat::new(saves),
            monitor: Monitor::default(),
            models: Models::default(),
            peers: Peers::default(),
            notice: None,
            theme,
            size,
            mouse: false,
            now: 0,
            wall: 0,
            leaving: false,
            quit: false,
        }
    }

    /// Says what just happened.
    pub fn say(&mut self, words: String) {
        self.note(words, false, NOTICE);
    }

    /// Says what went wrong.
    pub fn complain(&mut self, words: String) {
        self.note(words, true, 2 * NOTICE);
    }

    fn note(&mut self, words: String, bad: bool, span: u64) {
        self.notice = Some(Notice {
            words,
            bad,
            since: self.now,
            until: self.now + span,
            asked: false,
        });
    }

    /// A key was pressed: what was read goes. Gives back what stays.
    pub fn key_came(&mut self) -> Option<Notice> {
        let now = self.now;
        self.notice
            .take_if(|notice| notice.asked || now >= notice.since + UNASKED);
        self.notice.clone()
    }

    /// Takes the notice away that an answer is on its way, because it no longer is.
    pub fn no_longer_busy(&mut self) {
        let busy = say("tui-busy", &[]);
        self.notice.take_if(|notice| notice.words == busy);
    }

    /// After how many milliseconds something changes by itself; none: nothing does, and nothing wakes up.
    pub fn patience(&self) -> Option<u64> {
        let fetching = self.screen == Screen::Models && self.now < self.models.until;
        let screens = matches!(self.screen, Screen::Monitor | Screen::Peers);
        let live = screens || self.peers.busy || fetching;
        let watching = live.then_some(1_000);
        let answering = self.chat.answering.is_some().then_some(250);
        let notice = self
            .notice
            .as_ref()
            .map(|notice| notice.until.saturating_sub(self.now).max(1));
        [watching, answering, notice].into_iter().flatten().min()
    }
}
