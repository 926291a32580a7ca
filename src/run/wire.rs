//! What supervisor and fork server say to each other, and what they make of a snippet's report.

use serde::{Deserialize, Serialize};

use crate::observation::{EndKind, Exception, Record};
use crate::sandbox::Confinement;
use crate::sandbox::canary::Targets;

/// Bytes for the report of one snippet; records that do not fit are dropped, and the end with them.
pub(super) const REPORT_BYTES: usize = 8 << 20;

/// What the supervisor asks of a fork server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Command {
    /// Run the job in the attached page, writing to the attached pipes (page, stdout, stderr; then the
    /// scratch directory where cells give none, or the entrance to a group).
    Job {
        /// Length of the page in bytes.
        page_len: usize,
        /// Whether the last descriptor is the entrance to a control group.
        has_group: bool,
    },
    /// Fork another fork server that listens on the attached socket.
    Split,
    /// Have a child try to get out of the sandbox. After the last [`Command::Split`], as that
    /// child is born in a cell. Attached are the entrances to two groups, one with room for few
    /// processes, one with little memory, where limits on groups are to be tried.
    Test(Targets),
}

/// What a fork server answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Event {
    /// It is ready.
    Hello {
        /// The interpreter's version, such as `3.11.7`.
        version: String,
        /// What confines its snippets.
        confinement: Confinement,
    },
    /// The self-test is over.
    Tested(Confinement),
    /// The snippet was forked; attached is the pidfd whose death ends all of it.
    Started,
    /// Every process of the snippet is dead.
    Ended {
        /// The wait status of its first process.
        status: i32,
        /// CPU time in microseconds.
        cpu_us: u64,
        /// Largest resident set in bytes.
        max_rss_bytes: u64,
    },
    /// The snippet could not be started.
    Failed(String),
}

/// How a snippet says it ended; believed only as far as the kernel's facts agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct End {
    pub(super) kind: EndKind,
    pub(super) status: i32,
    pub(super) is_early: bool,
    pub(super) exception: Option<Exception>,
}

/// A snippet's report, decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Decoded {
    pub(super) records: Vec<Record>,
    /// The completion record: the last line, the only one, with the right nonce.
    pub(super) end: Option<End>,
}

/// Decodes a report. Total: any bytes give some result, and only well-formed records count.
pub(super) fn decode(report: &[u8], nonce: &str) -> Decoded {
    let mut decoded = Decoded::default();
    for line in report.split(|&byte| byte == b'\n') {
        if line.is_empty() {
            continue;
        }
        // Anything behind an end, a second end included, takes the end back.
        decoded.end = None;
        let Ok(record) = serde_json::from_slice::<Record>(line) else {
            continue;
        };
        match record {
            Record::End {
                nonce: said,
                kind,
                status,
                is_early,
                exception,
            } if said == nonce => {
                decoded.end = Some(End {
                    kind,
                    status,
                    is_early,
                    exception,
                });
            }
            Record::End { .. } => {}
            record => decoded.records.push(record),
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::LineNumber;

    fn end(nonce: &str) -> Vec<u8> {
        let record = Record::End {
            nonce: nonce.to_owned(),
            kind: EndKind::Finished,
            status: 0,
            is_early: false,
            exception: None,
        };
        let mut line = serde_json::to_vec(&record).unwrap();
        line.push(b'\n');
        line
    }

    #[test]
    fn only_the_last_record_ends_a_run() {
        assert!(decode(&end("n"), "n").end.is_some());
        assert!(decode(&end("other"), "n").end.is_none());
        let mut replayed = end("n");
        replayed.extend(serde_json::to_vec(&Record::Reached(LineNumber::FIRST)).unwrap());
        assert!(decode(&replayed, "n").end.is_none());
        let mut truncated = end("n");
        truncated.truncate(truncated.len() - 3);
        assert!(decode(&truncated, "n").end.is_none());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_decode(bytes: Vec<u8>) {
            proptest::prop_assert!(decode(&bytes, "n").end.is_none());
        }
    }
}
