//! What people say: one grammar for Slack, Discord, pull requests and the console.
//!
//! Each command is a file in `commands/`: manual, grammar and test at once. A command for an existing intent needs
//! nothing but its file.

mod comment;
mod form;
mod manifest;
mod parse;
mod read;

pub use comment::in_comment;
pub use form::{blamed, filled, offers};
pub use manifest::{Arg, Kind, Manifest, Task, all, help, table};
pub use parse::{Mistake, parse};
