-- The coverage ledger: in which minutes of wall time which source was listened to. It knows nothing of any post: minutes,
-- seconds, causes, and counts of records that are rounded before they come here.

-- How far the ledger goes for a source, in Unix seconds: after that, nothing was recorded, because nothing ran.
CREATE TABLE coverage_sources (
  source         TEXT    NOT NULL PRIMARY KEY,
  recorded_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE coverage_minutes (
  start    INTEGER NOT NULL CHECK (start % 60 = 0),
  source   TEXT    NOT NULL,
  blind    INTEGER NOT NULL CHECK (blind BETWEEN 0 AND 60),
  partly   INTEGER NOT NULL CHECK (partly BETWEEN blind AND 60),
  rejected INTEGER NOT NULL,
  late     INTEGER NOT NULL,
  PRIMARY KEY (start, source)
) STRICT, WITHOUT ROWID;

-- `run` and `number` name a gap, so that its end can be written later; `run` is when the service that saw it started.
CREATE TABLE coverage_gaps (
  source    TEXT    NOT NULL,
  run       INTEGER NOT NULL,
  number    INTEGER NOT NULL,
  part      TEXT    NOT NULL,
  start     INTEGER NOT NULL CHECK (start % 60 = 0),
  until     INTEGER CHECK (until IS NULL OR (until % 60 = 0 AND until >= start)),
  seconds   INTEGER,
  cause     TEXT    NOT NULL,
  phrase    TEXT    NOT NULL,
  recovered INTEGER NOT NULL,
  PRIMARY KEY (source, run, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX coverage_gaps_by_start ON coverage_gaps (start);
