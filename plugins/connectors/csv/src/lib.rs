//! Reads delimited text files.
