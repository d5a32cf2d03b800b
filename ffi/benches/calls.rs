//! What a call through libheadwater costs against the same call in Rust, in one run.
//!
//! `benches/harness/ffi.py` installs the release library and runs this with `HEADWATER_LIBRARY` set to it.
//! Each figure is the median of rounds in which both sides take turns, on one workspace each. Says on
//! stdout, in JSON, how many nanoseconds each call took.
#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]
#![allow(clippy::print_stdout, reason = "this is where the figures go")]
#![allow(non_camel_case_types, reason = "the names of the header")]

use std::ffi::c_void;
use std::hint::black_box;
use std::time::Instant;

use headwater::{OpenOptions, Workspace};
use headwater_abi::headwater_str;
use libloading::os::unix::Library;
use serde_json::{Map, Value as Json, json};

/// What the library has, so that the calls alone differ.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: u32 = 31;

type get_fn = unsafe extern "C" fn(
    *const c_void,
    headwater_str,
    headwater_str,
    *mut *mut c_void,
    *mut *mut c_void,
) -> i32;
type assert_fn = unsafe extern "C" fn(
    *const c_void,
    headwater_str,
    headwater_str,
    headwater_str,
    *mut i32,
    *mut *mut c_void,
    *mut *mut c_void,
) -> i32;
type open_fn = unsafe extern "C" fn(
    headwater_str,
    *const OpenFlags,
    *mut *mut c_void,
    *mut *mut c_void,
) -> i32;

/// The first fields of `headwater_open_options`; the others are zero.
#[repr(C)]
struct OpenFlags {
    struct_size: usize,
    flags: u64,
    rest: [u64; 6],
}

fn lent(text: &str) -> headwater_str {
    headwater_str { ptr: text.as_ptr(), len: text.len() }
}

/// Nanoseconds of one call, as the median over rounds of `count`, of two that take turns.
fn medians(count: u32, mut first: impl FnMut(u32), mut second: impl FnMut(u32)) -> [f64; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..ROUNDS {
        let mut time = |side: usize, call: &mut dyn FnMut(u32)| {
            let begun = Instant::now();
            (0..count).for_each(|index| call(round * count + index));
            times[side].push(begun.elapsed().as_secs_f64() * 1e9 / f64::from(count));
        };
        time(0, &mut first);
        time(1, &mut second);
    }
    times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    })
}

fn object(json: &Json) -> Map<String, Json> {
    json.as_object().cloned().unwrap()
}

fn main() {
    let Some(path) = std::env::var_os("HEADWATER_LIBRARY") else {
        // As `cargo test --all-targets` has it.
        println!("set HEADWATER_LIBRARY to libheadwater.so, as benches/harness/ffi.py does");
        return;
    };
    // SAFETY: it is the library of this repository, and each type is that of the header.
    let (library, version, open, get, assert, free) = unsafe {
        let library = Library::new(path).unwrap();
        let version = *library
            .get::<unsafe extern "C" fn() -> i32>(b"headwater_library_version_number")
            .unwrap();
        let open = *library.get::<open_fn>(b"headwater_workspace_open").unwrap();
        let get = *library.get::<get_fn>(b"headwater_record_get").unwrap();
        let assert = *library.get::<assert_fn>(b"headwater_record_assert").unwrap();
        let free =
            *library.get::<unsafe extern "C" fn(*mut c_void)>(b"headwater_document_free").unwrap();
        (library, version, open, get, assert, free)
    };

    let in_c = || {
        // SAFETY: it takes nothing.
        unsafe { version() }
    };
    let cheapest = medians(1_000_000, |_| _ = black_box(in_c()), |_| _ = black_box(rust_version()));

    let folder = tempfile::tempdir().unwrap();
    let paths = ["c.db", "rust.db"].map(|name| folder.path().join(name));
    let mut workspace = std::ptr::null_mut();
    let options = OpenFlags { struct_size: size_of::<OpenFlags>(), flags: 1, rest: [0; 6] };
    let url = paths[0].to_str().unwrap();
    let null = std::ptr::null_mut();
    // SAFETY: as the header says.
    assert_eq!(unsafe { open(lent(url), &raw const options, &raw mut workspace, null) }, 0);
    let create = OpenOptions { create: true, ..OpenOptions::default() };
    let in_rust = headwater::open(paths[1].to_str().unwrap(), create).unwrap();
    let in_rust: &dyn Workspace = &*in_rust;

    let asserted = |index: u32| {
        // A change each time, so that something is written.
        let matching = format!(r#"{{"email": "p{}@acme.com"}}"#, index % 100);
        (matching, format!(r#"{{"title": "t{index}"}}"#))
    };
    let assert_in_c = |index: u32| {
        let (matching, attributes) = asserted(index);
        let mut record = std::ptr::null_mut();
        let mut action = 0;
        // SAFETY: as the header says.
        unsafe {
            let texts = (lent("contact"), lent(&matching), lent(&attributes));
            let status = assert(
                workspace,
                texts.0,
                texts.1,
                texts.2,
                &raw mut action,
                &raw mut record,
                null,
            );
            assert_eq!(status, 0);
            free(record);
        }
    };
    let assert_in_rust = |index: u32| {
        let (matching, attributes) = asserted(index);
        let parse = |text: &str| object(&serde_json::from_str(text).unwrap());
        let outcome =
            headwater::assert(in_rust, "contact", parse(&matching), parse(&attributes)).unwrap();
        black_box(outcome.record.unwrap().to_json().to_string());
    };
    let asserted = medians(60, assert_in_c, assert_in_rust);

    let id = |workspace: &dyn Workspace| {
        let (matching, attributes) = (json!({"email": "p1@acme.com"}), json!({"title": "CEO"}));
        headwater::assert(workspace, "contact", object(&matching), object(&attributes)).unwrap().id
    };
    let id_in_c = id(&*headwater::open(url, OpenOptions::default()).unwrap()).to_string();
    let id_in_rust = id(in_rust).to_string();
    let get_in_c = |_| {
        let mut record = std::ptr::null_mut();
        // SAFETY: as the header says.
        unsafe {
            let status = get(workspace, lent("contact"), lent(&id_in_c), &raw mut record, null);
            assert_eq!(status, 0);
            free(record);
        }
    };
    let get_in_rust = |_| {
        let id = headwater::Uuid::parse_str(&id_in_rust).unwrap();
        black_box(in_rust.get("contact", id).unwrap().to_json().to_string());
    };
    let got = medians(3000, get_in_c, get_in_rust);
    drop(library);
    let told = |[c, rust]: [f64; 2]| json!({ "c": c, "rust": rust });
    println!(
        "{}",
        json!({ "cheapest": told(cheapest), "get": told(got), "assert": told(asserted) })
    );
}

#[inline(never)]
fn rust_version() -> i32 {
    1000
}
