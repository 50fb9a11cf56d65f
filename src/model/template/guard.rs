//! Makes a template's operators count what they work on.
//!
//! Fuel bounds how many steps a template takes, but a single step can double a string (`x ~ x`), repeat a
//! list a hundred million times (`[0] * 100000000`) or compare two lists that share their parts down to
//! any depth. The engine has no hook at its operators. So the source is rewritten before it is compiled:
//! each operand of an operator that can make or walk something large gets a filter behind it, which charges
//! the render's budget and otherwise gives the value on.
//!
//! | operator | operand becomes | because |
//! |---|---|---|
//! | `~` | `x\|_text` | the result is as long as both written out |
//! | `+` | `x\|_made` | the result is as large as both |
//! | `x * y` | `x\|_times(y)` | a text or a list may be repeated, which is charged before |
//! | `*` behind `/`, `//`, `%` or `*`, and `**` | `x\|_number` | only numbers there |
//! | `==` `!=` `<` `<=` `>` `>=` `in` | `x\|_walked` | both sides may be walked to their ends |
//! | `x[a:b]` | `(x\|_made)[a:b]` | a slice of a string is a copy |
//!
//! A filter binds tighter than any operator, so behind an operand is always the right place. What this lexer
//! does not understand is refused: a template that the engine reads otherwise than we do must not run.

/// Deepest nesting of brackets; real templates stay below ten.
const MAX_DEPTH: usize = 64;
/// Shorter literals need not be counted as operands of `~` and `+`.
const SHORT: usize = 64;

/// A rewritten template.
#[derive(Debug)]
pub(super) struct Guarded {
    pub(super) source: String,
    /// Bytes of the longest stretch of text outside of tags.
    pub(super) longest_text: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Name,
    Number,
    Text,
    Operator,
}

#[derive(Clone, Copy, Debug)]
struct Token<'s> {
    kind: Kind,
    text: &'s str,
    start: usize,
}

impl Token<'_> {
    fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// Rewrites a template.
///
/// # Errors
/// A reason, in words, why the template cannot be read.
pub(super) fn guard(source: &str) -> Result<Guarded, &'static str> {
    let mut edits: Vec<Edit> = Vec::new();
    let mut longest_text = 0;
    let mut at = 0;
    while let Some((start, tag)) = next_tag(source, at) {
        longest_text = longest_text.max(start - at);
        at = match tag {
            b'#' => {
                let end = source[start + 2..]
                    .find("#}")
                    .ok_or("an unclosed comment")?;
                start + 2 + end + 2
            }
            _ => {
                let (tokens, end) = lex(source, start + 2, tag == b'%')?;
                match tokens.as_slice() {
                    // Marks what an assistant says, for training; writes nothing.
                    [only] if tag == b'%' && generation(only.text).is_some() => {
                        let (with, length) = (generation(only.text), only.text.len());
                        edits.push(Edit {
                            at: only.start,
                            drop: length,
                            text: with.unwrap_or_default(),
                        });
                        end
                    }
                    [raw] if tag == b'%' && raw.text == "raw" => {
                        let (stop, behind) = end_of_raw(source, end)?;
                        longest_text = longest_text.max(stop - end);
                        behind
                    }
                    _ => {
                        let mut rewriter = Rewriter {
                            tokens: &tokens,
                            edits: &mut edits,
                        };
                        rewriter.tag(tag == b'%')?;
                        end
                    }
                }
            }
        };
    }
    longest_text = longest_text.max(source.len() - at);

    // Stable: what was noted first at a place comes first.
    edits.sort_by_key(|edit| edit.at);
    let mut out = String::with_capacity(source.len() + edits.len() * 10);
    let mut copied = 0;
    for edit in edits {
        out.push_str(&source[copied..edit.at]);
        out.push_str(edit.text);
        copied = edit.at + edit.drop;
    }
    out.push_str(&source[copied..]);
    Ok(Guarded {
        source: out,
        longest_text,
    })
}

/// A change to the source: so many bytes at a place give way to a text.
struct Edit {
    at: usize,
    drop: usize,
    text: &'static str,
}

/// A block that always runs, in place of the tags of transformers that mark an assistant's words.
fn generation(tag: &str) -> Option<&'static str> {
    match tag {
        "generation" => Some("if true"),
        "endgeneration" => Some("endif"),
        _ => None,
    }
}

/// Where the text of a raw block ends, and the place behind its closing tag.
fn end_of_raw(source: &str, from: usize) -> Result<(usize, usize), &'static str> {
    let mut at = from;
    while let Some(found) = source[at..].find("{%") {
        let start = at + found;
        let inner = source[start + 2..]
            .trim_start_matches(['-', '+'])
            .trim_start();
        if let Some(rest) = inner.strip_prefix("endraw") {
            let rest = rest.trim_start();
            let closed = rest.trim_start_matches(['-', '+']).strip_prefix("%}");
            return closed
                .map(|behind| (start, source.len() - behind.len()))
                .ok_or("an unclosed tag");
        }
        at = start + 2;
    }
    Err("an unclosed raw block")
}

/// The next `{{`, `{%` or `{#`.
fn next_tag(source: &str, from: usize) -> Option<(usize, u8)> {
    let bytes = source.as_bytes();
    (from..bytes.len().saturating_sub(1)).find_map(|at| match (bytes[at], bytes[at + 1]) {
        (b'{', tag @ (b'{' | b'%' | b'#')) => Some((at, tag)),
        _ => None,
    })
}

/// The tokens of a tag and the place behind its end.
fn lex(source: &str, from: usize, block: bool) -> Result<(Vec<Token<'_>>, usize), &'static str> {
    let bytes = source.as_bytes();
    let close = if block { "%}" } else { "}}" };
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut depth = 0usize;
    let mut at = from;
    // A sign right behind the opening belongs to it.
    if matches!(bytes.get(at), Some(b'-' | b'+')) {
        at += 1;
    }
    while at < bytes.len() {
        let rest = &source[at..];
        if depth == 0 {
            if rest.starts_with(close) {
                return Ok((tokens, at + 2));
            }
            if rest.starts_with(['-', '+']) && rest[1..].starts_with(close) {
                return Ok((tokens, at + 3));
            }
        }
        let (kind, len) = match bytes[at] {
            byte if byte.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            quote @ (b'\'' | b'"') => (Kind::Text, text_len(rest, quote)?),
            b'0'..=b'9' => (Kind::Number, word_len(rest)),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => (Kind::Name, word_len(rest)),
            open @ (b'(' | b'[' | b'{' | b')' | b']' | b'}') => {
                depth = match open {
                    b'(' | b'[' | b'{' => depth + 1,
                    _ => depth.checked_sub(1).ok_or("a bracket too many")?,
                };
                (Kind::Operator, 1)
            }
            _ if ["==", "!=", ">=", "<=", "**", "//"]
                .iter()
                .any(|op| rest.starts_with(op)) =>
            {
                (Kind::Operator, 2)
            }
            b'+' | b'-' | b'*' | b'/' | b'%' | b'.' | b',' | b':' | b'~' | b'|' | b'=' | b'>'
            | b'<' => (Kind::Operator, 1),
            _ => return Err("a character that belongs in no tag"),
        };
        // `1.5` is one number, `a.1` an index and `1.a` nothing.
        tokens.push(Token {
            kind,
            text: &rest[..len],
            start: at,
        });
        at += len;
    }
    Err("an unclosed tag")
}

fn text_len(rest: &str, quote: u8) -> Result<usize, &'static str> {
    let mut escaped = false;
    for (at, byte) in rest.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            _ if byte == quote => return Ok(at + 1),
            _ => {}
        }
    }
    Err("an unclosed string")
}

fn word_len(rest: &str) -> usize {
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    end.unwrap_or(rest.len())
}

/// The filter for the operands of an operator, if it needs one.
fn filter_for(token: Option<&Token<'_>>) -> Option<&'static str> {
    match token?.text {
        "~" => Some("|_text"),
        "+" => Some("|_made"),
        "*" | "**" => Some("|_number"),
        "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" => Some("|_walked"),
        _ => None,
    }
}

/// Words that are no operands.
const KEYWORDS: [&str; 12] = [
    "and",
    "or",
    "not",
    "in",
    "is",
    "if",
    "else",
    "elif",
    "for",
    "recursive",
    "with",
    "as",
];

struct Rewriter<'t, 's> {
    tokens: &'t [Token<'s>],
    edits: &'t mut Vec<Edit>,
}

impl Rewriter<'_, '_> {
    fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.text)
    }

    fn insert(&mut self, at: usize, text: &'static str) {
        self.edits.push(Edit { at, drop: 0, text });
    }

    fn tag(&mut self, block: bool) -> Result<(), &'static str> {
        let mut at = 0;
        if block {
            match self.text(0) {
                "include" | "import" | "from" | "extends" => return Err("another template"),
                "for" => {
                    // The `in` of a loop is no operator. Its targets are names, perhaps in brackets.
                    while at < self.tokens.len() && self.text(at) != "in" {
                        at += 1;
                    }
                }
                _ => {}
            }
            at += 1;
        }
        self.expressions(at, "", 0).map(|_| ())
    }

    /// Walks from `at` to the bracket `close` (or the end of the tag) and gives the place behind it.
    fn expressions(
        &mut self,
        mut at: usize,
        close: &str,
        depth: usize,
    ) -> Result<usize, &'static str> {
        if depth > MAX_DEPTH {
            return Err("brackets nested too deeply");
        }
        // The operator right before the current place.
        let mut before = None;
        while let Some(token) = self.tokens.get(at) {
            match (token.kind, token.text) {
                (Kind::Operator, text @ (")" | "]" | "}")) => {
                    return match text == close {
                        true => Ok(at + 1),
                        false => Err("brackets that do not match"),
                    };
                }
                (Kind::Name, "is") => {
                    // A test gives a truth value; its name is no operand.
                    at += 1;
                    if self.text(at) == "not" {
                        at += 1;
                    }
                    at += 1;
                    before = None;
                }
                (Kind::Operator, "(" | "[" | "{") | (Kind::Number | Kind::Text, _) => {
                    at = self.operand(at, before, depth)?;
                    before = None;
                }
                (Kind::Name, name) if !KEYWORDS.contains(&name) => {
                    at = self.operand(at, before, depth)?;
                    before = None;
                }
                // A sign before an operand keeps the operator before it in force.
                (Kind::Operator, "-" | "+") if before.is_some() => at += 1,
                _ => {
                    before = filter_for(Some(token));
                    at += 1;
                }
            }
        }
        match close {
            "" => Ok(at),
            _ => Err("an unclosed bracket"),
        }
    }

    /// One operand with all that hangs on it: attributes, indices, calls, filters; and where it is multiplied,
    /// the factor behind it.
    fn operand(
        &mut self,
        first: usize,
        before: Option<&'static str>,
        depth: usize,
    ) -> Result<usize, &'static str> {
        let bound = first.checked_sub(1).map(|at| self.text(at));
        let bound = matches!(bound, Some("/" | "//" | "%" | "*" | "**"));
        let at = self.primary(first, before, depth, !bound)?;
        if bound || self.text(at) != "*" {
            return Ok(at);
        }
        let times = self.tokens[at];
        let mut factor = at + 1;
        while matches!(self.text(factor), "-" | "+") {
            factor += 1;
        }
        if self.tokens.get(factor).is_none() || KEYWORDS.contains(&self.text(factor)) {
            return Err("a factor is missing");
        }
        self.edits.push(Edit {
            at: times.start,
            drop: times.text.len(),
            text: "|_times(",
        });
        let mut end = self.primary(factor, None, depth, false)?;
        while self.text(end) == "**" {
            end = self.primary(end + 1, Some("|_number"), depth, false)?;
        }
        let behind = self.tokens[end - 1].end();
        self.insert(behind, ")");
        Ok(end)
    }

    /// An operand by itself. `multiplies`: a `*` behind it is turned into a filter.
    fn primary(
        &mut self,
        first: usize,
        before: Option<&'static str>,
        depth: usize,
        multiplies: bool,
    ) -> Result<usize, &'static str> {
        if first >= self.tokens.len() {
            return Err("an operand is missing");
        }
        let token = self.tokens[first];
        let start = token.start;
        let mut at = match token.text {
            "(" => self.expressions(first + 1, ")", depth + 1)?,
            "[" => self.expressions(first + 1, "]", depth + 1)?,
            "{" => self.expressions(first + 1, "}", depth + 1)?,
            _ => first + 1,
        };
        loop {
            match self.text(at) {
                "." => at += 2,
                "|" => at += 2,
                "(" => at = self.expressions(at + 1, ")", depth + 1)?,
                "[" => {
                    let bracket = self.tokens[at].start;
                    let end = self.expressions(at + 1, "]", depth + 1)?;
                    if self.has_colon(at + 1, end - 1) {
                        self.insert(start, "(");
                        self.insert(bracket, "|_made)");
                    }
                    at = end;
                }
                _ => break,
            }
        }
        let at = at.min(self.tokens.len());
        let end = self.tokens[at - 1].end();
        let literal = at == first + 1 && matches!(token.kind, Kind::Number | Kind::Text);
        let after = match (self.text(at), self.text(at + 1)) {
            ("not", "in") => Some("|_walked"),
            ("*", _) if multiplies => None,
            _ => filter_for(self.tokens.get(at)),
        };
        // Both neighbours may ask for a filter; the stricter ones come with the charge of the others.
        for filter in [before, after.filter(|_| before != after)]
            .into_iter()
            .flatten()
        {
            let small = token.kind == Kind::Number || token.text.len() <= SHORT;
            let skip = literal && (filter == "|_walked" || (filter != "|_number" && small));
            if !skip {
                self.insert(end, filter);
            }
        }
        Ok(at)
    }

    /// Whether there is a `:` between the brackets, outside of inner ones: a slice.
    fn has_colon(&self, from: usize, to: usize) -> bool {
        let mut depth = 0usize;
        self.tokens[from..to].iter().any(|token| {
            match token.text {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && token.kind == Kind::Operator && token.text == ":"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guarded(source: &str) -> String {
        guard(source).unwrap().source
    }

    #[test]
    fn operands_get_their_filters() {
        for (source, expected) in [
            ("a {{ b }} c", "a {{ b }} c"),
            ("{{ a ~ b }}", "{{ a|_text ~ b|_text }}"),
            (
                "{{ a.b[0] + f(c|d(1)) }}",
                "{{ a.b[0]|_made + f(c|d(1))|_made }}",
            ),
            ("{{ a ~ 'x' }}", "{{ a|_text ~ 'x' }}"),
            ("{{ '~' }}{# a ~ b #}", "{{ '~' }}{# a ~ b #}"),
            (
                "{{ (a ~ b)|c ~ d }}",
                "{{ (a|_text ~ b|_text)|c|_text ~ d|_text }}",
            ),
            ("{{ 3 * -x }}", "{{ 3 |_times( -x) }}"),
            ("{{ '-' * 3 ~ y }}", "{{ '-' |_times( 3) ~ y|_text }}"),
            ("{{ a / b * c }}", "{{ a / b|_number * c|_number }}"),
            (
                "{{ a * b ** c }}",
                "{{ a |_times( b|_number ** c|_number) }}",
            ),
            (
                "{%- generation -%}a{% endgeneration %}",
                "{%- if true -%}a{% endif %}",
            ),
            (
                "{% raw %}{{ a ~ b }}{% endraw %}{{ a ~ b }}",
                "{% raw %}{{ a ~ b }}{% endraw %}{{ a|_text ~ b|_text }}",
            ),
            ("{{ x[1:] }}", "{{ (x|_made)[1:] }}"),
            ("{{ x.y[a[1:2]] }}", "{{ x.y[(a|_made)[1:2]] }}"),
            ("{{ x[{'a': 1}.a] }}", "{{ x[{'a': 1}.a] }}"),
            ("{{ {'a': {'b': c}} }}", "{{ {'a': {'b': c}} }}"),
            (
                "{% if a == 'x' and b != c %}",
                "{% if a|_walked == 'x' and b|_walked != c|_walked %}",
            ),
            (
                "{%- for x in y if x in z -%}",
                "{%- for x in y if x|_walked in z|_walked -%}",
            ),
            (
                "{% for (a, b) in c.items() %}",
                "{% for (a, b) in c.items() %}",
            ),
            ("{% if a not in b %}", "{% if a|_walked not in b|_walked %}"),
            (
                "{% if a is defined and a ~ b %}",
                "{% if a is defined and a|_text ~ b|_text %}",
            ),
            (
                "{% set x = a ~ b is none %}",
                "{% set x = a|_text ~ b|_text is none %}",
            ),
            (
                "{{ a ~ b == c }}",
                "{{ a|_text ~ b|_text|_walked == c|_walked }}",
            ),
            ("{{ a - b + c }}", "{{ a - b|_made + c|_made }}"),
            (
                "{{ a if b else c ~ d }}",
                "{{ a if b else c|_text ~ d|_text }}",
            ),
        ] {
            assert_eq!(guarded(source), expected);
        }
        let long = format!("{{{{ '{}' ~ a }}}}", "x".repeat(100));
        assert!(guarded(&long).contains("'|_text ~ a|_text"));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for source in [
            "{{ a",
            "{% a",
            "{# a",
            "{{ 'a }}",
            "{{ a) }}",
            "{{ (a] }}",
            "{{ (a }}",
            "{{ a ; b }}",
            "{% raw %}{% endra %}",
            "{% raw %}{% endraw",
            "{%- include 'x' %}",
            "{{ \u{e9} }}",
        ] {
            assert!(guard(source).is_err(), "{source}");
        }
        let deep = format!("{{{{ {}1{} }}}}", "(".repeat(100), ")".repeat(100));
        assert!(guard(&deep).is_err());
    }

    #[test]
    fn the_longest_text_is_measured() {
        assert_eq!(guard("ab{{ x }}abcdef{# c #}ab").unwrap().longest_text, 6);
        assert_eq!(guard("").unwrap().longest_text, 0);
    }

    proptest::proptest! {
        #[test]
        fn any_source_gives_an_answer(source in r#"[{}%#\-\[\]()|~+*:.'"a1é \\]{0,60}"#) {
            let _ = guard(&source);
        }
    }
}
