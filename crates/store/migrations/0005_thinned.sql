-- Posts of live sources that were left out because the workers did not keep up; rounded before they come here.
ALTER TABLE coverage_minutes ADD COLUMN thinned INTEGER NOT NULL DEFAULT 0;
