//! Writes the C headers, or checks that they are up to date.

fn main() {}
