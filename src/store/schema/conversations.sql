-- Conversations. They are this person's own: nothing here ever becomes a record or travels.

CREATE TABLE session (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    -- The first question's first line, until the person gives another.
    title   TEXT    NOT NULL,
    -- Instructions that stand before the conversation, or ''.
    system  TEXT    NOT NULL DEFAULT '',
    -- Milliseconds since 1970, local clock.
    made    INTEGER NOT NULL,
    touched INTEGER NOT NULL,
    -- The last message of the branch shown last.
    leaf    INTEGER
) STRICT;
CREATE INDEX session_touched ON session (touched);

-- A tree: a question that was edited and an answer that was made again are siblings.
CREATE TABLE message (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    session INTEGER NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    parent  INTEGER REFERENCES message (id) ON DELETE CASCADE,
    -- 'manual': quotations of the built-in manual, no model's words.
    role    TEXT    NOT NULL CHECK (role IN ('user', 'model', 'manual')),
    text    TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    -- The model that answered.
    model   TEXT,
    -- JSON array of what was quoted and from where.
    quotes  TEXT    NOT NULL DEFAULT '[]',
    prompt_tokens INTEGER NOT NULL DEFAULT 0,
    tokens  INTEGER NOT NULL DEFAULT 0,
    -- Tokens per second.
    rate    REAL    NOT NULL DEFAULT 0,
    -- Did anything leave this machine for it? 'local': nothing did.
    privacy TEXT    NOT NULL DEFAULT 'local' CHECK (privacy IN ('local')),
    -- How it ended; NULL while it is being written, and for ever where the program was killed meanwhile.
    ended   TEXT
) STRICT;
CREATE INDEX message_session ON message (session);
CREATE INDEX message_parent ON message (parent);
CREATE INDEX message_open ON message (id) WHERE ended IS NULL;

-- Any three characters in a row can be found, in scripts without spaces, too. A message is in the
-- index exactly while `ended` is not NULL.
CREATE VIRTUAL TABLE message_terms USING fts5 (
    text, content = 'message', content_rowid = 'id', tokenize = 'trigram'
);
-- What is deleted leaves the index's pages as well.
INSERT INTO message_terms (message_terms, rank) VALUES ('secure-delete', 1);

CREATE TRIGGER message_made AFTER INSERT ON message WHEN new.ended IS NOT NULL BEGIN
    INSERT INTO message_terms (rowid, text) VALUES (new.id, new.text);
END;
CREATE TRIGGER message_ended AFTER UPDATE OF ended ON message
    WHEN old.ended IS NULL AND new.ended IS NOT NULL BEGIN
    INSERT INTO message_terms (rowid, text) VALUES (new.id, new.text);
END;
CREATE TRIGGER message_gone AFTER DELETE ON message WHEN old.ended IS NOT NULL BEGIN
    INSERT INTO message_terms (message_terms, rowid, text) VALUES ('delete', old.id, old.text);
END;
