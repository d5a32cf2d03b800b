# A program that asks for a version gets any later one with the same major version.
set(PACKAGE_VERSION "@VERSION@")
string(REGEX REPLACE "\\..*" "" _headwater_major "${PACKAGE_VERSION}")
if(NOT PACKAGE_FIND_VERSION_MAJOR EQUAL _headwater_major
   OR PACKAGE_VERSION VERSION_LESS PACKAGE_FIND_VERSION)
  set(PACKAGE_VERSION_COMPATIBLE FALSE)
else()
  set(PACKAGE_VERSION_COMPATIBLE TRUE)
  if(PACKAGE_FIND_VERSION VERSION_EQUAL PACKAGE_VERSION)
    set(PACKAGE_VERSION_EXACT TRUE)
  endif()
endif()
unset(_headwater_major)
