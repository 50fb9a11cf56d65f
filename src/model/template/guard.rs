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
//! | `*` `**` | `x\|_number` | text and lists may not be repeated |
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
    let mut insertions = Vec::new();
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
                let mut rewriter = Rewriter {
                    tokens: &tokens,
                    insertions: &mut insertions,
                };
                rewriter.tag(tag == b'%')?;
                end
            }
        };
    }
    longest_text = longest_text.max(source.len() - at);

    // Stable: what was noted first at a place comes first.
    insertions.sort_by_key(|&(at, _)| at);
    let mut out = String::with_capacity(source.len() + insertions.len() * 10);
    let mut copied = 0;
    for (at, text) in insertions {
        out.push_str(&source[copied..at]);
        out.push_str(text);
        copied = at;
    }
    out.push_str(&source[copied..]);
    Ok(Guarded {
        source: out,
        longest_text,
    })
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
    insertions: &'t mut Vec<(usize, &'static str)>,
}

impl Rewriter<'_, '_> {
    fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.text)
    }

    fn tag(&mut self, block: bool) -> Result<(), &'static str> {
        let mut at = 0;
        if block {
            match self.text(0) {
                "raw" => return Err("a raw block"),
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

    /// One operand with all that hangs on it: attributes, indices, calls, filters.
    fn operand(
        &mut self,
        first: usize,
        before: Option<&'static str>,
        depth: usize,
    ) -> Result<usize, &'static str> {
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
                        self.insertions.push((start, "("));
                        self.insertions.push((bracket, "|_made)"));
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
                self.insertions.push((end, filter));
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
            ("{{ 3 * -x }}", "{{ 3|_number * -x|_number }}"),
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
            "{% raw %}{% endraw %}",
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
