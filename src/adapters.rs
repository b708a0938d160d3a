//! External systems: one folder per integration, each behind the ports, none knowing another.
//!
//! # How to add a chat platform or a CI
//! Make `adapters/x/` with a [`Decoder`](crate::ports::Decoder) for what it sends, and a [`Chat`](crate::ports::Chat)
//! or [`Ci`](crate::ports::Ci) for what it is asked. Words go to `templates/x/` where the common ones do not fit. What
//! only receives implements [`Letters`](crate::ports::Letters) for people or [`Events`](crate::ports::Events) for programs.

pub mod agent;
pub mod console;
pub mod discord;
pub mod email;
pub mod git;
pub mod github;
pub mod hooks;
pub mod oidc;
pub mod resolver;
pub mod slack;
pub mod status;
pub mod teams;
pub mod webhook;
