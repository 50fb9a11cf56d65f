//! From a conversation to a prompt: the chat template that a model file brings.
//!
//! A template is a program from a stranger, in Jinja. It runs in minijinja with bounds on everything: steps
//! (fuel), bytes that its operators and filters work on (`budget`, written into the source by `guard`),
//! output, nesting, and the size of its source. It sees the messages and a few names, never a file, the
//! network or the clock: a template that wants today's date gets the one that it is handed. It runs on a
//! thread of its own with a large stack, because dropping a deeply nested list takes a stack frame per level.
//!
//! A file without a template holds a base model, which continues text: see [`plain`].

mod budget;
mod format;
mod guard;
mod python;

use std::io;

use budget::Budget;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Rest};
use minijinja::{Environment, Error, ErrorKind, Value, filters, tests as jinja_tests};

use super::gguf::Gguf;
use super::tokenizer::Tokenizer;

/// Longest source of a template. The largest in use, with tools in several languages, have some 30 kB.
const MAX_SOURCE: usize = 256 * 1024;
/// Most steps of a rendering: a thousand messages take some hundred thousand.
const MAX_STEPS: u64 = 1_000_000;
/// Most bytes that steps may copy out of the template's own text: what bounds the steps of a template with
/// long stretches of text, which it might write again and again into a variable.
const MAX_TEXT: u64 = 256 << 20;
/// Budget of a rendering that has no input; see `budget`.
const BASE_BUDGET: u64 = 16 << 20;
/// Longest text that operators may work on, and longest output, without input.
const BASE_TEXT: u64 = 256 * 1024;
/// Deepest nesting of calls, as the engine counts: a macro in a macro takes several.
const MAX_CALLS: usize = 250;
/// Reserved, not used, by ordinary templates: a list nested by a million steps takes some 100 MB to drop.
const STACK: usize = 256 << 20;

/// Why a template cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// It is no template that okibi runs.
    #[error("the chat template cannot be used: {0}")]
    Refused(String),
    /// It stopped with a message of its own, such as one about the order of roles.
    #[error("the chat template refuses this conversation: {0}")]
    Raised(String),
    /// It went beyond a bound.
    #[error("the chat template takes too {0}")]
    Bound(&'static str),
    /// It failed while running.
    #[error("the chat template fails: {0}")]
    Failed(String),
}

/// One turn of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Message {
    /// `system`, `user` or `assistant`; templates may know others.
    pub role: String,
    /// What was said.
    pub content: String,
}

impl Message {
    /// A message.
    pub fn new(role: impl Into<String>, content: impl Into<String>) -> Self {
        Self {
            role: role.into(),
            content: content.into(),
        }
    }
}

/// What else a template may know.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context {
    /// Whether the prompt ends with the beginning of the assistant's turn (`add_generation_prompt`).
    pub answer: bool,
    /// Whether a model that can think before it answers should (`enable_thinking`); `None` leaves it to the
    /// template.
    pub thinking: Option<bool>,
    /// The time for templates that print the date: seconds since 1970 in UTC. Without it they fail.
    pub now: Option<i64>,
}

/// A model's chat template.
#[derive(Clone, Debug)]
pub struct Template {
    source: String,
    fuel: u64,
    bos: String,
    eos: String,
}

impl Template {
    /// The template of a file; `None` where it has none.
    ///
    /// # Errors
    /// [`TemplateError::Refused`] where there is one that cannot be used.
    pub fn from_gguf(
        gguf: &Gguf<'_>,
        tokenizer: &Tokenizer,
    ) -> Result<Option<Self>, TemplateError> {
        let Some(source) = Self::source(gguf)? else {
            return Ok(None);
        };
        Self::of(source, tokenizer).map(Some)
    }

    /// The source of the template of a file that conversations use. A file may hold several, listed in
    /// `tokenizer.chat_templates` with each under its name: `tool_use` and the like are for other purposes.
    ///
    /// # Errors
    /// [`TemplateError::Refused`] where it is no text.
    pub fn source<'g>(gguf: &Gguf<'g>) -> Result<Option<&'g str>, TemplateError> {
        const KEY: &str = "tokenizer.chat_template";
        let text = |key: &str| match gguf.get(key) {
            None => Ok(None),
            Some(value) => match value.as_str() {
                Some(source) => Ok(Some(source)),
                None => Err(TemplateError::Refused("it is no text".into())),
            },
        };
        match text(KEY)? {
            Some(source) => Ok(Some(source)),
            None => text(&format!("{KEY}.default")),
        }
    }

    /// A template for a tokenizer's model.
    ///
    /// # Errors
    /// [`TemplateError::Refused`] where it cannot be read.
    pub fn of(source: &str, tokenizer: &Tokenizer) -> Result<Self, TemplateError> {
        let text = |token: Option<u32>| {
            let mut bytes = Vec::new();
            if let Some(token) = token {
                tokenizer.piece(token, true, &mut bytes);
            }
            String::from_utf8_lossy(&bytes).into_owned()
        };
        Self::new(source, text(tokenizer.bos()), text(tokenizer.eos()))
    }

    /// A template with the texts of the tokens that begin and end a text.
    ///
    /// # Errors
    /// [`TemplateError::Refused`] where it cannot be read.
    pub fn new(source: &str, bos: String, eos: String) -> Result<Self, TemplateError> {
        if source.len() > MAX_SOURCE {
            return Err(TemplateError::Refused(format!(
                "{} bytes long",
                source.len()
            )));
        }
        // As Jinja2 does with every source.
        let source = source.replace("\r\n", "\n").replace('\r', "\n");
        let guarded =
            guard::guard(&source).map_err(|reason| TemplateError::Refused(reason.into()))?;
        let fuel = MAX_STEPS.min(MAX_TEXT / (guarded.longest_text as u64).max(1));
        let template = Self {
            source: guarded.source,
            fuel,
            bos,
            eos,
        };
        let env = template.environment(&Budget::new(0, 0), None);
        env.template_from_str(&template.source)
            .map_err(|error| TemplateError::Refused(error.to_string()))?;
        Ok(template)
    }

    /// The prompt for a conversation.
    ///
    /// # Errors
    /// Where the template fails, refuses the conversation or goes beyond its bounds.
    pub fn render(&self, messages: &[Message], context: Context) -> Result<String, TemplateError> {
        std::thread::scope(|scope| {
            std::thread::Builder::new()
                .name("template".into())
                .stack_size(STACK)
                .spawn_scoped(scope, || self.run(messages, context))
                .map_err(|error| TemplateError::Failed(error.to_string()))?
                .join()
                .unwrap_or_else(|_| Err(TemplateError::Failed("an error of the engine".into())))
        })
    }

    fn run(&self, messages: &[Message], context: Context) -> Result<String, TemplateError> {
        let input: u64 = messages
            .iter()
            .map(|message| (message.role.len() + message.content.len()) as u64)
            .sum();
        let budget = Budget::new(BASE_BUDGET + 64 * input, BASE_TEXT + 4 * input);
        let env = self.environment(&budget, context.now);
        let said: Value = messages
            .iter()
            .map(|message| {
                let fields = [("role", &message.role), ("content", &message.content)];
                Value::from_pairs(fields.map(|(key, text)| (key, Value::from(text.as_str()))))
            })
            .collect();
        let mut values = vec![
            ("messages", said),
            ("add_generation_prompt", context.answer.into()),
            ("bos_token", self.bos.as_str().into()),
            ("eos_token", self.eos.as_str().into()),
            // As Hugging Face's renderer hands them over where there are none.
            ("tools", Value::from(())),
            ("documents", Value::from(())),
        ];
        if let Some(thinking) = context.thinking {
            values.push(("enable_thinking", thinking.into()));
        }
        let mut output = Limited {
            bytes: Vec::new(),
            left: BASE_TEXT + 4 * input,
            full: false,
        };
        let result = env.template_from_str(&self.source).and_then(|template| {
            let context = Value::from_pairs(values);
            template
                .render_captured_to(context, &mut output)
                .map(|_| ())
        });
        match result {
            Ok(()) => String::from_utf8(output.bytes)
                .map_err(|_| TemplateError::Failed("broken text".into())),
            Err(_) if output.full => Err(TemplateError::Bound("much room")),
            Err(_) if budget.spent() => Err(TemplateError::Bound("much memory")),
            Err(error) => Err(explain(&error)),
        }
    }

    fn environment<'e>(&self, budget: &Budget, now: Option<i64>) -> Environment<'e> {
        let mut env = Environment::empty();
        // As Hugging Face's renderer has it, for which these templates are written.
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build();
        if let Ok(syntax) = syntax {
            env.set_syntax(syntax);
        }
        env.set_fuel(Some(self.fuel));
        env.set_recursion_limit(MAX_CALLS);
        budget.operators(&mut env);
        add_filters(&mut env, budget);
        add_tests(&mut env, budget);
        add_functions(&mut env, now);
        let own = budget.clone();
        env.set_formatter(move |out, state, value| {
            own.deep(value)?;
            minijinja::escape_formatter(out, state, value)
        });
        let own = budget.clone();
        env.set_unknown_method_callback(move |_, value, name, args| {
            python::method(&own, value, name, args)
        });
        env
    }
}

/// The filters that chat templates use, each charged for what it works on. A filter whose result can be
/// larger than its arguments is one of our own in `python`, or is left out.
fn add_filters(env: &mut Environment<'_>, budget: &Budget) {
    let shallow: [(&'static str, Value); 24] = [
        ("abs", Value::from_function(filters::abs)),
        ("attr", Value::from_function(filters::attr)),
        ("batch", Value::from_function(filters::batch)),
        ("bool", Value::from_function(filters::bool)),
        ("d", Value::from_function(filters::default)),
        ("default", Value::from_function(filters::default)),
        ("dictsort", Value::from_function(filters::dictsort)),
        ("chain", Value::from_function(filters::chain)),
        ("first", Value::from_function(filters::first)),
        ("float", Value::from_function(filters::float)),
        ("int", Value::from_function(filters::int)),
        ("items", Value::from_function(filters::items)),
        ("last", Value::from_function(filters::last)),
        ("list", Value::from_function(filters::list)),
        ("map", Value::from_function(filters::map)),
        ("reject", Value::from_function(filters::reject)),
        ("rejectattr", Value::from_function(filters::rejectattr)),
        ("reverse", Value::from_function(filters::reverse)),
        ("round", Value::from_function(filters::round)),
        ("select", Value::from_function(filters::select)),
        ("selectattr", Value::from_function(filters::selectattr)),
        ("slice", Value::from_function(filters::slice)),
        ("sum", Value::from_function(filters::sum)),
        ("zip", Value::from_function(filters::zip)),
    ];
    let deep: [(&'static str, Value); 13] = [
        ("capitalize", Value::from_function(filters::capitalize)),
        ("groupby", Value::from_function(filters::groupby)),
        ("lines", Value::from_function(filters::lines)),
        ("lower", Value::from_function(filters::lower)),
        ("max", Value::from_function(filters::max)),
        ("min", Value::from_function(filters::min)),
        ("safe", Value::from_function(filters::safe)),
        ("sort", Value::from_function(filters::sort)),
        ("string", Value::from_function(filters::string)),
        ("title", Value::from_function(filters::title)),
        ("trim", Value::from_function(filters::trim)),
        ("upper", Value::from_function(filters::upper)),
        ("unique", Value::from_function(filters::unique)),
    ];
    for (name, function) in shallow {
        budget.filter(env, name, false, function);
    }
    for (name, function) in deep {
        budget.filter(env, name, true, function);
    }
    for name in ["count", "length"] {
        let own = budget.clone();
        // In Jinja2 the length of something undefined is 0.
        env.add_filter(name, move |value: Value| match value.is_undefined() {
            true => Ok(0),
            false => own.shallow(&value).and_then(|()| filters::length(&value)),
        });
    }
    let own = budget.clone();
    env.add_filter("format", move |text: String, args: Rest<Value>| {
        format::printf(&own, &text, &args)
    });
    let own = budget.clone();
    env.add_filter("wordcount", move |text: String| {
        own.charge(text.len() as u64)
            .map(|()| text.split_whitespace().count())
    });
    let own = budget.clone();
    env.add_filter("center", move |text: String, width: Option<usize>| {
        format::pad(&own, &text, width.unwrap_or(80), ' ', format::Align::Center)
    });
    // Chat templates write plain text: nothing is escaped.
    for name in ["e", "escape", "forceescape"] {
        let own = budget.clone();
        env.add_filter(name, move |value: Value| {
            own.deep(&value)?;
            let escaped = python::escape(&value.to_string());
            own.charge(escaped.len() as u64).map(|()| escaped)
        });
    }
    let own = budget.clone();
    env.add_filter(
        "truncate",
        move |text: String, args: Rest<Value>, kwargs: Kwargs| {
            own.charge(text.len() as u64)?;
            python::truncate(&text, &args, &kwargs)
        },
    );
    let own = budget.clone();
    env.add_filter("tojson", move |value: Value, kwargs: Kwargs| {
        python::to_json(&own, &value, &kwargs)
    });
    let own = budget.clone();
    env.add_filter("join", move |parts: Value, separator: Option<String>| {
        python::join(&own, &parts, separator.as_deref().unwrap_or_default())
    });
    let own = budget.clone();
    env.add_filter("replace", move |text: String, from: String, to: String| {
        own.charge(text.len() as u64)?;
        python::replace(&own, &text, &from, &to, None)
    });
    let own = budget.clone();
    env.add_filter(
        "indent",
        move |text: String, width: Option<usize>, first: Option<bool>| {
            let pad = " ".repeat(width.unwrap_or(4).min(64));
            let indented = python::replace(&own, &text, "\n", &format!("\n{pad}"), None)?;
            Ok::<_, Error>(match first {
                Some(true) => pad + &indented,
                _ => indented,
            })
        },
    );
}

fn add_tests(env: &mut Environment<'_>, budget: &Budget) {
    let tests: [(&'static str, Value); 30] = [
        ("boolean", Value::from_function(jinja_tests::is_boolean)),
        ("defined", Value::from_function(jinja_tests::is_defined)),
        (
            "divisibleby",
            Value::from_function(jinja_tests::is_divisibleby),
        ),
        (
            "endingwith",
            Value::from_function(jinja_tests::is_endingwith),
        ),
        ("eq", Value::from_function(jinja_tests::is_eq)),
        ("equalto", Value::from_function(jinja_tests::is_eq)),
        ("==", Value::from_function(jinja_tests::is_eq)),
        ("even", Value::from_function(jinja_tests::is_even)),
        ("false", Value::from_function(jinja_tests::is_false)),
        ("float", Value::from_function(jinja_tests::is_float)),
        ("ge", Value::from_function(jinja_tests::is_ge)),
        ("gt", Value::from_function(jinja_tests::is_gt)),
        ("in", Value::from_function(jinja_tests::is_in)),
        ("integer", Value::from_function(jinja_tests::is_integer)),
        ("iterable", Value::from_function(jinja_tests::is_iterable)),
        ("le", Value::from_function(jinja_tests::is_le)),
        ("lower", Value::from_function(jinja_tests::is_lower)),
        ("lt", Value::from_function(jinja_tests::is_lt)),
        ("mapping", Value::from_function(jinja_tests::is_mapping)),
        ("ne", Value::from_function(jinja_tests::is_ne)),
        ("none", Value::from_function(jinja_tests::is_none)),
        ("number", Value::from_function(jinja_tests::is_number)),
        ("odd", Value::from_function(jinja_tests::is_odd)),
        ("sameas", Value::from_function(jinja_tests::is_sameas)),
        ("sequence", Value::from_function(jinja_tests::is_sequence)),
        (
            "startingwith",
            Value::from_function(jinja_tests::is_startingwith),
        ),
        ("string", Value::from_function(jinja_tests::is_string)),
        ("true", Value::from_function(jinja_tests::is_true)),
        ("undefined", Value::from_function(jinja_tests::is_undefined)),
        ("upper", Value::from_function(jinja_tests::is_upper)),
    ];
    for (name, function) in tests {
        budget.test(env, name, function);
    }
}

fn add_functions(env: &mut Environment<'_>, now: Option<i64>) {
    // At most 100,000 elements by the engine itself, and made as they are asked for.
    env.add_function("range", minijinja::functions::range);
    env.add_function("dict", minijinja::functions::dict);
    env.add_function("namespace", minijinja::functions::namespace);
    env.add_function("raise_exception", |message: String| {
        Err::<Value, _>(Error::new(ErrorKind::InvalidOperation, message).with_source(Raised))
    });
    env.add_function("strftime_now", move |format: String| match now {
        Some(now) => format::strftime(now, &format),
        None => Err(Error::new(
            ErrorKind::InvalidOperation,
            "the date is not known",
        )),
    });
}

/// Marks an error that the template itself raised.
#[derive(Debug, thiserror::Error)]
#[error("raised by the template")]
struct Raised;

fn explain(error: &Error) -> TemplateError {
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        if inner.is::<Raised>() {
            let message = error
                .detail()
                .unwrap_or_default()
                .chars()
                .take(400)
                .collect();
            return TemplateError::Raised(message);
        }
        source = inner.source();
    }
    match error.kind() {
        ErrorKind::OutOfFuel => TemplateError::Bound("many steps"),
        _ => TemplateError::Failed(error.to_string().chars().take(400).collect()),
    }
}

/// A writer that stops at its limit.
struct Limited {
    bytes: Vec<u8>,
    left: u64,
    full: bool,
}

impl io::Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.left.checked_sub(bytes.len() as u64) {
            Some(left) => {
                self.left = left;
                self.bytes.extend_from_slice(bytes);
                Ok(bytes.len())
            }
            None => {
                self.full = true;
                Err(io::ErrorKind::StorageFull.into())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A prompt without a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plain {
    /// The prompt.
    pub text: String,
    /// Texts that end the answer.
    pub stop: Vec<String>,
}

/// The prompt for a base model, which has no template and continues text: a single message is continued as
/// it stands; a conversation is written as one, and the answer ends where the other side would speak.
pub fn plain(messages: &[Message]) -> Plain {
    if let [only] = messages {
        return Plain {
            text: only.content.clone(),
            stop: Vec::new(),
        };
    }
    let mut text = String::new();
    for message in messages {
        match message.role.as_str() {
            "user" => text.push_str("User: "),
            "assistant" => text.push_str("Assistant: "),
            _ => {}
        }
        text.push_str(message.content.trim());
        text.push_str("\n\n");
    }
    text.push_str("Assistant:");
    Plain {
        text,
        stop: vec!["\nUser:".into()],
    }
}

#[cfg(test)]
mod tests;
