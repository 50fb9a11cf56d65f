//! What one rendering may still use, and the filters that charge it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use minijinja::value::{Kwargs, Rest, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State, Value};

/// Bytes that a value takes besides its text.
const NODE: u64 = 16;

/// A budget of bytes, shared by all filters of one rendering.
#[derive(Clone)]
pub(super) struct Budget(Arc<Inner>);

struct Inner {
    left: AtomicU64,
    /// Longest text that an operator or a filter may work on.
    longest: u64,
    spent: AtomicBool,
}

impl Budget {
    pub(super) fn new(bytes: u64, longest: u64) -> Self {
        Self(Arc::new(Inner {
            left: AtomicU64::new(bytes),
            longest,
            spent: AtomicBool::new(false),
        }))
    }

    /// Whether a charge was refused.
    pub(super) fn spent(&self) -> bool {
        self.0.spent.load(Ordering::Relaxed)
    }

    fn refuse(&self) -> Error {
        self.0.spent.store(true, Ordering::Relaxed);
        Error::new(
            ErrorKind::InvalidOperation,
            "the template uses too much memory",
        )
    }

    /// Takes `bytes` off the budget.
    pub(super) fn charge(&self, bytes: u64) -> Result<(), Error> {
        let left = &self.0.left;
        left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            left.checked_sub(bytes)
        })
        .map(|_| ())
        .map_err(|_| self.refuse())
    }

    fn text(&self, len: usize) -> Result<u64, Error> {
        match len as u64 {
            len if len <= self.0.longest => Ok(len),
            _ => Err(self.refuse()),
        }
    }

    /// Charges a value itself: its text, or its elements without what is in them.
    pub(super) fn shallow(&self, value: &Value) -> Result<(), Error> {
        let own = match value.as_str() {
            Some(text) => self.text(text.len())?,
            None => value.len().unwrap_or(0) as u64 * NODE,
        };
        self.charge(own + NODE)
    }

    /// Charges a value with all that is in it, as often as it is in it: what its text would take.
    pub(super) fn deep(&self, value: &Value) -> Result<(), Error> {
        // A stack of our own: the nesting may be deeper than the thread's.
        let mut waiting = vec![value.clone()];
        while let Some(value) = waiting.pop() {
            self.shallow(&value)?;
            let listed = match value.kind() {
                ValueKind::Seq | ValueKind::Map => true,
                ValueKind::Iterable => value.len().is_some(),
                _ => false,
            };
            if !listed {
                continue;
            }
            let Ok(elements) = value.try_iter() else {
                continue;
            };
            for element in elements {
                if value.kind() == ValueKind::Map
                    && let Ok(inner) = value.get_item(&element)
                {
                    waiting.push(inner);
                }
                waiting.push(element);
            }
        }
        Ok(())
    }

    /// Adds a filter that charges all its arguments before it runs.
    pub(super) fn filter(
        &self,
        env: &mut Environment<'_>,
        name: &'static str,
        deep: bool,
        function: Value,
    ) {
        let budget = self.clone();
        let run = move |state: &mut State, mut args: Rest<Value>, kwargs: Kwargs| {
            budget.all(&args, deep)?;
            if kwargs.args().next().is_some() {
                args.push(kwargs.into());
            }
            function.call(state, &args)
        };
        env.add_filter(name, run);
    }

    /// Adds a test that charges all its arguments before it runs.
    pub(super) fn test(&self, env: &mut Environment<'_>, name: &'static str, function: Value) {
        let budget = self.clone();
        env.add_test(name, move |state: &mut State, args: Rest<Value>| {
            budget.all(&args, true)?;
            Ok::<_, Error>(function.call(state, &args)?.is_true())
        });
    }

    fn all(&self, values: &[Value], deep: bool) -> Result<(), Error> {
        values.iter().try_for_each(|value| match deep {
            true => self.deep(value),
            false => self.shallow(value),
        })
    }

    /// Python's `*`: a product, or a text or list that is repeated; charged before it is made.
    fn times(&self, value: &Value, factor: &Value) -> Result<Value, Error> {
        let wrong = || {
            let why = "only numbers, and a text or a list with a whole number, can be multiplied";
            Error::new(ErrorKind::InvalidOperation, why)
        };
        let whole = |value: &Value| match value.kind() {
            ValueKind::Number if value.is_integer() => i64::try_from(value.clone()).ok(),
            ValueKind::Bool => Some(i64::from(value.is_true())),
            _ => None,
        };
        let number = |value: &Value| match whole(value) {
            Some(whole) => Some(whole as f64),
            None if value.is_number() => f64::try_from(value.clone()).ok(),
            None => None,
        };
        let repeated = |value: &Value, times: i64| -> Result<Value, Error> {
            let times = usize::try_from(times).unwrap_or(0);
            if let Some(text) = value.as_str() {
                let bytes = self.text(text.len().saturating_mul(times))?;
                self.charge(bytes + NODE)?;
                return Ok(text.repeat(times).into());
            }
            let elements: Vec<Value> = value.try_iter()?.collect();
            let count = (elements.len() as u64).saturating_mul(times as u64);
            self.charge(count.saturating_mul(NODE) + NODE)?;
            Ok(std::iter::repeat_n(elements, times).flatten().collect())
        };
        let listed = |value: &Value| value.as_str().is_some() || value.kind() == ValueKind::Seq;
        self.shallow(value)?;
        match (whole(value), whole(factor)) {
            (Some(a), Some(b)) => a.checked_mul(b).map(Value::from).ok_or_else(wrong),
            (None, Some(times)) if listed(value) => repeated(value, times),
            (Some(times), None) if listed(factor) => {
                self.shallow(factor)?;
                repeated(factor, times)
            }
            _ => match (number(value), number(factor)) {
                (Some(a), Some(b)) => Ok((a * b).into()),
                _ => Err(wrong()),
            },
        }
    }

    /// Adds the filters that `guard` writes into the source.
    pub(super) fn operators(&self, env: &mut Environment<'_>) {
        // Joining two lists shares their elements, and slicing one copies only the list.
        let budget = self.clone();
        env.add_filter("_made", move |value: Value| {
            budget.shallow(&value).map(|()| value)
        });
        for name in ["_text", "_walked"] {
            let budget = self.clone();
            env.add_filter(name, move |value: Value| {
                budget.deep(&value).map(|()| value)
            });
        }
        let budget = self.clone();
        env.add_filter("_times", move |value: Value, factor: Value| {
            budget.times(&value, &factor)
        });
        env.add_filter("_number", |value: Value| match value.kind() {
            ValueKind::Number | ValueKind::Undefined | ValueKind::Bool => Ok(value),
            _ => Err(Error::new(
                ErrorKind::InvalidOperation,
                "only numbers can be multiplied here",
            )),
        });
    }
}
