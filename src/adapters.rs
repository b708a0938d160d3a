//! External systems: one folder per integration, each behind the ports, none knowing another.
//!
//! # How to add a chat platform or a CI
//! Make `adapters/x/` with a [`Decoder`](crate::ports::Decoder) for what it sends, and a [`Chat`](crate::ports::Chat)
//! or [`Ci`](crate::ports::Ci) for what it is asked. Words go to `templates/x/` where the common ones do not fit. What
//! only receives implements [`Letters`](crate::ports::Letters) for people or [`Events`](crate::ports::Events) for programs.

pub mod agent;
pub mod audit;
pub mod console;
pub mod container;
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

use std::fs;
use std::path::Path;

/// The bytes of all files below a directory. Links are not followed, and what cannot be read counts nothing.
fn directory_bytes(path: &Path) -> u64 {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => directory_bytes(&entry.path()),
            Ok(kind) if kind.is_file() => entry.metadata().map_or(0, |meta| meta.len()),
            _ => 0,
        })
        .fold(0, u64::saturating_add)
}
