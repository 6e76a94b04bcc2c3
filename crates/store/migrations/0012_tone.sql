-- How a watch's posts of one hour sound in one language, as the gate released it: shares and their error bars in hundredths. An hour
-- without a row says nothing of its tone.

CREATE TABLE tone (
  start         INTEGER NOT NULL,
  watch         TEXT    NOT NULL,
  language      TEXT    NOT NULL,
  posts         INTEGER NOT NULL CHECK (posts >= 100),
  authors       INTEGER NOT NULL CHECK (authors >= 5),
  negative      INTEGER NOT NULL,
  negative_low  INTEGER NOT NULL,
  negative_high INTEGER NOT NULL,
  neutral       INTEGER NOT NULL,
  neutral_low   INTEGER NOT NULL,
  neutral_high  INTEGER NOT NULL,
  positive      INTEGER NOT NULL,
  positive_low  INTEGER NOT NULL,
  positive_high INTEGER NOT NULL,
  PRIMARY KEY (start, watch, language)
) STRICT, WITHOUT ROWID;
