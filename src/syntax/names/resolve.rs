//! Turns what the walk noted into [`Names`]: which functions run in the end, and what is then missing.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::history::builtin_since;
use super::scope::MODULE;
use super::standard::{is_builtin, standard_library};
use super::walk::{DefinitionId, Edge, Facts, Reach, Target, Use, Weight};
use super::{Binding, Definition, Names, Need};

pub(super) fn resolve(facts: Facts<'_>) -> Names {
    let graph = Graph::new(&facts);
    let weights = graph.weights(&facts);
    let called = graph.first_calls(&facts);
    let weight_of = |owner: Option<DefinitionId>| match owner {
        Some(definition) => weights.get(definition).copied().unwrap_or(Weight::Latent),
        None => Weight::Full,
    };
    // What only functions bind that nobody calls is bound by nobody.
    let declared = facts.declared.iter();
    let declared: HashSet<&str> = declared
        .filter(|&&(.., owner)| weight_of(Some(owner)) > Weight::Latent)
        .map(|&(name, ..)| name)
        .collect();
    let is_own = |name: &str| facts.globals.contains_key(name) || declared.contains(name);
    let mutated = facts
        .changes
        .iter()
        .filter(|it| weight_of(it.owner) > Weight::Latent && !it.is_bound)
        .filter(|it| it.owner.is_none() || !is_own(it.name))
        .map(|change| change.name);
    let imported_inside = facts.imported_inside.iter().copied();
    let needs = needs(&facts, &declared, &called, weight_of);
    Names {
        bound: bindings(&facts, weight_of),
        definitions: definitions(&facts, &needs),
        needs,
        mutated: once(mutated),
        imported_inside: once(imported_inside.filter(|name| !facts.globals.contains_key(name))),
        has_star_import: facts.is_open || !facts.star_imports.is_empty(),
        is_open: facts.is_open,
        reads_input: facts.inputs.iter().any(|&owner| {
            weight_of(owner) > Weight::Latent && !(owner.is_some() && is_own("input"))
        }),
        star_imports: facts.star_imports,
        imports: facts.imports,
    }
}

/// Each name once, in order of first appearance.
fn once<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut seen = HashSet::new();
    names
        .filter(|name| seen.insert(*name))
        .map(str::to_owned)
        .collect()
}

/// What is used, and which generation of it.
type Key<'a> = (Target<'a>, Option<usize>);

/// Who uses what.
struct Graph<'a> {
    /// The definitions under a name, all and by generation.
    by_target: HashMap<Key<'a>, Vec<DefinitionId>>,
    by_source: HashMap<Option<DefinitionId>, Vec<Edge<'a>>>,
}

impl<'a> Graph<'a> {
    fn new(facts: &Facts<'a>) -> Self {
        let mut by_target: HashMap<Key, Vec<DefinitionId>> = HashMap::new();
        for (id, definition) in facts.definitions.iter().enumerate() {
            let mut keys = vec![(Target::Definition(id), None)];
            if let Some((scope, name)) = definition.holder {
                let symbol = Target::Symbol(scope, name);
                keys.extend([(symbol, None), (symbol, Some(definition.generation))]);
            }
            for key in keys {
                by_target.entry(key).or_default().push(id);
            }
        }
        let mut by_source: HashMap<Option<DefinitionId>, Vec<Edge>> = HashMap::new();
        let edges = decorator_edges(facts, &by_target);
        for edge in edges.into_iter().chain(facts.edges.iter().copied()) {
            by_source.entry(edge.from).or_default().push(edge);
        }
        Graph {
            by_target,
            by_source,
        }
    }

    /// How surely each definition runs: the best way from module level to it, a way being as sure as its weakest step.
    fn weights(&self, facts: &Facts<'a>) -> Vec<Weight> {
        let mut weights = vec![Weight::Latent; facts.definitions.len()];
        // The surest, and of these the farthest, first: a later visit cannot better an earlier one.
        let mut waiting: BTreeMap<(Weight, Reach), Vec<Key>> = BTreeMap::new();
        let mut reached: HashSet<(Key, Reach)> = HashSet::new();
        let start = self.by_source.get(&None);
        push_edges(&mut waiting, start, Weight::Full, Reach::All);
        while let Some(mut entry) = waiting.last_entry() {
            let (weight, reach) = *entry.key();
            let Some(target) = entry.get_mut().pop() else {
                entry.remove();
                continue;
            };
            if reached.contains(&(target, Reach::All)) || !reached.insert((target, reach)) {
                continue;
            }
            for &id in self.by_target.get(&target).into_iter().flatten() {
                if let Some(known) = weights.get_mut(id) {
                    *known = weight.max(*known);
                }
                push_edges(&mut waiting, self.by_source.get(&Some(id)), weight, reach);
            }
        }
        weights
    }

    /// How many globals were bound when each function was first called from module level; `MAX` if it never was.
    fn first_calls(&self, facts: &Facts<'a>) -> Vec<usize> {
        let mut called = vec![usize::MAX; facts.definitions.len()];
        let mut reached: HashSet<Key> = HashSet::new();
        let calls = self.by_source.get(&None).into_iter().flatten();
        for call in calls.filter(|edge| edge.is_call) {
            let mut waiting = vec![(call.to, call.generation)];
            while let Some(target) = waiting.pop() {
                if !reached.insert(target) {
                    continue;
                }
                for &id in self.by_target.get(&target).into_iter().flatten() {
                    if facts.definitions.get(id).is_some_and(|it| it.is_method) {
                        continue;
                    }
                    if let Some(known) = called.get_mut(id) {
                        *known = call.globals_bound.min(*known);
                    }
                    let edges = self.by_source.get(&Some(id)).into_iter().flatten();
                    waiting.extend(edges.map(|edge| (edge.to, edge.generation)));
                }
            }
        }
        called
    }
}

fn push_edges<'a>(
    waiting: &mut BTreeMap<(Weight, Reach), Vec<Key<'a>>>,
    edges: Option<&Vec<Edge<'a>>>,
    weight: Weight,
    reach: Reach,
) {
    for edge in edges.into_iter().flatten() {
        let is_inside = !matches!(edge.to, Target::Symbol(MODULE, _));
        let reach = match reach {
            Reach::Body if is_inside && !edge.is_call => continue,
            Reach::Result if is_inside && !edge.is_call => Reach::Body,
            Reach::Body | Reach::Result | Reach::All => edge.reach,
        };
        let waiting = waiting.entry((weight.min(edge.weight), reach)).or_default();
        waiting.push((edge.to, edge.generation));
    }
}

/// Calling a decorated function runs what its decorator made of it, and a decorator that calls what
/// it is given runs it at once.
fn decorator_edges<'a>(
    facts: &Facts<'a>,
    by_target: &HashMap<Key<'a>, Vec<DefinitionId>>,
) -> Vec<Edge<'a>> {
    let calling: HashSet<Target> = by_target
        .iter()
        .filter(|(_, ids)| {
            ids.iter()
                .filter_map(|&id| facts.definitions.get(id))
                .any(|definition| definition.calls_parameter)
        })
        .map(|(&(target, _), _)| target)
        .collect();
    let edge = |from, to| Edge {
        from,
        to,
        weight: Weight::Full,
        reach: Reach::All,
        is_call: true,
        generation: None,
        globals_bound: usize::MAX,
    };
    let mut edges = Vec::new();
    for &(owner, decorator, definition) in &facts.decorated {
        edges.push(edge(Some(definition), decorator));
        if calling.contains(&decorator) {
            edges.push(edge(owner, Target::Definition(definition)));
        }
    }
    edges
}

fn bindings(facts: &Facts<'_>, weight_of: impl Fn(Option<DefinitionId>) -> Weight) -> Vec<Binding> {
    let stateful = stateful_names(facts);
    let mut bound = Vec::new();
    for &name in &facts.order {
        let Some(global) = facts.globals.get(name).filter(|it| it.is_present) else {
            continue;
        };
        bound.push(Binding {
            name: name.to_owned(),
            span: global.span,
            import: global.import,
            is_stateful: global.is_call_value || stateful.contains(name),
            alias_of: global.alias_of.map(str::to_owned),
        });
    }
    let mut seen = HashSet::new();
    for &(name, span, owner) in &facts.declared {
        let is_new = !facts.globals.contains_key(name) && seen.insert(name);
        if is_new && weight_of(Some(owner)) > Weight::Latent {
            bound.push(Binding {
                name: name.to_owned(),
                span,
                import: None,
                is_stateful: false,
                alias_of: None,
            });
        }
    }
    bound
}

/// What each module-level definition leads to, as far as that is bound here or needed.
fn definitions(facts: &Facts<'_>, needs: &[Need]) -> Vec<Definition> {
    let needed: HashSet<&str> = needs.iter().map(|need| need.name.as_str()).collect();
    let mut index: HashMap<&str, usize> = HashMap::new();
    let mut definitions: Vec<Definition> = Vec::new();
    let mut seen: HashSet<(&str, &str)> = HashSet::new();
    for edge in &facts.edges {
        let (Some(from), Target::Symbol(MODULE, used)) = (edge.from, edge.to) else {
            continue;
        };
        let is_known = facts.globals.contains_key(used) || needed.contains(used);
        let Some(holder) = outermost_holder(facts, from).filter(|_| is_known) else {
            continue;
        };
        if holder == used || !seen.insert((holder, used)) {
            continue;
        }
        let at = *index.entry(holder).or_insert_with(|| {
            definitions.push(Definition {
                name: holder.to_owned(),
                uses: Vec::new(),
                changes: Vec::new(),
            });
            definitions.len() - 1
        });
        if let Some(definition) = definitions.get_mut(at) {
            definition.uses.push(used.to_owned());
        }
    }
    add_changes(facts, &index, &mut definitions);
    definitions
}

/// What calling each definition may change: modules are left out, whose functions are called all the time.
fn add_changes(facts: &Facts<'_>, index: &HashMap<&str, usize>, definitions: &mut [Definition]) {
    let mut seen: HashSet<(&str, &str)> = HashSet::new();
    let is_import = |name: &str| {
        facts
            .globals
            .get(name)
            .is_some_and(|it| it.import.is_some())
    };
    for change in facts.changes.iter().filter(|it| !is_import(it.name)) {
        let holder = change
            .owner
            .and_then(|owner| outermost_holder(facts, owner));
        let Some(holder) = holder else { continue };
        let definition = index.get(holder).and_then(|&at| definitions.get_mut(at));
        if let Some(definition) = definition
            && seen.insert((holder, change.name))
        {
            definition.changes.push(change.name.to_owned());
        }
    }
}

/// Names through which a call reaches code that changes globals or has a mutable default.
fn stateful_names<'a>(facts: &Facts<'a>) -> HashSet<&'a str> {
    let is_module = |name: &str| match facts.globals.get(name) {
        Some(global) => global.import.is_some(),
        None => standard_library(name),
    };
    let changing = facts
        .changes
        .iter()
        .filter(|change| change.is_sure && !is_module(change.name))
        .filter_map(|change| change.owner);
    let with_default = facts
        .definitions
        .iter()
        .enumerate()
        .filter(|(_, definition)| definition.has_mutable_default && definition.parent.is_none())
        .map(|(id, _)| id);
    changing
        .chain(with_default)
        .filter_map(|id| outermost_holder(facts, id))
        .collect()
}

/// The module-level name through which a definition, or the one around it, is reached.
fn outermost_holder<'a>(facts: &Facts<'a>, mut id: DefinitionId) -> Option<&'a str> {
    loop {
        let definition = facts.definitions.get(id)?;
        match (definition.parent, definition.holder) {
            (Some(parent), _) => id = parent,
            (None, Some((MODULE, name))) => return Some(name),
            (None, _) => return None,
        }
    }
}

fn needs(
    facts: &Facts<'_>,
    declared: &HashSet<&str>,
    called: &[usize],
    weight_of: impl Fn(Option<DefinitionId>) -> Weight,
) -> Vec<Need> {
    let mut order: Vec<(&str, Weight, Need)> = Vec::new();
    let mut index: HashMap<&str, usize> = HashMap::new();
    for it in &facts.uses {
        let is_declared = declared.contains(it.name);
        let is_own = facts.globals.contains_key(it.name) || is_declared;
        if it.is_declared && is_declared {
            continue;
        }
        if is_own
            && it
                .owner
                .is_some_and(|owner| !is_too_early(facts, called, owner, it.name))
        {
            continue;
        }
        let weight = it.weight.min(weight_of(it.owner));
        match index.get(it.name).and_then(|&at| order.get_mut(at)) {
            Some((_, known, need)) if weight == *known => add_use(need, it),
            Some((_, known, need)) if weight > *known => {
                *known = weight;
                *need = need_of(it, weight, is_own);
            }
            Some(_) => {}
            None => {
                index.insert(it.name, order.len());
                order.push((it.name, weight, need_of(it, weight, is_own)));
            }
        }
    }
    order
        .into_iter()
        .filter(|(_, weight, _)| *weight != Weight::Expected)
        .map(|(_, _, need)| need)
        .collect()
}

/// Whether the definition is called before module level binds the name.
fn is_too_early(facts: &Facts<'_>, called: &[usize], owner: DefinitionId, name: &str) -> bool {
    let globals_bound = called.get(owner).copied().unwrap_or(usize::MAX);
    let global = facts.globals.get(name);
    global.is_some_and(|global| globals_bound <= global.bound_before)
}

fn need_of(it: &Use<'_>, weight: Weight, is_bound_later: bool) -> Need {
    Need {
        name: it.name.to_owned(),
        span: it.span,
        attribute: it.attribute.map(str::to_owned),
        is_latent: weight == Weight::Latent,
        is_called: it.is_called,
        is_guarded: weight == Weight::Guarded,
        is_annotation: it.is_annotation,
        is_bound_later,
        builtin_since: builtin_since(it.name).or(is_builtin(it.name).then_some((3, 0))),
    }
}

fn add_use(need: &mut Need, it: &Use<'_>) {
    if need.attribute.is_none() {
        need.attribute = it.attribute.map(str::to_owned);
    }
    need.is_called |= it.is_called;
    need.is_annotation &= it.is_annotation;
}
