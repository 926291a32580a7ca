//! The compiled trees against another compiler's lists: the same verdict for every call.

use std::collections::{BTreeMap, BTreeSet};

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

use super::*;
use crate::sandbox::calls::Floor;

/// One call as the kernel shows it to a filter.
#[derive(Clone, Copy, Debug)]
struct Call {
    number: u32,
    architecture: u32,
    arguments: [u64; 6],
}

impl Call {
    fn word(&self, offset: u32) -> u32 {
        match offset {
            0 => self.number,
            4 => self.architecture,
            8 | 12 => 0,
            offset => {
                let argument = self.arguments[(offset as usize - 16) / 8];
                (argument >> (8 * (offset % 8))) as u32
            }
        }
    }
}

/// What the kernel's machine makes of `program`: the returned word and the number of steps.
fn run(program: &[Instruction], call: &Call) -> (u32, usize) {
    let mut at = 0;
    let mut accumulator = 0;
    for steps in 1..=program.len() {
        let Instruction { code, jt, jf, k } = program[at];
        at += 1;
        let compare = |is_true: bool| usize::from(if is_true { jt } else { jf });
        match code {
            0x20 => accumulator = call.word(k),
            0x54 => accumulator &= k,
            0x05 => at += k as usize,
            0x15 => at += compare(accumulator == k),
            0x25 => at += compare(accumulator > k),
            0x35 => at += compare(accumulator >= k),
            0x06 => return (k, steps),
            other => panic!("instruction {other:#x}"),
        }
    }
    panic!("the program does not end");
}

fn word(verdict: Verdict) -> u32 {
    finish(verdict).k
}

fn action(verdict: Verdict) -> SeccompAction {
    match verdict {
        Verdict::Allow => SeccompAction::Allow,
        Verdict::Errno(errno) => SeccompAction::Errno(u32::from(errno)),
        Verdict::Kill => SeccompAction::KillProcess,
    }
}

fn conditions(checks: &[Check]) -> Vec<Vec<SeccompCondition>> {
    let mut all = vec![Vec::new()];
    for check in checks {
        let mut longer = Vec::new();
        for conditions in &all {
            for &value in &check.values {
                let operation = match check.mask {
                    u32::MAX => SeccompCmpOp::Eq,
                    mask => SeccompCmpOp::MaskedEq(u64::from(mask)),
                };
                let argument = u8::try_from(check.argument).expect("an argument");
                let condition = SeccompCondition::new(
                    argument,
                    SeccompCmpArgLen::Dword,
                    operation,
                    u64::from(value),
                );
                let mut conditions: Vec<SeccompCondition> = conditions.clone();
                conditions.push(condition.expect("a condition"));
                longer.push(conditions);
            }
        }
        all = longer;
    }
    all
}

/// The other compiler's programs, one for each verdict: they return it where it applies by a
/// rule's first half, and trap elsewhere.
fn oracle(policy: &Policy) -> Vec<(Verdict, Vec<Instruction>)> {
    let mut verdicts = BTreeSet::new();
    for rule in policy.rules.values() {
        let (Rule::Always(verdict) | Rule::If { then: verdict, .. }) = rule;
        verdicts.insert(*verdict);
    }
    let compile = |verdict: Verdict| {
        let mut rules = BTreeMap::new();
        for (&number, rule) in &policy.rules {
            let alternatives = match rule {
                Rule::Always(always) if *always == verdict => Vec::new(),
                Rule::If { checks, then, .. } if *then == verdict => conditions(checks)
                    .into_iter()
                    .map(|conditions| SeccompRule::new(conditions).expect("a rule"))
                    .collect(),
                _ => continue,
            };
            rules.insert(i64::from(number), alternatives);
        }
        let architecture = TargetArch::try_from(std::env::consts::ARCH).expect("known");
        let filter = SeccompFilter::new(rules, SeccompAction::Trap, action(verdict), architecture);
        let program: BpfProgram = filter.expect("a filter").try_into().expect("a program");
        program
            .iter()
            .map(|i| Instruction {
                code: i.code,
                jt: i.jt,
                jf: i.jf,
                k: i.k,
            })
            .collect()
    };
    verdicts
        .into_iter()
        .map(|verdict| (verdict, compile(verdict)))
        .collect()
}

fn expected(policy: &Policy, oracle: &[(Verdict, Vec<Instruction>)], call: &Call) -> Verdict {
    for (verdict, program) in oracle {
        if run(program, call).0 == word(*verdict) {
            return *verdict;
        }
    }
    match policy.rules.get(&call.number) {
        Some(Rule::If { or, .. }) => *or,
        Some(Rule::Always(verdict)) => panic!("{verdict:?} was not found for {call:?}"),
        None => policy.other,
    }
}

/// Argument values that matter: those of the rule, their neighbours, and bits above the 32.
fn arguments(rule: Option<&Rule>) -> Vec<[u64; 6]> {
    let mut all = vec![[0; 6], [u64::MAX; 6]];
    let Some(Rule::If { checks, .. }) = rule else {
        return all;
    };
    for check in checks {
        for base in all.clone() {
            for &value in &check.values {
                let value = u64::from(value);
                for shown in [
                    value,
                    value | 0xdead_beef_0000_0000,
                    value.wrapping_add(1),
                    value.wrapping_sub(1),
                    value ^ 1 << 31,
                    u64::from(value as u32 | !check.mask),
                ] {
                    let mut arguments = base;
                    arguments[check.argument as usize] = shown;
                    all.push(arguments);
                }
            }
        }
        for bit in 0..64 {
            let mut arguments = [0; 6];
            arguments[check.argument as usize] = 1 << bit;
            all.push(arguments);
        }
    }
    all
}

fn policies() -> Vec<Policy> {
    let mut policies = Vec::new();
    for has_namespaces in [false, true] {
        for has_mounts in [false, true] {
            for shares_user in [false, true] {
                for has_paths in [false, true] {
                    let floor = Floor {
                        has_namespaces,
                        has_mounts,
                        shares_user,
                        has_paths,
                    };
                    policies.push(floor.base());
                    policies.push(floor.last());
                }
            }
        }
    }
    policies
}

#[test]
fn every_call_gets_the_verdict_that_another_compiler_gives_it() {
    for policy in policies() {
        let program = compile(&policy);
        let oracle = oracle(&policy);
        let numbers = (0..=1024).chain([0x3fff_ffff, 0x4000_0000, 0x4000_0001, u32::MAX]);
        for number in numbers {
            for arguments in arguments(policy.rules.get(&number)) {
                let call = Call {
                    number,
                    architecture: policy.architecture,
                    arguments,
                };
                let wanted = expected(&policy, &oracle, &call);
                assert_eq!(run(&program, &call).0, word(wanted), "{call:?}");
            }
        }
    }
}

#[test]
fn another_architecture_kills() {
    for policy in policies() {
        let program = compile(&policy);
        for architecture in [0, 0x4000_0003, 0xc000_00b7, 0xc000_003e, u32::MAX] {
            let call = Call {
                number: 0,
                architecture,
                arguments: [0; 6],
            };
            let is_killed = run(&program, &call).0 == word(Verdict::Kill);
            assert_eq!(is_killed, architecture != policy.architecture);
        }
    }
}

#[test]
fn a_tree_takes_few_steps_and_little_room() {
    for policy in policies() {
        let program = compile(&policy);
        assert!(program.len() < 1_000, "{} instructions", program.len());
        for number in 0..=1024 {
            let call = Call {
                number,
                architecture: policy.architecture,
                arguments: [u64::MAX; 6],
            };
            let (_, steps) = run(&program, &call);
            assert!(steps <= 40, "{number} takes {steps} steps");
        }
    }
}

#[test]
fn a_program_of_any_size_keeps_its_jumps() {
    // Rules that never merge, so that both kinds of jumps are needed.
    let rules = (0..2_000)
        .map(|n| (n, Rule::Always(Verdict::Errno((n % 97) as u16 + 1))))
        .collect();
    let policy = Policy {
        architecture: 1,
        rules,
        other: Verdict::Allow,
    };
    let program = compile(&policy);
    for number in 0..2_100 {
        let call = Call {
            number,
            architecture: 1,
            arguments: [0; 6],
        };
        let wanted = match number {
            0..2_000 => Verdict::Errno((number % 97) as u16 + 1),
            _ => Verdict::Allow,
        };
        assert_eq!(run(&program, &call).0, word(wanted), "{number}");
    }
}

#[test]
fn the_own_process_takes_the_place_that_was_kept_for_it() {
    let floor = Floor {
        has_namespaces: false,
        has_mounts: false,
        shares_user: true,
        has_paths: false,
    };
    let policy = floor.last();
    let mut program = compile(&policy);
    personalise(&mut program, 4_321);
    let kill = |pid: i64| {
        let call = Call {
            number: libc::SYS_kill as u32,
            architecture: policy.architecture,
            arguments: [pid as u64, 9, 0, 0, 0, 0],
        };
        run(&program, &call).0
    };
    assert_eq!(kill(4_321), word(Verdict::Allow));
    assert_eq!(kill(0), word(Verdict::Allow));
    for other in [1, -1, 4_322, -4_321, i64::from(OWN_PID as i32)] {
        assert_eq!(kill(other), word(Verdict::Errno(libc::EPERM as u16)));
    }
}
