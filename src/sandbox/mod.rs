//! Confines processes: the ordered steps, and what each of them was worth on this machine.

/// Whether a layer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LayerState {
    /// In force for every snippet.
    Enforced,
    /// In force in part.
    Degraded,
    /// Not in force.
    Absent,
}

/// One layer of confinement.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Layer {
    /// Stable kebab-case name, such as `pid-namespace`.
    pub name: String,
    /// Whether it holds.
    pub state: LayerState,
    /// Why not, or how much.
    pub detail: Option<String>,
}

/// What confined the snippets of a run.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Confinement {
    /// The rung of the ladder (`A`, `B`, `C`, `D`), or `none`.
    pub rung: String,
    /// The layers in the order they are applied.
    pub layers: Vec<Layer>,
}
