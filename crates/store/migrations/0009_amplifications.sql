-- Amplifications as the gate released them last. `body` is the released form (JSON); `released_k` the k it was released by: with a higher
-- one it is held back until it is released anew.

CREATE TABLE amplifications (
  id         TEXT    NOT NULL PRIMARY KEY,
  start      INTEGER NOT NULL,
  "end"      INTEGER NOT NULL,
  as_of      INTEGER NOT NULL,
  released_k INTEGER NOT NULL CHECK (released_k >= 5),
  authors    INTEGER NOT NULL CHECK (authors >= 5),
  body       TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX amplifications_by_end ON amplifications ("end" DESC, id);
