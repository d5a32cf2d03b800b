#!/bin/sh
# Puts what C and C++ programs need under a prefix, from a folder that cargo built in.
set -eu
built=$1 prefix=$2
root=$(cd "$(dirname "$0")/.." && pwd)
"$root/ffi/link.sh" "$built/libheadwater_ffi.a" "$built/libheadwater"

mkdir -p "$prefix/include" "$prefix/lib/pkgconfig" "$prefix/lib/cmake/Headwater" \
  "$prefix/lib/headwater/connectors"
cp "$root"/include/*.h "$root"/include/*.hpp "$prefix/include"
# Puts a file in the place of an older one, never into it: programs that run have that one mapped.
put() {
  cp -P "$1" "$2/.${1##*/}.$$"
  mv -f "$2/.${1##*/}.$$" "$2/${1##*/}"
}
for library in "$built"/libheadwater/libheadwater.*; do
  put "$library" "$prefix/lib"
done
for connector in csv json; do
  put "$built/libheadwater_connector_$connector.so" "$prefix/lib/headwater/connectors"
done

part() { sed -n "s/^#define HEADWATER_VERSION_$1 //p" "$root/include/headwater.h"; }
version=$(part MAJOR).$(part MINOR).$(part PATCH)
fill() { sed "s/@VERSION@/$version/" "$root/ffi/package/$1" >"$prefix/lib/$2/$1"; }
fill headwater.pc pkgconfig
fill HeadwaterConfig.cmake cmake/Headwater
fill HeadwaterConfigVersion.cmake cmake/Headwater
