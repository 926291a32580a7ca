//! `snipcheck doctor`: which interpreter runs the blocks, and what confines them on this machine.

use std::fmt::Write;

use super::args::{DoctorArgs, ProjectArgs};
use super::console::{Console, Exit};
use super::settings::{Settings, Typed};
use crate::run::{self, Interpreter};
use crate::sandbox::{Confinement, LayerState};

/// Shows what a run would run with.
pub(super) fn doctor(args: &DoctorArgs, console: &Console) -> Exit {
    let settings = match Settings::load(Typed::of(&ProjectArgs::default(), &args.run)) {
        Ok(settings) => settings,
        Err(error) => return console.error(error),
    };
    match run::survey(&settings.run_options()) {
        Ok((interpreter, confinement)) => console.print(&table(&interpreter, &confinement)),
        Err(error) => console.error(error),
    }
}

fn table(interpreter: &Interpreter, confinement: &Confinement) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "interpreter  {} {}",
        interpreter.implementation, interpreter.version
    );
    let _ = writeln!(text, "sandbox      rung {}", confinement.rung);
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
