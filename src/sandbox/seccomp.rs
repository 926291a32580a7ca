//! System-call filters: rules by number, compiled to a binary tree of BPF.
//!
//! ```text
//!            number ≥ 128?
//!           no ╱        ╲ yes
//!   number ≥ 64?        number ≥ 301?          one comparison a level, whatever the call
//!      …      …            …      …
//! ```
//!
//! The kernel runs a filter once for every number when it is installed, so a list would cost its
//! length times the numbers; a tree costs its depth (`seccomp(2)`, Linux 5.11). Which calls get
//! which rule stands in [`super::calls`].

use std::collections::BTreeMap;

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    /// It is made.
    Allow,
    /// It fails with this error number.
    Errno(u16),
    /// The process is killed.
    Kill,
}

/// A question about one argument, of which the kernel uses only the lower 32 bits.
///
/// Looking at those bits alone is the point: a caller may put anything above them
/// (CVE-2019-10063).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Check {
    /// Which argument, from 0.
    pub(super) argument: u32,
    /// The bits that count.
    pub(super) mask: u32,
    /// What they may be.
    pub(super) values: Vec<u32>,
}

/// What a call gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// Always the same.
    Always(Verdict),
    /// Depending on its arguments.
    If {
        /// All of them must be true.
        checks: Vec<Check>,
        /// Then this.
        then: Verdict,
        /// Otherwise this.
        or: Verdict,
    },
}

/// A policy: a rule for each number, and one for all others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Policy {
    /// The `AUDIT_ARCH_*` value that the numbers belong to; calls of any other kill the process.
    pub(super) architecture: u32,
    /// The rules.
    pub(super) rules: BTreeMap<u32, Rule>,
    /// The rule of every other number.
    pub(super) other: Verdict,
}

/// Stands in a [`Check`] for the id of the process that installs the filter.
pub(super) const OWN_PID: u32 = 0xffff_fe01;

/// One instruction, as `struct sock_filter`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Instruction {
    /// Operation.
    pub(super) code: u16,
    /// Instructions to skip when a comparison is true.
    pub(super) jt: u8,
    /// Instructions to skip when it is false.
    pub(super) jf: u8,
    /// Operand.
    pub(super) k: u32,
}

const LOAD: u16 = 0x20; // BPF_LD | BPF_W | BPF_ABS
const AND: u16 = 0x54; // BPF_ALU | BPF_AND | BPF_K
const JUMP: u16 = 0x05; // BPF_JMP | BPF_JA
const JUMP_IF_EQUAL: u16 = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const JUMP_IF_AT_LEAST: u16 = 0x35; // BPF_JMP | BPF_JGE | BPF_K
const RETURN: u16 = 0x06; // BPF_RET | BPF_K

/// Offsets in `struct seccomp_data`; both architectures are little-endian.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const ARGUMENTS: u32 = 16;

fn instruction(code: u16, k: u32) -> Instruction {
    Instruction {
        code,
        jt: 0,
        jf: 0,
        k,
    }
}

fn finish(verdict: Verdict) -> Instruction {
    let k = match verdict {
        Verdict::Allow => 0x7fff_0000,
        Verdict::Errno(errno) => 0x0005_0000 | u32::from(errno),
        Verdict::Kill => 0x8000_0000,
    };
    instruction(RETURN, k)
}

/// Compiles `policy`.
pub(super) fn compile(policy: &Policy) -> Vec<Instruction> {
    let mut program = vec![
        instruction(LOAD, ARCHITECTURE),
        Instruction {
            code: JUMP_IF_EQUAL,
            jt: 1,
            jf: 0,
            k: policy.architecture,
        },
        finish(Verdict::Kill),
        instruction(LOAD, NUMBER),
    ];
    program.extend(tree(&ranges(policy)));
    program
}

/// Neighbouring numbers with the same rule, each range by its first number; the first is 0.
fn ranges(policy: &Policy) -> Vec<(u32, Rule)> {
    let mut ranges: Vec<(u32, Rule)> = Vec::new();
    let mut push = |start: u32, rule: &Rule| {
        if ranges.last().is_none_or(|(_, last)| last != rule) {
            ranges.push((start, rule.clone()));
        }
    };
    let other = Rule::Always(policy.other);
    let mut next = 0;
    for (&number, rule) in &policy.rules {
        if number > next || next == 0 && number != 0 {
            push(next, &other);
        }
        push(number, rule);
        next = number.saturating_add(1);
    }
    push(next, &other);
    ranges
}

fn tree(ranges: &[(u32, Rule)]) -> Vec<Instruction> {
    let middle = ranges.len() / 2;
    let (low, high) = ranges.split_at(middle);
    let (Some((boundary, rule)), false) = (high.first(), low.is_empty()) else {
        return ranges.first().map_or(Vec::new(), |(_, rule)| leaf(rule));
    };
    debug_assert!(*boundary > 0, "{rule:?}");
    let low = tree(low);
    let mut program = match u8::try_from(low.len()) {
        Ok(distance) => vec![Instruction {
            code: JUMP_IF_AT_LEAST,
            jt: distance,
            jf: 0,
            k: *boundary,
        }],
        // A conditional jump reaches 255 instructions; beyond that an unconditional one does.
        Err(_) => vec![
            Instruction {
                code: JUMP_IF_AT_LEAST,
                jt: 0,
                jf: 1,
                k: *boundary,
            },
            instruction(JUMP, low.len() as u32),
        ],
    };
    program.extend(low);
    program.extend(tree(high));
    program
}

fn leaf(rule: &Rule) -> Vec<Instruction> {
    let (checks, then, or) = match rule {
        Rule::Always(verdict) => return vec![finish(*verdict)],
        Rule::If { checks, then, or } => (checks, *then, *or),
    };
    let mut program = Vec::new();
    for check in checks {
        program.push(instruction(LOAD, ARGUMENTS + 8 * check.argument));
        if check.mask != u32::MAX {
            program.push(instruction(AND, check.mask));
        }
        for (done, &value) in check.values.iter().enumerate() {
            // Past the other comparisons and the refusal behind them.
            let distance = check.values.len() - done;
            program.push(Instruction {
                code: JUMP_IF_EQUAL,
                jt: u8::try_from(distance).unwrap_or(u8::MAX),
                jf: 0,
                k: value,
            });
        }
        program.push(finish(or));
    }
    program.push(finish(then));
    program
}

/// Puts the id of this process where [`OWN_PID`] stands in `program`.
pub(super) fn personalise(program: &mut [Instruction], pid: u32) {
    for instruction in program {
        if instruction.code == JUMP_IF_EQUAL && instruction.k == OWN_PID {
            instruction.k = pid;
        }
    }
}

#[cfg(test)]
mod tests;
