# headwater::headwater is the shared library, headwater::static the static one, headwater::connector
# the header alone, for connectors.
get_filename_component(_headwater_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
set(Headwater_CONNECTOR_DIR "${_headwater_prefix}/lib/headwater/connectors")

if(NOT TARGET headwater::headwater)
  add_library(headwater::headwater SHARED IMPORTED)
  set_target_properties(headwater::headwater PROPERTIES
    IMPORTED_LOCATION "${_headwater_prefix}/lib/libheadwater.so"
    INTERFACE_INCLUDE_DIRECTORIES "${_headwater_prefix}/include")

  add_library(headwater::static STATIC IMPORTED)
  set_target_properties(headwater::static PROPERTIES
    IMPORTED_LOCATION "${_headwater_prefix}/lib/libheadwater.a"
    INTERFACE_LINK_LIBRARIES "-lgcc_s;-lpthread;-lm;-ldl"
    INTERFACE_INCLUDE_DIRECTORIES "${_headwater_prefix}/include")

  add_library(headwater::connector INTERFACE IMPORTED)
  set_target_properties(headwater::connector PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES "${_headwater_prefix}/include")
endif()
unset(_headwater_prefix)
