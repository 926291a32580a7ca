//! The minimal slice: which earlier blocks run before a block, so that it finds the names it needs.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::syntax::names::{Binding, Definition, Need, implied_import};
use crate::text::Span;

use super::piece::Piece;

/// No block is given more context blocks than this.
const MAX_BLOCKS: usize = 1_000;
/// All context of one document together, in bytes of code: what one document may cost in memory.
const MAX_BYTES: usize = 64 << 20;
/// So many functions are followed from one that changes an object to those that call it.
const MAX_FUNCTIONS: usize = 100;
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
    /// Give its object this other name.
    aliases: Vec<(Position, String)>,
    /// Define a function of this name that changes its object when it is called.
    changing: Vec<(Position, String)>,
    /// Define a function of this name that uses it.
    using: Vec<(Position, String)>,
}

/// Who binds, changes and calls which name.
pub(super) struct Index<'a> {
    pieces: &'a [Piece],
    by_name: HashMap<&'a str, Doers>,
    /// For each block, what it binds, by name.
    bindings: Vec<HashMap<&'a str, &'a Binding>>,
    /// For each block, what its definitions lead to, by name.
    uses: Vec<HashMap<&'a str, &'a [String]>>,
    /// For each block, where its needs stand, by name.
    needs: Vec<HashMap<&'a str, usize>>,
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

/// What is still to be followed.
enum Task {
    /// What the block needs when it runs.
    Run(Position),
    /// What a name that it binds leads to, when the block at `user` calls it.
    Call {
        binder: Position,
        name: String,
        user: Position,
    },
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
    waiting: Vec<Task>,
    asked: HashSet<(Position, String, Position)>,
    /// How far the blocks that change a name bound at a position have been looked for.
    searched: HashMap<(String, Position), Position>,
}

impl<'a> Index<'a> {
    /// Indexes the blocks that others can build on.
    pub(super) fn new(pieces: &'a [Piece]) -> Self {
        let mut index = Index {
            pieces,
            by_name: HashMap::new(),
            bindings: vec![HashMap::new(); pieces.len()],
            uses: vec![HashMap::new(); pieces.len()],
            needs: vec![HashMap::new(); pieces.len()],
            star_importers: Vec::new(),
            bytes_left: MAX_BYTES,
            steps_left: MAX_STEPS,
        };
        for (at, piece) in pieces.iter().enumerate() {
            if piece.is_usable() {
                index.add_doings(at, piece);
                index.add_contents(at, piece);
            }
        }
        index
    }

    fn add_doings(&mut self, at: Position, piece: &'a Piece) {
        let names = piece.names();
        for binding in &names.bound {
            self.doers(&binding.name).binders.push(at);
            if let Some(other) = &binding.alias_of {
                let alias = (at, binding.name.clone());
                self.doers(other).aliases.push(alias);
            }
        }
        for name in &names.mutated {
            self.doers(name).changers.push(at);
        }
        for need in &names.needs {
            if need.is_called && !need.is_latent {
                self.doers(&need.name).callers.push(at);
            }
        }
        for definition in &names.definitions {
            let function = || (at, definition.name.clone());
            for name in &definition.changes {
                self.doers(name).changing.push(function());
            }
            for name in &definition.uses {
                self.doers(name).using.push(function());
            }
        }
        if !names.star_imports.is_empty() {
            self.star_importers.push(at);
        }
    }

    fn add_contents(&mut self, at: Position, piece: &'a Piece) {
        let names = piece.names();
        if let Some(bindings) = self.bindings.get_mut(at) {
            bindings.extend(names.bound.iter().map(|it| (it.name.as_str(), it)));
        }
        if let Some(uses) = self.uses.get_mut(at) {
            let of = |it: &'a Definition| (it.name.as_str(), it.uses.as_slice());
            uses.extend(names.definitions.iter().map(of));
        }
        if let Some(needs) = self.needs.get_mut(at) {
            let all = names.needs.iter().enumerate();
            needs.extend(all.map(|(i, need)| (need.name.as_str(), i)));
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
        self.bindings.get(at)?.get(name).copied()
    }

    /// Where `piece` may have the name from, before `at`: a star import only if nothing surer is
    /// there, not even a star import of its own.
    fn origin(
        &self,
        piece: &Piece,
        name: &str,
        need: Option<&Need>,
        at: Position,
    ) -> Option<Origin> {
        let binders = self.by_name.get(name).map(|doers| &doers.binders);
        if let Some(binder) = binders.and_then(|binders| last_before(binders, at)) {
            let import = self.binding(binder, name).and_then(|it| it.import);
            return Some(match import {
                Some(statement) => Origin::Import(binder, statement),
                None => Origin::Block(binder),
            });
        }
        // Modules do not come out of star imports.
        let is_module = need
            .and_then(implied_import)
            .is_some_and(|it| it.starts_with("import "));
        if is_module || piece.names().has_star_import {
            return None;
        }
        let importer = last_before(&self.star_importers, at)?;
        let statement = self.pieces.get(importer)?.names().star_imports.last()?.span;
        Some(Origin::Import(importer, statement))
    }

    /// Whether some block before `at`, or a star import of its own, may bind what `piece` needs.
    pub(super) fn is_bound_before(&self, piece: &Piece, need: &Need, at: Position) -> bool {
        piece.names().has_star_import || self.origin(piece, &need.name, Some(need), at).is_some()
    }

    /// Whether the name is an import of the nearest block before `at` that binds it.
    pub(super) fn is_imported_before(&self, name: &str, at: Position) -> bool {
        let binders = self.by_name.get(name).map(|doers| &doers.binders);
        binders
            .and_then(|binders| last_before(binders, at))
            .and_then(|binder| self.binding(binder, name))
            .is_some_and(|binding| binding.import.is_some())
    }

    /// Whether the block at `at` binds the name.
    pub(super) fn binds(&self, at: Position, name: &str) -> bool {
        self.binding(at, name).is_some()
    }

    /// Adds to `slice` what it takes that `piece` has the name from before `at`; false if nothing there has it.
    pub(super) fn supply(
        &mut self,
        slice: &mut Slice,
        piece: &Piece,
        need: &Need,
        at: Position,
    ) -> bool {
        self.supply_name(slice, piece, &need.name, Some(need), at)
    }

    fn supply_name(
        &mut self,
        slice: &mut Slice,
        piece: &Piece,
        name: &str,
        need: Option<&Need>,
        at: Position,
    ) -> bool {
        let Some(origin) = self.origin(piece, name, need, at) else {
            return false;
        };
        match origin {
            Origin::Import(importer, statement) => slice.take_import(importer, statement),
            Origin::Block(binder) => {
                slice.take(binder);
                slice.ask(binder, name, at);
                self.take_changers(slice, name, binder, at);
            }
        }
        true
    }

    /// Takes the blocks between `binder` and `at` that change what `binder` made, under whatever name.
    fn take_changers(&mut self, slice: &mut Slice, name: &str, binder: Position, at: Position) {
        let mut names = vec![(name.to_owned(), binder)];
        while let Some((name, binder)) = names.pop() {
            let key = (name, binder);
            let from = slice.searched.get(&key).copied().unwrap_or(binder);
            if from >= at && slice.searched.contains_key(&key) {
                continue;
            }
            let Some(left) = self.steps_left.checked_sub(1) else {
                slice.is_too_long = true;
                return;
            };
            self.steps_left = left;
            let name = key.0.clone();
            slice.searched.insert(key, at);
            self.take_stateful_callers(slice, binder, from, at);
            names.extend(self.alias_origins(&name, binder));
            let Some(doers) = self.by_name.get(name.as_str()) else {
                continue;
            };
            slice.take_all(between(&doers.changers, from, at));
            if !doers.changing.is_empty() {
                self.take_callers_of_changing(slice, &name, from, at);
            }
            let start = doers
                .aliases
                .partition_point(|&(position, _)| position < binder);
            let aliases = doers.aliases.get(start..).unwrap_or_default();
            let aliases = aliases.iter().take_while(|&&(position, _)| position < at);
            names.extend(aliases.map(|(position, alias)| (alias.clone(), *position)));
        }
    }

    /// Takes the blocks that call a function that changes the object of `name`, or one that calls such a one.
    fn take_callers_of_changing(
        &self,
        slice: &mut Slice,
        name: &str,
        from: Position,
        at: Position,
    ) {
        let changing = self.by_name.get(name).map(|doers| &doers.changing);
        let mut waiting: Vec<&str> = functions_before(changing, at).collect();
        let mut seen: HashSet<&str> = HashSet::new();
        while let Some(function) = waiting.pop() {
            if seen.len() == MAX_FUNCTIONS || !seen.insert(function) {
                continue;
            }
            if let Some(doers) = self.by_name.get(function) {
                slice.take_all(between(&doers.callers, from, at));
                waiting.extend(functions_before(Some(&doers.using), at));
            }
        }
    }

    /// The other name of what `name` is bound to at `binder`, and who may have bound that.
    fn alias_origins(&self, name: &str, binder: Position) -> Vec<(String, Position)> {
        let binding = self.binding(binder, name);
        let Some(other) = binding.and_then(|it| it.alias_of.as_deref()) else {
            return Vec::new();
        };
        let earlier = self.by_name.get(other);
        let earlier = earlier.and_then(|doers| last_before(&doers.binders, binder));
        // A block that binds both may have bound the other name before or after.
        let same = Some(binder).filter(|_| other != name && self.binds(binder, other));
        let homes = earlier.into_iter().chain(same);
        homes.map(|home| (other.to_owned(), home)).collect()
    }

    /// Takes the blocks that call what remembers being called.
    fn take_stateful_callers(
        &self,
        slice: &mut Slice,
        binder: Position,
        from: Position,
        at: Position,
    ) {
        let names = self.pieces.get(binder).map(Piece::names);
        for binding in names.iter().flat_map(|names| &names.bound) {
            let doers = self.by_name.get(binding.name.as_str());
            if let Some(doers) = doers.filter(|_| binding.is_stateful) {
                slice.take_all(between(&doers.callers, from, at));
            }
        }
    }

    /// Notes that the block at `at` has the name from the one at `binder`, by the author's word.
    pub(super) fn ask(&self, slice: &mut Slice, binder: Position, need: &Need, at: Position) {
        if !need.is_latent {
            slice.ask(binder, &need.name, at);
        }
    }

    /// Counts blocks that a chain takes.
    pub(super) fn count(&mut self, blocks: usize) {
        self.steps_left = self.steps_left.saturating_sub(blocks);
    }

    /// Follows what the blocks of the slice need in turn; `at` is the block it is for.
    pub(super) fn complete(&mut self, slice: &mut Slice, at: Position) {
        while let Some(task) = slice.waiting.pop() {
            self.steps_left = self.steps_left.saturating_sub(1);
            if self.steps_left == 0 || slice.shares.len() > MAX_BLOCKS {
                slice.is_too_long = true;
            }
            if slice.is_too_long {
                return;
            }
            match task {
                Task::Run(position) => self.follow_run(slice, position),
                Task::Call { binder, name, user } => {
                    self.follow_call(slice, binder, &name, user, at);
                }
            }
        }
        let cost = slice.cost(self.pieces);
        match self.bytes_left.checked_sub(cost) {
            Some(left) => self.bytes_left = left,
            None => slice.is_too_long = true,
        }
    }

    fn follow_run(&mut self, slice: &mut Slice, position: Position) {
        let Some(piece) = self.pieces.get(position) else {
            return;
        };
        for (i, need) in piece.names().needs.iter().enumerate() {
            if !need.is_latent && !self.supply(slice, piece, need, position) {
                slice.missing.push((position, i));
            }
        }
    }

    /// Follows what `name`, bound by `binder`, uses when the block at `user` calls it: whatever these
    /// names stand for by then, not what they stood for when it was defined.
    fn follow_call(
        &mut self,
        slice: &mut Slice,
        binder: Position,
        name: &str,
        user: Position,
        at: Position,
    ) {
        let uses = self.uses.get(binder).and_then(|uses| uses.get(name));
        let (Some(piece), Some(&uses)) = (self.pieces.get(binder), uses) else {
            return;
        };
        for used in uses {
            if self.binds(user, used) {
                // The caller may have defined it anew by then.
                slice.ask(user, used, user);
            }
            let need = self.need(binder, used);
            if self.supply_name(slice, piece, used, need.map(|(_, need)| need), user) {
                continue;
            }
            // The block itself may bind the name, but only after the call.
            let is_own = user == at && self.binds(at, used);
            if let Some((i, _)) = need.filter(|_| !is_own) {
                slice.missing.push((binder, i));
            }
        }
    }

    fn need(&self, at: Position, name: &str) -> Option<(usize, &'a Need)> {
        let &i = self.needs.get(at)?.get(name)?;
        Some((i, self.pieces.get(at)?.names().needs.get(i)?))
    }
}

impl Slice {
    /// Takes a whole block.
    pub(super) fn take(&mut self, at: Position) {
        let before = self.shares.insert(at, Share::Whole);
        if before != Some(Share::Whole) {
            self.waiting.push(Task::Run(at));
        }
    }

    /// Notes that the block at `user` calls what `binder` binds to the name.
    fn ask(&mut self, binder: Position, name: &str, user: Position) {
        if self.asked.insert((binder, name.to_owned(), user)) {
            self.waiting.push(Task::Call {
                binder,
                name: name.to_owned(),
                user,
            });
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

/// The functions that blocks before `at` define.
fn functions_before(
    functions: Option<&Vec<(Position, String)>>,
    at: Position,
) -> impl Iterator<Item = &str> {
    let all = functions.into_iter().flatten();
    let before = all.take_while(move |&&(position, _)| position < at);
    before
        .map(|(_, function)| function.as_str())
        .take(MAX_FUNCTIONS)
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
