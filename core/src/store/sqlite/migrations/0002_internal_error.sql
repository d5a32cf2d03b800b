-- The code `internal` has become `internal_error`, its name on the wire.

UPDATE headwater_reject SET code = 'internal_error' WHERE code = 'internal';
UPDATE headwater_run_stream
  SET rejects_by_code = replace(rejects_by_code, '"internal":', '"internal_error":');
