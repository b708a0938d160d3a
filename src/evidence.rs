//! What went wrong: a log streams in, redacted [`Evidence`](crate::domain::Evidence) comes out.
//!
//! One pass, bounded memory: lines are cut, observers keep bounded state, and nothing is looked at before it is
//! redacted.

mod analyzer;
mod categorize;
mod exit;
mod fingerprint;
mod known;
mod lines;
mod rank;
pub mod redact;
mod report;

pub use analyzer::{Analyzer, Reading};
pub use categorize::classify;
pub use report::Report;
