//! Arguments, settings and one file per command.
//!
//! [`args::Args`] is what was typed, [`settings::Settings`] what is meant; only this folder knows clap.
//! A command prepares plans from paths, has them run, judges and prints, and gives an exit status.

pub mod args;
pub mod settings;

mod accept;
mod check;
mod console;
mod doctor;
mod explain;
mod in_place;
mod judge;
mod list;
mod patch;
mod pending;
mod prepare;
mod progress;
mod repeat;
mod review;
mod second_look;
mod tally;
mod update;

use std::process::ExitCode;

use clap::Parser;

use crate::run;
use crate::sandbox::cgroup;
use args::{Args, Command};
use console::Console;

/// Runs the program and gives its exit status.
pub fn main() -> ExitCode {
    // This program starts itself as a fork server: what it is told then is nobody's command line.
    let mut words = std::env::args_os().skip(1);
    if words
        .next()
        .is_some_and(|word| word == run::FORK_SERVER_WORD)
    {
        let words: Vec<String> = words
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        return run::fork_server_main(&words);
    }
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Help and version go to standard output, which may be closed already.
            // An argument may be the name of somebody's file, so it is no more trusted than that.
            let told = error.render().to_string();
            if console::harmless(&told) == told {
                let _ = error.print();
            } else {
                console::complain(&told);
            }
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let console = Console::new(&args);
    let exit = match &args.command {
        Command::Check(args) => check::check(args, &console),
        Command::Update(args) if args.in_place => in_place::in_place(args, &console),
        Command::Update(args) => update::update(args, &console),
        Command::Review(args) => review::review(args, &console),
        Command::Accept(args) => accept::accept(args, &console),
        Command::Reject(args) => accept::reject(args, &console),
        Command::List(args) => list::list(args, &console),
        Command::Explain(args) => explain::explain(args, &console),
        Command::Doctor(args) => doctor::doctor(args, &console),
    };
    cgroup::give_back();
    exit.into()
}
