//! Checks a connector library against the contract.
