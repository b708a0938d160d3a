//! Where people try it: a sandbox forge on this machine, and failures that arrive by script.
//!
//! The forge is a state, not a script: its endpoints answer from it and its webhooks are generated from it, so it cannot
//! contradict itself. It is an integration like any other: it talks to the bot over HTTP alone. The integration tests build
//! their GitHub on it too.

mod access;
mod actions;
mod advisories;
mod artifacts;
mod checks;
mod comments;
mod contents;
mod deployments;
mod git;
mod hooks;
mod issues;
mod labels;
mod logs;
mod lost;
mod pages;
mod pulls;
mod queues;
mod routes;
mod script;
mod state;
pub mod stub;
mod workflows;

pub use advisories::Advisory;
pub use deployments::Gate;
pub use git::{learn, seed};
pub use hooks::{Hook, sign};
pub use queues::branch as queue_branch;
pub use routes::router;
pub use script::{REPO, SCENARIOS, Scenario, hint, play};
pub use state::{Call, Delivered, Fault, Forge, Held, Issue, JobSpec, Now, Pull, RunSpec, Runner, account_number};
