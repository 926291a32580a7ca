//! Decides everything before anything runs: which blocks run, after which others, under what policy,
//! and why the rest does not. Pure.
//!
//! In goes a [`Document`], out comes its [`DocumentPlan`]. `piece` reads each block, `language` tells
//! what is not Python, `directive` and `chain` what the author
//! ordered, `context` which earlier blocks a block
//! needs, `finding` what it then still misses, `announced` what the document says is missing, `watch` what its claims want to see, `prose` makes cases of expressions in sentences.

mod announced;
mod chain;
mod context;
mod directive;
mod finding;
mod language;
mod piece;
mod prose;
mod watch;

use self::chain::Chains;
use self::context::{Index, Share, Slice};
pub use self::directive::{Demand, Directive, Order, Rule, Written, Wrong, orders};
use self::directive::{Directives, Regions};
use self::finding::{Finding, Pieces};
use self::piece::Piece;
use crate::block::{self, Block, BlockId, Contents, Gap, Tag};
use crate::claim::{self, Claim, Note};
use crate::document::Document;
use crate::policy::Policy;
use crate::problem::Problem;
use crate::syntax::Syntax;
use crate::text::{LineNumber, Span};

/// Whether a block is run as a script or replayed as a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SnippetKind {
    /// Run as `python file.py` would.
    Script,
    /// Its `>>>` examples are entered one after the other.
    Session,
}

/// A piece of source at its place in the document.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Source {
    /// Document line of its first line.
    pub line: LineNumber,
    /// The code; lines ended by `\n`.
    pub code: String,
}

/// A value that some claim wants to see.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Watch {
    /// First document line of the statement.
    pub line: LineNumber,
    /// Last document line of the statement.
    pub last: LineNumber,
    /// Whether the value of the expression statement itself is wanted.
    pub wants_value: bool,
    /// The expression to evaluate after the statement, if one is wanted.
    pub subject: Option<String>,
    /// The exception that the document announces here: the block then goes on with the next statement.
    pub exception: Option<Announced>,
}

/// Which exceptions a document announces.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Announced {
    /// Whatever is raised.
    Any,
    /// Exceptions of these types or of types derived from them; names without modules.
    Types(Vec<String>),
}

impl Announced {
    /// What is announced by either.
    fn or(self, other: Announced) -> Announced {
        match (self, other) {
            (Announced::Types(mut these), Announced::Types(others)) => {
                these.extend(others);
                Announced::Types(these)
            }
            _ => Announced::Any,
        }
    }
}

/// A Python block as it will be run.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Snippet {
    /// Script or session.
    pub kind: SnippetKind,
    /// The code: one source for a script, one per example for a session.
    pub sources: Vec<Source>,
    /// The earlier blocks it needs, in document order: `(kind, sources)` each.
    pub context: Vec<(SnippetKind, Vec<Source>)>,
    /// Import statements supplied because the block lacks them (`import math`).
    pub supplied: Vec<String>,
    /// What claims want to see.
    pub watches: Vec<Watch>,
    /// What is on standard input: one text for each block of the context, and the block's own last.
    /// Empty where none of them has any.
    #[serde(default)]
    pub inputs: Vec<String>,
}

/// Why a block does not run, or is not judged by running (`reason` in JSON).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// A claim is broken.
    BrokenClaim,
    /// An exception that nobody announced.
    UncaughtException,
    /// Not valid Python.
    SyntaxError,
    /// Longer than the wall limit.
    TimedOut,
    /// More memory than the limit.
    MemoryLimit,
    /// More output than the limit.
    OutputLimit,
    /// More processes than the limit.
    ProcessLimit,
    /// Ended without reaching its end.
    EarlyExit,
    /// `sys.exit` before the end, or with a status other than 0.
    Exited,
    /// Killed by a signal.
    Signalled,
    /// The output differs from the snapshot.
    SnapshotDiffers,
    /// Nothing is recorded of it, where everything must be.
    NoSnapshot,
    /// A package is not installed.
    MissingPackage,
    /// A name is bound nowhere.
    UndefinedName,
    /// It waits for input.
    ReadsInput,
    /// A standard-library import is missing.
    MissingImport,
    /// It wants the network.
    NeedsNetwork,
    /// It wants a file that is not there.
    NeedsFile,
    /// It is tagged as Python and is something else.
    NotPython,
    /// A block it depends on failed.
    ContextFailed,
    /// The sandbox could not be set up.
    NotConfined,
    /// The author said so.
    SkippedByAuthor,
    /// The author wants it parsed only, and it parses.
    NoRun,
    /// It is written for a newer Python than the one that runs the blocks.
    OtherVersion,
}

impl Reason {
    /// The kebab-case name.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::BrokenClaim => "broken-claim",
            Reason::UncaughtException => "uncaught-exception",
            Reason::SyntaxError => "syntax-error",
            Reason::TimedOut => "timed-out",
            Reason::MemoryLimit => "memory-limit",
            Reason::OutputLimit => "output-limit",
            Reason::ProcessLimit => "process-limit",
            Reason::EarlyExit => "early-exit",
            Reason::Exited => "exited",
            Reason::Signalled => "signalled",
            Reason::SnapshotDiffers => "snapshot-differs",
            Reason::NoSnapshot => "no-snapshot",
            Reason::MissingPackage => "missing-package",
            Reason::UndefinedName => "undefined-name",
            Reason::ReadsInput => "reads-input",
            Reason::MissingImport => "missing-import",
            Reason::NeedsNetwork => "needs-network",
            Reason::NeedsFile => "needs-file",
            Reason::NotPython => "not-python",
            Reason::ContextFailed => "context-failed",
            Reason::NotConfined => "not-confined",
            Reason::SkippedByAuthor => "skipped-by-author",
            Reason::NoRun => "no-run",
            Reason::OtherVersion => "other-version",
        }
    }
}

/// What is to be done with a block.
#[derive(Clone, Debug)]
pub enum Decision {
    /// Run it.
    Run(Snippet),
    /// Do not run it.
    Skip(Reason),
}

/// One Python block with everything needed to run and judge it.
#[derive(Clone, Debug)]
pub struct Case {
    /// The block.
    pub block: Block,
    /// Script or session.
    pub kind: SnippetKind,
    /// Whether and how it runs.
    pub decision: Decision,
    /// The blocks of the context, in document order.
    pub context: Vec<BlockId>,
    /// Static findings that decide the verdict whatever the run does: a missing import fails the
    /// block, an undefined name makes it inconclusive.
    pub static_reason: Option<Reason>,
    /// What the document says about it.
    pub claims: Vec<Claim>,
    /// Its comments that are no claims.
    pub notes: Vec<Note>,
    /// What is wrong with it on paper.
    pub problems: Vec<Problem>,
    /// What its run may do.
    pub policy: Policy,
    /// The directives that were honoured.
    pub directives: Vec<Directive>,
    /// The packages that it says it requires.
    pub packages: Vec<String>,
    /// Whether its author skips it, and it runs only to see whether it has to be skipped.
    pub is_tried: bool,
}

/// All that is to be done with one document.
#[derive(Clone, Debug)]
pub struct DocumentPlan {
    /// The document.
    pub document: Document,
    /// Its Python blocks in order.
    pub cases: Vec<Case>,
    /// Expressions in sentences, each with the one claim about it.
    pub prose: Vec<Case>,
    /// Problems of the document itself.
    pub problems: Vec<Problem>,
}

/// What is known before any document is read.
#[derive(Clone, Debug)]
pub struct Options {
    /// Modules that the documents take as imported: using one without an import is no problem.
    pub assume_imports: Vec<String>,
    /// Major and minor version of the interpreter, where it is known.
    pub python: Option<(u8, u8)>,
    /// What each run may do.
    pub policy: Policy,
    /// Orders for blocks of the document from elsewhere.
    pub rules: Vec<Rule>,
    /// Whether blocks that their author skips run too, to see whether they have to be skipped.
    pub tries_skipped: bool,
}

impl DocumentPlan {
    /// Everything that may run: the blocks in order, then the expressions in sentences.
    pub fn all_cases(&self) -> impl Iterator<Item = &Case> {
        self.cases.iter().chain(&self.prose)
    }

    /// The case at `index` of [`DocumentPlan::all_cases`].
    pub fn any_case(&self, index: usize) -> Option<&Case> {
        let in_prose = || self.prose.get(index.checked_sub(self.cases.len())?);
        self.cases.get(index).or_else(in_prose)
    }
}

impl Default for Options {
    fn default() -> Self {
        Options {
            assume_imports: Vec::new(),
            python: None,
            policy: Policy::STUDY,
            rules: Vec::new(),
            tries_skipped: false,
        }
    }
}

/// Decides what is to be done with each Python block of `document`.
pub fn plan(document: Document, options: &Options) -> DocumentPlan {
    let Contents {
        blocks,
        passages,
        comments,
        mut problems,
    } = block::contents(&document);
    let said = claim::prose(&document, &passages, &blocks);
    let regions = Regions::new(&document, &comments, &mut problems);
    let around = Around {
        comments: &comments,
        regions: &regions,
        said: said.of_blocks,
    };
    let Read {
        blocks,
        pieces,
        strays,
    } = read(&document, blocks, around, options);
    problems.extend(strays);
    let findings = find_all(&document, &blocks, &pieces, options);
    let contexts: Vec<Context> = findings
        .iter()
        .map(|finding| context(&document, &blocks, &pieces, &finding.slice))
        .collect();
    let cases = blocks
        .into_iter()
        .zip(pieces)
        .zip(findings.into_iter().zip(contexts))
        .map(|((block, piece), (finding, context))| {
            case(&document, block, piece, finding, context, options)
        })
        .collect();
    let stated = said.stated.into_iter().zip(1..);
    let prose = stated.map(|(stated, ordinal)| prose::case(&document, stated, ordinal, options));
    DocumentPlan {
        prose: prose.collect(),
        document,
        cases,
        problems,
    }
}

/// What stands around the blocks of a document.
struct Around<'a> {
    comments: &'a [Span],
    regions: &'a Regions,
    /// Claims of sentences about blocks, in order, each with the block's index.
    said: Vec<(usize, Claim)>,
}

/// The Python blocks of a document with what was read of them, in step.
struct Read {
    blocks: Vec<Block>,
    pieces: Vec<Piece>,
    /// Directives that no block heeds.
    strays: Vec<Problem>,
}

/// Keeps the Python blocks and reads them; blocks that hold the input or the output of the one before
/// become part of it.
fn read(document: &Document, blocks: Vec<Block>, around: Around<'_>, options: &Options) -> Read {
    let regions = around.regions;
    let mut said = around.said.into_iter().peekable();
    let mut pieces = Vec::new();
    let mut is_python = vec![false; blocks.len()];
    let mut heeded = Vec::new();
    let mut at = 0;
    while let Some(block) = blocks.get(at) {
        let own = at;
        at += 1;
        if !piece::is_python(block) {
            continue;
        }
        is_python[own] = true;
        heeded.push(block);
        let mut directives = Directives::new(document, block, regions, &options.rules);
        if let Some(next) = blocks.get(at).filter(|next| is_input(next)) {
            directives.feed(&next.code, next.span);
            at += 1;
        }
        let mut piece = Piece::new(document, block, directives, options);
        let next = blocks.get(at);
        let output = next.and_then(|next| {
            let is_session = piece.kind == SnippetKind::Session;
            claim::output_claim(document, block, &piece.syntax, next, is_session)
        });
        while said.next_if(|&(index, _)| index < own).is_some() {}
        let said = std::iter::from_fn(|| said.next_if(|&(index, _)| index == own));
        let said = said.map(|(_, claim)| claim);
        let of_script = said.filter(|_| piece.kind == SnippetKind::Script);
        let of_script: Vec<Claim> = of_script.collect();
        if let (Some(next), Some(output)) = (next, output) {
            at += 1;
            heeded.push(next);
            let about = Directives::new(document, next, regions, &[]);
            piece.take_output(output, &about);
        }
        if piece.skip.is_none() {
            piece.claims.claims.extend(of_script);
        }
        pieces.push(piece);
    }
    let strays = directive::strays(document, around.comments, heeded.into_iter());
    let blocks = blocks
        .into_iter()
        .zip(is_python)
        .filter_map(|(block, is_python)| is_python.then_some(block))
        .collect();
    Read {
        blocks,
        pieces,
        strays,
    }
}

/// Whether the block holds what the one before it reads from standard input.
fn is_input(block: &Block) -> bool {
    let is_named =
        matches!(&block.tag, Tag::Other(name) if matches!(name.as_str(), "input" | "stdin"));
    is_named && block.gap != Gap::Far
}

fn find_all(
    document: &Document,
    blocks: &[Block],
    pieces: &[Piece],
    options: &Options,
) -> Vec<Finding> {
    let chains = Chains::new(pieces);
    let these = Pieces {
        document,
        blocks,
        pieces,
        chains: &chains,
        options,
    };
    let mut index = Index::new(pieces);
    (0..pieces.len())
        .map(|at| finding::find(&these, &mut index, at))
        .collect()
}

/// The blocks of a context, and what of them runs.
#[derive(Default)]
struct Context {
    ids: Vec<BlockId>,
    sources: Vec<(SnippetKind, Vec<Source>)>,
    /// The exceptions that these blocks announce.
    watches: Vec<Watch>,
    /// What each of them reads.
    inputs: Vec<String>,
}

fn context(document: &Document, blocks: &[Block], pieces: &[Piece], slice: &Slice) -> Context {
    let mut context = Context::default();
    if slice.is_too_long {
        return context;
    }
    for (&at, share) in &slice.shares {
        let (Some(block), Some(piece)) = (blocks.get(at), pieces.get(at)) else {
            continue;
        };
        context.ids.push(block.id.clone());
        let input = piece.directives.stdin().unwrap_or_default();
        context.inputs.push(input.to_owned());
        if piece.kind == SnippetKind::Script {
            let claims = &piece.claims.claims;
            let watches = watch::watches(document, block, &piece.syntax, claims);
            context.watches.extend(watch::in_context(watches));
        }
        context.sources.push(match share {
            Share::Whole => (piece.kind, piece.sources.clone()),
            Share::Imports(statements) => {
                let sources = statements
                    .iter()
                    .map(|&it| piece.excerpt(document, block, it))
                    .collect();
                (SnippetKind::Script, sources)
            }
        });
    }
    context
}

fn case(
    document: &Document,
    block: Block,
    piece: Piece,
    finding: Finding,
    context: Context,
    options: &Options,
) -> Case {
    let skip = piece
        .skip
        .or(finding.slice.is_too_long.then_some(Reason::ContextFailed));
    let syntax = match piece.kind {
        SnippetKind::Script => &piece.syntax,
        // Claims of a session are about whole examples.
        SnippetKind::Session => &Syntax::default(),
    };
    let mut watches = watch::watches(document, &block, syntax, &piece.claims.claims);
    watches.extend(context.watches);
    let mut inputs = context.inputs;
    inputs.push(piece.directives.stdin().unwrap_or_default().to_owned());
    if inputs.iter().all(String::is_empty) {
        inputs.clear();
    }
    let mut policy = options.policy.clone();
    policy.limits.wall_ms = piece.directives.wall_ms(policy.limits.wall_ms);
    let packages = piece.directives.packages();
    let decision = match skip {
        Some(reason) => Decision::Skip(reason),
        None => Decision::Run(Snippet {
            kind: piece.kind,
            sources: piece.sources,
            context: context.sources,
            supplied: finding.supplied,
            watches,
            inputs,
        }),
    };
    let mut problems = piece.problems;
    problems.extend(finding.problems);
    problems.sort_by_key(|problem| problem.span.map(|span| span.start));
    Case {
        kind: piece.kind,
        decision,
        context: context.ids,
        static_reason: finding.static_reason,
        claims: piece.claims.claims,
        notes: piece.claims.notes,
        problems,
        policy,
        directives: piece.directives.given,
        is_tried: piece.is_tried,
        packages,
        block,
    }
}
