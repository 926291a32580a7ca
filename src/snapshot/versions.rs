//! Sets of Python versions, as snapshots write them: `3.9-3.11 3.13`.

use std::collections::BTreeSet;
use std::fmt;

/// Major and minor version of an interpreter.
pub type Version = (u8, u8);

/// Some Python versions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Versions(pub BTreeSet<Version>);

impl Versions {
    /// One version alone.
    pub fn of(version: Version) -> Self {
        Versions(BTreeSet::from([version]))
    }

    /// Reads what [`fmt::Display`] writes; `None` for anything else, and for no version at all.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut versions = BTreeSet::new();
        for word in text.split(' ') {
            let (first, last) = word.split_once('-').unwrap_or((word, word));
            let ((major, first), (last_major, last)) = (version(first)?, version(last)?);
            if major != last_major || first > last {
                return None;
            }
            versions.extend((first..=last).map(|minor| (major, minor)));
        }
        Some(Versions(versions))
    }

    /// How far `version` is from the nearest of these that is not newer, or else from the oldest:
    /// the smaller, the better these speak for it.
    pub(super) fn distance(&self, version: Version) -> (bool, u16) {
        let ordinal = |(major, minor): Version| u16::from(major) << 8 | u16::from(minor);
        let wanted = ordinal(version);
        let older = self.0.range(..=version).next_back();
        match (older, self.0.first()) {
            (Some(&older), _) => (false, wanted - ordinal(older)),
            (None, Some(&oldest)) => (true, ordinal(oldest).saturating_sub(wanted)),
            (None, None) => (true, u16::MAX),
        }
    }
}

fn version(text: &str) -> Option<Version> {
    let number = |text: &str| {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
        is_plain.then(|| text.parse().ok()).flatten()
    };
    let (major, minor) = text.split_once('.')?;
    Some((number(major)?, number(minor)?))
}

/// The version in what an interpreter says of itself, such as `3.11.7`.
pub fn version_of(text: &str) -> Option<Version> {
    let mut parts = text.splitn(3, '.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = self.0.iter().copied().peekable();
        let mut separator = "";
        while let Some((major, first)) = left.next() {
            let mut last = first;
            while last < u8::MAX && left.next_if_eq(&(major, last + 1)).is_some() {
                last += 1;
            }
            write!(f, "{separator}{major}.{first}")?;
            if last > first {
                write!(f, "-{major}.{last}")?;
            }
            separator = " ";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(text: &str) -> Versions {
        Versions::parse(text).expect(text)
    }

    #[test]
    fn neighbours_are_written_as_ranges() {
        for text in ["3.9-3.11 3.13", "2.7 3.9", "3.12", "3.254-3.255"] {
            assert_eq!(versions(text).to_string(), text);
        }
        assert_eq!(versions("3.10 3.9 3.11-3.12").to_string(), "3.9-3.12");
        for text in [
            "",
            "3",
            "3.x",
            "3.9-",
            "3.9-4.1",
            "3.11-3.9",
            "3.9  3.10",
            "3.+9",
            "3.999",
        ] {
            assert_eq!(Versions::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_nearest_older_version_speaks_for_one_that_is_not_named() {
        let (old, young) = (versions("3.9-3.11"), versions("3.13"));
        let chosen = |minor| {
            let distance = |versions: &Versions| versions.distance((3, minor));
            if distance(&old) <= distance(&young) {
                "old"
            } else {
                "young"
            }
        };
        let expected = [
            (8, "old"),
            (10, "old"),
            (12, "old"),
            (13, "young"),
            (15, "young"),
        ];
        for (minor, name) in expected {
            assert_eq!(chosen(minor), name, "3.{minor}");
        }
    }

    #[test]
    fn an_interpreter_tells_its_version() {
        assert_eq!(version_of("3.11.7"), Some((3, 11)));
        assert_eq!(version_of("3.15.0a3"), Some((3, 15)));
        assert_eq!(version_of(""), None);
    }
}
