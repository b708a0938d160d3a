//! Logs that take the audit's entries as JSON, a line each: a file, or a syslog daemon.

mod file;
mod syslog;

pub use file::File;
pub use syslog::{Address, Syslog};
