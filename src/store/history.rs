//! Conversations: sessions with titles, their messages as a tree, and a search over all of them.
//!
//! Local and nothing else. No function here makes a record, and no carrier reads these tables. A message
//! that is being written is a row whose `ended` is missing; its text grows by whole pieces, so that a kill
//! loses at most the piece that was on its way. What is deleted is overwritten in the file.

use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use serde::Serialize;

use super::{Store, StoreError};

/// Fewest characters of a word that the index can find; shorter ones are looked for row by row.
const INDEXED: usize = 3;
/// Characters of a found message that are shown around the place.
const AROUND: usize = 60;

/// Whose words a message holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Speaker {
    User,
    Model,
    /// Quotations of the built-in manual.
    Manual,
}

/// Whether anything left this machine for a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Privacy {
    /// Nothing did: it was made here, of what is here.
    Local,
}

/// A conversation, as the list shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SessionRow {
    pub id: i64,
    pub title: String,
    pub system: String,
    /// Milliseconds since 1970.
    pub made: u64,
    pub touched: u64,
    pub leaf: Option<i64>,
    pub messages: u64,
    /// The model that answered last, if one did.
    pub model: Option<String>,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MessageRow {
    pub id: i64,
    pub parent: Option<i64>,
    pub role: Speaker,
    pub text: String,
    /// Milliseconds since 1970.
    pub at: u64,
    pub model: Option<String>,
    pub quotes: serde_json::Value,
    pub prompt_tokens: u64,
    pub tokens: u64,
    /// Tokens per second.
    pub rate: f64,
    pub privacy: Privacy,
    /// How it ended; none: it is being written, or the program was killed meanwhile.
    pub ended: Option<String>,
}

/// A message to be added.
#[derive(Debug, Clone)]
pub struct NewMessage<'a> {
    pub session: i64,
    pub parent: Option<i64>,
    pub role: Speaker,
    pub text: &'a str,
    pub at: u64,
    pub model: Option<&'a str>,
    pub quotes: &'a serde_json::Value,
    /// None: it is going to grow.
    pub ended: Option<&'a str>,
}

/// What is known of an answer once it is complete.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    pub prompt_tokens: u64,
    pub tokens: u64,
    /// Tokens per second.
    pub rate: f64,
}

/// A message that a search found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FoundMessage {
    pub session: i64,
    pub message: i64,
    pub title: String,
    pub role: Speaker,
    /// The text around the place, on one line.
    pub around: String,
    pub at: u64,
}

impl Speaker {
    /// The word of the database and of JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Model => "model",
            Self::Manual => "manual",
        }
    }
}

impl Store {
    /// Begins a conversation.
    pub fn new_session(&self, title: &str, system: &str, now: u64) -> Result<i64, StoreError> {
        let sql = "INSERT INTO session (title, system, made, touched) VALUES (?1, ?2, ?3, ?3)";
        self.db.execute(sql, params![title, system, now as i64])?;
        Ok(self.db.last_insert_rowid())
    }

    /// All conversations, the one touched last first.
    pub fn sessions(&self) -> Result<Vec<SessionRow>, StoreError> {
        let mut sql = self.db.prepare(&format!(
            "{SESSION} ORDER BY session.touched DESC, session.id DESC"
        ))?;
        let rows = sql.query_map([], session)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// One conversation.
    pub fn session(&self, id: i64) -> Result<Option<SessionRow>, StoreError> {
        let sql = format!("{SESSION} WHERE session.id = ?1");
        Ok(self.db.query_row(&sql, [id], session).optional()?)
    }

    /// All messages of a conversation, in the order in which they were made.
    pub fn messages(&self, session: i64) -> Result<Vec<MessageRow>, StoreError> {
        let mut sql = self.db.prepare(
            "SELECT id, parent, role, text, at, model, quotes, prompt_tokens, tokens, rate, privacy, ended
             FROM message WHERE session = ?1 ORDER BY id",
        )?;
        let rows = sql.query_map([session], message)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Adds a message and makes it the conversation's leaf.
    pub fn add_message(&self, new: &NewMessage<'_>) -> Result<i64, StoreError> {
        self.immediately(|| {
            self.db.execute(
                "INSERT INTO message (session, parent, role, text, at, model, quotes, ended)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![
                    new.session,
                    new.parent,
                    new.role.word(),
                    new.text,
                    new.at as i64,
                    new.model,
                    new.quotes.to_string(),
                    new.ended
                ],
            )?;
            let id = self.db.last_insert_rowid();
            let sql = "UPDATE session SET leaf = ?2, touched = ?3 WHERE id = ?1";
            self.db
                .execute(sql, params![new.session, id, new.at as i64])?;
            Ok(id)
        })
    }

    /// Sets the text of a message that is being written.
    pub fn grow_message(&self, id: i64, text: &str) -> Result<(), StoreError> {
        let sql = "UPDATE message SET text = ?2 WHERE id = ?1 AND ended IS NULL";
        self.db.execute(sql, params![id, text])?;
        Ok(())
    }

    /// Completes a message that is being written.
    pub fn end_message(
        &self,
        id: i64,
        text: &str,
        ended: &str,
        figures: Figures,
    ) -> Result<(), StoreError> {
        let sql =
            "UPDATE message SET text = ?2, ended = ?3, prompt_tokens = ?4, tokens = ?5, rate = ?6
                   WHERE id = ?1 AND ended IS NULL";
        self.db.execute(
            sql,
            params![
                id,
                text,
                ended,
                figures.prompt_tokens as i64,
                figures.tokens as i64,
                figures.rate
            ],
        )?;
        Ok(())
    }

    /// Says which branch of a conversation is shown.
    pub fn set_leaf(&self, session: i64, leaf: Option<i64>) -> Result<(), StoreError> {
        let sql = "UPDATE session SET leaf = ?2 WHERE id = ?1";
        self.db.execute(sql, params![session, leaf])?;
        Ok(())
    }

    /// Gives a conversation another title.
    pub fn title_session(&self, session: i64, title: &str) -> Result<(), StoreError> {
        let sql = "UPDATE session SET title = ?2 WHERE id = ?1";
        self.db.execute(sql, params![session, title])?;
        Ok(())
    }

    /// Gives a conversation other instructions.
    pub fn instruct_session(&self, session: i64, system: &str) -> Result<(), StoreError> {
        let sql = "UPDATE session SET system = ?2 WHERE id = ?1";
        self.db.execute(sql, params![session, system])?;
        Ok(())
    }

    /// Deletes conversations; their text is overwritten in the file. Returns how many there were.
    pub fn delete_sessions(&self, ids: &[i64]) -> Result<usize, StoreError> {
        self.db.pragma_update(None, "secure_delete", "ON")?;
        let deleted = self.immediately(|| {
            let tx = &self.db;
            let mut deleted = 0;
            for id in ids {
                // Messages first and by hand: the trigger that empties the index sees each of them.
                tx.execute("UPDATE session SET leaf = NULL WHERE id = ?1", [id])?;
                tx.execute("DELETE FROM message WHERE session = ?1", [id])?;
                deleted += tx.execute("DELETE FROM session WHERE id = ?1", [id])?;
            }
            Ok::<_, StoreError>(deleted)
        })?;
        // The log holds the old pages until it is emptied; another reader may put that off.
        self.db
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(deleted)
    }

    /// Messages that hold every word of a query, newest first.
    pub fn find_messages(
        &self,
        query: &str,
        limit: usize,
    ) -> Result<Vec<FoundMessage>, StoreError> {
        find(&self.db, query, limit)
    }
}

const SESSION: &str = "SELECT session.id, session.title, session.system, session.made, session.touched, session.leaf,
    (SELECT count(*) FROM message WHERE message.session = session.id),
    (SELECT model FROM message WHERE message.session = session.id AND model IS NOT NULL ORDER BY id DESC LIMIT 1)
    FROM session";

fn session(row: &Row<'_>) -> rusqlite::Result<SessionRow> {
    Ok(SessionRow {
        id: row.get(0)?,
        title: row.get(1)?,
        system: row.get(2)?,
        made: row.get::<_, i64>(3)?.unsigned_abs(),
        touched: row.get::<_, i64>(4)?.unsigned_abs(),
        leaf: row.get(5)?,
        messages: row.get::<_, i64>(6)?.unsigned_abs(),
        model: row.get(7)?,
    })
}

fn message(row: &Row<'_>) -> rusqlite::Result<MessageRow> {
    let quotes: String = row.get(6)?;
    Ok(MessageRow {
        id: row.get(0)?,
        parent: row.get(1)?,
        role: speaker(&row.get::<_, String>(2)?),
        text: row.get(3)?,
        at: row.get::<_, i64>(4)?.unsigned_abs(),
        model: row.get(5)?,
        quotes: serde_json::from_str(&quotes).unwrap_or_default(),
        prompt_tokens: row.get::<_, i64>(7)?.unsigned_abs(),
        tokens: row.get::<_, i64>(8)?.unsigned_abs(),
        rate: row.get(9)?,
        // The table takes no other word in this layout.
        privacy: Privacy::Local,
        ended: row.get(11)?,
    })
}

fn speaker(word: &str) -> Speaker {
    match word {
        "user" => Speaker::User,
        "manual" => Speaker::Manual,
        _ => Speaker::Model,
    }
}

fn find(db: &Connection, query: &str, limit: usize) -> Result<Vec<FoundMessage>, StoreError> {
    let words: Vec<&str> = query.split_whitespace().collect();
    let Some(first) = words.first() else {
        return Ok(Vec::new());
    };
    let long = |word: &&&str| word.chars().count() >= INDEXED;
    let phrases: Vec<String> = words
        .iter()
        .filter(long)
        .map(|word| format!("\"{}\"", word.replace('"', "\"\"")))
        .collect();
    let mut values = Vec::new();
    // What is still being written is not in the index; it is one row or none.
    let mut sql =
        "SELECT message.session, message.id, session.title, message.role, message.text, message.at
        FROM message JOIN session ON session.id = message.session WHERE TRUE"
            .to_owned();
    if !phrases.is_empty() {
        values.push(phrases.join(" "));
        sql.push_str(
            " AND (message.ended IS NULL OR message.id IN (SELECT rowid FROM message_terms WHERE message_terms MATCH ?1))",
        );
    }
    for word in &words {
        let escaped = word
            .replace('\\', "\\\\")
            .replace('%', "\\%")
            .replace('_', "\\_");
        values.push(format!("%{escaped}%"));
        // The index folds the case of every script, LIKE that of ASCII: indexed words are asked for only where they
        // are not in the index.
        let place = values.len();
        let like = format!("message.text LIKE ?{place} ESCAPE '\\'");
        if long(&word) {
            sql.push_str(&format!(" AND (message.ended IS NOT NULL OR {like})"));
        } else {
            sql.push_str(&format!(" AND {like}"));
        }
    }
    sql.push_str(&format!(" ORDER BY message.id DESC LIMIT {limit}"));
    let mut statement = db.prepare(&sql)?;
    let rows = statement.query_map(params_from_iter(values), |row| {
        let text: String = row.get(4)?;
        Ok(FoundMessage {
            session: row.get(0)?,
            message: row.get(1)?,
            title: row.get(2)?,
            role: speaker(&row.get::<_, String>(3)?),
            around: around(&text, first),
            at: row.get::<_, i64>(5)?.unsigned_abs(),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The text around the first place of a word, on one line.
fn around(text: &str, word: &str) -> String {
    let folded: Vec<char> = text.chars().flat_map(char::to_lowercase).collect();
    let wanted: Vec<char> = word.chars().flat_map(char::to_lowercase).collect();
    let place = folded
        .windows(wanted.len().max(1))
        .position(|window| window == wanted.as_slice())
        .unwrap_or(0);
    let from = place.saturating_sub(AROUND / 3);
    let shown = text.chars().skip(from).take(AROUND * 3);
    let line: String = shown
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    if from > 0 { format!("…{line}") } else { line }
}

#[cfg(test)]
#[path = "history_tests.rs"]
mod tests;
