//! What a run may do: limits and grants, data only.

use std::path::PathBuf;

/// The limits of one snippet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Limits {
    /// Wall time from the fork to the verdict, in milliseconds.
    pub wall_ms: u64,
    /// Address space beyond what the warm interpreter already has, in bytes.
    pub memory_bytes: u64,
    /// Bytes of standard output and standard error together.
    pub output_bytes: u64,
    /// Processes and threads at one time.
    pub processes: u64,
    /// The size of any one file, and of the scratch space, in bytes.
    pub scratch_bytes: u64,
}

impl Limits {
    /// Limits that study material fits in.
    pub const STUDY: Limits = Limits {
        wall_ms: 10_000,
        memory_bytes: 1 << 30,
        output_bytes: 1 << 20,
        processes: 64,
        scratch_bytes: 64 << 20,
    };
}

/// What a run may do.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Policy {
    /// Its limits, what is granted counted in.
    pub limits: Limits,
    /// What is granted beyond the ordinary, in the order of the settings.
    pub grants: Vec<Grant>,
}

impl Policy {
    /// The policy of a snippet that asks for nothing.
    pub const STUDY: Policy = Policy {
        limits: Limits::STUDY,
        grants: Vec::new(),
    };

    /// Adds a grant, and lifts the limits that it names; none is ever lowered.
    pub fn allow(&mut self, grant: Grant) {
        let limits = &mut self.limits;
        for gift in &grant.gifts {
            let (limit, granted) = match gift {
                Gift::Time { wall_ms } => (&mut limits.wall_ms, *wall_ms),
                Gift::Memory { bytes } => (&mut limits.memory_bytes, *bytes),
                Gift::Output { bytes } => (&mut limits.output_bytes, *bytes),
                Gift::Processes { count } => (&mut limits.processes, *count),
                Gift::Read(_) | Gift::Loopback | Gift::Variable { .. } => continue,
            };
            *limit = granted.max(*limit);
        }
        self.grants.push(grant);
    }

    /// Whether snippets under either can run on the same ground: the supervisor alone keeps the
    /// limits of time and output, all else is set up for a fork server.
    pub fn shares_ground(&self, other: &Policy) -> bool {
        let limits = Limits {
            wall_ms: self.limits.wall_ms,
            output_bytes: self.limits.output_bytes,
            ..other.limits
        };
        self.limits == limits
            && self.has_loopback() == other.has_loopback()
            && self.readable().eq(other.readable())
            && self.variables().eq(other.variables())
    }

    /// Everything that is granted.
    pub fn gifts(&self) -> impl Iterator<Item = &Gift> {
        self.grants.iter().flat_map(|grant| &grant.gifts)
    }

    /// Whether a snippet has a loopback interface of its own.
    pub fn has_loopback(&self) -> bool {
        self.gifts().any(|gift| *gift == Gift::Loopback)
    }

    /// The paths that a snippet may read beyond the ordinary.
    pub fn readable(&self) -> impl Iterator<Item = &Readable> {
        self.gifts().filter_map(|gift| match gift {
            Gift::Read(readable) => Some(readable),
            _ => None,
        })
    }

    /// The variables that a snippet finds in its environment beyond the ordinary: name and value.
    pub fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.gifts().filter_map(|gift| match gift {
            Gift::Variable { name, value } => Some((name.as_str(), value.as_str())),
            _ => None,
        })
    }
}

/// Things that some documents' snippets may do beyond the ordinary, and why. Never the network of
/// the machine.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Grant {
    /// What is granted; not empty.
    pub gifts: Vec<Gift>,
    /// Why, in the words of whoever grants it; not empty.
    pub reason: String,
}

/// One thing that is granted.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Gift {
    /// To read a file, or a directory with all below it.
    Read(Readable),
    /// A loopback interface of its own, which no other process shares.
    Loopback,
    /// Wall time, in milliseconds.
    Time {
        /// The limit.
        wall_ms: u64,
    },
    /// Memory, in bytes.
    Memory {
        /// The limit.
        bytes: u64,
    },
    /// Output, in bytes.
    Output {
        /// The limit.
        bytes: u64,
    },
    /// Processes and threads.
    Processes {
        /// The limit.
        count: u64,
    },
    /// A variable of the environment; its value never comes from the caller's.
    Variable {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
}

/// A path that a snippet may read.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Readable {
    /// Where it lies: absolute, without links.
    pub path: PathBuf,
    /// How the settings name it. A relative name is also how the snippet finds it from its working
    /// directory.
    pub name: String,
}

impl std::fmt::Display for Gift {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Gift::Read(readable) => write!(f, "read `{}`", readable.name),
            Gift::Loopback => f.write_str("loopback"),
            Gift::Time { wall_ms } => write!(f, "{} s", *wall_ms as f64 / 1000.0),
            Gift::Memory { bytes } => write!(f, "{} MiB of memory", bytes >> 20),
            Gift::Output { bytes } => write!(f, "{} KiB of output", bytes >> 10),
            Gift::Processes { count } => write!(f, "{count} processes"),
            Gift::Variable { name, .. } => write!(f, "variable `{name}`"),
        }
    }
}
