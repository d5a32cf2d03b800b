-- Who may do what over HTTP. Only a hash of each key is kept.

CREATE TABLE headwater_api_key (
  id TEXT PRIMARY KEY, -- the part of the key that is no secret
  name TEXT NOT NULL,
  hash BLOB NOT NULL, -- SHA-256 of the whole key
  scopes TEXT NOT NULL, -- separated by blanks
  created_at TEXT NOT NULL,
  expired_at TEXT
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX headwater_api_key_by_name ON headwater_api_key (name) WHERE expired_at IS NULL;
