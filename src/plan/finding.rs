//! What a block is given, and what it misses all the same.

use crate::block::Block;
use crate::document::Document;
use crate::problem::{self, Problem};
use crate::syntax::names::{Need, conventional_import, implied_import};
use crate::text::Span;

use super::announced::Announced;
use super::chain::Chains;
use super::context::{Index, Position, Slice};
use super::directive::Chain;
use super::piece::Piece;
use super::{Options, Reason, SnippetKind};

/// The Python blocks of a document with what was read of them, in step.
pub(super) struct Pieces<'a> {
    pub(super) document: &'a Document,
    pub(super) blocks: &'a [Block],
    pub(super) pieces: &'a [Piece],
    pub(super) chains: &'a Chains<'a>,
    pub(super) options: &'a Options,
}

/// What was found out about one block.
#[derive(Default)]
pub(super) struct Finding {
    pub(super) slice: Slice,
    pub(super) supplied: Vec<String>,
    pub(super) static_reason: Option<Reason>,
    pub(super) problems: Vec<Problem>,
}

/// Builtins of Python 2 that are gone.
const PYTHON2_BUILTINS: &[&str] = &[
    "basestring",
    "execfile",
    "raw_input",
    "unichr",
    "unicode",
    "xrange",
];

/// Finds out what the block at `at` needs from others.
pub(super) fn find(these: &Pieces<'_>, index: &mut Index<'_>, at: Position) -> Finding {
    let mut finding = Finding::default();
    let (Some(piece), Some(block)) = (these.pieces.get(at), these.blocks.get(at)) else {
        return finding;
    };
    // What does not parse needs nothing: CPython refuses it before any name is looked up.
    if !piece.is_runnable() {
        return finding;
    }
    let chain = these.chains.before(at, index.limit());
    index.count(chain.len());
    for &position in &chain {
        finding.slice.take(position);
    }
    let announced = Announced::new(&piece.claims.claims, &piece.syntax);
    let mut doubtful = Vec::new();
    for need in &piece.names().needs {
        let place = piece.document_span(block, need.span);
        let line = these.document.index.line(place.start);
        // What is said to be missing and is named is; else hardly what an earlier block imports.
        if announced.names(need)
            || announced.may_mean(need, line) && !index.is_imported_before(&need.name, at)
        {
            continue;
        }
        if let Some(&binder) = chain.iter().find(|&&it| index.binds(it, &need.name)) {
            index.ask(&mut finding.slice, binder, need, at);
            continue;
        }
        let search = Search {
            these,
            at,
            piece,
            place,
        };
        if let Some(import) = search.need(index, need, &mut finding) {
            doubtful.push((search, need, import));
        }
    }
    let is_fragment = finding
        .problems
        .iter()
        .any(|problem| problem.id == "undefined-name");
    for (search, need, import) in doubtful {
        if is_fragment {
            let problem = problem::undefined_or_unimported(search.place, &need.name, &import);
            finding.problems.push(problem);
            finding.supply(import);
        } else {
            let problem = problem::missing_import(search.place, &need.name, &import);
            search.missing_import(import, problem, &mut finding);
        }
    }
    index.complete(&mut finding.slice, at);
    supply_context(these, &mut finding);
    if finding.slice.is_too_long {
        let at = piece.document_span(block, Span::at(0));
        finding.problems.push(problem::context_too_long(at));
    }
    finding
}

/// The imports that context blocks lack are supplied without a word: they are not this block's fault.
fn supply_context(these: &Pieces<'_>, finding: &mut Finding) {
    for (position, i) in std::mem::take(&mut finding.slice.missing) {
        let names = these.pieces.get(position).map(Piece::names);
        let need = names
            .filter(|it| !it.has_star_import)
            .and_then(|it| it.needs.get(i));
        if let Some(import) = need.and_then(implied_import) {
            finding.supply(import);
        }
    }
}

/// The search for one name.
struct Search<'a> {
    these: &'a Pieces<'a>,
    at: Position,
    piece: &'a Piece,
    /// Where the name is used.
    place: Span,
}

impl Search<'_> {
    /// Finds what supplies `need`. Where only a well-known name (`Sequence`) hints at an import, gives
    /// that import back: in a fragment with other undefined names it may well be another `Sequence`.
    fn need(&self, index: &mut Index<'_>, need: &Need, finding: &mut Finding) -> Option<String> {
        let names = self.piece.names();
        let is_last_value = self.piece.kind == SnippetKind::Session && need.name == "_";
        let is_lazy = need.is_annotation && self.these.options.python >= Some((3, 14));
        if is_last_value || is_lazy {
            return None;
        }
        let python = self.these.options.python;
        if let Some(since) = need.builtin_since
            && python.is_none_or(|python| python >= since)
        {
            // An earlier block may have given the name another meaning.
            if !need.is_latent {
                index.supply(&mut finding.slice, self.piece, need, self.at);
            }
            return None;
        }
        if need.is_latent {
            self.latent_need(index, need, finding);
            return None;
        }
        if names.imported_inside.contains(&need.name)
            && let Some(import) = implied_import(need)
        {
            let problem = problem::import_out_of_reach(self.place, &need.name, &import);
            self.missing_import(import, problem, finding);
            return None;
        }
        let is_alone = self.piece.directives.chain == Chain::Alone;
        if !is_alone && index.supply(&mut finding.slice, self.piece, need, self.at)
            || names.has_star_import
            || need.is_bound_later
        {
            return None;
        }
        match implied_import(need) {
            Some(import) if import.starts_with("from ") => return Some(import),
            Some(import) => {
                let problem = problem::missing_import(self.place, &need.name, &import);
                self.missing_import(import, problem, finding);
            }
            None if need.is_guarded => {}
            None => self.undefined(index, need, finding),
        }
        None
    }

    /// Nothing runs it, so nothing is run for it; only a forgotten import is worth a word.
    fn latent_need(&self, index: &Index<'_>, need: &Need, finding: &mut Finding) {
        if index.is_bound_before(self.piece, need, self.at) {
            return;
        }
        if let Some(import) = implied_import(need).filter(|import| !self.is_assumed(import)) {
            let problem = problem::latent_missing_import(self.place, &need.name, &import);
            finding.problems.push(problem);
        }
    }

    fn missing_import(&self, import: String, problem: Problem, finding: &mut Finding) {
        if !self.is_assumed(&import) {
            finding.problems.push(problem);
            finding.static_reason = Some(Reason::MissingImport);
        }
        finding.supply(import);
    }

    /// Whether the settings take the module as given.
    fn is_assumed(&self, import: &str) -> bool {
        let module = import.split_ascii_whitespace().nth(1).unwrap_or_default();
        let assumed = &self.these.options.assume_imports;
        assumed.iter().any(|it| it == module)
    }

    fn undefined(&self, index: &Index<'_>, need: &Need, finding: &mut Finding) {
        if PYTHON2_BUILTINS.contains(&need.name.as_str()) {
            // Running it gives the NameError, and the verdict.
            let what = format!("the builtin `{}` is gone", need.name);
            finding.problems.push(problem::python2(self.place, &what));
            return;
        }
        if index.is_bound_before(self.piece, need, self.at) {
            finding
                .problems
                .push(problem::out_of_context(self.place, &need.name));
            finding.static_reason.get_or_insert(Reason::UndefinedName);
            return;
        }
        let later = index.bound_later(&need.name, self.at);
        let later = later.and_then(|(position, span)| {
            let piece = self.these.pieces.get(position)?;
            let block = self.these.blocks.get(position)?;
            Some(piece.document_span(block, span))
        });
        finding.problems.push(match (later, need.builtin_since) {
            (_, Some(since)) => problem::newer_builtin(self.place, &need.name, since),
            (Some(later), None) => problem::defined_later(self.place, &need.name, later),
            (None, None) => match conventional_import(need) {
                Some(import) => problem::undefined_alias(self.place, &need.name, import),
                None => problem::undefined_name(self.place, &need.name),
            },
        });
        finding.static_reason.get_or_insert(Reason::UndefinedName);
    }
}

impl Finding {
    fn supply(&mut self, import: String) {
        if !self.supplied.contains(&import) {
            self.supplied.push(import);
        }
    }
}
