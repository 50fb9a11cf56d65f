-- What the courier wrote, and what was removed here.

-- Whom a bundle was for (roots, ascending, 32 bytes each) and a hash of what it held, so that the courier knows what lies
-- on a medium already. NULL for what a person wrote.
ALTER TABLE bundle_out ADD COLUMN recipients BLOB;
ALTER TABLE bundle_out ADD COLUMN digest BLOB;
CREATE INDEX bundle_out_handle ON bundle_out (handle) WHERE handle IS NOT NULL;

-- Shared models whose name was removed here: they stay away until they are asked for.
CREATE TABLE model_removed (
    record BLOB PRIMARY KEY CHECK (length(record) = 32)
) STRICT, WITHOUT ROWID;
