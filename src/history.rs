//! What happened before, and what it says about a failure: pure, fed by the store.
//!
//! Executions of one job or test are a *series*. [`rate`] is the chance that one of them fails with nothing broken, as a
//! posterior over a grid of rates; [`groups`] tells a series' flakes from its breakages; [`cause`] weighs what could
//! have caused one failure. Every weight is a likelihood ratio that can be said in a sentence, and is said.
//!
//! Sources: outcomes that differ at one commit, then flips with recency, then entropy, are what Apple's flaky-test
//! ranking uses (Kowalczyk et al., "Modeling and Ranking Flaky Tests at Apple", ICSE-SEIP 2020); that failures have to
//! be judged rather than tests, because flaky tests find real faults, is Haben et al., "The Importance of Discerning
//! Flaky from Fault-triggering Test Failures" (2023, Chromium); that flakes cluster is Parry et al., "Systemic
//! Flakiness" (2025).

pub mod cause;
pub mod groups;
pub mod line;
pub mod outcomes;
pub mod place;
pub mod rate;
pub mod score;
mod words;

pub use crate::domain::cause::Cause;
pub use cause::{Judgement, judge, opinion};
pub use score::{Score, score};
