//! The names of each Python fence of a case, as text.

use std::fmt::Write;

use snipcheck::syntax;
use snipcheck::syntax::names::{Binding, Names, Need, implied_import};
use snipcheck::text::LineIndex;

use crate::cases::Case;

/// Lists, for each fence tagged `python`, what its code binds, needs, changes and imports.
pub(crate) fn run(case: &Case) -> String {
    let mut out = String::new();
    let mut lines = case.document.split_inclusive('\n').enumerate();
    while let Some((at, line)) = lines.next() {
        if line.trim_end() != "```python" {
            continue;
        }
        let code: String = lines
            .by_ref()
            .map(|(_, line)| line)
            .take_while(|line| line.trim_end() != "```")
            .collect();
        let first = code.lines().next().unwrap_or_default();
        let _ = writeln!(out, "line {}: {first}", at + 2);
        push_names(&mut out, &code, &syntax::syntax(&code).names);
    }
    out
}

fn push_names(out: &mut String, code: &str, names: &Names) {
    let bound: Vec<String> = names.bound.iter().map(binding).collect();
    push_list(out, "bound", &bound);
    let index = LineIndex::new(code);
    for need in &names.needs {
        let place = index.position(code, need.span.start);
        let _ = writeln!(
            out,
            "  needs {}:{} {}",
            place.line,
            place.column,
            describe(need)
        );
    }
    push_list(out, "mutated", &names.mutated);
    let imports: Vec<String> = names
        .imports
        .iter()
        .map(|import| match import.is_certain {
            true => import.module.clone(),
            false => format!("{} (maybe)", import.module),
        })
        .collect();
    push_list(out, "imports", &imports);
    push_list(out, "imported inside", &names.imported_inside);
    if names.has_star_import {
        let _ = writeln!(out, "  star imports, certain: {}", names.star_imports.len());
    }
    if names.reads_input {
        out.push_str("  reads input\n");
    }
}

fn binding(binding: &Binding) -> String {
    let mut text = binding.name.clone();
    if binding.import.is_some() {
        text.push_str(" (import)");
    }
    if binding.is_stateful {
        text.push_str(" (stateful)");
    }
    if let Some(other) = &binding.alias_of {
        let _ = write!(text, " (same as {other})");
    }
    text
}

fn describe(need: &Need) -> String {
    let mut text = need.name.clone();
    if let Some(attribute) = &need.attribute {
        let _ = write!(text, ".{attribute}");
    }
    let flags = [
        (need.is_called, "called"),
        (need.is_latent, "latent"),
        (need.is_guarded, "guarded"),
        (need.is_annotation, "annotation"),
        (need.is_bound_later, "bound later"),
    ];
    for (_, flag) in flags.iter().filter(|(is_set, _)| *is_set) {
        let _ = write!(text, ", {flag}");
    }
    if let Some(import) = implied_import(need) {
        let _ = write!(text, " => {import}");
    }
    text
}

fn push_list(out: &mut String, title: &str, items: &[String]) {
    if !items.is_empty() {
        let _ = writeln!(out, "  {title}: {}", items.join(", "));
    }
}
