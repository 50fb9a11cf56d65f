-- The exchange over a wire: addresses that a person gave, what a person thinks of others, invitations.

CREATE TABLE peer (
    -- host:port, as it was given.
    address TEXT PRIMARY KEY,
    added   INTEGER NOT NULL,
    -- Who answered there last, and when.
    root    BLOB,
    reached INTEGER
) STRICT, WITHOUT ROWID;

-- Only connections and what is displayed; never the fold.
CREATE TABLE opinion (
    root    BLOB PRIMARY KEY CHECK (length(root) = 32),
    nick    TEXT,
    blocked INTEGER NOT NULL DEFAULT 0 CHECK (blocked IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE TABLE ticket (
    id      BLOB PRIMARY KEY CHECK (length(id) = 16),
    circle  BLOB NOT NULL CHECK (length(circle) = 32),
    secret  BLOB NOT NULL CHECK (length(secret) = 32),
    -- By this node's own clock.
    made    INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    state   TEXT NOT NULL CHECK (state IN ('open', 'spent', 'withdrawn')),
    -- Who was admitted by it.
    root    BLOB
) STRICT, WITHOUT ROWID;

-- Pairings that wait for a person to compare words, on either side.
CREATE TABLE pairing (
    id     INTEGER PRIMARY KEY,
    ticket BLOB NOT NULL,
    root   BLOB NOT NULL,
    name   TEXT NOT NULL,
    -- What the words are made of.
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    at     INTEGER NOT NULL,
    -- 1: the words are the same; 0: they are not; NULL: nobody said yet.
    answer INTEGER CHECK (answer IN (0, 1))
) STRICT;

-- Circles that admit this node and that nobody here joined: what a person needs to say yes, and nothing else of them.
CREATE TABLE offer (
    circle  BLOB PRIMARY KEY CHECK (length(circle) = 32),
    name    TEXT NOT NULL,
    founder BLOB CHECK (founder IS NULL OR length(founder) = 32),
    -- Who signed the bundle, and as what the circle knows that root; who admitted this node.
    signer  BLOB NOT NULL CHECK (length(signer) = 32),
    called  TEXT NOT NULL,
    sponsor BLOB NOT NULL CHECK (length(sponsor) = 32),
    -- Milliseconds since 1970, by this node's clock: first and last seen.
    first   INTEGER NOT NULL,
    last    INTEGER NOT NULL,
    -- The medium, folder or file where it was seen last; NULL for a pipe.
    place   TEXT
) STRICT, WITHOUT ROWID;

-- What a person said about a circle that is not here: to be joined when a bundle of it comes, or forgotten for good.
CREATE TABLE consent (
    circle    BLOB PRIMARY KEY CHECK (length(circle) = 32),
    forgotten INTEGER NOT NULL CHECK (forgotten IN (0, 1)),
    -- As it was called, for people.
    name      TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
