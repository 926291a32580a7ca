//! What a report says of the confinement: the rung, and what each layer was worth on this machine.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Whether a layer holds; the weaker state is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LayerState {
    /// In force for every snippet: a test at the start tried what it forbids, in vain.
    Enforced,
    /// In force in part.
    Degraded,
    /// Not in force.
    Absent,
}

/// One layer of confinement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// Stable kebab-case name, such as `pid-namespace`.
    pub name: String,
    /// Whether it holds.
    pub state: LayerState,
    /// Why not, or how much, and what to do about it.
    pub detail: Option<String>,
}

/// What confined the snippets of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confinement {
    /// The name of a [`Rung`].
    pub rung: String,
    /// The layers in the order they are applied.
    pub layers: Vec<Layer>,
}

/// How much of the sandbox a machine gives; each rung holds what the ones before it hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Rung {
    /// Nothing but limits. Only ever on demand.
    None,
    /// Landlock and filtered system calls; one process, no network, the machine's own mounts.
    D,
    /// Also process, network and IPC namespaces, without the privileges to mount.
    C,
    /// Also a read-only tree and memory file systems of its own, without `/proc`.
    B,
    /// Also a `/proc` of its own.
    A,
    /// Also limits on all of a snippet's processes together, in a control group. They are laid from
    /// outside: for the fork server and what it forks this rung is [`Rung::A`].
    APlus,
}

impl Rung {
    /// All of them, the strongest first.
    pub const ALL: [Rung; 6] = [Rung::APlus, Rung::A, Rung::B, Rung::C, Rung::D, Rung::None];

    /// Its name in reports: `A+`, a letter, or `none`.
    pub fn name(self) -> &'static str {
        match self {
            Rung::APlus => "A+",
            Rung::A => "A",
            Rung::B => "B",
            Rung::C => "C",
            Rung::D => "D",
            Rung::None => "none",
        }
    }

    /// Whether every snippet has mounts of its own, and so a place to write.
    pub fn has_mounts(self) -> bool {
        self >= Rung::B
    }

    /// Whether every snippet is in process, network and IPC namespaces.
    pub fn has_namespaces(self) -> bool {
        self >= Rung::C
    }
}

impl fmt::Display for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Confinement {
    /// Of a run that has not begun.
    pub fn unknown() -> Self {
        Confinement {
            rung: Rung::None.name().to_owned(),
            layers: Vec::new(),
        }
    }

    /// The rung; [`Rung::None`] where the name is none of ours.
    pub fn rung(&self) -> Rung {
        let named = Rung::ALL.into_iter().find(|rung| rung.name() == self.rung);
        named.unwrap_or(Rung::None)
    }

    /// Takes down what confined other snippets of the same run: each layer is worth what it is worth
    /// at its weakest.
    pub fn join(&mut self, other: &Confinement) {
        if other.rung() < self.rung() {
            self.rung.clone_from(&other.rung);
        }
        for layer in &mut self.layers {
            let same = other.layers.iter().find(|same| same.name == layer.name);
            if let Some(weaker) = same.filter(|same| same.state > layer.state) {
                *layer = weaker.clone();
            }
        }
    }

    /// What keeps the machine from `rung`: the details of its layers that are absent, each once.
    pub fn lacks(&self, rung: Rung) -> Vec<&str> {
        let mut lacks: Vec<&str> = Vec::new();
        for layer in &self.layers {
            let detail = layer.detail.as_deref().unwrap_or_default();
            let is_lacking = layer.state == LayerState::Absent && layer.since() <= rung;
            if is_lacking && !detail.is_empty() && !lacks.contains(&detail) {
                lacks.push(detail);
            }
        }
        lacks
    }

    /// What people must know of: the layers that hold in part or not at all. That there is no more
    /// than rung A is as it should be on most machines.
    pub fn gaps(&self) -> impl Iterator<Item = &Layer> {
        let rung = self.rung().max(Rung::A);
        let is_gap = move |layer: &&Layer| layer.state != LayerState::Enforced;
        self.layers
            .iter()
            .filter(is_gap)
            .filter(move |layer| layer.since() <= rung)
    }

    /// Takes down whether the limits on groups of processes stand, or why not; what the self-test
    /// said of them stays. With them, rung A is A+.
    pub fn settle_groups(&mut self, groups: Result<(), String>) {
        let rung = self.rung();
        let mut layers = self.layers.iter_mut();
        let Some(layer) = layers.find(|layer| layer.since() == Rung::APlus) else {
            return;
        };
        match groups {
            Ok(()) if rung == Rung::A && layer.state == LayerState::Enforced => {
                self.rung = Rung::APlus.name().to_owned();
            }
            groups => {
                layer.state = LayerState::Absent;
                layer.detail = layer.detail.take().or(groups.err());
            }
        }
    }
}
