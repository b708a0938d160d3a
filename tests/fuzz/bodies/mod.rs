//! What the fuzz targets do with their inputs: whatever the bytes are, they are read, and what has to hold is asserted.
//!
//! libFuzzer's target in `fuzz_targets` runs these, and so does `tests/it/fuzzing.rs`, on the seeds in `corpus` and on
//! drawn changes of them. To add one: a function here, its name in `each_body`, and seeds in `corpus/NAME`. A body names
//! its crate by `super`, since it is part of two.

/// Gives a macro the names of all bodies.
macro_rules! each_body {
    ($told:ident) => {
        $told! {
            analyze, answers, archive, codeowners, commands, comments, config, discord, documents, fixes, forms, github,
            guard, history, hooks, markup, names, oidc, own_rules, pins_jvm, pins_listed, pins_places, pins_python,
            pins_script, quarantine_compiled, quarantine_python, quarantine_script, quarantine_scripted, reports, repro,
            requests, schedules, signatures, slack, updaters,
        }
    };
}

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
