//! Arguments for the functions of headwater.h, by their type and name: what is right, what is wrong.

use crate::prototypes::{Function, Struct};

/// Something wrong for a parameter.
pub(crate) struct Wrong {
    /// What is wrong with it.
    pub(crate) what: String,
    /// The expression in C.
    pub(crate) value: String,
    /// The field that a refusal names; `None` where the call may be right all the same.
    pub(crate) field: Option<String>,
}

impl Wrong {
    fn new(what: impl Into<String>, value: impl Into<String>, field: Option<&str>) -> Self {
        Self { what: what.into(), value: value.into(), field: field.map(str::to_owned) }
    }
}

/// Texts that no call takes.
const NO_TEXTS: [(&str, &str); 3] = [
    ("NULL with a length", "(headwater_str){NULL, 5}"),
    ("not UTF-8", "(headwater_str){(const uint8_t *)\"{\\\"\\xff\\\":1}\", 7}"),
    ("longer than memory", "(headwater_str){(const uint8_t *)\"x\", SIZE_MAX}"),
];

/// Everything that is wrong in this place of a function.
pub(crate) fn wrong(function: &Function, kind: &str, name: &str, structs: &[Struct]) -> Vec<Wrong> {
    let is_needed = function.has_status()
        && !function.comment.contains(&format!("`{name}` (or NULL)"))
        && name != "out_error";
    let field = Some(name).filter(|_| is_needed);
    let mut all = Vec::new();
    if kind == "headwater_str" {
        all.extend(NO_TEXTS.map(|(what, value)| Wrong::new(what, value, field)));
        all.push(Wrong::new("empty", "(headwater_str){NULL, 0}", None));
        all.push(Wrong::new("empty text", "headwater_text(\"\")", None));
    } else if kind.ends_with('*') && !kind.contains("void") {
        all.push(Wrong::new("NULL", "NULL", field));
    }
    if let Some(given) = structs.iter().find(|given| kind == format!("const {} *", given.name)) {
        wrong_structs(given, name, &mut all);
    }
    if kind == "headwater_code *" {
        all.push(Wrong::new("another size", "&(headwater_code){.struct_size = 3}", field));
    }
    all
}

/// A struct that the caller fills: another size, and each of its fields wrong.
fn wrong_structs(given: &Struct, parameter: &str, all: &mut Vec<Wrong>) {
    let name = &given.name;
    for size in ["0", "1", "8", "4097", "SIZE_MAX"] {
        let value = format!("&({name}){{.struct_size = {size}}}");
        all.push(Wrong::new(format!("of the size {size}"), value, Some(parameter)));
    }
    let larger = format!(
        "&(struct {{ {name} known; unsigned char more[8]; }}){{.known = {{.struct_size = \
         sizeof({name}) + 8}}, .more = {{0, 1}}}}.known"
    );
    all.push(Wrong::new("with an unknown field", larger, Some(parameter)));
    let with = |field: &str, value: &str| {
        format!("&({name}){{.struct_size = sizeof({name}), .{field} = {value}}}")
    };
    for (kind, field) in &given.fields {
        match kind.as_str() {
            "headwater_str" => all.extend(NO_TEXTS.map(|(what, value)| {
                Wrong::new(format!("with {field} {what}"), with(field, value), Some(field))
            })),
            "int32_t" => all.push(Wrong::new(
                format!("with an unknown {field}"),
                with(field, "99"),
                Some(field),
            )),
            "uint64_t" if field == "flags" => {
                all.push(Wrong::new(
                    "with an unknown flag",
                    with(field, "1ull << 63"),
                    Some(field),
                ));
            }
            _ => {}
        }
    }
}

/// An argument that is right, or at least does no harm.
///
/// # Panics
/// For a type that no function had so far: say here what is right for it, and above what is wrong.
pub(crate) fn right(kind: &str, name: &str, structs: &[Struct]) -> String {
    let text = match name {
        "record_type" => "contact",
        "id" | "target" | "run" => "01a21819-7b0c-7438-aa2e-500000000001",
        "attribute" => "contact_emails",
        "relationship" => "accounts",
        "attributes" => "{\\\"first_name\\\":\\\"Sarah\\\"}",
        "match" => "{\\\"email\\\":\\\"sarah@acme.com\\\"}",
        "name" | "key" => "nowhere",
        "code" => "internal_error",
        "scopes" => "*",
        "operations" | "lines" | "rows" | "search_path" | "folder" => "",
        "path" => "/nowhere/at/all",
        _ => "{}",
    };
    let is_struct = structs.iter().any(|given| kind == format!("const {} *", given.name));
    match kind {
        "headwater_str" if name == "url" => "headwater_text(path)".to_owned(),
        "headwater_str" => format!("headwater_text(\"{text}\")"),
        "const headwater_workspace *" => "workspace".to_owned(),
        "struct ArrowArrayStream *" => "&(struct ArrowArrayStream){{NULL}}".to_owned(),
        "headwater_query *" => "query".to_owned(),
        "headwater_sync *" | "const headwater_sync *" => "sync".to_owned(),
        "const headwater_connectors *" => "connectors".to_owned(),
        "const headwater_error *" => "an_error".to_owned(),
        "const headwater_document *" => "a_document".to_owned(),
        "int32_t *" => "&(int32_t){7}".to_owned(),
        "headwater_code *" => "&(headwater_code){.struct_size = sizeof(headwater_code)}".to_owned(),
        "size_t" | "int32_t" => "1".to_owned(),
        kind if kind.ends_with(" **") => format!("&{name}"),
        kind if is_struct => {
            let given = kind.trim_start_matches("const ").trim_end_matches(" *");
            format!("&({given}){{.struct_size = sizeof({given})}}")
        }
        _ => panic!("what is right for `{kind} {name}`, which is new, is not known yet"),
    }
}
