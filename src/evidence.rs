//! What went wrong: a log streams in, redacted [`Evidence`](crate::domain::Evidence) comes out.
//!
//! One pass, bounded memory: lines are cut, observers keep bounded state, and nothing is looked at before it is
//! redacted. One automaton over the words of all rules and readers (`vocabulary`) tells who wants to see a line; most
//! lines nobody does.

mod analyzer;
pub mod archive;
mod baseline;
mod categorize;
mod excerpt;
mod exit;
mod fingerprint;
mod frames;
mod headings;
pub mod input;
pub mod known;
pub mod lines;
mod listeners;
mod marks;
mod prose;
mod rank;
pub mod redact;
mod report;
pub mod reported;
mod signs;
mod vocabulary;
mod watch;

pub use analyzer::{Analyzer, Reading};
pub use baseline::Baseline;
pub use categorize::classify;
pub use listeners::is_heard;
pub use report::Report;
