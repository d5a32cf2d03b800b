#!/bin/sh
# Makes libheadwater.so and libheadwater.a in a folder, from the archive that cargo builds: with the
# functions of the header and no others, so that neither meets another SQLite or Rust in a program.
set -eu
archive=$1 folder=$2
include=$(cd "$(dirname "$0")/../include" && pwd)
part() { sed -n "s/^#define HEADWATER_VERSION_$1 //p" "$include/headwater.h"; }
major=$(part MAJOR)
version=$major.$(part MINOR).$(part PATCH)
compiler=${CC:-cc}
shared=$folder/libheadwater.so.$version

is_current=yes
for source in "$0" "$archive" "$include/headwater.map"; do
  [ "$shared" -nt "$source" ] || is_current=no
done
[ $is_current = no ] || exit 0

mkdir -p "$folder"
"$compiler" -r -nostdlib -o "$folder/headwater.o" \
  -Wl,--whole-archive "$archive" -Wl,--no-whole-archive
# Bitcode is for the compiler that made it, and others stumble over it.
objcopy --remove-section=.llvmbc --remove-section=.llvmcmd \
  --keep-global-symbols="$include/headwater.symbols" "$folder/headwater.o"

rm -f "$folder/libheadwater.a"
ar rcs "$folder/libheadwater.a" "$folder/headwater.o"

# nodelete: its threads may outlive a dlclose. --require-defined: a listed symbol that is not there
# fails the link.
"$compiler" -shared -o "$shared" "$folder/headwater.o" \
  -Wl,-soname,"libheadwater.so.$major" -Wl,--version-script="$include/headwater.map" \
  $(sed 's/^/-Wl,--require-defined=/' "$include/headwater.symbols") \
  -Wl,--gc-sections -Wl,-z,defs -Wl,-z,nodelete -Wl,-z,relro -Wl,-z,now \
  ${LDFLAGS:-} -lgcc_s -lpthread -lm -ldl
# What is thread-local must not ask for the little room that programs keep for libraries loaded later.
if readelf -dW "$shared" | grep -q STATIC_TLS; then
  echo "libheadwater.so could not be loaded by every program that runs: it has static TLS" >&2
  rm "$shared"
  exit 1
fi
ln -sf "libheadwater.so.$version" "$folder/libheadwater.so.$major"
ln -sf "libheadwater.so.$major" "$folder/libheadwater.so"
rm "$folder/headwater.o"
