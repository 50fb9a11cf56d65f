//! Every screen at three sizes, asserted on the buffer: what stands in each cell, and where the cursor is. The pictures
//! lie in `snapshots/`; `OKIBI_BLESS=1 cargo test --lib tui::` writes them again.

mod asking;
#[cfg(feature = "lan")]
mod peers;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Position;
use serde_json::json;

use crate::messages::Language;
use crate::node::{
    Answer, AuditLine, CircleStatus, End, MemberStatus, MessageRow, ModelRow, Overview, Privacy,
    SessionRow, Speaker, Status, SystemStats,
};
use crate::record::{BlobHash, CircleId, RootKey};

use super::state::{Effect, Event, Keep, Overlay, Reply, Screen, State};
use super::theme::Theme;
use super::update::update;
use super::view;

/// The sizes of the pictures.
const SIZES: [(u16, u16); 2] = [(80, 24), (40, 12)];

fn state(size: (u16, u16)) -> State {
    let mut state = State::new(Theme::new(true), size, true);
    state.wall = 1_000_000_000;
    state
}

fn press(state: &mut State, keys: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    for word in keys.split(' ') {
        let (code, modifiers) = match word.as_bytes() {
            [b'^', c] => (KeyCode::Char(char::from(*c)), KeyModifiers::CONTROL),
            [b'M', b'-', c] => (KeyCode::Char(char::from(*c)), KeyModifiers::ALT),
            b"Enter" => (KeyCode::Enter, KeyModifiers::NONE),
            b"Esc" => (KeyCode::Esc, KeyModifiers::NONE),
            b"Tab" => (KeyCode::Tab, KeyModifiers::NONE),
            b"Down" => (KeyCode::Down, KeyModifiers::NONE),
            b"Up" => (KeyCode::Up, KeyModifiers::NONE),
            b"Left" => (KeyCode::Left, KeyModifiers::NONE),
            b"PgUp" => (KeyCode::PageUp, KeyModifiers::NONE),
            [b'F', n @ b'0'..=b'9'] => (KeyCode::F(n - b'0'), KeyModifiers::NONE),
            _ => {
                for c in word.chars() {
                    let key = KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE);
                    effects.extend(update(state, Event::Key(key)));
                }
                continue;
            }
        };
        effects.extend(update(state, Event::Key(KeyEvent::new(code, modifiers))));
    }
    effects
}

fn tell(state: &mut State, reply: Reply) -> Vec<Effect> {
    update(state, Event::Reply(reply))
}

fn load(state: &mut State) {
    tell(
        state,
        Reply::Loaded {
            name: "ember".into(),
            toy: true,
            note: "it dreams".into(),
            origin: None,
            context: 256,
        },
    );
    state.notice = None;
}

fn answer(end: End) -> Answer {
    Answer {
        prompt_tokens: 20,
        reused_tokens: 0,
        tokens: 60,
        first_ms: 30,
        rate: 21.4,
        end,
        seed: 1,
        only_thoughts: false,
        max_tokens: 512,
        left_out: 0,
    }
}

/// A conversation with markdown, code and another branch.
fn conversation(state: &mut State) {
    load(state);
    state.chat.input.insert("How do I keep 火 embers?");
    press(state, "Enter");
    for piece in [
        "# Embers\n\nCover them with **ash**, and:\n\n1. leave a little air\n2. look at them ",
        "at night\n\n```sh\nls -la /hearth\n```\n\nIn Japanese: 熾火は、炎が消えたあとも残る火です。",
    ] {
        tell(state, Reply::Text(piece.into()));
    }
    tell(state, Reply::Done(answer(End::Model)));
}

/// What a terminal of this size shows.
fn drawn(state: &mut State) -> (Buffer, Position) {
    let (columns, rows) = state.size;
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal.draw(|frame| view::draw(frame, state)).unwrap();
    let cursor = terminal.get_cursor_position().unwrap();
    (terminal.backend().buffer().clone(), cursor)
}

/// The cells of a buffer as text; the second cell of a wide character is not a character.
fn text(buffer: &Buffer) -> Vec<String> {
    let area = buffer.area;
    let row = |y| {
        let (mut line, mut skip) = (String::new(), 0);
        for x in 0..area.width {
            let symbol = buffer[(x, y)].symbol();
            if skip > 0 {
                skip -= 1;
                continue;
            }
            skip = super::text::width(symbol).saturating_sub(1);
            line.push_str(symbol);
        }
        line.trim_end().to_owned()
    };
    (0..area.height).map(row).collect()
}

/// Holds what is drawn against the picture of this name.
fn picture(name: &str, state: &mut State) {
    let (buffer, cursor) = drawn(state);
    let mut lines = text(&buffer);
    lines.push(format!("(cursor {},{})", cursor.x, cursor.y));
    let now = lines.join("\n") + "\n";
    let (columns, rows) = state.size;
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tui/snapshots");
    let path = folder.join(format!("{name}-{columns}x{rows}.txt"));
    if std::env::var_os("OKIBI_BLESS").is_some() {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(&path, &now).unwrap();
    }
    let then = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(now, then, "{}", path.display());
}

fn everywhere(name: &str, make: impl Fn(&mut State)) {
    for size in SIZES {
        let mut state = state(size);
        make(&mut state);
        picture(name, &mut state);
    }
    Language::Japanese.during(|| {
        let mut state = state(SIZES[0]);
        make(&mut state);
        picture(&format!("{name}-ja"), &mut state);
    });
}

fn session(id: i64, title: &str) -> SessionRow {
    SessionRow {
        id,
        title: title.into(),
        system: String::new(),
        made: 1,
        touched: 999_000_000,
        leaf: None,
        messages: 4,
        model: Some("ember".into()),
    }
}

fn message(id: i64, parent: Option<i64>, role: Speaker, text: &str) -> MessageRow {
    MessageRow {
        id,
        parent,
        role,
        text: text.into(),
        at: 0,
        model: (role == Speaker::Model).then(|| "ember".into()),
        quotes: json!([]),
        prompt_tokens: 0,
        tokens: 0,
        rate: 0.0,
        privacy: Privacy::Local,
        ended: Some("model".into()),
    }
}

#[test]
fn the_first_screen() {
    everywhere("welcome", |_| {});
}

#[test]
fn a_conversation() {
    everywhere("chat", conversation);
}

#[test]
fn an_answer_on_its_way() {
    everywhere("answering", |state| {
        load(state);
        state
            .chat
            .input
            .insert("日本語で書くと、カーソルは正しい場所にありますか");
        press(state, "Enter");
        tell(state, Reply::Text("Once upon".into()));
        state.chat.input.insert("次の質問");
    });
}

#[test]
fn quotations_of_the_manual() {
    everywhere("manual", |state| {
        press(state, "What? Enter");
        let quotes = json!([{
            "name": "Sticks › What a stick shows", "source": "Sticks › What a stick shows (manual; abc, bytes 1-9)",
            "origin": "manual", "text": "A found stick shows that it is okibi's.\n\n- no names\n- no content",
        }]);
        state.chat.quoted("A found stick", quotes, 5);
    });
}

#[test]
fn reading_and_branches() {
    everywhere("reading", |state| {
        conversation(state);
        press(state, "M-r");
        tell(state, Reply::Text("Another answer.".into()));
        tell(state, Reply::Done(answer(End::Cancelled)));
        press(state, "Tab");
    });
}

#[test]
fn slash_commands_are_offered() {
    everywhere("commands", |state| {
        press(state, "/mo");
    });
}

#[test]
fn the_help() {
    everywhere("help", |state| {
        press(state, "F1 copy");
    });
}

#[test]
fn the_conversations() {
    everywhere("sessions", |state| {
        press(state, "^o");
        let rows = vec![
            session(2, "熾火について教えてください、とても長い題名です"),
            session(1, "Fire"),
        ];
        tell(state, Reply::Sessions(rows));
    });
}

#[test]
fn the_search() {
    everywhere("find", |state| {
        press(state, "^r");
        press(state, "火");
        let hit = crate::node::FoundMessage {
            session: 1,
            message: 2,
            title: "Fire".into(),
            role: Speaker::Model,
            around: "…熾火は、炎が消えたあとも残る火です".into(),
            at: 0,
        };
        tell(state, Reply::Found("火".into(), vec![hit]));
    });
}

fn overview() -> Overview {
    let member = |name: &str, me: bool, stale: bool| MemberStatus {
        root: RootKey([if me { 1 } else { 2 }; 32]),
        name: name.into(),
        fingerprint: "abcd-efgh".into(),
        admin: me,
        suspended: false,
        me,
        heard: (!me).then(|| (7_200_000, "media".into())),
        future: false,
        behind: (!me).then_some(3),
        stale,
        missing: Vec::new(),
    };
    Overview {
        status: Status {
            root: RootKey([1; 32]),
            fingerprint: "x60a-1tng-459c-03bg".into(),
            home: "~/okibi".into(),
            circles: vec![CircleStatus {
                id: CircleId([2; 32]),
                name: "庭".into(),
                shelf: false,
                set_hash: [0; 32],
                state_hash: [0; 32],
                records: 12,
                documents: 1,
                models: 0,
                members: vec![member("alice", true, false), member("花子", false, true)],
                forked: vec!["f".into()],
                set_back: vec![],
                waiting: 2,
                wanted: std::collections::BTreeSet::new(),
                missing_blobs: 1,
                newer: false,
            }],
            models: vec!["ember".into()],
            documents: 1,
            blob_bytes: 1 << 20,
            offers: 0,
            stopped: false,
        },
        system: SystemStats {
            resident: 30 << 20,
            memory: 8 << 30,
            available: 4 << 30,
            disk: 100 << 30,
            free: 50 << 30,
        },
        sticks: Vec::new(),
        missing: Vec::new(),
        audit: vec![AuditLine {
            sequence: 1,
            at: 999_000,
            line: json!({"what": "import", "state": "done", "circle": "庭", "records": 12}),
        }],
        at: 1_000_000,
    }
}

#[test]
fn the_monitor() {
    everywhere("monitor", |state| {
        load(state);
        state.chat.rates = vec![3, 9, 21, 20, 22];
        press(state, "F3");
        tell(state, Reply::Overview(Box::new(overview())));
    });
}

#[test]
fn an_import_is_asked_about() {
    everywhere("import", |state| {
        press(state, "F3 i /media/stick Enter");
        let lines = vec!["garden: would take 3 records from alice".to_owned()];
        tell(state, Reply::Preview("/media/stick".into(), lines, true));
    });
}

/// A stick that is plugged in is said, listed, and looked at with one key.
#[test]
fn a_stick_is_noticed() {
    everywhere("stick", |state| {
        press(state, "F3");
        tell(state, Reply::Overview(Box::new(overview())));
        let mut later = overview();
        later.status.circles.clear();
        later.sticks.push(crate::node::Stick {
            path: "/media/blue".into(),
            bundles: Some(2),
        });
        tell(state, Reply::Overview(Box::new(later)));
    });
    let mut state = state((80, 24));
    press(&mut state, "F3");
    let mut there = overview();
    there.sticks.push(crate::node::Stick {
        path: "/media/blue".into(),
        bundles: Some(2),
    });
    tell(&mut state, Reply::Overview(Box::new(there)));
    assert_eq!(
        press(&mut state, "i"),
        [Effect::Preview("/media/blue".into())]
    );
}

#[test]
fn the_models() {
    everywhere("models", |state| {
        press(state, "F4");
        let row = |name: &str, toy: bool| ModelRow {
            name: name.into(),
            blob: BlobHash([0; 32]),
            origin: "local".into(),
            record: None,
            circle: None,
            toy,
            note: "it dreams fairy tales".into(),
            licence: "MIT".into(),
            source: String::new(),
        };
        let rows = vec![
            row("ember", true),
            row("llama-3.2-1b-instruct-q4_k_m", false),
        ];
        tell(state, Reply::Models(rows, Some("ember".into()), Vec::new()));
    });
}

/// What members share and is not here is listed with how much of it came, and looked at again while it comes.
#[test]
fn models_that_are_on_their_way() {
    let coming = || crate::node::Missing {
        name: "大きなモデル".into(),
        model: true,
        from: "花子".into(),
        circle_name: "庭".into(),
        size: 400 << 20,
        here: 100 << 20,
    };
    everywhere("models-coming", |state| {
        press(state, "F4");
        tell(state, Reply::Models(Vec::new(), None, vec![coming()]));
    });
    everywhere("monitor-coming", |state| {
        press(state, "F3");
        let mut overview = overview();
        overview.status.circles.clear();
        overview.missing = vec![coming()];
        tell(state, Reply::Overview(Box::new(overview)));
    });
    let mut state = state((80, 24));
    press(&mut state, "F4");
    tell(&mut state, Reply::Models(Vec::new(), None, vec![coming()]));
    state.now += 1_000;
    assert_eq!(update(&mut state, Event::Tick), [Effect::ListModels]);
    assert_eq!(update(&mut state, Event::Tick), [], "one look at a time");
    // The last one takes a moment to stand among those that are here.
    tell(&mut state, Reply::Models(Vec::new(), None, Vec::new()));
    state.now += 1_000;
    assert_eq!(update(&mut state, Event::Tick), [Effect::ListModels]);
    tell(&mut state, Reply::Models(Vec::new(), None, Vec::new()));
    state.now += 10_000;
    assert_eq!(update(&mut state, Event::Tick), [], "everything is here");
    assert_eq!(state.patience(), None);
}

/// A terminal of any size is drawn on, and nothing panics.
#[test]
fn no_size_is_too_small_or_too_large() {
    for (columns, rows) in [(1, 1), (9, 3), (10, 4), (12, 5), (200, 60)] {
        let mut state = state((columns, rows));
        conversation(&mut state);
        for keys in [
            "", "Tab", "Esc", "F1", "Esc", "F3", "F4", "F2", "^r", "Esc", "/",
        ] {
            press(&mut state, keys);
            drawn(&mut state);
        }
    }
}

/// What a model writes cannot steer the terminal.
#[test]
fn foreign_words_are_harmless() {
    let mut state = state((80, 24));
    load(&mut state);
    press(&mut state, "Hi Enter");
    tell(
        &mut state,
        Reply::Text("a\u{1b}]52;c;AAAA\u{7}\u{202e}b".into()),
    );
    let (buffer, _) = drawn(&mut state);
    let shown: String = text(&buffer).concat();
    assert!(!shown.chars().any(char::is_control), "{shown:?}");
    assert!(!shown.contains('\u{202e}'), "{shown:?}");
}

/// Ten thousand messages: what is drawn is what is seen, and every page of the way up is there.
#[test]
fn ten_thousand_messages_scroll() {
    let mut state = state((80, 24));
    let messages: Vec<MessageRow> = (1..=10_000)
        .map(|id| {
            let role = if id % 2 == 1 {
                Speaker::User
            } else {
                Speaker::Model
            };
            message(
                id,
                (id > 1).then_some(id - 1),
                role,
                &format!("message {id}\n\nwith *words*"),
            )
        })
        .collect();
    let opened = Box::new((session(1, "long"), messages));
    tell(&mut state, Reply::Opened(opened, None));
    let (buffer, _) = drawn(&mut state);
    assert!(
        text(&buffer)
            .iter()
            .any(|line| line.contains("message 10000"))
    );
    for _ in 0..50 {
        press(&mut state, "PgUp");
        drawn(&mut state);
    }
    let (buffer, _) = drawn(&mut state);
    let shown = text(&buffer);
    let numbers: Vec<u32> = shown
        .iter()
        .filter_map(|line| line.trim().strip_prefix("message ")?.parse().ok())
        .collect();
    // 50 pages of 19 lines, five lines a message.
    assert!(
        numbers.iter().all(|number| (9_800..9_820).contains(number)),
        "{numbers:?}"
    );
    press(&mut state, "Tab g");
    let (buffer, _) = drawn(&mut state);
    assert!(
        text(&buffer).iter().any(|line| line.trim() == "message 1"),
        "the first"
    );
    // Only what was seen is remembered.
    assert!(state.chat.transcript.remembered() < 600);
}

/// A text that grows is drawn as it is drawn when it is whole.
#[test]
fn an_answer_that_grew_looks_like_one_that_is_whole() {
    let whole = "# A\n\n- one\n- two\n\n```rust\nfn f() {}\n\nlet x;\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nend *of* it";
    let last = |state: &mut State| text(&drawn(state).0);
    let mut grown = state((60, 40));
    load(&mut grown);
    press(&mut grown, "Hi Enter");
    for c in whole.chars() {
        tell(&mut grown, Reply::Text(c.to_string()));
        drawn(&mut grown);
    }
    tell(&mut grown, Reply::Done(answer(End::Model)));
    let mut at_once = state((60, 40));
    load(&mut at_once);
    press(&mut at_once, "Hi Enter");
    tell(&mut at_once, Reply::Text(whole.into()));
    tell(&mut at_once, Reply::Done(answer(End::Model)));
    assert_eq!(last(&mut grown), last(&mut at_once));
    grown.size = (30, 40);
    at_once.size = (30, 40);
    assert_eq!(last(&mut grown), last(&mut at_once));
}

/// Every binding of every table stands in the help.
#[test]
fn the_help_is_made_of_the_keymap() {
    let help = super::help::Help::default();
    let rows: Vec<String> = help
        .sections()
        .into_iter()
        .flat_map(|it| it.rows)
        .map(|(keys, _)| keys)
        .collect();
    for table in [
        super::keys::GLOBAL,
        super::chat::KEYS,
        super::chat::READING,
        super::monitor::KEYS,
    ] {
        for binding in table {
            assert!(rows.contains(&super::keys::names(binding)), "{binding:?}");
        }
    }
    let mut state = state((80, 24));
    press(&mut state, "F1");
    assert!(matches!(state.overlay, Some(Overlay::Help(_))));
    assert_eq!(state.screen, Screen::Chat);
}
