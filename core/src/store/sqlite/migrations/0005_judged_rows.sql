-- What the limit on refused rows is judged by, over all runs that resumed a read.

ALTER TABLE headwater_checkpoint ADD COLUMN judged_rows INTEGER NOT NULL DEFAULT 0;
ALTER TABLE headwater_checkpoint ADD COLUMN judged_rejects INTEGER NOT NULL DEFAULT 0;
