"""Prefect: a flow that asserts contacts by e-mail and shows the refused rows as an artifact.

python prefect_flow.py
"""

import os

import headwater as hw
from prefect import flow, get_run_logger, task
from prefect.artifacts import create_table_artifact

WORKSPACE = os.environ.get("HEADWATER_WORKSPACE", "crm.db")
PEOPLE = os.environ.get("HEADWATER_PEOPLE", "people.csv")


def is_retryable(_task, _run, state) -> bool:
    """Whether the same sync may succeed later."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, hw.HeadwaterError) and error.retryable


@task(retries=3, retry_delay_seconds=10, retry_condition_fn=is_retryable)
def sync() -> dict[str, int]:
    """A retry goes on where the attempt before it ended."""
    log = get_run_logger()
    report = hw.sync(
        PEOPLE,
        to=WORKSPACE,
        record_type="contact",
        match="email",
        progress=lambda event: log.info("%r", event),
    )
    if report.rejects:
        create_table_artifact(list(report.rejects), key="rejects")
    return report.counts


@flow
def contacts() -> dict[str, int]:
    """Brings the contacts."""
    return sync()


if __name__ == "__main__":
    print(contacts())
