"""Baseline: pandas `to_sql` into a staging table, then a merge in SQL.

python pandas_merge.py FILE DATABASE

Says on stdout, in JSON, how many seconds that took; the reading of the file is not counted.
"""

import json
import sqlite3
import sys
import time
from pathlib import Path

import pandas


def main() -> None:
    """One transaction for the merge; the target table has a unique index on the e-mail."""
    file, database = Path(sys.argv[1]), Path(sys.argv[2])
    frame = pandas.read_csv(file, dtype=str)
    start = time.perf_counter()
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA journal_mode = WAL")
    frame.to_sql("staging", connection, if_exists="replace", index=False)
    names = [f'"{name}"' for name in frame.columns]
    columns = ", ".join(f"{name} TEXT" for name in names)
    set_all = ", ".join(f"{name} = excluded.{name}" for name in names)
    with connection:
        connection.execute(
            f'CREATE TABLE IF NOT EXISTS contact ({columns}, UNIQUE ("primary_email"))'
        )
        connection.execute(
            f"INSERT INTO contact SELECT * FROM staging WHERE true"
            f' ON CONFLICT ("primary_email") DO UPDATE SET {set_all}'
        )
    connection.execute("DROP TABLE staging")
    connection.close()
    print(json.dumps({"seconds": time.perf_counter() - start}))


if __name__ == "__main__":
    main()
