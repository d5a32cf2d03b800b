#!/bin/sh
# Fuzzes targets, one after the other: fuzz/run.sh SECONDS [TARGET..]. Needs a nightly compiler and
# cargo-fuzz (`make fuzz` installs it). Findings go to fuzz/artifacts, libFuzzer's last lines to
# fuzz/found/TARGET.log, new inputs to fuzz/found/TARGET; fuzz/keep.sh makes a small corpus of them.
# Leaks are looked for once, at the end: after each input, a thread that is just ending passes for one.
set -eu
cd "$(dirname "$0")/.."
seconds=$1
shift
[ $# -gt 0 ] || set -- value job_file csv json checkpoint connector_abi mapping sync query
PATH="$PWD/.tools/bin:$PATH"
export CARGO_PROFILE_RELEASE_LTO=off
for target in "$@"; do
  mkdir -p "fuzz/found/$target" "fuzz/corpus/$target" "fuzz/artifacts/$target"
  echo "$target: $seconds s"
  cargo +nightly fuzz run --fuzz-dir fuzz --target-dir target/fuzz --features libfuzzer "$target" \
    "fuzz/found/$target" "fuzz/corpus/$target" "fuzz/seeds/$target" -- \
    -max_total_time="$seconds" -max_len=4096 -timeout=20 -rss_limit_mb=3000 -print_final_stats=1 \
    -detect_leaks=0 \
    >"fuzz/found/$target.log" 2>&1 || {
    tail -n 40 "fuzz/found/$target.log"
    exit 1
  }
  grep -E '^Done|^stat::' "fuzz/found/$target.log"
done
