//! Runs the cases of a plan: pool, time limits, fork servers.
//!
//! In go [`DocumentPlan`]s, out come [`Observation`]s in the same order. The supervisor's side:
//! nothing here starts Python in this process, and nothing a snippet says is acted upon.

mod capture;
mod chain;
mod client;
mod exports;
mod interpreter;
mod server;
mod wire;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::observation::{Observation, Stream};
use crate::plan::{Case, Decision, DocumentPlan, Snippet};
use crate::policy::Policy;
use crate::sandbox::canary::Canary;
use crate::sandbox::cgroup::{self, Delegated};
use crate::sandbox::{Confinement, Rung, Terms};
use capture::Capture;
use chain::Places;
use client::{Client, ServerLost};
use interpreter::Installation;

pub use chain::count_pieces;
pub use exports::exports;
pub use server::fork_server_main;

/// The hidden first argument that makes this program a fork server.
pub const FORK_SERVER_WORD: &str = "__fork-server";

/// The interpreter that ran the snippets.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Interpreter {
    /// Always `cpython`.
    pub implementation: String,
    /// Such as `3.11.7`.
    pub version: String,
}

impl Interpreter {
    fn unknown() -> Self {
        Interpreter {
            implementation: "cpython".to_owned(),
            version: String::new(),
        }
    }
}

/// How to run.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// How many snippets run at one time; at least 1.
    pub jobs: usize,
    /// The interpreter's executable; the one that the binary was built with where `None`.
    pub python: Option<PathBuf>,
    /// `PYTHONHASHSEED` of all snippets.
    pub hash_seed: u32,
    /// The policy of snippets that nothing is granted to.
    pub policy: Policy,
    /// The strongest rung to take.
    pub most: Rung,
    /// The weakest rung to run on.
    pub least: Rung,
    /// Whether blocks of which one goes on from another may be run together.
    pub are_chained: bool,
}

impl RunOptions {
    /// The same under another hash seed.
    pub fn with_seed(&self, hash_seed: u32) -> RunOptions {
        RunOptions {
            hash_seed,
            ..self.clone()
        }
    }
}

/// What a run gave.
#[derive(Clone, Debug)]
pub struct RunOutcome {
    /// What ran the snippets.
    pub interpreter: Interpreter,
    /// What confined them.
    pub confinement: Confinement,
    /// For each document, for each of its cases (`DocumentPlan::all_cases`): what it did.
    pub observations: Vec<Vec<Observation>>,
}

/// Why nothing could be run.
#[derive(Debug)]
pub struct RunError(String);

impl RunError {
    fn new(message: String) -> Self {
        RunError(message)
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RunError {}

/// Runs every case that is to be run; `progress` hears how many are done, of how many.
///
/// Call it from a thread that outlives the run: the fork servers die with the thread that started
/// them (`PR_SET_PDEATHSIG`).
pub fn run(
    plans: &[DocumentPlan],
    options: &RunOptions,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<RunOutcome, RunError> {
    let groups = groups(plans, options);
    let chains = groups.iter().flat_map(|(_, work)| work);
    let total = chains.map(|(_, chain)| chain.len()).sum();
    let done = AtomicUsize::new(0);
    let step = |cases| progress(done.fetch_add(cases, Ordering::Relaxed) + cases, total);
    let mut observations: Vec<Vec<Observation>> = plans
        .iter()
        .map(|plan| vec![Observation::not_run(); plan.all_cases().count()])
        .collect();
    let mut outcome: Option<(Interpreter, Confinement)> = None;
    for (policy, work) in groups {
        let rung = outcome.as_ref().map(|(_, confinement)| confinement.rung());
        let fleet = Fleet::start(options, policy, rung, work.len())?;
        for ((document, chain), ran) in work.iter().zip(fleet.run_all(plans, &work, &step)?) {
            for (&case, observation) in chain.iter().zip(ran) {
                observations[*document][case] = observation;
            }
        }
        match &mut outcome {
            None => outcome = Some((fleet.interpreter.clone(), fleet.confinement.clone())),
            Some((_, confinement)) => confinement.join(&fleet.confinement),
        }
    }
    let (interpreter, confinement) = outcome.ok_or(RunError::new("nothing to run".to_owned()))?;
    Ok(RunOutcome {
        interpreter,
        confinement,
        observations,
    })
}

/// Cases that are run together: the index of their document, and their own there.
type Work = (usize, Vec<usize>);

/// What is to be run, by the ground that its policy asks for. At least one group.
fn groups<'a>(plans: &'a [DocumentPlan], options: &'a RunOptions) -> Vec<(&'a Policy, Vec<Work>)> {
    let mut groups: Vec<(&Policy, Vec<Work>)> = Vec::new();
    for (document, plan) in plans.iter().enumerate() {
        for chain in chain::chains(plan, options.are_chained) {
            let Some(case) = chain.first().and_then(|&first| plan.any_case(first)) else {
                continue;
            };
            match groups
                .iter_mut()
                .find(|(policy, _)| policy.shares_ground(&case.policy))
            {
                Some((_, work)) => work.push((document, chain)),
                None => groups.push((&case.policy, vec![(document, chain)])),
            }
        }
    }
    if groups.is_empty() {
        groups.push((&options.policy, Vec::new()));
    }
    groups
}

/// Major and minor version of `python`, or of the interpreter that the binary was built with; `None`
/// where it cannot be used, which a run then says.
pub fn python_version(python: Option<&Path>) -> Option<(u8, u8)> {
    interpreter::locate(python).ok()?.version
}

/// Starts one fork server and tells what it is, whatever its rung.
pub fn survey(options: &RunOptions) -> Result<(Interpreter, Confinement), RunError> {
    let installation = interpreter::locate(options.python.as_deref())?;
    let groups = groups_on(options.most);
    let terms = Terms::new(&options.policy, options.most);
    let mut first = Client::start(&installation, &terms, options.hash_seed)?;
    prove(&mut first, &terms, groups)?;
    Ok((first.interpreter.clone(), first.confinement.clone()))
}

/// The control groups of a run on `rung`. To be asked for before the first fork server starts, which
/// then starts in the supervisor's own.
fn groups_on(rung: Rung) -> Result<&'static Delegated, String> {
    match rung {
        Rung::APlus => cgroup::delegated(),
        _ => Err(format!("not above rung {rung} as asked")),
    }
}

/// Has a fork server's sandbox tested; it must not be split any more then.
fn prove(
    client: &mut Client,
    terms: &Terms,
    groups: Result<&'static Delegated, String>,
) -> Result<(), RunError> {
    let canary = Canary::lay_out()
        .map_err(|error| RunError::new(format!("failed to lay out the self-test: {error}")))?;
    client
        .test(&canary, &terms.limits, groups)
        .map_err(|ServerLost(why)| RunError::new(format!("failed to test the sandbox: {why}")))
}

/// Starts a further fork server, on the very rung that the first one tested.
fn another_client(
    installation: &Installation,
    terms: &Terms,
    hash_seed: u32,
) -> Result<Client, RunError> {
    let client = Client::start(installation, terms, hash_seed)?;
    let rung = client.confinement.rung();
    if rung == terms.most {
        Ok(client)
    } else {
        let most = terms.most;
        let why = format!("a fork server got rung {rung} of the sandbox, the first one {most}");
        Err(RunError::new(why))
    }
}

/// Refuses to run with less than `least`.
pub fn require(confinement: &Confinement, least: Rung) -> Result<(), RunError> {
    let rung = confinement.rung();
    if rung < least {
        let lacks = confinement.lacks(least).join("; ");
        let demand = match least {
            Rung::D => "nothing on this machine confines the blocks".to_owned(),
            _ => format!("this machine gives rung {rung} of the sandbox, not {least}"),
        };
        let help = match rung {
            Rung::None => "; `--no-sandbox` runs the blocks all the same, with all your rights",
            _ => "",
        };
        return Err(RunError::new(format!("{demand}: {lacks}{help}")));
    }
    match confinement.weakest() {
        Some(layer) if least > Rung::None => Err(RunError::new(format!(
            "the sandbox does not hold: {}: {}",
            layer.name,
            layer.detail.as_deref().unwrap_or("absent")
        ))),
        _ => Ok(()),
    }
}

/// A chain that stops is tried again, up to where it stopped, so many times in all.
const TOGETHER_TRIES: usize = 4;

/// The fork servers of a run; a worker takes one out for each snippet.
struct Fleet {
    idle: Mutex<Vec<Client>>,
    /// The first server: the others are its children, so it must live longest.
    size: usize,
    installation: Installation,
    /// For every fork server but the first.
    terms: Terms,
    hash_seed: u32,
    interpreter: Interpreter,
    confinement: Confinement,
    groups: Option<&'static Delegated>,
}

impl Fleet {
    /// Starts the fork servers for snippets under `policy`, on the `rung` that the run already has.
    fn start(
        options: &RunOptions,
        policy: &Policy,
        rung: Option<Rung>,
        jobs_wanted: usize,
    ) -> Result<Fleet, RunError> {
        let installation = interpreter::locate(options.python.as_deref())?;
        let size = options.jobs.min(jobs_wanted).max(1);
        let most = rung.unwrap_or(options.most);
        let groups = groups_on(most);
        let mut terms = Terms::new(policy, most);
        let mut first = match rung {
            None => Client::start(&installation, &terms, options.hash_seed)?,
            Some(_) => another_client(&installation, &terms, options.hash_seed)?,
        };
        let rung = first.confinement.rung();
        terms.most = rung;
        let mut idle = Vec::new();
        for _ in 1..size {
            // Without cells a fork server reaps whatever becomes its child, or has children only
            // in its own namespace, so it must have no other server among its children.
            let next = if rung.has_mounts() {
                first.split().map_err(|ServerLost(why)| {
                    RunError::new(format!("failed to fork a fork server: {why}"))
                })?
            } else {
                another_client(&installation, &terms, options.hash_seed)?
            };
            idle.push(next);
        }
        prove(&mut first, &terms, groups)?;
        for client in &mut idle {
            client.groups = first.groups;
        }
        let interpreter = first.interpreter.clone();
        let confinement = first.confinement.clone();
        require(&confinement, options.least)?;
        let groups = first.groups;
        // Dropped last: the first is the parent of the others.
        idle.insert(0, first);
        idle.reverse();
        Ok(Fleet {
            idle: Mutex::new(idle),
            size,
            installation,
            terms,
            hash_seed: options.hash_seed,
            interpreter,
            confinement,
            groups,
        })
    }

    /// Starts a further fork server that replaces a lost one.
    fn another(&self) -> Result<Client, RunError> {
        let mut client = another_client(&self.installation, &self.terms, self.hash_seed)?;
        client.groups = self.groups;
        Ok(client)
    }

    /// Runs all of `work`, all cores together; `step` hears how many cases more are done.
    fn run_all(
        &self,
        plans: &[DocumentPlan],
        work: &[Work],
        step: &(dyn Fn(usize) + Sync),
    ) -> Result<Vec<Vec<Observation>>, RunError> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(self.size)
            .build()
            .map_err(|error| RunError::new(format!("failed to start the workers: {error}")))?;
        let run = |(document, chain): &Work| {
            let plan = &plans[*document];
            let cases = chain.iter().filter_map(|&case| plan.any_case(case));
            let cases: Vec<&Case> = cases.collect();
            let observations = self.run_chain(&plan.document.path, &cases);
            step(cases.len());
            observations
        };
        Ok(pool.install(|| work.par_iter().with_max_len(1).map(run).collect()))
    }

    /// Runs the blocks of a chain, together as far as that goes.
    fn run_chain(&self, document: &str, cases: &[&Case]) -> Vec<Observation> {
        let mut observations = self.run_together(document, cases);
        let mut failed: Option<Observation> = None;
        for case in cases.iter().skip(observations.len()) {
            // Whoever goes on from a block that fails before its own code does so, too.
            let observation = match &failed {
                Some(failed) => failed.clone(),
                None => self.run(document, case),
            };
            if observation.context_failure.is_some() {
                failed = Some(observation.clone());
            }
            observations.push(observation);
        }
        observations
    }

    /// What the first of the blocks did, those that can be run together.
    fn run_together(&self, document: &str, cases: &[&Case]) -> Vec<Observation> {
        let mut snippets: Vec<&Snippet> = cases
            .iter()
            .filter_map(|case| match &case.decision {
                Decision::Run(snippet) => Some(snippet),
                Decision::Skip(_) => None,
            })
            .collect();
        for _ in 0..TOGETHER_TRIES {
            let (true, Some(limits), Some(joined)) =
                (snippets.len() > 1, cases.first(), chain::joined(&snippets))
            else {
                break;
            };
            let places = Places::new(snippets.iter().copied());
            let limits = &limits.policy.limits;
            let ran = self.take().ok().and_then(|mut client| {
                let ran = client.run_chain(document, &joined, &places, limits, &nonce());
                // A lost fork server is dropped.
                let ran = ran.ok()?;
                self.put(client);
                Some(ran)
            });
            match ran {
                Some(Ok(observations)) => return observations,
                // One of them is no block to go on from; those before it are.
                Some(Err(stopped)) => snippets.truncate(stopped.min(snippets.len() - 1)),
                None => break,
            }
        }
        Vec::new()
    }

    /// Runs one case; a lost fork server is replaced once.
    fn run(&self, document: &str, case: &Case) -> Observation {
        let Decision::Run(snippet) = &case.decision else {
            return Observation::not_run();
        };
        let mut why = String::new();
        for is_second in [false, true] {
            // Its relatives may have died with the first one, so the second is a stranger.
            let client = match is_second {
                false => self.take(),
                true => self.another(),
            };
            let mut client = match client {
                Ok(client) => client,
                Err(error) => {
                    why = error.to_string();
                    continue;
                }
            };
            let nonce = nonce();
            match client.run(document, snippet, &case.policy.limits, &nonce) {
                Ok(observation) => {
                    self.put(client);
                    return observation;
                }
                Err(ServerLost(lost)) => why = lost,
            }
        }
        Observation {
            infrastructure_failure: Some(why),
            ..Observation::not_run()
        }
    }

    fn take(&self) -> Result<Client, RunError> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(|poison| poison.into_inner())
            .pop();
        match idle {
            Some(client) => Ok(client),
            None => self.another(),
        }
    }

    fn put(&self, client: Client) {
        self.idle
            .lock()
            .unwrap_or_else(|poison| poison.into_inner())
            .push(client);
    }
}

/// What the supervisor makes of the bytes that a snippet could have sent and of the kernel's wait
/// `status`: for the fuzz targets.
#[doc(hidden)]
pub fn observation_of(page: &[u8], streams: [&[u8]; 2], status: i32, nonce: &str) -> Observation {
    let mut observation = client::assemble(wire::decode(page, nonce), status, None);
    let kinds = [Stream::Stdout, Stream::Stderr];
    let emissions = streams.into_iter().zip(kinds).flat_map(|(bytes, kind)| {
        let mut capture = Capture::new(kind, nonce);
        // As it comes out of a pipe: in pieces that care for no mark.
        bytes.chunks(7).for_each(|piece| capture.feed(piece));
        capture.finish()
    });
    observation.emissions = emissions.collect();
    observation
}

/// A secret for one run: 16 hexadecimal digits.
fn nonce() -> String {
    let mut bytes = [0; 8];
    let filled = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty());
    debug_assert_eq!(filled, Ok(bytes.len()));
    format!("{:016x}", u64::from_ne_bytes(bytes))
}
