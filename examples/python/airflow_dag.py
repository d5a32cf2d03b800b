"""Airflow: a daily sync of contacts; counts go to the next task.

Put the file into the DAGs' folder; `airflow dags test crm_contacts` runs it once.
"""

import os

import headwater as hw
import pendulum
from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowFailException

WORKSPACE = os.environ.get("HEADWATER_WORKSPACE", "crm.db")
PEOPLE = os.environ.get("HEADWATER_PEOPLE", "people.csv")


@dag(schedule="@daily", start_date=pendulum.datetime(2026, 1, 1), catchup=False)
def crm_contacts():
    """Asserts the file's rows by e-mail, then says what became of them."""

    @task(retries=3)
    def sync() -> dict[str, int]:
        try:
            report = hw.sync(PEOPLE, to=WORKSPACE, record_type="contact", match="email")
        except hw.HeadwaterError as error:
            if error.retryable:
                raise
            raise AirflowFailException(str(error)) from error
        return report.counts

    @task
    def tell(counts: dict[str, int]) -> None:
        print(counts)

    tell(sync())


crm_contacts()
