-- The first layout of the store. What is derived from records (in_set, state, library) can be rebuilt.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Circles that this node belongs to, and read-only shelves.
CREATE TABLE circle (
    id           BLOB PRIMARY KEY CHECK (length(id) = 32),
    -- 'member' or 'shelf'
    standing     TEXT NOT NULL CHECK (standing IN ('member', 'shelf')),
    -- Cache of the fold, valid for this version of the rules: the state but documents and models (those are
    -- rows of fact), the frontier, the ids of the set's statements, and what the folds of pasts came to, which
    -- never changes. The hash of the set is NULL until asked for.
    set_hash     BLOB,
    fold_version INTEGER,
    state        BLOB,
    frontier     BLOB,
    statements   BLOB,
    permissions  BLOB,
    waiting      INTEGER NOT NULL DEFAULT 1
) STRICT, WITHOUT ROWID;

-- Statements of all roots that anything here names.
CREATE TABLE statement (
    id    BLOB PRIMARY KEY CHECK (length(id) = 32),
    root  BLOB NOT NULL CHECK (length(root) = 32),
    bytes BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX statement_root ON statement (root);

-- The pool of records: in the set, or waiting in quarantine.
CREATE TABLE record (
    -- Order of arrival: what waits longest is evicted first.
    arrival INTEGER PRIMARY KEY,
    id      BLOB NOT NULL UNIQUE CHECK (length(id) = 32),
    circle  BLOB NOT NULL,
    feed    BLOB NOT NULL,
    height  INTEGER NOT NULL,
    kind    INTEGER NOT NULL,
    in_set  INTEGER NOT NULL DEFAULT 0 CHECK (in_set IN (0, 1)),
    -- The root that delivered it, NULL for own records.
    deliverer BLOB,
    bytes   BLOB NOT NULL
) STRICT;
CREATE INDEX record_place ON record (circle, feed, height);
CREATE INDEX record_waiting ON record (deliverer, arrival) WHERE in_set = 0;
-- What waits of one feed, which each new record of it asks for: without it that looked at the whole feed.
CREATE INDEX record_waiting_feed ON record (circle, feed) WHERE in_set = 0;

CREATE INDEX record_kind ON record (circle, kind, feed);

-- Documents and models that count, and withdrawals by their target: part of the cache.
CREATE TABLE fact (
    record BLOB PRIMARY KEY,
    circle BLOB NOT NULL,
    kind   INTEGER NOT NULL,
    -- NULL for withdrawals.
    author BLOB,
    target BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX fact_circle ON fact (circle);
CREATE INDEX fact_target ON fact (target) WHERE target IS NOT NULL;

-- Decisions that a late record changed: told once by status.
CREATE TABLE notice (
    id    INTEGER PRIMARY KEY,
    at    INTEGER NOT NULL,
    -- JSON object, as in the audit trail.
    line  TEXT NOT NULL,
    shown INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Blobs whose files are complete and verified.
CREATE TABLE blob (
    blake3 BLOB PRIMARY KEY CHECK (length(blake3) = 32),
    sha256 BLOB NOT NULL CHECK (length(sha256) = 32),
    size   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The latest acknowledgement between two roots, in either direction.
CREATE TABLE ack (
    circle    BLOB NOT NULL,
    from_root BLOB NOT NULL,
    to_root   BLOB NOT NULL,
    epoch     BLOB NOT NULL,
    sequence  INTEGER NOT NULL,
    bytes     BLOB NOT NULL,
    PRIMARY KEY (circle, from_root, to_root)
) STRICT, WITHOUT ROWID;

-- When something newer of a peer was first taken in, by the local clock (milliseconds).
CREATE TABLE heard (
    circle BLOB NOT NULL,
    root   BLOB NOT NULL,
    at     INTEGER NOT NULL,
    road   TEXT NOT NULL,
    PRIMARY KEY (circle, root)
) STRICT, WITHOUT ROWID;

-- Bundles written, by circle: sequence and SHA-256 of HEAD, for the chain that staleness is read from.
CREATE TABLE bundle_out (
    circle   BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    head     BLOB,
    -- Its folder on a medium, NULL for a file or a pipe.
    handle   TEXT,
    PRIMARY KEY (circle, sequence)
) STRICT, WITHOUT ROWID;

-- The newest bundle taken in, by circle and signer.
CREATE TABLE bundle_in (
    circle   BLOB NOT NULL,
    signer   BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    -- SHA-256 of its HEAD: the next one names it.
    head     BLOB NOT NULL,
    PRIMARY KEY (circle, signer)
) STRICT, WITHOUT ROWID;

-- Bundles of a signer that did not come here, by number, from one to another. They go when they come, when an
-- acknowledgement of the signer shows that nothing is missing, and the oldest of too many.
CREATE TABLE bundle_gap (
    circle BLOB NOT NULL,
    signer BLOB NOT NULL,
    first  INTEGER NOT NULL,
    last   INTEGER NOT NULL,
    PRIMARY KEY (circle, signer, first)
) STRICT, WITHOUT ROWID;

-- Models that can be named with -m.
CREATE TABLE model (
    name    TEXT PRIMARY KEY,
    blob    BLOB NOT NULL CHECK (length(blob) = 32),
    -- Who it came from, for people: 'local', 'starter', or a member's name.
    origin  TEXT NOT NULL,
    record  BLOB,
    circle  BLOB,
    toy     INTEGER NOT NULL DEFAULT 0,
    note    TEXT NOT NULL DEFAULT '',
    licence TEXT NOT NULL DEFAULT '',
    source  TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

-- What came in and went out. Each line's hash covers the line before it.
CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,
    -- JSON object: what, by which road, to or from whom, how much.
    line     TEXT NOT NULL,
    hash     BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
