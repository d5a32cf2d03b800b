//! Finds, checks and loads connector libraries.
