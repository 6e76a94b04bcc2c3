-- Which checkpoint belongs to what is released here. The checkpoint itself is an encrypted file beside the database; its
-- number is committed behind all windows that were released before it.
CREATE TABLE checkpoint (
  id     INTEGER PRIMARY KEY CHECK (id = 1),
  number INTEGER NOT NULL
) STRICT;
