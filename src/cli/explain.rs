//! `snipcheck explain`: what an id means, or everything about one block or sentence.
//!
//! `page` holds a page for each id, `block` tells of one block and `words` says what the names of rules,
//! tolerances and reasons mean.

mod block;
mod page;
mod words;

use std::fmt::Write;

use super::args::ExplainArgs;
use super::console::{Console, Exit};
use super::judge::judge;
use super::prepare::{Snapshots, prepare};
use super::second_look::look_again;
use super::settings::{Settings, Typed};
use crate::run;

/// Explains what the arguments name: an id, or the block at a place; without either, lists the ids.
pub(super) fn explain(args: &ExplainArgs, console: &Console) -> Exit {
    let Some(subject) = &args.subject else {
        return console.print(&page::list());
    };
    let name = subject.to_string_lossy();
    if let Some(text) = page::page(&name).or_else(|| words::page(&name)) {
        return console.print(&text);
    }
    let is_place = name.contains([':', '.', '/']) || subject.exists();
    if is_place {
        return explain_block(args, subject, console);
    }
    let nearest = match page::nearest(&name) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => "`snipcheck explain` lists the ids; a block is named as FILE:LINE".to_owned(),
    };
    console.error(format_args!("there is no id `{name}`; {nearest}"))
}

fn explain_block(args: &ExplainArgs, place: &std::path::PathBuf, console: &Console) -> Exit {
    let settings = match Settings::load(Typed::of(&args.project, &args.run)) {
        Ok(settings) => settings,
        Err(error) => return console.error(error),
    };
    let prepared = prepare(
        std::slice::from_ref(place),
        &settings,
        Snapshots::Read,
        console,
    );
    if prepared.exit == Exit::Unable {
        return prepared.exit;
    }
    let options = settings.run_options();
    let ran = run::run(&prepared.plans, &options, &|_, _| {}).and_then(|outcome| {
        let again = look_again(&prepared.plans, &outcome, &options)?;
        Ok((outcome, again))
    });
    let (outcome, again) = match ran {
        Ok(ran) => ran,
        Err(error) => return console.error(error),
    };
    let report = judge(prepared, outcome, &again, 0.0);
    let mut text = String::new();
    for document in &report.documents {
        for problem in &document.problems {
            let _ = writeln!(text, "{}: {}", document.path, problem.message);
        }
        if let Some(read) = &document.document {
            for (at, block) in document.blocks.iter().enumerate() {
                text.push_str(if at > 0 { "\n" } else { "" });
                block::push_block(&mut text, read, block);
            }
            block::push_sentences(&mut text, read, &document.claims);
        }
    }
    console.print(&text)
}
