-- A detection may come into a feed later than it was told first: a burst grows. `place` is when it came in, in one order over all
-- feeds; it is drawn from the same row of numbers as `detections.seq`, and equals it for what came in at once.
ALTER TABLE feed_items ADD COLUMN place INTEGER NOT NULL DEFAULT 0;
UPDATE feed_items SET place = seq;
CREATE UNIQUE INDEX feed_items_by_place ON feed_items (feed_id, place);
CREATE INDEX feed_items_placed ON feed_items (place);

-- What a detection is about, to be asked for by it.
ALTER TABLE detections ADD COLUMN subject TEXT NOT NULL DEFAULT '';
ALTER TABLE detections ADD COLUMN value TEXT NOT NULL DEFAULT '';
UPDATE detections SET subject = coalesce(json_extract(body, '$.subject.type'), ''),
  value = coalesce(json_extract(body, '$.subject.value'), '');
CREATE INDEX detections_by_subject ON detections (subject, value, detected_at DESC, id);

-- Marks of detections that are kept no longer: the feed's precision still counts them.
ALTER TABLE feeds ADD COLUMN useful_gone INTEGER NOT NULL DEFAULT 0;
ALTER TABLE feeds ADD COLUMN noise_gone INTEGER NOT NULL DEFAULT 0;

-- When a receiver was reached last and when it was not, and why, also when the deliveries themselves are forgotten.
ALTER TABLE receivers ADD COLUMN delivered_at INTEGER;
ALTER TABLE receivers ADD COLUMN failed_at INTEGER;
ALTER TABLE receivers ADD COLUMN trouble TEXT;
