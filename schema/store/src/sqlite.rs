//! To be written.
#[allow(missing_docs)]
pub struct SqliteStore;
