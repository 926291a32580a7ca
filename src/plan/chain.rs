//! Which blocks run before a block because the author says so.

use std::collections::HashMap;

use super::context::Position;
use super::directive::Chain;
use super::piece::Piece;

/// The chains of a document, found without copying any.
pub(super) struct Chains<'a> {
    pieces: &'a [Piece],
    /// The usable blocks of each group, in order.
    groups: HashMap<&'a str, Vec<Position>>,
    /// For each block the usable one before it.
    previous: Vec<Option<Position>>,
}

impl<'a> Chains<'a> {
    /// Reads the chains of all blocks.
    pub(super) fn new(pieces: &'a [Piece]) -> Self {
        let mut groups: HashMap<&str, Vec<Position>> = HashMap::new();
        let mut previous = Vec::with_capacity(pieces.len());
        let mut last_usable = None;
        for (at, piece) in pieces.iter().enumerate() {
            previous.push(last_usable);
            if !piece.is_usable() {
                continue;
            }
            last_usable = Some(at);
            if let Chain::Group(name) = &piece.directives.chain {
                groups.entry(name.as_str()).or_default().push(at);
            }
        }
        Chains {
            pieces,
            groups,
            previous,
        }
    }

    /// The blocks that run before the one at `at`, the nearest first; at most `limit`.
    pub(super) fn before(&self, at: Position, limit: usize) -> Vec<Position> {
        match self.pieces.get(at).map(|piece| &piece.directives.chain) {
            Some(Chain::Group(name)) => {
                let group = self.groups.get(name.as_str());
                let members = group.map_or(&[][..], Vec::as_slice);
                let end = members.partition_point(|&member| member < at);
                let members = members.get(..end).unwrap_or_default();
                members.iter().rev().take(limit).copied().collect()
            }
            Some(Chain::Continuation) => self.continued(at, limit),
            Some(Chain::None | Chain::Alone) | None => Vec::new(),
        }
    }

    /// Back over continuations to the block that begins, with the group that it belongs to.
    fn continued(&self, at: Position, limit: usize) -> Vec<Position> {
        let mut chain = Vec::new();
        let mut here = at;
        while let Some(before) = self.previous.get(here).copied().flatten() {
            if chain.len() >= limit {
                break;
            }
            chain.push(before);
            here = before;
            match self.pieces.get(before).map(|piece| &piece.directives.chain) {
                Some(Chain::Continuation) => {}
                Some(Chain::Group(_)) => {
                    chain.extend(self.before(before, limit - chain.len()));
                    break;
                }
                Some(Chain::None | Chain::Alone) | None => break,
            }
        }
        chain
    }
}
