-- When records came in: those from this arrival on came at this time (milliseconds since 1970, local clock), until the
-- next line says otherwise. One line for each batch; what is older than this table has none.
CREATE TABLE arrived (
    arrival INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL
) STRICT;
