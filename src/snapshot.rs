//! What the last accepted run of a document's snippets did, as text under `expectations/`.

use crate::block::BlockId;

/// What one snippet did, as far as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The block.
    pub id: BlockId,
    /// A digest of the code that did it: hexadecimal.
    pub digest: String,
    /// Everything on standard output.
    pub stdout: String,
    /// Everything on standard error, without the traceback of `exception`.
    pub stderr: String,
    /// The exception that ended it: `TypeName: message`.
    pub exception: Option<String>,
}

/// The snapshot of one document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Its records in document order.
    pub records: Vec<Record>,
}
