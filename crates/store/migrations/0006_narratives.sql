-- Narratives as the gate released them last, and what happened to them. `body` is the released form (JSON); `released_k` the k it was
-- released by: with a higher one it is held back until it is released anew.

CREATE TABLE narratives (
  id         TEXT    NOT NULL PRIMARY KEY,
  state      TEXT    NOT NULL,
  first_seen INTEGER NOT NULL,
  last_seen  INTEGER NOT NULL,
  as_of      INTEGER NOT NULL,
  released_k INTEGER NOT NULL CHECK (released_k >= 5),
  authors    INTEGER NOT NULL CHECK (authors >= 5),
  body       TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX narratives_by_last_seen ON narratives (last_seen DESC, id);

-- `key` is id, event and others: the same entry again changes nothing.
CREATE TABLE narrative_events (
  time       INTEGER NOT NULL,
  key        TEXT    NOT NULL,
  id         TEXT    NOT NULL,
  released_k INTEGER NOT NULL CHECK (released_k >= 5),
  authors    INTEGER NOT NULL CHECK (authors >= 5),
  body       TEXT    NOT NULL,
  PRIMARY KEY (time, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX narrative_events_by_id ON narrative_events (id, time);
