"""Dagster: contacts of a workspace as an asset, with what became of the rows as its metadata.

python dagster_asset.py        materializes it once; `dagster dev -f dagster_asset.py` shows it
"""

import os
import sys
from pathlib import Path

import dagster
import headwater as hw

WORKSPACE = os.environ.get("HEADWATER_WORKSPACE", "crm.db")
PEOPLE = Path(os.environ.get("HEADWATER_PEOPLE", "people.csv"))


@dagster.asset(retry_policy=dagster.RetryPolicy(max_retries=3, delay=10))
def contacts() -> dagster.MaterializeResult:
    """Asserts the file's rows by e-mail; a retry goes on where the attempt before it ended."""
    try:
        report = hw.sync(PEOPLE, to=WORKSPACE, record_type="contact", match="email")
    except hw.HeadwaterError as error:
        raise dagster.Failure(str(error), allow_retries=error.retryable) from error
    return dagster.MaterializeResult(metadata={**report.counts, "run": report.run})


definitions = dagster.Definitions(assets=[contacts])

if __name__ == "__main__":
    sys.exit(not dagster.materialize([contacts]).success)
