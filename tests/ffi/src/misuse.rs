//! Calls of every function that headwater.h declares, as a program in C: with arguments that are wrong,
//! after a close, by several threads, with a panic inside.

use crate::arguments::{right, wrong};
use crate::prototypes::{Function, Struct, functions, structs};

/// Which calls a program makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calls {
    /// Each parameter wrong in each way.
    Misused,
    /// Each function on a workspace that is closed.
    AfterClose,
    /// Each function by several threads on the same objects.
    Concurrent,
    /// Each function with a panic planted in it.
    Panicking,
}

/// What a call must come to.
#[derive(Clone, Copy)]
enum Wanted<'a> {
    /// Whatever it is, status and error say the same.
    Anything,
    /// Refused, with this field.
    Refused(&'a str),
    /// Anything, or refused because another thread is using this object.
    Contended(&'a str),
    /// The planted panic.
    Panic,
}

/// The program; its argument is an empty folder.
#[must_use]
pub fn program(calls: Calls) -> String {
    let (structs, mut all) = (structs(), functions());
    // What is closed is of no use to the others.
    all.sort_by_key(|function| function.name == "headwater_workspace_close");
    let (mut threads, mut body) = (String::new(), String::new());
    for function in &all {
        match calls {
            Calls::Misused => misused(function, &structs, &mut body),
            Calls::AfterClose => after_close(function, &structs, &mut body),
            Calls::Concurrent => concurrent(function, &structs, &mut threads, &mut body),
            Calls::Panicking => panicking(function, &structs, &mut body),
        }
    }
    let prepare = match calls {
        Calls::AfterClose => "  must(headwater_workspace_close(workspace, NULL));\n",
        _ => "",
    };
    format!(
        "#define _POSIX_C_SOURCE 200809L\n#include \"harness.h\"\n\n\
         struct ArrowArrayStream {{\n  void *fields[5];\n}};\n\n{threads}\n\
         int main(int count, char **arguments) {{\n  if (count != 2)\n    return 2;\n  \
         open_all(arguments[1]);\n{prepare}{body}  return end();\n}}\n"
    )
}

fn misused(function: &Function, structs: &[Struct], body: &mut String) {
    if !function.name.ends_with("_close") && !function.is_free() {
        body.push_str(&call(function, structs, "as it should be", None, Wanted::Anything));
    }
    for (kind, name) in &function.parameters {
        if function.name.ends_with("_close") && name != "workspace" {
            continue;
        }
        for wrong in wrong(function, kind, name, structs) {
            let wanted = wrong.field.as_deref().map_or(Wanted::Anything, Wanted::Refused);
            let what = format!("{name} {}", wrong.what);
            body.push_str(&call(function, structs, &what, Some((name, &wrong.value)), wanted));
            if function.is_free() {
                let again = Some((name.as_str(), wrong.value.as_str()));
                body.push_str(&call(function, structs, "twice", again, Wanted::Anything));
            }
        }
    }
}

fn after_close(function: &Function, structs: &[Struct], body: &mut String) {
    let first = function.parameters.first().map_or("", |(kind, _)| kind);
    let is_closed = first == "const headwater_workspace *" || first == "headwater_query *";
    if function.has_status() && is_closed {
        let is_close = function.name == "headwater_workspace_close";
        let wanted = if is_close { Wanted::Anything } else { Wanted::Refused("workspace") };
        body.push_str(&call(function, structs, "closed", None, wanted));
    }
}

/// A thread's function for each function of the header, and the calls that start them.
fn concurrent(function: &Function, structs: &[Struct], threads: &mut String, body: &mut String) {
    let name = &function.name;
    let is_any = function.comment.contains("Threads: any");
    assert!(is_any || function.comment.contains("Threads: one at a time"), "{name}: its threads");
    let object = function.parameters.first().map_or("", |(_, name)| name);
    let wanted = if is_any { Wanted::Anything } else { Wanted::Contended(object) };
    let replaced = Some((object, "NULL")).filter(|_| function.is_free());
    let called = call(function, structs, "by several threads", replaced, wanted);
    threads.push_str(&format!(
        "static void *threads_{name}(void *unused) {{\n  (void)unused;\n  for (int i = 0; i < REPEATS; i++) \
         {{\n{called}  }}\n  return NULL;\n}}\n\n"
    ));
    body.push_str(&format!("  together(threads_{name});\n"));
}

fn panicking(function: &Function, structs: &[Struct], body: &mut String) {
    let name = &function.name;
    body.push_str(&format!("  setenv(\"HEADWATER_PLANTED_PANIC\", \"{name}\", 1);\n"));
    let wanted = if function.has_status() { Wanted::Panic } else { Wanted::Anything };
    // What is freed would stay: a panic in place of it is a leak, and no crash.
    let object = function.parameters.first().map_or("", |(_, name)| name);
    let replaced = Some((object, "NULL")).filter(|_| function.is_free());
    body.push_str(&call(function, structs, "a planted panic", replaced, wanted));
    body.push_str("  unsetenv(\"HEADWATER_PLANTED_PANIC\");\n");
}

/// A call in a block of its own, with one argument replaced.
fn call(
    function: &Function,
    structs: &[Struct],
    variant: &str,
    replaced: Option<(&str, &str)>,
    wanted: Wanted<'_>,
) -> String {
    let Function { name, returns, parameters, .. } = function;
    let mut block = format!("  {{\n    begin(\"{name}\", \"{variant}\");\n");
    let (mut arguments, mut after) = (Vec::new(), String::new());
    // A run that did not come to its end gives a report beside the error.
    let leaves_nothing = matches!(wanted, Wanted::Refused(_));
    for (kind, parameter) in parameters {
        if let Some(owned) = kind.strip_suffix(" **") {
            block.push_str(&format!("    {owned} *{parameter} = NULL;\n"));
            if parameter != "out_error" {
                if leaves_nothing {
                    after.push_str(&format!(
                        "    if ({parameter} != NULL)\n      complain(\"{parameter} is not NULL\", status);\n"
                    ));
                }
                after.push_str(&format!("    {owned}_free({parameter});\n"));
            }
        }
        arguments.push(match replaced {
            Some((name, value)) if name == parameter => value.to_owned(),
            _ => right(kind, parameter, structs),
        });
    }
    let arguments = arguments.join(", ");
    if function.has_status() {
        block.push_str(&format!("    int32_t status = {name}({arguments});\n"));
        block.push_str(&match wanted {
            Wanted::Panic => "    panicked(status, out_error);\n".to_owned(),
            Wanted::Refused(field) => format!("    judge(status, out_error, 1, \"{field}\");\n"),
            Wanted::Contended(object) => format!(
                "    judge(status, out_error, status == HEADWATER_E_INVALID_REQUEST, \"{object}\");\n"
            ),
            Wanted::Anything if !matches!(replaced, Some(("out_error", _))) => {
                "    judge(status, out_error, 0, NULL);\n".to_owned()
            }
            Wanted::Anything => "    (void)status;\n    headwater_error_free(out_error);\n".to_owned(),
        });
    } else if returns == "void" {
        block.push_str(&format!("    {name}({arguments});\n"));
    } else {
        block.push_str(&format!("    (void){name}({arguments});\n"));
    }
    block + &after + "  }\n"
}
