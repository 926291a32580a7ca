//! What a run may do: limits and grants, data only.

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
    /// Its limits.
    pub limits: Limits,
}

impl Policy {
    /// The policy of a snippet that asks for nothing.
    pub const STUDY: Policy = Policy {
        limits: Limits::STUDY,
    };
}
