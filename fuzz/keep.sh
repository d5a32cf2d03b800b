#!/bin/sh
# Keeps the smallest set of inputs that covers what fuzz/run.sh found: fuzz/keep.sh [TARGET..].
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- value job_file csv json checkpoint connector_abi mapping sync query
# Inputs beyond this say little that a smaller one does not, and the corpus is in the repository.
largest=1000
for target in "$@"; do
  kept=$(mktemp -d)
  program=target/fuzz/x86_64-unknown-linux-gnu/release/$target
  "$program" -merge=1 -max_len=$largest "$kept" "fuzz/found/$target" "fuzz/corpus/$target" 2>/dev/null
  rm -rf "fuzz/corpus/$target"
  mkdir -p "fuzz/corpus/$target"
  # The smallest first, a few hundred at most.
  ls -rS "$kept" | head -n 300 | while read -r input; do
    mv "$kept/$input" "fuzz/corpus/$target/"
  done
  rm -rf "$kept"
  echo "$target: $(ls "fuzz/corpus/$target" | wc -l) inputs"
done
