"""Baseline: the csv module and sqlite3's executemany, an upsert into one bare table.

python executemany.py FILE DATABASE
"""

import csv
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path


def rows(file: Path) -> Iterator[list[str | None]]:
    """The rows after the header; an empty cell is NULL."""
    with file.open(newline="", encoding="utf-8") as opened:
        reader = csv.reader(opened)
        next(reader)
        for row in reader:
            yield [cell or None for cell in row]


def main() -> None:
    """One transaction, a write-ahead log, and a cache that is large enough."""
    file, database = Path(sys.argv[1]), Path(sys.argv[2])
    with file.open(newline="", encoding="utf-8") as opened:
        columns = next(csv.reader(opened))
    named = [f'"{column}"' for column in columns]
    set_others = ", ".join(
        f"{name} = excluded.{name}" for name in named if "email" not in name
    )
    connection = sqlite3.connect(database)
    connection.executescript(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -262144;"
        f"CREATE TABLE IF NOT EXISTS contact ({', '.join(f'{name} TEXT' for name in named)},"
        ' UNIQUE ("primary_email"));'
    )
    with connection:
        connection.executemany(
            f"INSERT INTO contact VALUES ({', '.join('?' * len(named))})"
            f' ON CONFLICT ("primary_email") DO UPDATE SET {set_others}',
            rows(file),
        )
    connection.close()


if __name__ == "__main__":
    main()
