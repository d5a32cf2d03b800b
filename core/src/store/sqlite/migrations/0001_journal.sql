-- Tables that every workspace has. The tables of record types follow from the schema.

CREATE TABLE headwater_setting (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE headwater_record_type (
  api_name TEXT PRIMARY KEY,
  latest_update INTEGER NOT NULL -- microseconds since 1970
) STRICT, WITHOUT ROWID;

CREATE TABLE headwater_run (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  job_hash TEXT NOT NULL,
  connector TEXT NOT NULL,
  connector_version TEXT NOT NULL,
  state TEXT NOT NULL, -- running, done, stopped, failed
  started_at TEXT NOT NULL,
  finished_at TEXT,
  error TEXT
) STRICT;

CREATE TABLE headwater_run_stream (
  run TEXT NOT NULL REFERENCES headwater_run (id),
  number INTEGER NOT NULL,
  source TEXT NOT NULL,
  record_type TEXT NOT NULL,
  rows_read INTEGER NOT NULL,
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL,
  unchanged INTEGER NOT NULL,
  archived INTEGER NOT NULL,
  rejected INTEGER NOT NULL,
  rejects_by_code TEXT NOT NULL, -- JSON: {code: count}
  unused_columns TEXT NOT NULL, -- JSON: [name]
  elapsed_micros INTEGER NOT NULL,
  PRIMARY KEY (run, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE headwater_reject (
  number INTEGER PRIMARY KEY,
  run TEXT NOT NULL REFERENCES headwater_run (id),
  source TEXT NOT NULL,
  position INTEGER NOT NULL,
  position_unit TEXT NOT NULL,
  code TEXT NOT NULL,
  field TEXT,
  message TEXT NOT NULL,
  hint TEXT NOT NULL,
  source_row TEXT NOT NULL,
  is_cut INTEGER NOT NULL
) STRICT;

CREATE INDEX headwater_reject_by_run ON headwater_reject (run, number);

CREATE TABLE headwater_checkpoint (
  job_stream_hash TEXT NOT NULL,
  partition TEXT NOT NULL,
  run TEXT NOT NULL,
  checkpoint BLOB NOT NULL,
  committed_rows INTEGER NOT NULL,
  is_finished INTEGER NOT NULL,
  PRIMARY KEY (job_stream_hash, partition)
) STRICT, WITHOUT ROWID;
