-- What the gate released, and nothing else. `dimension` is the gate's number of it; `step` is 0 minute, 1 hour, 2 day.

CREATE TABLE meta (
  key   TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One row a cell of a closed window. `posts` and `authors` are NULL where the total is held back.
-- The primary key is the only index: a window is read in one stretch, and one value over time by one look-up a window,
-- of which there are few (`windows_released`). A second index would double the file and halve the speed of writing.
-- The last check is the store's half of the pair of assertions about k; 5 is the floor of PRIVACY section 4.
CREATE TABLE volumes (
  dimension      INTEGER NOT NULL,
  step           INTEGER NOT NULL,
  start          INTEGER NOT NULL,
  value          TEXT    NOT NULL,
  posts          INTEGER,
  authors        INTEGER,
  publisher_only INTEGER NOT NULL,
  PRIMARY KEY (dimension, step, start, value),
  CHECK ((posts IS NULL) = (authors IS NULL)),
  CHECK (posts IS NULL OR publisher_only = 1 OR authors >= 5)
) STRICT, WITHOUT ROWID;

-- Windows that have closed, also those in which nothing could be released.
CREATE TABLE windows_released (
  step  INTEGER NOT NULL,
  start INTEGER NOT NULL,
  PRIMARY KEY (step, start)
) STRICT, WITHOUT ROWID;

-- Which watches were asked for in which window. A watch that was asked for and has no row in `volumes` is held back
-- there (suppressed). The set of watches seldom changes, so it is kept once: ten thousand quiet watches cost a minute one
-- row, not ten thousand.
CREATE TABLE asked_sets (
  id     INTEGER PRIMARY KEY,
  digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32)
) STRICT;

CREATE TABLE asked (
  set_id INTEGER NOT NULL,
  value  TEXT    NOT NULL,
  PRIMARY KEY (set_id, value)
) STRICT, WITHOUT ROWID;

CREATE TABLE windows_asked (
  step   INTEGER NOT NULL,
  start  INTEGER NOT NULL,
  set_id INTEGER NOT NULL,
  PRIMARY KEY (step, start, set_id)
) STRICT, WITHOUT ROWID;

-- Files read to the end, by the BLAKE3 of their content; never their names.
CREATE TABLE files_read (
  fingerprint BLOB    NOT NULL PRIMARY KEY CHECK (length(fingerprint) = 32),
  bytes       INTEGER NOT NULL,
  finished_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
