//! Laws of planning, over documents made of small statements: a block run after its context does what
//! it does after everything before it.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use proptest::prelude::*;
use snipcheck::block::BlockId;
use snipcheck::document::Document;
use snipcheck::plan::{self, Case, Decision, Options, Reason};

/// A statement of a made-up document; names are `a` to `d`, functions `f` and `g`.
#[derive(Clone, Debug)]
enum Line {
    /// `a = [1]`
    Make(char),
    /// `a = b + [2]`, a value made of another.
    Derive(char, char),
    /// `a = b`
    Alias(char, char),
    /// `a += [1]` as `a = a + [1]`
    Rebind(char),
    /// `a.append(1)`
    Change(char),
    /// `print(a)`
    Print(char),
    /// `def f(): print(a)`
    Define(char, char),
    /// `def f(): a.append(5)`
    DefineChanging(char, char),
    /// `def h(): f()`
    DefineCalling(char),
    /// `f()`
    Call(char),
}

impl Line {
    fn source(&self) -> String {
        match self {
            Line::Make(a) => format!("{a} = [1]\n"),
            Line::Derive(a, b) => format!("{a} = {b} + [2]\n"),
            Line::Alias(a, b) => format!("{a} = {b}\n"),
            Line::Rebind(a) => format!("{a} = {a} + [3]\n"),
            Line::Change(a) => format!("{a}.append(4)\n"),
            Line::Print(a) => format!("print({a})\n"),
            Line::Define(f, a) => format!("def {f}():\n    print({a})\n"),
            Line::DefineChanging(f, a) => format!("def {f}():\n    {a}.append(5)\n"),
            Line::DefineCalling(f) => format!("def h():\n    {f}()\n"),
            Line::Call(f) => format!("{f}()\n"),
        }
    }
}

fn name() -> impl Strategy<Value = char> {
    prop::sample::select(vec!['a', 'b', 'c', 'd'])
}

fn function() -> impl Strategy<Value = char> {
    prop::sample::select(vec!['f', 'g'])
}

fn line() -> impl Strategy<Value = Line> {
    prop_oneof![
        name().prop_map(Line::Make),
        (name(), name()).prop_map(|(a, b)| Line::Derive(a, b)),
        (name(), name()).prop_map(|(a, b)| Line::Alias(a, b)),
        name().prop_map(Line::Rebind),
        name().prop_map(Line::Change),
        name().prop_map(Line::Print),
        (function(), name()).prop_map(|(f, a)| Line::Define(f, a)),
        (function(), name()).prop_map(|(f, a)| Line::DefineChanging(f, a)),
        function().prop_map(Line::DefineCalling),
        prop_oneof![function(), Just('h')].prop_map(Line::Call),
    ]
}

/// Blocks that define all names, so that nothing after them raises.
fn everything() -> Vec<Vec<Line>> {
    let makes = ['a', 'b', 'c', 'd'].map(|name| vec![Line::Make(name)]);
    let defines = vec![Line::Define('f', 'a'), Line::Define('g', 'b')];
    makes.into_iter().chain([defines]).collect()
}

/// What a name stands for.
#[derive(Clone, Copy)]
enum Value {
    /// The object with this number.
    Object(usize),
    /// The function that prints this name.
    Function(char),
    /// The function that changes the object of this name.
    Changing(char),
    /// The function that calls this name.
    Calling(char),
}

/// A small Python: names, objects, and what was printed.
#[derive(Default)]
struct Machine {
    names: HashMap<char, Value>,
    /// What is in each object, told apart by a hash of its history.
    objects: Vec<u64>,
    printed: Vec<u64>,
}

/// A `NameError` or `TypeError`.
struct Raised;

fn hash(parts: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    hasher.finish()
}

impl Machine {
    fn object(&self, name: char) -> Result<usize, Raised> {
        match self.names.get(&name) {
            Some(&Value::Object(object)) => Ok(object),
            _ => Err(Raised),
        }
    }

    fn bind_new(&mut self, name: char, content: u64) {
        self.names.insert(name, Value::Object(self.objects.len()));
        self.objects.push(content);
    }

    /// Runs one block, whose statements differ from those of every other.
    fn run(&mut self, block: usize, lines: &[Line]) -> Result<(), Raised> {
        for (at, line) in lines.iter().enumerate() {
            let here = (block, at);
            match *line {
                Line::Make(a) => self.bind_new(a, hash(here)),
                Line::Derive(a, b) => {
                    let content = self.objects[self.object(b)?];
                    self.bind_new(a, hash((here, content)));
                }
                Line::Alias(a, b) => {
                    let object = self.object(b)?;
                    self.names.insert(a, Value::Object(object));
                }
                Line::Rebind(a) => {
                    let content = self.objects[self.object(a)?];
                    self.bind_new(a, hash((here, content)));
                }
                Line::Change(a) => {
                    let object = self.object(a)?;
                    self.objects[object] = hash((here, self.objects[object]));
                }
                Line::Print(a) => {
                    let object = self.object(a)?;
                    self.printed.push(self.objects[object]);
                }
                Line::Define(f, a) => {
                    self.names.insert(f, Value::Function(a));
                }
                Line::DefineChanging(f, a) => {
                    self.names.insert(f, Value::Changing(a));
                }
                Line::DefineCalling(f) => {
                    self.names.insert('h', Value::Calling(f));
                }
                Line::Call(f) => self.call(here, f)?,
            }
        }
        Ok(())
    }

    /// `here` tells one call from every other.
    fn call(&mut self, here: (usize, usize), f: char) -> Result<(), Raised> {
        match self.names.get(&f) {
            Some(&Value::Function(a)) => {
                let object = self.object(a)?;
                self.printed.push(self.objects[object]);
            }
            Some(&Value::Changing(a)) => {
                let object = self.object(a)?;
                self.objects[object] = hash((here, self.objects[object]));
            }
            // Only `h` calls others, so this ends.
            Some(&Value::Calling(f)) => self.call(here, f)?,
            Some(Value::Object(_)) | None => return Err(Raised),
        }
        Ok(())
    }

    /// What the block prints after the blocks before it; `None` if something raises.
    fn output_after(
        before: impl Iterator<Item = usize>,
        block: usize,
        blocks: &[Vec<Line>],
    ) -> Option<Vec<u64>> {
        let mut machine = Machine::default();
        for earlier in before {
            machine.run(earlier, &blocks[earlier]).ok()?;
        }
        machine.printed.clear();
        machine.run(block, &blocks[block]).ok()?;
        Some(machine.printed)
    }
}

fn planned(blocks: &[Vec<Line>]) -> Vec<Case> {
    let mut text = String::from("# Title\n\n");
    for block in blocks {
        let code: String = block.iter().map(Line::source).collect();
        text += &format!("```python\n{code}```\n\nThen:\n\n");
    }
    plan::plan(Document::new("made.md", text), &Options::default()).cases
}

/// The positions of the blocks that a case runs after.
fn context(case: &Case, cases: &[Case]) -> Vec<usize> {
    let position = |id: &BlockId| cases.iter().position(|case| case.block.id == *id);
    case.context.iter().filter_map(position).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_block_prints_after_its_context_what_it_prints_after_everything(
        rest in prop::collection::vec(prop::collection::vec(line(), 1..4), 1..9),
        has_all in any::<bool>(),
    ) {
        let mut blocks = if has_all { everything() } else { Vec::new() };
        blocks.extend(rest);
        let cases = planned(&blocks);
        prop_assert_eq!(cases.len(), blocks.len());
        for (at, case) in cases.iter().enumerate() {
            let context = context(case, &cases);
            prop_assert_eq!(context.len(), case.context.len());
            prop_assert!(context.is_sorted() && context.iter().all(|&it| it < at));
            let whole = Machine::output_after(0..at, at, &blocks);
            let sliced = Machine::output_after(context.iter().copied(), at, &blocks);
            if let Some(whole) = whole {
                prop_assert_eq!(case.static_reason, None, "block {} misses nothing", at);
                prop_assert_eq!(Some(whole), sliced, "block {} after {:?}", at, context);
            }
        }
    }

    #[test]
    fn any_text_is_planned(text in any::<String>(), code in "(?s).{0,200}") {
        let document = format!("{text}\n\n```python\n{code}\n```\n\n```\n>>> {code}\n{text}\n```\n");
        for case in plan::plan(Document::new("any.md", document), &Options::default()).cases {
            if let Decision::Run(snippet) = &case.decision {
                prop_assert_eq!(case.context.len(), snippet.context.len());
            }
        }
    }
}

/// `x1 = 0`, `x2 = x1 + 1` and so on, a block each.
fn chained(count: usize) -> Vec<Case> {
    let mut text = String::from("```python\nx0 = 0\n```\n");
    for i in 1..count {
        text += &format!("\n```python\nx{i} = x{} + 1\n```\n", i - 1);
    }
    plan::plan(Document::new("chain.md", text), &Options::default()).cases
}

#[test]
fn two_hundred_chained_blocks_all_run() {
    let cases = chained(200);
    for (at, case) in cases.iter().enumerate() {
        assert_eq!(case.context.len(), at);
        assert!(matches!(case.decision, Decision::Run(_)));
    }
}

#[test]
fn an_endless_chain_is_cut_with_a_word() {
    let cases = chained(1_100);
    let last = cases.last().expect("there are cases");
    assert!(matches!(
        last.decision,
        Decision::Skip(Reason::ContextFailed)
    ));
    assert_eq!(last.problems[0].id, "context-too-long");
    assert!(last.context.is_empty());
}
