-- The register of watches. A removed watch stays, so that the register can say that it was there.
CREATE TABLE watches (
  id         INTEGER PRIMARY KEY,
  name       TEXT    NOT NULL,
  query      TEXT    NOT NULL,
  category   TEXT    NOT NULL,
  sentence   TEXT    NOT NULL,
  created    INTEGER NOT NULL,
  sunset     INTEGER NOT NULL,
  removed_at INTEGER
) STRICT;

CREATE UNIQUE INDEX watches_in_force ON watches (name) WHERE removed_at IS NULL;
