#!/bin/sh
# Tests what crosses a boundary (ffi, host, sdk, abi) with the Rust side under a sanitizer: address,
# which finds leaks too, or thread.
set -eu
cd "$(dirname "$0")/../.."
target=x86_64-unknown-linux-gnu
flags=
if [ "$1" = thread ]; then
  # Without an instrumented standard library its locks are not seen, and everything looks like a race.
  rustup component add rust-src --toolchain nightly
  flags=-Zbuild-std
fi
export RUSTFLAGS="-Zsanitizer=$1 --cap-lints=allow" RUSTDOCFLAGS="-Zsanitizer=$1"
# The connectors that tests build with the system's compiler have no sanitizer; abi_stable keeps what
# it makes once for the life of the process.
export ASAN_OPTIONS=detect_leaks=0 TSAN_OPTIONS=halt_on_error=1
exec cargo +nightly test $flags --target "$target" --target-dir "target/sanitizer-$1" --lib --tests \
  -p headwater-ffi -p headwater-host -p headwater-sdk -p headwater-abi
