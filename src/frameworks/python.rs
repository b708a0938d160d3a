//! What the editors of Python's test frameworks share.

pub mod classes;
pub mod collected;
pub mod find;
pub mod imports;
pub mod module;
pub mod names;
pub mod place;
pub mod release;
pub mod skips;
pub mod uses;
pub mod write;
