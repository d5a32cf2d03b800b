//! `headwater_connector.h`, from plugins/abi.

use std::path::Path;

use cbindgen::ItemType;

const GUARD: &str = "HEADWATER_CONNECTOR_H";

const INTRODUCTION: &str = "\
/*
 * The connector ABI of Headwater.
 *
 * A connector is a shared library that exports one symbol, `headwater_connector_v1`, which returns
 * a table of functions. Every struct that crosses starts with `struct_size`; fields are only ever
 * appended. Integers stand for enumerations and flags, and an unknown value is never undefined: a
 * code, a payload kind or a meaning of nulls that the host does not know is an error; a flag, an
 * advice in `retry` or a log level that it does not know is passed over, as a later version may give
 * it.
 *
 * Ownership has four phrases: *Borrowed for the call.* *Copied.* *Owned by the caller; free with
 * `..`.* *Borrowed from `x` until the next call on it, or until it is freed.* Nothing that one side
 * allocates is freed by the other.
 *
 * Generated from plugins/abi by `cargo run -p headwater-headers`; do not edit.
 */";

/// Outside the guard cbindgen would put it; the guard is written by hand around everything.
const TRAILER: &str = "
/*
 * The one symbol that a connector library exports: it returns the address of a table that lives
 * as long as the process. May be called at any time, from any thread, any number of times.
 */
#if defined(_WIN32)
__declspec(dllexport)
#elif defined(__GNUC__)
__attribute__((visibility(\"default\")))
#endif
const headwater_connector *headwater_connector_v1(void);
";

pub(crate) fn header(source: &Path) -> Result<String, String> {
    let mut config = crate::config();
    // Nothing of the ABI is reachable from a function: every struct is named here by its kind.
    config.export.item_types = vec![ItemType::Constants, ItemType::Structs, ItemType::Typedefs];
    config.export.include = structs(source)?;
    config.export.exclude = vec!["headwater_connector_v1_fn".to_owned()];
    Ok(format!(
        "{INTRODUCTION}\n#ifndef {GUARD}\n#define {GUARD}\n\n#include <stddef.h>\n#include <stdint.h>\n\n\
         #ifdef __cplusplus\nextern \"C\" {{\n#endif\n\n{}\n{TRAILER}\n\
         #ifdef __cplusplus\n}}  /* extern \"C\" */\n#endif\n\n#endif  /* {GUARD} */\n",
        crate::declarations(config, source)?
    ))
}

/// The names of the structs, in the order of the source.
fn structs(source: &Path) -> Result<Vec<String>, String> {
    let text = std::fs::read_to_string(source)
        .map_err(|error| format!("cannot read {}: {error}", source.display()))?;
    let name = |line: &str| Some(line.strip_prefix("pub struct ")?.split(' ').next()?.to_owned());
    Ok(text.lines().filter_map(name).collect())
}
