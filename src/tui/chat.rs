//! The chat: one conversation, its input, and the answer that is on its way.

mod branches;

use ratatui::crossterm::event::KeyCode;
use serde_json::Value;

use crate::node::{Answer, End, MessageRow, Privacy, Question, Speaker, branch, end_word, turns};

use super::input::Input;
use super::keys::{
    Action, Binding, FIRST, HELP, LAST, PAGE_DOWN, PAGE_DOWN_WRITING, PAGE_UP, ROW_DOWN, ROW_UP,
    alt, bind, control, foot, key, letter,
};
use super::state::{Effect, Keep, LOCAL};
use super::transcript::Transcript;

/// Keys while writing.
pub const KEYS: &[Binding] = &[
    foot(&[key(KeyCode::Enter)], Action::Send, "tui-key-send"),
    foot(&[control('r')], Action::Find, "tui-key-find"),
    foot(&[control('o')], Action::Sessions, "tui-key-sessions"),
    foot(
        &[key(KeyCode::Tab)],
        Action::Transcript,
        "tui-key-transcript",
    ),
    bind(
        &[alt(KeyCode::Enter), control('j')],
        Action::NewLine,
        "tui-key-new-line",
    ),
    bind(&[control('x')], Action::Editor, "tui-key-editor"),
    bind(
        &[key(KeyCode::Up), control('p')],
        Action::Older,
        "tui-key-older",
    ),
    bind(
        &[key(KeyCode::Down), control('n')],
        Action::Newer,
        "tui-key-newer",
    ),
    PAGE_UP,
    PAGE_DOWN_WRITING,
    bind(
        &[alt(KeyCode::Char('n'))],
        Action::NewSession,
        "tui-key-new-session",
    ),
    bind(&[alt(KeyCode::Char('r'))], Action::Again, "tui-key-again"),
    bind(&[alt(KeyCode::Char('e'))], Action::Edit, "tui-key-edit"),
    bind(
        &[alt(KeyCode::Char('c'))],
        Action::CopyCode,
        "tui-key-copy-code",
    ),
    bind(
        &[alt(KeyCode::Char('s'))],
        Action::Sources,
        "tui-key-sources",
    ),
    bind(&[control('d')], Action::Leave, "tui-key-leave"),
];

/// Shown in the foot while an answer is on its way, and while there is nothing to empty. The keys themselves stand in
/// the tables of everywhere and of writing.
pub const STOP: &[Binding] = &[foot(&[control('c')], Action::Interrupt, "tui-key-stop")];
pub const LEAVE: &[Binding] = &[foot(&[control('d')], Action::Leave, "tui-key-quit")];

/// Keys while reading: a message is chosen.
pub const READING: &[Binding] = &[
    foot(&[letter('y')], Action::Copy, "tui-key-copy"),
    foot(&[letter('r')], Action::Again, "tui-key-again"),
    foot(&[letter('e')], Action::Edit, "tui-key-edit"),
    foot(
        &[key(KeyCode::Tab), key(KeyCode::Esc)],
        Action::Back,
        "tui-key-write",
    ),
    bind(&[letter('c')], Action::CopyCode, "tui-key-copy-code"),
    bind(
        &[letter('s'), key(KeyCode::Enter)],
        Action::Sources,
        "tui-key-sources",
    ),
    bind(
        &[key(KeyCode::Left), letter('h')],
        Action::PreviousBranch,
        "tui-key-previous-branch",
    ),
    bind(
        &[key(KeyCode::Right), letter('l')],
        Action::NextBranch,
        "tui-key-next-branch",
    ),
    ROW_UP,
    ROW_DOWN,
    PAGE_UP,
    PAGE_DOWN,
    FIRST,
    LAST,
    HELP,
];

/// The model behind the chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Model {
    /// None: the manual is quoted.
    Manual,
    Loading(String),
    Ready {
        name: String,
        toy: bool,
        note: String,
        context: usize,
    },
}

/// An answer that is on its way.
#[derive(Debug, Clone, PartialEq)]
pub struct Answering {
    /// The message that grows; none: the question waits for the model to be loaded, or for the manual.
    pub id: Option<i64>,
    /// Milliseconds of the state's clock when it was asked, and when its first text came.
    pub asked: u64,
    pub first: Option<u64>,
    /// Tokens of the prompt: read, all.
    pub reading: Option<(usize, usize)>,
    /// Tokens of the prompt, as far as they were told.
    pub prompt: u64,
    pub pieces: u64,
    pub thinking: bool,
    pub stopping: bool,
}

/// The chat screen.
#[derive(Debug)]
pub struct Chat {
    pub input: Input,
    /// The keys go to the messages: this one, by its place in the path, is chosen.
    pub chosen: Option<usize>,
    pub session: Option<i64>,
    pub title: String,
    pub system: String,
    pub temperature: Option<f32>,
    pub saves: bool,
    pub messages: Vec<MessageRow>,
    /// The branch that is shown, as places in `messages`.
    pub path: Vec<usize>,
    pub transcript: Transcript,
    pub model: Model,
    /// The model's names, for completion.
    pub models: Vec<String>,
    pub answering: Option<Answering>,
    /// The model before the one that is being loaded, and its context where that is what changes: if that fails, it
    /// comes back.
    pub before: Option<(String, Option<usize>)>,
    /// The offer above the input that the arrows chose.
    pub picked: Option<usize>,
    /// A question that waits until the model is loaded.
    waiting: Option<(Option<i64>, String, bool)>,
    /// Where the question that is written will stand: after this message. None: at the end.
    pub editing: Option<Option<i64>>,
    recalled: Option<usize>,
    draft: String,
    next: i64,
    /// Tokens of context that the last answer came to.
    pub used: u64,
    /// Tokens per second of the last answer.
    pub rate: f64,
    /// Tokens per second, second by second, newest last.
    pub rates: Vec<u64>,
    /// Pieces counted when the last second was noted.
    noted: (u64, u64),
}

/// Seconds that the sparkline remembers.
const RATES: usize = 120;

impl Chat {
    pub fn new(saves: bool) -> Self {
        Self {
            input: Input::default(),
            chosen: None,
            session: None,
            title: String::new(),
            system: String::new(),
            temperature: None,
            saves,
            messages: Vec::new(),
            path: Vec::new(),
            transcript: Transcript::default(),
            model: Model::Manual,
            models: Vec::new(),
            answering: None,
            before: None,
            picked: None,
            waiting: None,
            editing: None,
            recalled: None,
            draft: String::new(),
            next: LOCAL,
            used: 0,
            rate: 0.0,
            rates: Vec::new(),
            noted: (0, 0),
        }
    }

    /// The messages of the branch that is shown.
    pub fn shown(&self) -> impl DoubleEndedIterator<Item = &MessageRow> {
        self.path.iter().filter_map(|at| self.messages.get(*at))
    }

    /// The message at a place of the path.
    pub fn at(&self, place: usize) -> Option<&MessageRow> {
        self.messages.get(*self.path.get(place)?)
    }

    fn follow(&mut self, leaf: Option<i64>) {
        let path: Vec<i64> = branch(&self.messages, leaf)
            .iter()
            .map(|it| it.id)
            .collect();
        // Ids rise with the place, so each is found by halving.
        self.path = path
            .iter()
            .filter_map(|id| self.messages.binary_search_by_key(id, |it| it.id).ok())
            .collect();
    }

    fn add(
        &mut self,
        parent: Option<i64>,
        role: Speaker,
        text: &str,
        ended: Option<&str>,
        at: u64,
    ) -> i64 {
        let id = self.next;
        self.next += 1;
        let model = match &self.model {
            Model::Ready { name, .. } if role == Speaker::Model => Some(name.clone()),
            _ => None,
        };
        self.messages.push(MessageRow {
            id,
            parent,
            role,
            text: text.to_owned(),
            at,
            model,
            quotes: Value::Null,
            prompt_tokens: 0,
            tokens: 0,
            rate: 0.0,
            privacy: Privacy::Local,
            ended: ended.map(str::to_owned),
        });
        self.follow(Some(id));
        id
    }

    fn keep(&self, effects: &mut Vec<Effect>, keep: Keep) {
        if self.saves {
            effects.push(Effect::Keep(keep));
        }
    }

    /// Sends what was written.
    pub fn send(&mut self, question: String, now: u64, wall: u64) -> Vec<Effect> {
        let mut effects = Vec::new();
        let parent = match self.editing.take() {
            Some(parent) => parent,
            None => self.shown().next_back().map(|it| it.id),
        };
        let session = match self.session {
            Some(session) => session,
            None => {
                let session = self.next;
                self.next += 1;
                self.session = Some(session);
                self.title = question.lines().next().unwrap_or_default().to_owned();
                let begin = Keep::Begin {
                    session,
                    question: question.clone(),
                    system: self.system.clone(),
                };
                self.keep(&mut effects, begin);
                session
            }
        };
        let id = self.add(parent, Speaker::User, &question, Some("said"), wall);
        self.keep(
            &mut effects,
            Keep::Question {
                session,
                id,
                parent,
                text: question.clone(),
            },
        );
        effects.extend(self.ask(Some(id), question, false, now, wall));
        self.recalled = None;
        self.transcript.go_to_end();
        effects
    }

    /// Asks the question that stands at `parent` of the model, or of the manual.
    fn ask(
        &mut self,
        parent: Option<i64>,
        question: String,
        again: bool,
        now: u64,
        wall: u64,
    ) -> Vec<Effect> {
        let mut answering = Answering {
            id: None,
            asked: now,
            first: None,
            reading: None,
            prompt: 0,
            pieces: 0,
            thinking: false,
            stopping: false,
        };
        self.noted = (now, 0);
        match self.model.clone() {
            Model::Manual => {
                self.answering = Some(answering);
                self.waiting = Some((parent, question.clone(), again));
                vec![Effect::Manual(question)]
            }
            Model::Loading(_) => {
                self.answering = Some(answering);
                self.waiting = Some((parent, question, again));
                Vec::new()
            }
            Model::Ready { name, .. } => {
                let before = match parent {
                    Some(parent) => {
                        let mut path = branch(&self.messages, Some(parent));
                        path.pop();
                        turns(&path)
                    }
                    None => Vec::new(),
                };
                let mut effects = Vec::new();
                let id = self.add(parent, Speaker::Model, "", None, wall);
                if let (Some(session), Some(parent)) = (self.session, parent) {
                    self.keep(
                        &mut effects,
                        Keep::Answer {
                            session,
                            id,
                            parent,
                            model: name,
                        },
                    );
                }
                answering.id = Some(id);
                self.answering = Some(answering);
                let system = self.system.clone();
                let temperature = self.temperature;
                effects.push(Effect::Ask(Question {
                    system,
                    before,
                    question,
                    temperature,
                    again,
                }));
                effects
            }
        }
    }

    /// Loads a model in place of the one that answers.
    pub fn load(&mut self, name: String) -> Vec<Effect> {
        if let Model::Ready { name, .. } = &self.model {
            self.before = Some((name.clone(), None));
        }
        self.model = Model::Loading(name.clone());
        vec![Effect::Stop, Effect::Load(name)]
    }

    /// A model cannot be loaded: the one before it comes back, or the manual.
    pub fn not_loaded(&mut self, now: u64, wall: u64) -> Vec<Effect> {
        let Some((name, context)) = self.before.take() else {
            return self.loaded(Model::Manual, now, wall);
        };
        self.model = Model::Loading(name.clone());
        let mut effects: Vec<Effect> = context.map(Effect::Context).into_iter().collect();
        effects.push(Effect::Load(name));
        effects
    }

    /// Tokens of context that are in use: counted while an answer grows.
    pub fn tokens(&self) -> u64 {
        match &self.answering {
            Some(it) if it.prompt > 0 => it.prompt + it.pieces,
            Some(it) => self.used + it.pieces,
            None => self.used,
        }
    }

    /// The model is there: the question that waited is asked.
    pub fn loaded(&mut self, model: Model, now: u64, wall: u64) -> Vec<Effect> {
        self.model = model;
        self.before = None;
        match self.waiting.take() {
            Some((parent, question, again)) => self.ask(parent, question, again, now, wall),
            None => Vec::new(),
        }
    }

    /// A piece of the answer.
    pub fn piece(&mut self, piece: &str, now: u64) -> Vec<Effect> {
        let Some(answering) = &mut self.answering else {
            return Vec::new();
        };
        answering.first.get_or_insert(now);
        answering.pieces += 1;
        answering.thinking = false;
        answering.reading = None;
        let Some(id) = answering.id else {
            return Vec::new();
        };
        if let Some(message) = self.message(id) {
            message.text.push_str(piece);
        }
        let mut effects = Vec::new();
        self.keep(
            &mut effects,
            Keep::Grow {
                id,
                piece: piece.to_owned(),
            },
        );
        effects
    }

    fn message(&mut self, id: i64) -> Option<&mut MessageRow> {
        let at = self.messages.binary_search_by_key(&id, |it| it.id).ok()?;
        self.messages.get_mut(at)
    }

    /// The answer is complete; none: it failed.
    pub fn done(&mut self, answer: Option<Answer>) -> Vec<Effect> {
        let Some(Answering { id: Some(id), .. }) = self.answering.take() else {
            return Vec::new();
        };
        if let Some(answer) = &answer {
            self.used = (answer.prompt_tokens + answer.tokens) as u64;
            self.rate = answer.rate;
        }
        if let Some(message) = self.message(id) {
            message.ended = Some(
                answer
                    .as_ref()
                    .map_or("failed", |it| end_word(it.end))
                    .to_owned(),
            );
            if let Some(answer) = &answer {
                message.tokens = answer.tokens as u64;
                message.prompt_tokens = answer.prompt_tokens as u64;
                message.rate = answer.rate;
            }
        }
        let mut effects = Vec::new();
        self.keep(&mut effects, Keep::End { id, answer });
        effects
    }

    /// The face closes: an answer that is on its way ends here.
    pub fn close(&mut self) -> Vec<Effect> {
        let Some(Answering { id: Some(_), .. }) = self.answering else {
            return Vec::new();
        };
        let stopped = Answer {
            prompt_tokens: 0,
            reused_tokens: 0,
            tokens: 0,
            first_ms: 0,
            rate: 0.0,
            end: End::Cancelled,
            seed: 0,
            only_thoughts: false,
            max_tokens: 0,
            left_out: 0,
        };
        let mut effects = vec![Effect::Stop];
        effects.extend(self.done(Some(stopped)));
        effects
    }

    /// The manual has answered.
    pub fn quoted(&mut self, text: &str, quotes: Value, wall: u64) -> Vec<Effect> {
        self.answering = None;
        let Some((Some(parent), _, _)) = self.waiting.take() else {
            return Vec::new();
        };
        let id = self.add(Some(parent), Speaker::Manual, text, Some("quoted"), wall);
        if let Some(message) = self.message(id) {
            message.quotes = quotes;
        }
        // Quotations are read from the top.
        self.transcript.begin_at(self.path.len().saturating_sub(2));
        let mut effects = Vec::new();
        if let Some(session) = self.session {
            self.keep(
                &mut effects,
                Keep::Quotes {
                    session,
                    id,
                    parent,
                },
            );
        }
        effects
    }

    /// Counts tokens for the sparkline: once a second, while an answer is on its way.
    pub fn note_rate(&mut self, now: u64) {
        let Some(answering) = &self.answering else {
            return;
        };
        let (at, pieces) = self.noted;
        if now >= at + 1_000 {
            let rate =
                (answering.pieces - pieces.min(answering.pieces)) * 1_000 / (now - at).max(1);
            self.rates.push(rate);
            let over = self.rates.len().saturating_sub(RATES);
            self.rates.drain(..over);
            self.noted = (now, answering.pieces);
        }
    }

    /// Stops the answer. Returns whether there was one.
    pub fn stop(&mut self) -> Option<Vec<Effect>> {
        let answering = self.answering.as_mut()?;
        if answering.id.is_none() {
            // Nothing computes yet: the question is given back.
            self.answering = None;
            self.waiting = None;
            return Some(Vec::new());
        }
        answering.stopping = true;
        Some(vec![Effect::Stop])
    }

    /// Begins a new conversation.
    pub fn renew(&mut self) {
        self.session = None;
        self.title.clear();
        self.messages.clear();
        self.path.clear();
        self.chosen = None;
        self.editing = None;
        self.used = 0;
        self.transcript.clear();
    }
}
