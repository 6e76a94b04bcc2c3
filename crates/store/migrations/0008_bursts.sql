-- Bursts as the gate released them last. `body` is the released form (JSON); `released_k` the k it was released by: with a higher one
-- it is held back.

CREATE TABLE bursts (
  id         TEXT    NOT NULL PRIMARY KEY,
  type       TEXT    NOT NULL,
  value      TEXT    NOT NULL,
  start      INTEGER NOT NULL,
  "end"      INTEGER,
  as_of      INTEGER NOT NULL,
  q          REAL    NOT NULL,
  released_k INTEGER NOT NULL CHECK (released_k >= 5),
  authors    INTEGER NOT NULL CHECK (authors >= 5),
  body       TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX bursts_by_start ON bursts (start DESC, id);
CREATE INDEX bursts_by_subject ON bursts (type, value, start);
