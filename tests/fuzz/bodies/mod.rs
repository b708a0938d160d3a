//! What the fuzz targets do with their inputs: whatever the bytes are, they are read, and what has to hold is asserted.
//!
//! The targets of libFuzzer in `fuzz_targets` run these, and so does `tests/it/fuzzing.rs`, on the seeds in `corpus` and on
//! drawn changes of them. To add one: a function here, a target of its name with a `[[bin]]` in `Cargo.toml`, seeds in
//! `corpus/NAME`, and its name in `tests/it/fuzzing.rs`. A body names its crate by `super`, since it is part of two.

mod agents;
mod documents;
mod doors;
mod hooks;
mod house;
mod input;
mod logs;
mod past;
mod pins;
mod quarantines;
mod settings;
mod sign_in;
mod words;

pub use agents::{answers, guard, repro};
pub use documents::{documents, fixes, updaters};
pub use doors::{discord, requests, signatures, slack};
pub use hooks::{github, hooks};
pub use logs::{analyze, archive, reports};
pub use past::history;
pub use pins::{pins_jvm, pins_listed, pins_places, pins_python, pins_script};
pub use quarantines::{quarantine_compiled, quarantine_python, quarantine_script, quarantine_scripted};
pub use settings::{codeowners, config, own_rules, schedules};
pub use sign_in::oidc;
pub use words::{commands, comments, forms, markup, names};
