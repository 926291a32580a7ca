//! The minimal slice: which earlier blocks run before a block, so that it finds the names it needs.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::syntax::names::{Binding, Need, implied_import};
use crate::text::Span;

use super::piece::Piece;

/// No block is given more context blocks than this.
const MAX_BLOCKS: usize = 1_000;
/// All context of one document together, in bytes of code: what one document may cost in memory.
const MAX_BYTES: usize = 64 << 20;
/// All context blocks of one document together: what one document may cost in time.
const MAX_STEPS: usize = 1_000_000;

/// Position of a block among the Python blocks of its document.
pub(super) type Position = usize;

/// The blocks that do something to one name, in document order.
#[derive(Default)]
struct Doers {
    binders: Vec<Position>,
    /// Change its object, without binding it.
    changers: Vec<Position>,
    /// Call it at module level, without binding it.
    callers: Vec<Position>,
}

/// Who binds, changes and calls which name.
pub(super) struct Index<'a> {
    pieces: &'a [Piece],
    by_name: HashMap<&'a str, Doers>,
    /// Where each block binds what: the position in its `bound`.
    bindings: Vec<HashMap<&'a str, usize>>,
    star_importers: Vec<Position>,
    bytes_left: usize,
    steps_left: usize,
}

/// What a block is given of an earlier one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Share {
    /// All of it.
    Whole,
    /// These import statements.
    Imports(BTreeSet<Span>),
}

/// Where a name comes from.
enum Origin {
    /// From running the block.
    Block(Position),
    /// From an import statement in it.
    Import(Position, Span),
}

/// What runs before a block.
#[derive(Default)]
pub(super) struct Slice {
    /// The earlier blocks, by position.
    pub(super) shares: BTreeMap<Position, Share>,
    /// Whether it grew beyond what is run.
    pub(super) is_too_long: bool,
    /// Names that its blocks, not the block itself, miss.
    pub(super) missing: Vec<(Position, usize)>,
    waiting: Vec<Position>,
    /// How far the blocks that change a name bound at a position have been looked for.
    searched: HashMap<(String, Position), Position>,
}

impl<'a> Index<'a> {
    /// Indexes the blocks that others can build on.
    pub(super) fn new(pieces: &'a [Piece]) -> Self {
        let mut index = Index {
            pieces,
            by_name: HashMap::new(),
            bindings: Vec::with_capacity(pieces.len()),
            star_importers: Vec::new(),
            bytes_left: MAX_BYTES,
            steps_left: MAX_STEPS,
        };
        for (at, piece) in pieces.iter().enumerate() {
            let mut bindings = HashMap::new();
            if piece.is_usable() {
                index.add(at, piece, &mut bindings);
            }
            index.bindings.push(bindings);
        }
        index
    }

    fn add(&mut self, at: Position, piece: &'a Piece, bindings: &mut HashMap<&'a str, usize>) {
        let names = piece.names();
        for (i, binding) in names.bound.iter().enumerate() {
            bindings.insert(binding.name.as_str(), i);
            self.doers(&binding.name).binders.push(at);
        }
        for name in &names.mutated {
            self.doers(name).changers.push(at);
        }
        for need in names
            .needs
            .iter()
            .filter(|it| it.is_called && !it.is_latent)
        {
            self.doers(&need.name).callers.push(at);
        }
        if !names.star_imports.is_empty() {
            self.star_importers.push(at);
        }
    }

    /// How many blocks a chain may have before it is too long.
    pub(super) fn limit(&self) -> usize {
        self.steps_left.clamp(1, MAX_BLOCKS + 1)
    }

    fn doers(&mut self, name: &'a str) -> &mut Doers {
        self.by_name.entry(name).or_default()
    }

    /// The first block after `at` that binds the name.
    pub(super) fn bound_later(&self, name: &str, at: Position) -> Option<(Position, Span)> {
        let binders = &self.by_name.get(name)?.binders;
        let &later = binders.get(binders.partition_point(|&binder| binder <= at))?;
        let binding = self.binding(later, name)?;
        Some((later, binding.span))
    }

    fn binding(&self, at: Position, name: &str) -> Option<&'a Binding> {
        let &i = self.bindings.get(at)?.get(name)?;
        self.pieces.get(at)?.names().bound.get(i)
    }

    /// Where `piece` may have the name from, before `at`: a star import only if nothing surer is
    /// there, not even a star import of its own.
    fn origin(&self, piece: &Piece, need: &Need, at: Position) -> Option<Origin> {
        let name = need.name.as_str();
        let binders = self.by_name.get(name).map(|doers| &doers.binders);
        if let Some(binder) = binders.and_then(|binders| last_before(binders, at)) {
            let import = self.binding(binder, name).and_then(|it| it.import);
            return Some(match import {
                Some(statement) => Origin::Import(binder, statement),
                None => Origin::Block(binder),
            });
        }
        // Modules do not come out of star imports.
        let is_module = implied_import(need).is_some_and(|it| it.starts_with("import "));
        if is_module || piece.names().has_star_import {
            return None;
        }
        let importer = last_before(&self.star_importers, at)?;
        let &statement = self.pieces.get(importer)?.names().star_imports.last()?;
        Some(Origin::Import(importer, statement))
    }

    /// Whether some block before `at`, or a star import of its own, may bind what `piece` needs.
    pub(super) fn is_bound_before(&self, piece: &Piece, need: &Need, at: Position) -> bool {
        piece.names().has_star_import || self.origin(piece, need, at).is_some()
    }

    /// Whether the block at `at` binds the name.
    pub(super) fn binds(&self, at: Position, name: &str) -> bool {
        self.binding(at, name).is_some()
    }

    /// Adds to `slice` what it takes that `piece` has the name from before `at`; false if nothing there has it.
    pub(super) fn supply(
        &self,
        slice: &mut Slice,
        piece: &Piece,
        need: &Need,
        at: Position,
    ) -> bool {
        let Some(origin) = self.origin(piece, need, at) else {
            return false;
        };
        let name = need.name.as_str();
        match origin {
            Origin::Import(importer, statement) => slice.take_import(importer, statement),
            Origin::Block(binder) => {
                slice.take(binder);
                self.take_changers(slice, name, binder, at);
            }
        }
        true
    }

    /// Takes the blocks between `binder` and `at` that change what `binder` made.
    fn take_changers(&self, slice: &mut Slice, name: &str, binder: Position, at: Position) {
        let searched = slice
            .searched
            .entry((name.to_owned(), binder))
            .or_insert(binder);
        let from = *searched;
        if from >= at || self.steps_left == 0 {
            return;
        }
        *searched = at;
        if let Some(doers) = self.by_name.get(name) {
            slice.take_all(between(&doers.changers, from, at));
        }
        let names = self.pieces.get(binder).map(Piece::names);
        for binding in names.iter().flat_map(|names| &names.bound) {
            let doers = self.by_name.get(binding.name.as_str());
            if let Some(doers) = doers.filter(|_| binding.is_stateful) {
                slice.take_all(between(&doers.callers, from, at));
            }
        }
    }

    /// Follows what the blocks of the slice need in turn; `at` is the block it is for.
    pub(super) fn complete(&mut self, slice: &mut Slice, at: Position) {
        let own: HashSet<&str> = self
            .pieces
            .get(at)
            .map(|piece| {
                piece
                    .names()
                    .bound
                    .iter()
                    .map(|it| it.name.as_str())
                    .collect()
            })
            .unwrap_or_default();
        while let Some(position) = slice.waiting.pop() {
            self.steps_left = self.steps_left.saturating_sub(1);
            if self.steps_left == 0 || slice.shares.len() > MAX_BLOCKS {
                slice.is_too_long = true;
            }
            if slice.is_too_long {
                return;
            }
            let Some(piece) = self.pieces.get(position) else {
                continue;
            };
            for (i, need) in piece.names().needs.iter().enumerate() {
                // A function is called later, when everything before the block has run.
                let before = if need.is_latent { at } else { position };
                let is_own = need.is_latent && own.contains(need.name.as_str());
                if !is_own && !self.supply(slice, piece, need, before) {
                    slice.missing.push((position, i));
                }
            }
        }
        let cost = slice.cost(self.pieces);
        match self.bytes_left.checked_sub(cost) {
            Some(left) => self.bytes_left = left,
            None => slice.is_too_long = true,
        }
    }
}

impl Slice {
    /// Takes a whole block.
    pub(super) fn take(&mut self, at: Position) {
        let before = self.shares.insert(at, Share::Whole);
        if before != Some(Share::Whole) {
            self.waiting.push(at);
        }
    }

    fn take_all(&mut self, positions: &[Position]) {
        if self.shares.len() + positions.len() > 2 * MAX_BLOCKS {
            self.is_too_long = true;
            return;
        }
        for &at in positions {
            self.take(at);
        }
    }

    fn take_import(&mut self, at: Position, statement: Span) {
        let share = self
            .shares
            .entry(at)
            .or_insert_with(|| Share::Imports(BTreeSet::new()));
        match share {
            Share::Whole => {}
            Share::Imports(statements) => {
                statements.insert(statement);
            }
        }
    }

    /// Bytes of code that it copies.
    fn cost(&self, pieces: &[Piece]) -> usize {
        let cost_of = |(&at, share): (&Position, &Share)| match share {
            Share::Whole => pieces.get(at).map_or(0, |piece| piece.code.len()),
            Share::Imports(statements) => statements.iter().map(|it| it.len()).sum(),
        };
        self.shares.iter().map(cost_of).sum()
    }
}

fn last_before(positions: &[Position], at: Position) -> Option<Position> {
    let end = positions.partition_point(|&position| position < at);
    end.checked_sub(1).and_then(|i| positions.get(i)).copied()
}

/// The positions strictly between two.
fn between(positions: &[Position], after: Position, before: Position) -> &[Position] {
    let start = positions.partition_point(|&position| position <= after);
    let end = positions.partition_point(|&position| position < before);
    positions.get(start..end).unwrap_or_default()
}
