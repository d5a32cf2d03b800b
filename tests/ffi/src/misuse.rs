//! Calls of every function with arguments that are wrong, as a program in C.

use crate::prototypes::{Function, functions};

/// Which calls a program makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calls {
    /// Each parameter wrong in each way.
    Misused,
    /// Each function on a workspace that is closed.
    AfterClose,
    /// Each function with a panic planted in it.
    Panicking,
}

/// The program; its argument is an empty folder.
#[must_use]
pub fn program(calls: Calls) -> String {
    let mut body = String::new();
    for function in functions() {
        match calls {
            Calls::Misused => misused(&function, &mut body),
            Calls::AfterClose if takes_workspace(&function) => {
                let field =
                    Some("workspace").filter(|_| function.name != "headwater_workspace_close");
                body.push_str(&call(&function, "closed", None, field));
            }
            Calls::AfterClose => {}
            Calls::Panicking => panicking(&function, &mut body),
        }
    }
    let prepare = match calls {
        Calls::AfterClose => "  must(headwater_workspace_close(workspace, NULL));\n",
        Calls::Misused | Calls::Panicking => "",
    };
    format!(
        "#define _POSIX_C_SOURCE 200809L\n#include \"harness.h\"\n\nstruct ArrowArrayStream {{\n  void *fields[5];\n}};\nstatic struct ArrowArrayStream no_rows;\n\nint main(int count, char **arguments) {{\n  if (count != 2)\n    return 2;\n  \
         open_all(arguments[1]);\n{prepare}{body}  return end();\n}}\n"
    )
}

fn takes_workspace(function: &Function) -> bool {
    function.has_status()
        && function
            .parameters
            .first()
            .is_some_and(|(kind, _)| kind == "const headwater_workspace *")
}

fn misused(function: &Function, body: &mut String) {
    if function.name != "headwater_workspace_close" {
        body.push_str(&call(function, "as it should be", None, None));
    }
    for (kind, name) in &function.parameters {
        // What is closed by one call is of no use to the others.
        if function.name == "headwater_workspace_close" && name != "workspace" {
            continue;
        }
        let is_needed = function.has_status()
            && !function.comment.contains(&format!("`{name}` (or NULL)"))
            && name != "out_error";
        let field = Some(name.as_str()).filter(|_| is_needed);
        if kind == "headwater_str" {
            for (variant, value) in [
                ("NULL with a length", "(headwater_str){NULL, 5}"),
                ("not UTF-8", "(headwater_str){(const uint8_t *)\"{\\\"\\xff\\\":1}\", 7}"),
                ("longer than memory", "(headwater_str){(const uint8_t *)\"x\", SIZE_MAX}"),
            ] {
                body.push_str(&call(function, variant, Some((name, value)), field));
            }
            let empty = ("(headwater_str){NULL, 0}", "headwater_text(\"\")");
            body.push_str(&call(function, "empty", Some((name, empty.0)), None));
            body.push_str(&call(function, "empty text", Some((name, empty.1)), None));
        } else if kind.ends_with('*') && !kind.contains("void") {
            body.push_str(&call(function, "NULL", Some((name, "NULL")), field));
        }
        if let Some(options) = kind.strip_prefix("const ").and_then(|kind| kind.strip_suffix(" *"))
            && name == "options"
        {
            for size in ["0", "1", "8", "4097", "SIZE_MAX"] {
                let value = format!("&({options}){{.struct_size = {size}}}");
                body.push_str(&call(
                    function,
                    "another size",
                    Some((name, &value)),
                    Some("options"),
                ));
            }
            let larger = format!(
                "&(struct {{ {options} known; unsigned char more[8]; }}){{.known = {{.struct_size = \
                 sizeof({options}) + 8}}, .more = {{0, 1}}}}.known"
            );
            body.push_str(&call(
                function,
                "an unknown field",
                Some((name, &larger)),
                Some("options"),
            ));
            let flags =
                format!("&({options}){{.struct_size = sizeof({options}), .flags = 1ull << 63}}");
            body.push_str(&call(function, "an unknown flag", Some((name, &flags)), Some("flags")));
        }
        if kind == "headwater_code *" {
            let value = "&(headwater_code){.struct_size = 3}";
            body.push_str(&call(function, "another size", Some((name, value)), field));
        }
    }
}

fn panicking(function: &Function, body: &mut String) {
    let name = &function.name;
    body.push_str(&format!("  setenv(\"HEADWATER_PLANTED_PANIC\", \"{name}\", 1);\n"));
    if function.has_status() {
        body.push_str(&call(function, "a planted panic", None, Some("(panic)")));
    } else if function
        .parameters
        .iter()
        .all(|(kind, _)| kind.starts_with("const") || kind == "size_t")
        || function.returns != "void"
    {
        body.push_str(&call(function, "a planted panic", None, None));
    } else {
        // What is freed stays: a panic in place of it is a leak, and no crash.
        body.push_str(&format!("  begin(\"{name}\", \"a planted panic\");\n  {name}(NULL);\n"));
    }
    body.push_str("  unsetenv(\"HEADWATER_PLANTED_PANIC\");\n");
}

/// A call in a block of its own, with one argument replaced. With `field` it must be refused there.
fn call(
    function: &Function,
    variant: &str,
    replaced: Option<(&str, &str)>,
    field: Option<&str>,
) -> String {
    let Function { name, returns, parameters, .. } = function;
    let is_free = name.ends_with("_free");
    if is_free && replaced.is_none() {
        return String::new();
    }
    let about = replaced.map_or(String::new(), |(name, _)| format!("{name} "));
    let mut block = format!("  {{\n    begin(\"{name}\", \"{about}{variant}\");\n");
    let mut arguments = Vec::new();
    let mut after = String::new();
    for (kind, parameter) in parameters {
        if let Some(owned) = kind.strip_suffix(" **") {
            block.push_str(&format!("    {owned} *{parameter} = NULL;\n"));
            if parameter != "out_error" {
                if field.is_some() && name != "headwater_sync_run" {
                    after.push_str(&format!(
                        "    if ({parameter} != NULL)\n      complain(\"{parameter} is not NULL\", status);\n"
                    ));
                }
                after.push_str(&format!("    {owned}_free({parameter});\n"));
            }
        }
        arguments.push(match replaced {
            Some((name, value)) if name == parameter => value.to_owned(),
            _ => argument(kind, parameter),
        });
    }
    let arguments = arguments.join(", ");
    if function.has_status() {
        let is_error_wanted = !matches!(replaced, Some(("out_error", _)));
        block.push_str(&format!("    int32_t status = {name}({arguments});\n"));
        block.push_str(&match field {
            Some("(panic)") => {
                "    if (status != HEADWATER_E_INTERNAL_ERROR || strstr((const char *)\
                 headwater_error_message(out_error).ptr, \"planted\") == NULL)\n      \
                 complain(\"no panic came out\", status);\n    headwater_error_free(out_error);\n"
                    .to_owned()
            }
            Some(field) => format!("    judge(status, out_error, 1, \"{field}\");\n"),
            None if is_error_wanted => "    judge(status, out_error, 0, NULL);\n".to_owned(),
            None => "    (void)status;\n    headwater_error_free(out_error);\n".to_owned(),
        });
    } else if returns == "void" {
        block.push_str(&format!("    {name}({arguments});\n"));
    } else {
        block.push_str(&format!("    (void){name}({arguments});\n"));
    }
    block + &after + "  }\n"
}

/// An argument that is right, or at least does no harm.
fn argument(kind: &str, name: &str) -> String {
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
    match kind {
        "headwater_str" if name == "url" => "headwater_text(path)".to_owned(),
        "headwater_str" => format!("headwater_text(\"{text}\")"),
        "const headwater_workspace *" => "workspace".to_owned(),
        "struct ArrowArrayStream *" => "&no_rows".to_owned(),
        "headwater_query *" => "query".to_owned(),
        "headwater_sync *" | "const headwater_sync *" => "sync".to_owned(),
        "const headwater_connectors *" => "connectors".to_owned(),
        "const headwater_error *" => "an_error".to_owned(),
        "const headwater_document *" => "a_document".to_owned(),
        "int32_t *" => "&(int32_t){7}".to_owned(),
        "headwater_code *" => "&(headwater_code){.struct_size = sizeof(headwater_code)}".to_owned(),
        "size_t" | "int32_t" => "1".to_owned(),
        kind if kind.ends_with(" **") => format!("&{name}"),
        kind if name == "options" => {
            let options = kind.trim_start_matches("const ").trim_end_matches(" *");
            format!("&({options}){{.struct_size = sizeof({options})}}")
        }
        _ => "NULL".to_owned(),
    }
}
