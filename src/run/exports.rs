//! Asks the interpreter what `from module import *` binds: one snippet, confined like any other, imports
//! all the modules that the documents name so.

use std::collections::BTreeSet;

use super::{Fleet, RunOptions, nonce};
use crate::observation::{Observation, Stream};
use crate::plan::{Exports, Snippet, SnippetKind, Source};
use crate::text::LineNumber;

/// More modules than this are not asked for.
const MODULES_MAX: usize = 200;

/// What the star imports of `modules` bind. A module that cannot be imported is left out, and where
/// nothing can be run all of them are: the run itself then says why.
pub fn exports(modules: &BTreeSet<String>, options: &RunOptions) -> Exports {
    let modules: Vec<&str> = modules
        .iter()
        .map(String::as_str)
        .filter(|module| is_dotted_name(module))
        .take(MODULES_MAX)
        .collect();
    if modules.is_empty() {
        return Exports::new();
    }
    let observation = ask(&modules, options).unwrap_or_else(Observation::not_run);
    let told = modules.iter().enumerate().filter_map(|(at, module)| {
        let names = names(&observation, LineNumber::new(at + 1))?;
        Some(((*module).to_owned(), names))
    });
    told.collect()
}

/// Whether it is safe to be put into an import statement.
fn is_dotted_name(module: &str) -> bool {
    let is_name = |part: &str| {
        !part.is_empty()
            && !part.starts_with(|c: char| c.is_ascii_digit())
            && part.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    module.split('.').all(is_name)
}

fn ask(modules: &[&str], options: &RunOptions) -> Option<Observation> {
    let fleet = Fleet::start(options, &options.policy, None, 1).ok()?;
    let sources = modules.iter().enumerate().map(|(at, module)| Source {
        line: LineNumber::new(at + 1),
        code: format!(
            "(lambda names: (exec('from {module} import *', names), \
             print('\\n' + ' '.join(names))))({{}}) and None\n"
        ),
    });
    let snippet = Snippet {
        kind: SnippetKind::Session,
        sources: sources.collect(),
        context: Vec::new(),
        supplied: Vec::new(),
        watches: Vec::new(),
        inputs: Vec::new(),
    };
    let mut client = fleet.take().ok()?;
    let ran = client.run("<star imports>", &snippet, &options.policy.limits, &nonce());
    fleet.put(client);
    ran.ok()
}

/// The names that the example on `line` told; `None` where it failed.
fn names(observation: &Observation, line: LineNumber) -> Option<BTreeSet<String>> {
    if observation.raised.iter().any(|raised| raised.line == line) {
        return None;
    }
    let own = observation
        .emissions
        .iter()
        .filter(|emission| emission.stream == Stream::Stdout && emission.statement == Some(line));
    let text: String = own.map(|emission| emission.text.as_str()).collect();
    let (_, told) = text.trim_end().rsplit_once('\n')?;
    let names = told.split(' ').filter(|name| *name != "__builtins__");
    Some(names.map(str::to_owned).collect())
}
