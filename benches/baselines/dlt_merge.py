"""Baseline: dlt's merge of a CSV file into SQLite, by e-mail.

    python dlt_merge.py FILE DATABASE

As fast as it could be made: Arrow tables spare dlt the normalising of each row, and without primary keys
in the database its second merge compares every row with every other.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import dlt
from pyarrow import Table, csv


def tables(file: Path) -> Iterator[Table]:
    """The rows; an empty cell is null, a phone number text."""
    convert = csv.ConvertOptions(
        strings_can_be_null=True,
        null_values=[""],
        column_types={"primary_phone_number": "string"},
    )
    read = csv.ReadOptions(block_size=8 << 20)
    with csv.open_csv(file, read_options=read, convert_options=convert) as reader:
        for batch in reader:
            yield Table.from_batches([batch])


def main() -> None:
    """Runs the pipeline once; what it keeps between runs lies beside the database."""
    file, database = Path(sys.argv[1]), Path(sys.argv[2]).resolve()
    pipeline = dlt.pipeline(
        pipeline_name="contacts",
        pipelines_dir=str(database.with_suffix(".pipelines")),
        destination=dlt.destinations.sqlalchemy(
            f"sqlite:///{database}", create_primary_keys=True
        ),
        dataset_name="main",
    )
    contacts = dlt.resource(
        tables(file),
        name="contact",
        write_disposition="merge",
        primary_key="primary_email",
    )
    pipeline.run(contacts).raise_on_failed_jobs()


if __name__ == "__main__":
    main()
