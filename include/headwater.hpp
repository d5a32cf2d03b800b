/*
 * libheadwater for C++17: objects that free themselves, texts as std::string_view, and every call
 * on an object in two forms. `workspace.get(..)` throws a `headwater::Error`;
 * `workspace.attempt().get(..)` gives a `headwater::Result`, as do `try_open`, `sync.try_run` and
 * their like. JSON goes in and out as text. What a call does, its threads and its errors are told
 * by headwater.h, under the name of the C function; what needs no object, such as
 * `headwater_code_describe`, is called as in C.
 *
 * Objects can be moved, not copied; one that was moved from may only be destroyed or assigned to.
 * Connectors are written with headwater_connector.hpp, which needs no library.
 */
#ifndef HEADWATER_HPP
#define HEADWATER_HPP

#include "headwater_result.hpp"
#include "headwater_sync.hpp"
#include "headwater_workspace.hpp"

#endif
