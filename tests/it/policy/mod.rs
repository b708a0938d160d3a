//! What policy decides: a table of decisions, what a repository's file may say, and limits under any order of events.

mod asking;
pub mod case;
pub mod double;
mod limits;
mod loosening;
mod own;
mod racing;
mod table;
