//! Peers and invitations: who is in the circles of this node, by which road each was last heard and how far behind it is;
//! invitations; and whose words wait to be compared.

use std::collections::BTreeSet;

use ratatui::crossterm::event::KeyCode;
use ratatui::text::Line;

use crate::messages::say;
use crate::node::{Fate, Invited, MemberStatus, PeersOverview, Waiting, printable_line};
use crate::present::time::duration;
use crate::record::CircleId;

use super::find::moved;
use super::keys::{
    Action, Binding, HELP, PAGE_DOWN, PAGE_UP, ROW_DOWN, ROW_UP, TO_CHAT, bind, foot, key, letter,
};
use super::monitor::member_words;
use super::text::{Run, fit, pad, width, wrap};
use super::theme::Theme;
use super::worker::tasks::offer_words;

/// Keys of the screen.
pub const KEYS: &[Binding] = &[
    foot(&[letter('i')], Action::Invite, "tui-key-invite"),
    foot(&[letter('t')], Action::Join, "tui-key-join"),
    foot(&[letter('s')], Action::Round, "tui-key-round"),
    foot(
        &[key(KeyCode::Enter), key(KeyCode::Right)],
        Action::Show,
        "tui-key-show",
    ),
    bind(
        &[letter('w'), key(KeyCode::Delete)],
        Action::Delete,
        "tui-key-withdraw",
    ),
    TO_CHAT,
    ROW_UP,
    ROW_DOWN,
    PAGE_UP,
    PAGE_DOWN,
    HELP,
];

/// The screen.
#[derive(Debug, Default)]
pub struct Peers {
    pub overview: Option<PeersOverview>,
    pub chosen: usize,
    /// A look is on its way.
    pub looking: bool,
    /// When the last one was asked for.
    pub looked: u64,
    /// This program is on the network for an invitation, or to join: it looks also while another screen is shown.
    pub busy: bool,
    /// Pairings that were told of once; the window opens by itself no second time.
    pub told: BTreeSet<i64>,
}

/// What can be chosen.
#[derive(Debug, Clone, Copy)]
pub enum Row<'a> {
    Waiting(&'a Waiting),
    Member(CircleId, &'a MemberStatus),
    Invited(&'a Invited),
}

impl Peers {
    /// Everything that can be chosen, in the order in which it is shown.
    pub fn rows(&self) -> Vec<Row<'_>> {
        let Some(overview) = &self.overview else {
            return Vec::new();
        };
        let waiting = overview.waiting.iter().map(Row::Waiting);
        let circles = overview.circles.iter();
        let members = circles.flat_map(|circle| {
            let members = circle.members.iter();
            members.map(|member| Row::Member(circle.id, member))
        });
        let invited = overview.invitations.iter().map(Row::Invited);
        waiting.chain(members).chain(invited).collect()
    }

    /// Moves the choice.
    pub fn go(&mut self, by: i32) {
        self.chosen = moved(self.chosen, by, self.rows().len());
    }

    /// What is chosen.
    pub fn row(&self) -> Option<Row<'_>> {
        self.rows().get(self.chosen).copied()
    }

    /// The circle that an invitation would be for: the one that the choice stands in, or the first.
    pub fn circle(&self) -> Option<CircleId> {
        let chosen = match self.row() {
            Some(Row::Member(circle, _)) => Some(circle),
            Some(Row::Invited(it)) => Some(it.circle),
            _ => None,
        };
        let overview = self.overview.as_ref()?;
        let known = |id: &CircleId| overview.circles.iter().any(|circle| circle.id == *id);
        chosen
            .filter(known)
            .or(overview.circles.first().map(|circle| circle.id))
    }

    /// The next pairing that nobody was told of yet.
    pub fn news(&self) -> Option<&Waiting> {
        let waiting = &self.overview.as_ref()?.waiting;
        let new = |it: &&Waiting| it.answer.is_none() && !self.told.contains(&it.id);
        waiting.iter().find(new)
    }
}

struct Page<'a> {
    cells: usize,
    theme: Theme,
    chosen: usize,
    lines: Vec<Line<'static>>,
    /// Lines of the chosen row: the first, and the one behind the last.
    place: (usize, usize),
    rows: usize,
    peers: &'a Peers,
}

/// Everything, line by line; and which of them the chosen row has.
pub fn lines(peers: &Peers, cells: usize, theme: Theme) -> (Vec<Line<'static>>, (usize, usize)) {
    let mut page = Page {
        cells,
        theme,
        chosen: peers.chosen,
        lines: Vec::new(),
        place: (0, 0),
        rows: 0,
        peers,
    };
    page.all();
    (page.lines, page.place)
}

impl Page<'_> {
    fn all(&mut self) {
        let Some(overview) = &self.peers.overview else {
            let words = say("tui-looking-around", &[]);
            self.lines.push(Line::styled(words, self.theme.quiet()));
            return;
        };
        if !overview.waiting.is_empty() {
            self.heading(&say("tui-peers-waiting", &[]));
            for it in &overview.waiting {
                let words = match it.answer {
                    None => say("tui-peers-compare", &[]),
                    Some(_) => say("tui-peers-said", &[]),
                };
                let words = format!("{} · {words}", it.fingerprint);
                self.row("! ", &other_side(it), &words);
            }
        }
        if overview.circles.is_empty() {
            self.heading(&say("tui-circles", &[]));
            self.words(&say("tui-peers-alone", &[]));
        }
        for circle in &overview.circles {
            let about = [
                ("circle", circle.name.clone()),
                ("records", circle.records.to_string()),
                ("members", circle.members.len().to_string()),
            ];
            self.heading(&printable_line(&say("tui-circle", &about)));
            for member in &circle.members {
                let mark = if member.stale || member.suspended {
                    "! "
                } else {
                    "  "
                };
                let running = overview.running.as_ref();
                let here =
                    running.is_some_and(|it| it.connected.contains(&member.root.to_string()));
                let mut words = member_words(member);
                if here {
                    words = format!("{} · {words}", say("tui-peers-connected", &[]));
                }
                self.row(mark, &member.name, &words);
            }
        }
        if !overview.offers.is_empty() {
            self.heading(&say("tui-offers", &[]));
            for offer in &overview.offers {
                self.words(&offer_words(offer));
            }
        }
        if !overview.invitations.is_empty() {
            self.heading(&say("tui-peers-invitations", &[]));
            for it in &overview.invitations {
                self.row("  ", &short(&it.id), &fate_words(it, overview.at));
            }
        }
        self.heading(&say("tui-peers-network", &[]));
        self.words(&running_words(overview, self.peers.busy));
    }

    fn heading(&mut self, words: &str) {
        if !self.lines.is_empty() {
            self.lines.push(Line::default());
        }
        let line = Line::styled(fit(words, self.cells), self.theme.strong());
        self.lines.push(line);
    }

    fn words(&mut self, words: &str) {
        let words = printable_line(words).into_owned();
        let lines = wrap(&[(words, self.theme.quiet())], self.cells, &[], &[]);
        self.lines.extend(lines);
    }

    fn row(&mut self, mark: &str, name: &str, words: &str) {
        let chosen = self.rows == self.chosen;
        self.rows += 1;
        let column = (self.cells / 4).clamp(8, 20);
        let name = pad(&printable_line(name), column);
        let (strong, text) = match chosen {
            true => (self.theme.chosen(), self.theme.chosen()),
            false => (self.theme.strong(), self.theme.text()),
        };
        let marked = if chosen { "▸ " } else { "  " };
        let attention = match mark {
            "! " if !chosen => self.theme.bad(),
            _ => text,
        };
        let first: [Run; 3] = [
            (marked.to_owned(), text),
            (mark.to_owned(), attention),
            (format!("{name} "), strong),
        ];
        let indent = " ".repeat(width(marked) + width(mark) + column + 1);
        let rest = [(indent, text)];
        let words = (printable_line(words).into_owned(), text);
        let from = self.lines.len();
        let lines = wrap(&[words], self.cells, &first, &rest);
        self.lines.extend(lines);
        if chosen {
            self.place = (from, self.lines.len());
        }
    }
}

/// The other side of a pairing. Who joins brings a name of their own; who invited has none before the admission.
pub fn other_side(it: &Waiting) -> String {
    match it.joining {
        true => say("tui-peers-inviter", &[]),
        false => it.name.clone(),
    }
}

/// Whether others can reach this node now, and what to do where they cannot.
fn running_words(overview: &PeersOverview, busy: bool) -> String {
    match &overview.running {
        Some(running) if running.offline => say("tui-peers-offline", &[]),
        Some(running) => {
            let about = [
                ("port", running.port.to_string()),
                ("count", running.connected.len().to_string()),
            ];
            say("tui-peers-running", &about)
        }
        None if busy => say("tui-peers-here", &[]),
        None => say("tui-peers-not-running", &[]),
    }
}

/// The beginning of an invitation's id, as `okibi circle tickets` shows it.
pub fn short(id: &[u8; 16]) -> String {
    id.iter()
        .take(4)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// An invitation's id as `okibi circle withdraw` takes it.
pub fn long(id: &[u8; 16]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn fate_words(it: &Invited, at: u64) -> String {
    let circle = it.circle_name.clone();
    match &it.fate {
        Fate::Open => {
            let left = duration(it.expires.saturating_sub(at));
            say("tui-ticket-open", &[("circle", circle), ("left", left)])
        }
        Fate::Expired => say("tui-ticket-expired", &[("circle", circle)]),
        Fate::Withdrawn => say("tui-ticket-withdrawn", &[("circle", circle)]),
        Fate::Spent(name) => {
            let name = printable_line(name).into_owned();
            say("tui-ticket-spent", &[("circle", circle), ("name", name)])
        }
    }
}
