-- Of what looks like a person's name: how many publishers carried it when it was released (PRIVACY section 4). NULL for everything
-- else. Without it such a row is not taken back out, so the check is the store's half of the assertion.
ALTER TABLE volumes ADD COLUMN name_publishers INTEGER CHECK (name_publishers IS NULL OR name_publishers >= 3);
