//! The monitor: this node, the people of its circles, what came in and went out. It only looks; what it can do, it
//! asks about first.

use ratatui::text::{Line, Span};
use serde_json::Value;

use crate::messages::say;
use crate::node::{AuditLine, CircleStatus, MemberStatus, Missing, Overview, printable_line};
use crate::present::time::duration;
use crate::present::units::size;

use super::keys::{
    Action, Binding, DOWN, FIRST, HELP, LAST, PAGE_DOWN, PAGE_UP, TO_CHAT, UP, foot, letter,
};
use super::text::{fit, pad, width};
use super::theme::Theme;

/// Keys of the screen.
pub const KEYS: &[Binding] = &[
    foot(&[letter('i')], Action::Import, "tui-key-import"),
    TO_CHAT,
    UP,
    DOWN,
    PAGE_UP,
    PAGE_DOWN,
    FIRST,
    LAST,
    HELP,
];

/// The screen.
#[derive(Debug, Default)]
pub struct Monitor {
    pub overview: Option<Overview>,
    pub scroll: usize,
    /// A look is on its way.
    pub looking: bool,
    /// When the last one was asked for.
    pub looked: u64,
}

/// What the model does, for the monitor.
#[derive(Debug, Clone, Default)]
pub struct Work {
    pub model: String,
    pub doing: String,
    /// Tokens per second, second by second, newest last.
    pub rates: Vec<u64>,
}

/// The eight heights of a sparkline.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Numbers as a line of small bars, the newest at the right.
pub fn sparkline(numbers: &[u64], cells: usize) -> String {
    let shown = &numbers[numbers.len().saturating_sub(cells)..];
    let most = shown.iter().copied().max().unwrap_or(0).max(1);
    let bar = |number: &u64| {
        let height = usize::try_from(number * 7 / most).unwrap_or(7).min(7);
        BARS.get(height).copied().unwrap_or('█')
    };
    shown.iter().map(bar).collect()
}

/// Everything, line by line.
pub fn lines(overview: &Overview, work: &Work, cells: usize, theme: Theme) -> Vec<Line<'static>> {
    let mut page = Page {
        cells,
        theme,
        lines: Vec::new(),
    };
    page.node(overview, work);
    for circle in overview
        .status
        .circles
        .iter()
        .filter(|circle| !circle.shelf)
    {
        page.circle(circle);
    }
    if overview.status.circles.iter().all(|circle| circle.shelf) {
        page.heading(&say("tui-circles", &[]));
        page.wrapped(&say("status-alone", &[]), "");
    }
    page.coming(overview);
    page.sticks(overview);
    page.heading(&say("tui-audit", &[]));
    if overview.audit.is_empty() {
        page.wrapped(&say("tui-audit-empty", &[]), "");
    }
    for line in overview.audit.iter().rev() {
        let past = overview.at.saturating_sub(line.at);
        let when = say("tui-ago", &[("age", duration(past))]);
        page.pair(&when, &audit_words(&line.line));
    }
    page.lines
}

struct Page {
    cells: usize,
    theme: Theme,
    lines: Vec<Line<'static>>,
}

/// What is not here yet, as far as it is listed.
const COMING: usize = 8;
/// Cells of the left column, where the terminal is wide enough for two.
const LEFT: usize = 16;

impl Page {
    fn heading(&mut self, words: &str) {
        if !self.lines.is_empty() {
            self.lines.push(Line::default());
        }
        self.lines
            .push(Line::styled(fit(words, self.cells), self.theme.strong()));
    }

    fn pair(&mut self, name: &str, words: &str) {
        let left = LEFT.min(self.cells / 3);
        let name = pad(&printable_line(name), left);
        let first = [(format!("{name} "), self.theme.quiet())];
        let rest = [(" ".repeat(left + 1), self.theme.text())];
        let words = (printable_line(words).into_owned(), self.theme.text());
        self.lines
            .extend(super::text::wrap(&[words], self.cells, &first, &rest));
    }

    fn wrapped(&mut self, words: &str, mark: &str) {
        let style = if mark.is_empty() {
            self.theme.text()
        } else {
            self.theme.bad()
        };
        let first = [(mark.to_owned(), style)];
        let rest = [(" ".repeat(width(mark)), style)];
        let words = (printable_line(words).into_owned(), style);
        self.lines
            .extend(super::text::wrap(&[words], self.cells, &first, &rest));
    }

    fn node(&mut self, overview: &Overview, work: &Work) {
        let (status, system) = (&overview.status, overview.system);
        self.heading(&say("tui-this-node", &[]));
        self.pair(&say("tui-fingerprint", &[]), &status.fingerprint);
        self.pair(&say("tui-home", &[]), &status.home);
        let model = if work.doing.is_empty() {
            work.model.clone()
        } else {
            format!("{} · {}", work.model, work.doing)
        };
        self.pair(&say("tui-model", &[]), &model);
        if !work.rates.is_empty() {
            let room = self
                .cells
                .saturating_sub(LEFT.min(self.cells / 3) + 12)
                .min(40);
            let last = work.rates.last().copied().unwrap_or(0);
            let words = format!(
                "{} {}",
                sparkline(&work.rates, room),
                say("tui-rate", &[("rate", last.to_string())])
            );
            self.pair(&say("tui-speed", &[]), &words);
        }
        let memory = [
            ("used", size(system.resident)),
            ("free", size(system.available)),
            ("all", size(system.memory)),
        ];
        self.pair(&say("tui-memory", &[]), &say("tui-memory-words", &memory));
        let disk = [
            ("used", size(status.blob_bytes)),
            ("free", size(system.free)),
            ("all", size(system.disk)),
        ];
        self.pair(&say("tui-disk", &[]), &say("tui-disk-words", &disk));
        let shelf = [
            ("models", status.models.len().to_string()),
            ("documents", status.documents.to_string()),
        ];
        self.pair(&say("tui-library", &[]), &say("tui-library-words", &shelf));
        if status.stopped {
            self.wrapped(&say("home-moved", &[]), "! ");
        }
    }

    fn coming(&mut self, overview: &Overview) {
        if overview.missing.is_empty() {
            return;
        }
        self.heading(&say("tui-coming", &[]));
        for it in overview.missing.iter().take(COMING) {
            self.wrapped(&format!("{}  {}", it.name, coming_words(it)), "");
        }
        if overview.missing.len() > COMING {
            let count = (overview.missing.len() - COMING).to_string();
            self.wrapped(&say("tui-coming-more", &[("count", count)]), "");
        }
    }

    fn sticks(&mut self, overview: &Overview) {
        if overview.sticks.is_empty() {
            return;
        }
        self.heading(&say("tui-sticks", &[]));
        for stick in &overview.sticks {
            let words = match stick.bundles {
                None => say("tui-stick-unreadable", &[]),
                Some(0) => say("tui-stick-blank", &[]),
                Some(count) => say("tui-stick-bundles", &[("count", count.to_string())]),
            };
            self.wrapped(&format!("{}  {words}", stick.path), "");
        }
    }

    fn circle(&mut self, circle: &CircleStatus) {
        let about = [
            ("circle", circle.name.clone()),
            ("records", circle.records.to_string()),
            ("members", circle.members.len().to_string()),
        ];
        self.heading(&printable_line(&say("tui-circle", &about)));
        let longest = circle
            .members
            .iter()
            .map(|member| width(&printable_line(&member.name)))
            .max()
            .unwrap_or(0);
        let column = longest.min(self.cells / 3).max(6);
        for member in &circle.members {
            let name = pad(&printable_line(&member.name), column);
            let mark = if member.stale || member.suspended {
                ("! ", self.theme.bad())
            } else {
                ("  ", self.theme.text())
            };
            let first = [
                (mark.0.to_owned(), mark.1),
                (format!("{name}  "), self.theme.strong()),
            ];
            let rest = [(" ".repeat(column + 4), self.theme.text())];
            let words = (member_words(member), self.theme.text());
            self.lines
                .extend(super::text::wrap(&[words], self.cells, &first, &rest));
        }
        let name = circle.name.clone();
        if !circle.forked.is_empty() {
            self.wrapped(&say("status-fork", &[("circle", name.clone())]), "! ");
        }
        if circle.waiting > 0 {
            let about = [
                ("circle", name.clone()),
                ("count", circle.waiting.to_string()),
            ];
            self.wrapped(&say("status-waiting", &about), "! ");
        }
        if circle.missing_blobs > 0 {
            self.wrapped(
                &say(
                    "status-blobs",
                    &[("count", circle.missing_blobs.to_string())],
                ),
                "! ",
            );
        }
        if circle.newer {
            self.wrapped(&say("status-newer", &[("circle", name)]), "! ");
        }
    }
}

/// What is known of a member: who it is, when it was heard and by which road, how far behind it is.
pub fn member_words(member: &MemberStatus) -> String {
    let mut words = Vec::new();
    if member.me {
        words.push(say("member-me", &[]));
    }
    if member.admin {
        words.push(say("member-admin", &[]));
    }
    if member.suspended {
        words.push(say("member-suspended", &[]));
    }
    if !member.me {
        words.push(match &member.heard {
            Some((past, road)) => {
                let about = [
                    ("age", duration(*past)),
                    ("road", printable_line(road).into_owned()),
                ];
                say("member-heard", &about)
            }
            None => say("member-never-heard", &[]),
        });
        words.extend(member.behind.map(|count| match count {
            0 => say("member-even", &[]),
            _ => say("member-behind", &[("count", count.to_string())]),
        }));
        if member.stale {
            words.push(say("tui-stale", &[]));
        }
    }
    words.join(" · ")
}

/// How much of something is here, and who shares it.
pub fn coming_words(it: &Missing) -> String {
    let percent = it.here.saturating_mul(100) / it.size.max(1);
    let about = [
        ("here", size(it.here)),
        ("size", size(it.size)),
        ("percent", percent.to_string()),
        ("name", printable_line(&it.from).into_owned()),
        ("circle", printable_line(&it.circle_name).into_owned()),
    ];
    say("tui-coming-words", &about)
}

/// A line of the audit trail in words: what, then each value that a person can read.
fn audit_words(line: &Value) -> String {
    let Some(map) = line.as_object() else {
        return line.to_string();
    };
    let what = map.get("what").and_then(Value::as_str).unwrap_or_default();
    let mut words = vec![what.to_owned()];
    for (key, value) in map {
        let text = match value {
            Value::String(text) if key != "what" && text.len() <= 40 => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => continue,
        };
        words.push(format!("{key} {text}"));
    }
    words.join(" · ")
}

/// A line of the audit trail, as the plain monitor says it when it comes.
pub fn audit_line(line: &AuditLine) -> String {
    printable_line(&audit_words(&line.line)).into_owned()
}

/// The lines without style, for a terminal that shall only be written to.
pub fn plain(overview: &Overview, work: &Work, cells: usize) -> Vec<String> {
    let lines = lines(overview, work, cells, Theme::new(false));
    let text = |line: Line<'static>| {
        let spans: String = line
            .spans
            .iter()
            .map(|span: &Span<'_>| span.content.as_ref())
            .collect();
        spans.trim_end().to_owned()
    };
    lines.into_iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparkline_is_scaled_to_its_highest() {
        assert_eq!(sparkline(&[0, 7, 14], 9), "▁▄█");
        assert_eq!(sparkline(&[1, 2, 3, 4], 2), "▆█");
        assert_eq!(sparkline(&[], 4), "");
    }
}
