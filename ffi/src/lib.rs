//! libheadwater: the C ABI of Headwater.
//!
//! `include/headwater.h` is generated from these modules, one section a module, in the order of
//! `SECTIONS` in `include/generate`; what a C program must know stands in their documentation. Every
//! exported function is one call of `guard`, which keeps panics in and turns errors into a status
//! and an object; what it does is a call of core. Pointers are looked at in `handle` and `text`
//! alone.
#![allow(non_camel_case_types, reason = "the types have the names that they have in C")]
#![allow(
    clippy::missing_safety_doc,
    reason = "what callers have to keep is said once, in the conventions of the header"
)]

mod arrow;
pub mod batch;
pub mod bulk;
pub mod callbacks;
pub mod connectors;
pub mod delivery;
pub mod document;
pub mod edge;
pub mod error;
pub mod error_code;
mod guard;
mod handle;
pub mod item;
pub mod journal;
pub mod key;
pub mod library;
mod poison;
pub mod query;
pub mod record;
pub mod remote;
pub mod schema;
mod structs;
pub mod sync;
mod text;
pub mod twin;
pub mod workspace;

/// As in the program, for the same reason; it is the library's own, and what C allocates is none of
/// it. Where assertions are on the system allocates, so that what looks for lost memory sees each piece.
#[cfg(not(debug_assertions))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
