//! Reads JSON Lines and JSON arrays.
