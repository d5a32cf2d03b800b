//! Broken connectors, and what the host says of each.
