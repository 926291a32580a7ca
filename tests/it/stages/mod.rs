//! One file per stage that cases drive: it turns a case into the text that its snapshot holds.

pub(crate) mod check;
pub(crate) mod claims;
pub(crate) mod compare;
pub(crate) mod extract;
pub(crate) mod in_place;
pub(crate) mod names;
pub(crate) mod plan;
