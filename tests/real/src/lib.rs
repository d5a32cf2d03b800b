//! Real public data through the command, against figures computed elsewhere.
