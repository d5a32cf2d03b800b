#!/bin/sh
# Runs each example once, with its orchestrator in an environment of its own under target/.
set -eu
cd "$(dirname "$0")/../.."
work=target/examples
mkdir -p "$work"
printf 'First Name,E-Mail\nSarah,sarah@acme.example\nBob,none\n' > "$work/people.csv"
export HEADWATER_PEOPLE="$PWD/$work/people.csv" AIRFLOW_HOME="$PWD/$work/airflow" PREFECT_HOME="$PWD/$work/prefect"
export AIRFLOW__CORE__LOAD_EXAMPLES=False DO_NOT_TRACK=1 PREFECT_SERVER_ANALYTICS_ENABLED=false
export PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS=300
for each in dagster:dagster_asset prefect:prefect_flow apache-airflow:airflow_dag; do
  package=${each%%:*} example=${each##*:}
  venv=$work/$package
  [ -d "$venv" ] || python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check "$package"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --force-reinstall --no-deps target/wheels-dev/*.whl
  export HEADWATER_WORKSPACE="$PWD/$work/$example.db"
  rm -f "$HEADWATER_WORKSPACE"*
  if [ "$package" = apache-airflow ]; then
    mkdir -p "$AIRFLOW_HOME/dags"
    cp examples/python/airflow_dag.py "$AIRFLOW_HOME/dags"
    "$venv/bin/airflow" db migrate > /dev/null
    "$venv/bin/airflow" dags test crm_contacts
  else
    "$venv/bin/python" "examples/python/$example.py"
  fi
  "$venv/bin/headwater" runs --workspace "$HEADWATER_WORKSPACE" --format jsonl | grep -q '"state":"done"'
  echo "$example: ok"
done
