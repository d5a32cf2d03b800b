#!/usr/bin/env bash
# Syncs the bundled example into a workspace of its own and shows what became of each row.
set -euo pipefail
cd "$(dirname "$0")"
headwater=${HEADWATER:-../target/release/headwater}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
workspace="$folder/crm.db"
say() { printf '\n$ %s\n' "$*"; }

say headwater sync people.csv --to crm.db --type contact --match primary_email --default-region US
status=0
"$headwater" sync people.csv --to "$workspace" --type contact --match primary_email --default-region US || status=$?
[ "$status" -eq 2 ] || { echo "expected one rejected row (exit status 2), got $status" >&2; exit 1; }

say headwater sync people.csv ..again: nothing is doubled
"$headwater" sync people.csv --to "$workspace" --type contact --match primary_email --default-region US || [ $? -eq 2 ]

say headwater sync accounts.toml
HEADWATER_EXAMPLE_WORKSPACE="$workspace" "$headwater" sync accounts.toml

say headwater rejects --workspace crm.db
"$headwater" rejects --workspace "$workspace"

say headwater record query contact --filter .. --workspace crm.db
"$headwater" record query contact --workspace "$workspace" \
  --filter '{"field": "contact_emails", "operator": "eq", "value": "sarah.chen@acme.example"}' |
  python3 -c 'import json, sys
for record in json.load(sys.stdin)["data"]:
    for name, attribute in record["attributes"].items():
        shown = [one["value"] for one in attribute] if isinstance(attribute, list) else attribute["value"]
        if shown not in (None, []): print(f"  {name}: {shown}")'

say headwater runs --workspace crm.db
"$headwater" runs --workspace "$workspace"
