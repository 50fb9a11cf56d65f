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
    -- 1 while that content is not here.
    lacking INTEGER NOT NULL DEFAULT 0 CHECK (lacking IN (0, 1))
) STRICT;
CREATE INDEX fact_target ON fact (target) WHERE target IS NOT NULL;
CREATE INDEX fact_blob ON fact (blob) WHERE blob IS NOT NULL;
CREATE INDEX fact_lacking ON fact (circle) WHERE lacking = 1;

CREATE TRIGGER blob_came AFTER INSERT ON blob BEGIN
    UPDATE fact SET lacking = 0 WHERE blob = new.blake3;
END;
CREATE TRIGGER blob_gone AFTER DELETE ON blob BEGIN
    UPDATE fact SET lacking = 1 WHERE blob = old.blake3;
END;

UPDATE circle SET fold_version = NULL;
