-- Detections as the gate released them, the feeds that select among them, what editors did, and what is to be delivered to whom.
-- `body` is the released form (JSON) without the feeds; `released_k` the k it was released by. `seq` is the order in which they were
-- committed: where a reader of a feed goes on. `recorded_at` is the installation's clock at that moment, all other times of
-- detections are event time.

CREATE TABLE detections (
  seq         INTEGER PRIMARY KEY AUTOINCREMENT,
  id          TEXT    NOT NULL UNIQUE,
  kind        TEXT    NOT NULL,
  detected_at INTEGER NOT NULL,
  recorded_at INTEGER NOT NULL,
  severity    TEXT    NOT NULL,
  released_k  INTEGER NOT NULL CHECK (released_k >= 5),
  authors     INTEGER NOT NULL CHECK (authors >= 5),
  body        TEXT    NOT NULL
) STRICT;

CREATE INDEX detections_by_detected_at ON detections (detected_at DESC, id);

-- A removed feed stays, so that the register can say that it was there. `selection` is JSON; its fields only grow.
CREATE TABLE feeds (
  id         INTEGER PRIMARY KEY,
  name       TEXT    NOT NULL,
  selection  TEXT    NOT NULL,
  created    INTEGER NOT NULL,
  removed_at INTEGER
) STRICT;

CREATE UNIQUE INDEX feeds_in_force ON feeds (name) WHERE removed_at IS NULL;

INSERT INTO feeds (name, selection, created) VALUES ('everything', '{}', 0);

CREATE TABLE feed_items (
  feed_id INTEGER NOT NULL,
  seq     INTEGER NOT NULL,
  pinned  INTEGER NOT NULL DEFAULT 0 CHECK (pinned IN (0, 1)),
  useful  INTEGER CHECK (useful IN (0, 1)),
  PRIMARY KEY (feed_id, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX feed_items_by_seq ON feed_items (seq);

CREATE TABLE feed_mutes (
  feed_id INTEGER NOT NULL,
  subject TEXT    NOT NULL,
  value   TEXT    NOT NULL,
  until   INTEGER NOT NULL,
  PRIMARY KEY (feed_id, subject, value)
) STRICT, WITHOUT ROWID;

-- What editors wrote; it was held against the scrubber's rules before it came here.
CREATE TABLE feed_notes (
  id      INTEGER PRIMARY KEY,
  feed_id INTEGER NOT NULL,
  seq     INTEGER NOT NULL,
  text    TEXT    NOT NULL
) STRICT;

CREATE INDEX feed_notes_by_item ON feed_notes (feed_id, seq);

-- Who receives which feed, by name alone: addresses and secrets are in the configuration.
CREATE TABLE receivers (
  id         INTEGER PRIMARY KEY,
  name       TEXT    NOT NULL,
  feed       TEXT    NOT NULL,
  removed_at INTEGER
) STRICT;

CREATE UNIQUE INDEX receivers_in_force ON receivers (name) WHERE removed_at IS NULL;

-- The outbox. A row is made in the transaction that commits its detection, and changed only by its receiver's task.
-- `bundle` joins what goes out as one message. `trouble` is a fixed phrase.
CREATE TABLE deliveries (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  receiver_id INTEGER NOT NULL,
  seq         INTEGER NOT NULL,
  feed        TEXT    NOT NULL,
  state       TEXT    NOT NULL CHECK (state IN ('waiting', 'delivered', 'dead')),
  attempts    INTEGER NOT NULL DEFAULT 0,
  due_at      INTEGER NOT NULL,
  ended_at    INTEGER,
  bundle      TEXT,
  trouble     TEXT,
  UNIQUE (receiver_id, seq)
) STRICT;

CREATE INDEX deliveries_waiting ON deliveries (receiver_id, due_at) WHERE state = 'waiting';
CREATE INDEX deliveries_dead ON deliveries (receiver_id, id) WHERE state = 'dead';
