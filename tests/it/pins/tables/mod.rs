//! What must come of each sample set.

pub enum Expect {
    /// `path: text that must be in it` for every edited file, and a part of a warning.
    Ready(&'static [&'static str], &'static str),
    Already,
    Refused(&'static str),
    Absent,
}

pub struct Row {
    pub set: &'static str,
    pub package: &'static str,
    pub version: &'static str,
    /// Another version, to be pinned on top.
    pub other: &'static str,
    pub expect: Expect,
}

const fn row(set: &'static str, package: &'static str, version: &'static str, expect: Expect) -> Row {
    Row { set, package, version, other: "9.8.7", expect }
}

const fn ready(
    set: &'static str,
    package: &'static str,
    version: &'static str,
    lines: &'static [&'static str],
    warning: &'static str,
) -> Row {
    row(set, package, version, Expect::Ready(lines, warning))
}

const fn refused(set: &'static str, package: &'static str, version: &'static str, part: &'static str) -> Row {
    row(set, package, version, Expect::Refused(part))
}

mod jvm;
mod others;
mod python;

pub use jvm::{GRADLE, MAVEN};
pub use others::{BUNDLER, GO, NUGET};
pub use python::{PIP, POETRY, UV};
