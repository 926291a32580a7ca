//! Headings as sections, and the ids of the blocks under them.
//!
//! A section's label is the slug of its heading. Where several sections of a document share a slug,
//! each takes its parents' slugs in front until they differ (`generators.example`), and only equal
//! paths are numbered (`example~2`): a section inserted elsewhere then renames nothing.

use std::collections::HashMap;

/// Longest heading text and longest slug, in characters: every block under a heading repeats it.
const MAX_CHARS: usize = 120;

/// The headings of a document as a tree; section 0 is the document itself.
pub(super) struct Sections {
    nodes: Vec<Section>,
}

struct Section {
    parent: usize,
    /// 1 to 6; 0 for the document.
    level: usize,
    text: String,
}

impl Sections {
    /// The section that has no heading.
    pub(super) const ROOT: usize = 0;

    pub(super) fn new() -> Self {
        Sections {
            nodes: vec![Section {
                parent: Self::ROOT,
                level: 0,
                text: String::new(),
            }],
        }
    }

    /// Opens a section of `level` (1 to 6) after a place in section `current`.
    pub(super) fn open(&mut self, current: usize, level: usize, text: &str) -> usize {
        let mut parent = current;
        while self.nodes[parent].level >= level {
            parent = self.nodes[parent].parent;
        }
        let mut words = String::new();
        for word in text.split_whitespace() {
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(word);
        }
        self.nodes.push(Section {
            parent,
            level,
            text: words.chars().take(MAX_CHARS).collect(),
        });
        self.nodes.len() - 1
    }

    /// The headings above a place in `section`, outermost first.
    pub(super) fn path(&self, section: usize) -> Vec<String> {
        let mut path: Vec<String> = self
            .ancestors(section)
            .map(|section| self.nodes[section].text.clone())
            .collect();
        path.reverse();
        path
    }

    /// `section` and the sections around it, innermost first, without the document.
    fn ancestors(&self, section: usize) -> impl Iterator<Item = usize> {
        let mut at = section;
        std::iter::from_fn(move || {
            let found = (at != Self::ROOT).then_some(at);
            at = self.nodes[at].parent;
            found
        })
    }

    /// The slugs of `section` and at most `depth - 1` sections around it, joined by `.`.
    fn label(&self, section: usize, depth: usize) -> String {
        if section == Self::ROOT {
            return "top".to_owned();
        }
        let mut slugs: Vec<String> = self
            .ancestors(section)
            .take(depth)
            .map(|section| match slug(&self.nodes[section].text) {
                slug if slug.is_empty() => "section".to_owned(),
                slug => slug,
            })
            .collect();
        slugs.reverse();
        slugs.join(".")
    }

    /// A label for each of `used` (distinct, in document order), no two of them equal.
    fn labels(&self, used: &[usize]) -> Vec<String> {
        const DEEPEST: usize = 6;
        let mut labels: Vec<String> = used.iter().map(|&section| self.label(section, 1)).collect();
        for depth in 2..=DEEPEST {
            let mut counts: HashMap<&str, usize> = HashMap::new();
            for label in &labels {
                *counts.entry(label).or_default() += 1;
            }
            let shared: Vec<usize> = (0..labels.len())
                .filter(|&i| {
                    counts
                        .get(labels[i].as_str())
                        .is_some_and(|&count| count > 1)
                })
                .collect();
            for i in shared {
                labels[i] = self.label(used[i], depth);
            }
        }
        let mut distinct = Distinct::default();
        labels
            .into_iter()
            .map(|label| distinct.claim(label))
            .collect()
    }
}

/// What an id is made of.
pub(super) struct Naming {
    /// The section that the block stands in.
    pub(super) section: usize,
    /// The name its author gave it.
    pub(super) name: Option<String>,
    /// Whether the block counts among the runnable ones of its section.
    pub(super) is_runnable: bool,
}

/// One id for each block, in order, no two of them equal.
pub(super) fn ids(sections: &Sections, blocks: &[Naming]) -> Vec<String> {
    let mut used: Vec<usize> = blocks.iter().map(|block| block.section).collect();
    used.sort_unstable();
    used.dedup();
    let labels = sections.labels(&used);
    let mut counts = vec![(0, 0); used.len()];
    let mut distinct = Distinct::default();
    let mut ids = Vec::with_capacity(blocks.len());
    for block in blocks {
        let at = used.partition_point(|&section| section < block.section);
        let (runnable, other) = &mut counts[at];
        let ordinal = if block.is_runnable {
            *runnable += 1;
            runnable.to_string()
        } else {
            *other += 1;
            format!("other-{other}")
        };
        let name = block.name.as_deref().map(slug);
        let name = name.filter(|name| !name.is_empty()).unwrap_or(ordinal);
        ids.push(distinct.claim(format!("{}/{name}", labels[at])));
    }
    ids
}

/// Makes texts distinct by numbering repeated ones: `a`, `a~2`, `a~3`.
#[derive(Default)]
struct Distinct {
    counts: HashMap<String, usize>,
}

impl Distinct {
    /// `text` does not end in `~` and a number, so that no numbered text equals another.
    fn claim(&mut self, text: String) -> String {
        let count = self.counts.entry(text.clone()).or_default();
        *count += 1;
        match *count {
            1 => text,
            n => format!("{text}~{n}"),
        }
    }
}

/// Letters and digits of any script in lower case, `-` for runs of white space, `-` and `_` inside
/// of words as they are; everything else is dropped.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    for word in text.split_whitespace() {
        let kept: String = word
            .chars()
            .filter(|&c| c.is_alphanumeric() || matches!(c, '-' | '_'))
            .flat_map(char::to_lowercase)
            .collect();
        let kept = kept.trim_matches('-');
        if !slug.is_empty() && !kept.is_empty() {
            slug.push('-');
        }
        slug.push_str(kept);
    }
    slug.chars().take(MAX_CHARS).collect()
}
