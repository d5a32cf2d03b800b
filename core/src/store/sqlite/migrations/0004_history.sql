-- The change log. Its tables of record types follow from the schema.

CREATE TABLE headwater_actor (
  number INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

-- Changes whose updated_at is after `since`, up to `until`, are not in the log.
CREATE TABLE headwater_unlogged (
  record_type TEXT NOT NULL,
  since INTEGER NOT NULL, -- microseconds since 1970
  until INTEGER, -- NULL while no log is kept
  PRIMARY KEY (record_type, since)
) STRICT, WITHOUT ROWID;

INSERT INTO headwater_unlogged (record_type, since, until)
  SELECT api_name, 0, latest_update FROM headwater_record_type;
