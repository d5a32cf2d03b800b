//! Runs the conformance cases on every surface and workspace.
