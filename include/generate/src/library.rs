//! `headwater.h`, from ffi: a section for each module, in the order in which they build on each other.

use std::path::Path;

use cbindgen::ItemType;

use crate::comments::of_module;

/// The modules of ffi that C programs see.
const SECTIONS: [&str; 20] = [
    "library",
    "document",
    "error",
    "error_code",
    "workspace",
    "remote",
    "record",
    "query",
    "item",
    "edge",
    "schema",
    "batch",
    "bulk",
    "twin",
    "connectors",
    "callbacks",
    "sync",
    "delivery",
    "journal",
    "key",
];

const INTRODUCTION: &str = "\
/*
 * libheadwater: records of a CRM and the syncs that bring them there, for C and every language that
 * can call C.
 *
 * Names. `headwater_<noun>_<verb>`: the object first, then what goes in, then `out_` parameters, and
 * `out_error` last.
 *
 * Status. A function that can fail returns `HEADWATER_OK`, or one of `HEADWATER_E_*`; one that gives
 * one thing after another ends with `HEADWATER_DONE`. Where `out_error` is not NULL it gets NULL, or
 * an error that says more. Owned by the caller; free with `headwater_error_free`. After a failure
 * every other `out_` parameter is NULL or 0, unless its function says otherwise.
 *
 * Text. `headwater_str` is UTF-8 without a NUL; `headwater_text` makes one of a C string. NULL with a
 * length of 0 is the empty text. What is absent is given as NULL. Text that is not UTF-8, NULL in
 * place of an object, a closed workspace: all of these are `HEADWATER_E_INVALID_REQUEST`, and `field`
 * of the error names the parameter. JSON goes in and out as text.
 *
 * Ownership has four phrases: *Borrowed for the call.* *Copied.* *Owned by the caller; free with
 * `..`.* *Borrowed from `x` until the next call on it, or until it is freed.* What is borrowed has a
 * pointer to const. Freeing NULL does nothing; freeing never fails. Nothing that one side allocates is
 * freed by the other.
 *
 * Threads. \"Any\": any number of threads may make the call on one object at the same time; the
 * object is then a pointer to const. \"One at a time\": on any thread, but never two on one object.
 * An error belongs to its call. Signals and fork: a child of a fork must not use what the parent has.
 *
 * Structs start with `struct_size`, which whoever fills the struct sets to its sizeof; every other
 * byte is zero unless it is set. Structs and functions are only ever added to. Integers stand for
 * enumerations and flags: an unknown value is an error, never undefined.
 *
 * Remote workspaces take their key from `headwater_remote_options` or the job, or else from
 * HEADWATER_API_KEY, or from the file that HEADWATER_API_KEY_FILE names. A call on one may also end with `unauthorized`, `forbidden`,
 * `rate_limited`, `payload_too_large`, `unavailable` or `timeout`, and with `operation_not_supported`
 * for what only a local one can do.
 *
 * Panics of the library end in `HEADWATER_E_INTERNAL_ERROR`; the object of the call, and the
 * workspace if it was in use, are refused from then on, on every thread, and may be freed. Nothing is
 * written to stdout or stderr.
 *
 * Memory. All that is made can be freed, and 48 bytes for the first thread stay, which valgrind counts
 * as possibly lost; with `--errors-for-leak-kinds=definite` they are no error.
 *
 * Generated from ffi by `cargo run -p headwater-headers`; do not edit.
 */";

const TEXT: &str = "\
/** Makes text of a C string, which stays the caller's; NULL is the empty one. */
static inline headwater_str headwater_text(const char *text) {
  headwater_str made;
#ifdef __cplusplus
  made.ptr = reinterpret_cast<const uint8_t *>(text);
#else
  made.ptr = (const uint8_t *)text;
#endif
  made.len = text == NULL ? 0 : strlen(text);
  return made;
}";

pub(crate) fn header(folder: &Path) -> Result<String, String> {
    let mut sections = String::new();
    for section in SECTIONS {
        let path = folder.join(format!("{section}.rs"));
        let source = std::fs::read_to_string(&path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let mut config = crate::config();
        config.export.item_types = vec![
            ItemType::Constants,
            ItemType::Structs,
            ItemType::Typedefs,
            ItemType::OpaqueItems,
            ItemType::Functions,
        ];
        // What another section declares is only named.
        config.export.include = declared(&source);
        let declarations = crate::declarations(config, &path)?;
        // The one struct that others define.
        let declarations =
            declarations.replace(" ArrowArrayStream *", " struct ArrowArrayStream *");
        sections.push_str(&format!("{}\n\n{declarations}\n\n", of_module(&source)));
    }
    const GUARD: &str = "HEADWATER_H";
    Ok(format!(
        "{INTRODUCTION}\n#ifndef {GUARD}\n#define {GUARD}\n\n#include <stddef.h>\n#include <stdint.h>\n\
         #include <string.h>\n\n/* Text, statuses, retry advice and log levels are shared with connectors. */\n\
         #include \"headwater_connector.h\"\n\n\
         /* Of the Arrow C Stream Interface; only the calls for bulk data need its definition. */\n\
         struct ArrowArrayStream;\n\n#ifdef __cplusplus\nextern \"C\" {{\n#endif\n\n{TEXT}\n\n{sections}\
         #ifdef __cplusplus\n}}  /* extern \"C\" */\n#endif\n\n#endif  /* {GUARD} */\n",
    ))
}

/// The names of the types that a source declares.
fn declared(source: &str) -> Vec<String> {
    let name = |line: &str| {
        let rest = line.strip_prefix("pub struct ").or_else(|| line.strip_prefix("pub type "))?;
        let name = rest.split([' ', '(', '{']).next()?;
        name.starts_with("headwater_").then(|| name.to_owned())
    };
    source.lines().filter_map(name).collect()
}
