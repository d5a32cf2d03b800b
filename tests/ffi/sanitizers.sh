#!/bin/sh
# Tests what crosses a boundary with the Rust side under a sanitizer: address, which finds leaks too, or
# thread. First the tests inside ffi, host, sdk and abi, then the programs in C and C++ that misuse the
# library, built and linked with the same sanitizer.
set -eu
cd "$(dirname "$0")/../.."
target=x86_64-unknown-linux-gnu
root=$PWD/tests/ffi/suppressions
flags=
if [ "$1" = thread ]; then
  # Without an instrumented standard library its locks are not seen, and everything looks like a race.
  rustup component add rust-src --toolchain nightly
  flags=-Zbuild-std
fi
export ASAN_OPTIONS=detect_leaks=1 LSAN_OPTIONS="suppressions=$root/leaks.txt:print_suppressions=0"
export TSAN_OPTIONS="halt_on_error=1:suppressions=$root/threads.txt"
RUSTFLAGS="-Zsanitizer=$1 --cap-lints=allow" RUSTDOCFLAGS="-Zsanitizer=$1" \
  cargo +nightly test $flags --target "$target" --target-dir "target/sanitizer-$1" --lib --tests \
  -p headwater-ffi -p headwater-host -p headwater-sdk -p headwater-abi
# The library's own allocations under valgrind are what tests/memory.rs is for without a sanitizer.
HEADWATER_SANITIZER=$1 cargo test -p headwater-ffi-tests --test misuse --test memory -- --skip valgrind
