//! Star imports, once the interpreter has told what they bind: each then is an import of just the names
//! that some block of the document needs.
//!
//! A module that could not be asked leaves its star import as it is: it may bind any name.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::block;
use crate::document::Document;
use crate::syntax::names::{Binding, Names, StarImport};

use super::directive::Directives;
use super::piece::{self, Piece};

/// What `from module import *` binds, by module, as far as that is known.
pub type Exports = BTreeMap<String, BTreeSet<String>>;

/// The modules of the star imports in the blocks of `document`, as written; relative ones are left out.
pub fn star_imports(document: &Document) -> BTreeSet<String> {
    let may_have_one = document
        .text
        .lines()
        .any(|line| line.contains("import") && line.contains('*'));
    if !may_have_one {
        return BTreeSet::new();
    }
    let (blocks, _) = block::blocks(document);
    let python = blocks.iter().filter(|block| piece::is_python(block));
    let options = super::Options::default();
    let pieces = python.map(|block| Piece::new(document, block, Directives::none(), &options));
    pieces
        .filter(Piece::is_usable)
        .flat_map(|piece| piece.syntax.names.star_imports)
        .map(|star| star.module)
        .filter(|module| !module.starts_with('.'))
        .collect()
}

/// Puts the names that are known to come out of star imports in place of these.
pub(super) fn expand(pieces: &mut [Piece], exports: &Exports) {
    if exports.is_empty() {
        return;
    }
    let needed: HashSet<String> = pieces
        .iter()
        .flat_map(|piece| &piece.names().needs)
        .map(|need| need.name.clone())
        .collect();
    for piece in pieces {
        let names = &mut piece.syntax.names;
        let stars = std::mem::take(&mut names.star_imports);
        for star in stars {
            match exports.get(&star.module) {
                Some(exported) => bind(names, &star, exported, &needed),
                None => names.star_imports.push(star),
            }
        }
        names.has_star_import = names.is_open || !names.star_imports.is_empty();
    }
}

fn bind(
    names: &mut Names,
    star: &StarImport,
    exported: &BTreeSet<String>,
    needed: &HashSet<String>,
) {
    names.needs.retain(|need| {
        let is_after = need.is_latent || need.span.start > star.span.start;
        !(is_after && exported.contains(&need.name))
    });
    let own: HashSet<&str> = names.bound.iter().map(|it| it.name.as_str()).collect();
    let others = exported
        .iter()
        .filter(|name| needed.contains(*name) && !own.contains(name.as_str()));
    let bindings: Vec<Binding> = others
        .map(|name| Binding {
            name: name.clone(),
            span: star.span,
            import: Some(star.span),
            is_stateful: false,
            alias_of: None,
        })
        .collect();
    names.bound.extend(bindings);
}
