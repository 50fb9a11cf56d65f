-- The library: documents, their sections, and one full-text index over both.
--
-- Everything here is derived: it can be rebuilt from blobs, records and the person's own files. No
-- statement about trust is made here; `origin` is text for people, `record` and `circle` are the ids
-- to ask the fold with.

CREATE TABLE library_document (
    id         INTEGER PRIMARY KEY,
    -- BLAKE3 of the document's bytes, the name under which the blob store holds them.
    blob       BLOB    NOT NULL CHECK (length(blob) = 32),
    title      TEXT    NOT NULL,
    media_type TEXT    NOT NULL CHECK (media_type IN ('text/markdown', 'text/plain')),
    -- BCP 47 tag, or '' where nobody said it.
    language   TEXT    NOT NULL DEFAULT '',
    -- Who it came from, for people: 'manual', 'local', or a name and a record.
    origin     TEXT    NOT NULL,
    -- NULL for what never left this machine.
    record     BLOB    CHECK (record IS NULL OR length(record) = 32),
    circle     BLOB    CHECK (circle IS NULL OR length(circle) = 32),
    shelf      TEXT    NOT NULL CHECK (shelf IN ('manual', 'shared', 'private')),
    -- 1 once withdrawn: the row stays as a tombstone, its sections are gone.
    hidden     INTEGER NOT NULL DEFAULT 0 CHECK (hidden IN (0, 1)),
    -- A private document is nobody else's: it has neither record nor circle.
    CHECK (shelf <> 'private' OR (record IS NULL AND circle IS NULL)),
    CHECK (shelf <> 'shared' OR (record IS NOT NULL AND circle IS NOT NULL))
) STRICT;

-- A shared fact is one document, however often its record arrives.
CREATE UNIQUE INDEX library_document_record ON library_document (record) WHERE record IS NOT NULL;
-- The same file added twice to one shelf is one document.
CREATE UNIQUE INDEX library_document_local ON library_document (shelf, blob) WHERE record IS NULL;
CREATE INDEX library_document_blob ON library_document (blob);

CREATE TABLE library_section (
    id       INTEGER PRIMARY KEY,
    document INTEGER NOT NULL REFERENCES library_document (id) ON DELETE CASCADE,
    -- Place in the document, from 0, without gaps.
    ordinal  INTEGER NOT NULL CHECK (ordinal >= 0),
    -- Headings from the outermost in, joined by U+203A with a space on each side.
    heading  TEXT    NOT NULL,
    -- Bytes of the document's text: start inclusive, finish exclusive. `body` is exactly these bytes.
    start    INTEGER NOT NULL CHECK (start >= 0),
    finish   INTEGER NOT NULL CHECK (finish >= start),
    body     TEXT    NOT NULL,
    -- Authored phrasings of the question that this section answers, one per line; mostly ''.
    asked    TEXT    NOT NULL DEFAULT '',
    UNIQUE (document, ordinal)
) STRICT;

-- Terms as `library::text` makes them, joined by spaces; rowid is library_section.id. A term has no
-- ASCII character but letters and digits, and the ascii tokenizer takes every other character for a
-- letter: so it splits at the spaces and nowhere else. Contentless, because the text is kept above.
CREATE VIRTUAL TABLE library_terms USING fts5 (
    heading, asked, body,
    content = '', contentless_delete = 1, tokenize = 'ascii'
);

-- Whatever deletes a section, directly or by cascade, takes its terms along.
CREATE TRIGGER library_section_gone AFTER DELETE ON library_section BEGIN
    DELETE FROM library_terms WHERE rowid = old.id;
END;
