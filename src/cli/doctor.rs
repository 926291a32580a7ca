//! `snipcheck doctor`: which interpreter runs the blocks, and what confines them on this machine.
//!
//! Every layer shown as enforced was tested a moment ago. The exit status says whether `check` would
//! run here with the same flags.

use std::fmt::Write;

use super::args::{DoctorArgs, FormatArg, ProjectArgs};
use super::console::{Console, Exit};
use super::settings::{Settings, Typed};
use crate::run::{self, Interpreter};
use crate::sandbox::{Confinement, LayerState, Rung};

/// Shows what a run would run with.
pub(super) fn doctor(args: &DoctorArgs, console: &Console) -> Exit {
    let settings = match Settings::load(Typed::of(&ProjectArgs::default(), &args.run)) {
        Ok(settings) => settings,
        Err(error) => return console.error(error),
    };
    let (interpreter, confinement) = match run::survey(&settings.run_options()) {
        Ok(surveyed) => surveyed,
        Err(error) => return console.error(error),
    };
    let text = match args.format.unwrap_or_default() {
        FormatArg::Full => table(&interpreter, &confinement),
        FormatArg::Concise => heading(&interpreter, &confinement),
        FormatArg::Json => json(&interpreter, &confinement),
    };
    let printed = console.print(&text);
    match run::require(&confinement, settings.rungs.least) {
        Ok(()) => printed,
        Err(error) => console.error(error),
    }
}

fn json(interpreter: &Interpreter, confinement: &Confinement) -> String {
    let value = serde_json::json!({
        "format": "snipcheck-doctor/1",
        "interpreter": interpreter,
        "sandbox": confinement,
    });
    format!("{value}\n")
}

fn heading(interpreter: &Interpreter, confinement: &Confinement) -> String {
    let meaning = match confinement.rung() {
        Rung::APlus => "everything, with limits on all processes of a block together",
        Rung::A => "everything",
        Rung::B => "everything but /proc",
        Rung::C => "namespaces without mounts; Landlock holds the files",
        Rung::D => "no namespaces; one process without network, Landlock holds the files",
        Rung::None => "nothing confines the blocks",
    };
    format!(
        "interpreter  {} {}\nsandbox      rung {}: {meaning}\n",
        interpreter.implementation, interpreter.version, confinement.rung
    )
}

fn table(interpreter: &Interpreter, confinement: &Confinement) -> String {
    let mut text = heading(interpreter, confinement);
    let layers = &confinement.layers;
    let width = layers
        .iter()
        .map(|layer| layer.name.chars().count())
        .max()
        .unwrap_or(0);
    for layer in layers {
        let state = match layer.state {
            LayerState::Enforced => "enforced",
            LayerState::Degraded => "degraded",
            LayerState::Absent => "absent",
        };
        let detail = layer.detail.as_deref().unwrap_or("");
        let line = format!("  {:width$}  {state:8}  {detail}", layer.name);
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}
