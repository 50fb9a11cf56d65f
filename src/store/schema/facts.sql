-- Facts know their content, so that what is missing of a circle, and who names a blob, is found without reading every
-- record. The table is a cache: it is made anew, and opening the store fills it. A fact stands by its record's place in the
-- pool: what arrives goes to the end, where an index by hashes would be written all over.
DROP TABLE fact;
CREATE TABLE fact (
    arrival INTEGER PRIMARY KEY,
    circle  BLOB NOT NULL,
    kind    INTEGER NOT NULL,
    -- NULL for withdrawals.
    author  BLOB,
    target  BLOB,
    -- BLAKE3 of a document's or model's content.
    blob    BLOB,
    -- 1 while this circle's scope lacks that content.
    lacking INTEGER NOT NULL DEFAULT 0 CHECK (lacking IN (0, 1))
) STRICT;
CREATE INDEX fact_target ON fact (target) WHERE target IS NOT NULL;
CREATE INDEX fact_blob ON fact (blob) WHERE blob IS NOT NULL;
CREATE INDEX fact_lacking ON fact (circle) WHERE lacking = 1;

-- From where this node has a content: a circle in which it got or shared it, or (32 zero bytes) a person who added it here.
-- A blob is served, bundled, searched and said to be here within its scopes and nowhere else.
CREATE TABLE scope (
    circle BLOB NOT NULL CHECK (length(circle) = 32),
    blob   BLOB NOT NULL CHECK (length(blob) = 32),
    PRIMARY KEY (circle, blob)
) STRICT, WITHOUT ROWID;
CREATE INDEX scope_blob ON scope (blob);

CREATE TRIGGER scope_came AFTER INSERT ON scope BEGIN
    UPDATE fact SET lacking = 0 WHERE blob = new.blob AND circle = new.circle;
END;
CREATE TRIGGER scope_gone AFTER DELETE ON scope BEGIN
    UPDATE fact SET lacking = 1 WHERE blob = old.blob AND circle = old.circle;
END;
CREATE TRIGGER blob_gone AFTER DELETE ON blob BEGIN
    DELETE FROM scope WHERE blob = old.blake3;
END;

UPDATE circle SET fold_version = NULL;
