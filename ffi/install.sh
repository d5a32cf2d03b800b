#!/bin/sh
# Puts what C and C++ programs need under a prefix, from a folder that cargo built in.
set -eu
built=$1 prefix=$2
root=$(cd "$(dirname "$0")/.." && pwd)
"$root/ffi/link.sh" "$built/libheadwater_ffi.a" "$built/libheadwater"

mkdir -p "$prefix/include" "$prefix/lib/pkgconfig" "$prefix/lib/cmake/Headwater" \
  "$prefix/lib/headwater/connectors"
cp "$root"/include/*.h "$root"/include/*.hpp "$prefix/include"
cp -P "$built"/libheadwater/libheadwater.* "$prefix/lib"
for connector in csv json; do
  cp "$built/libheadwater_connector_$connector.so" "$prefix/lib/headwater/connectors"
done

part() { sed -n "s/^#define HEADWATER_VERSION_$1 //p" "$root/include/headwater.h"; }
version=$(part MAJOR).$(part MINOR).$(part PATCH)
fill() { sed "s/@VERSION@/$version/" "$root/ffi/package/$1" >"$prefix/lib/$2/$1"; }
fill headwater.pc pkgconfig
fill HeadwaterConfig.cmake cmake/Headwater
fill HeadwaterConfigVersion.cmake cmake/Headwater
