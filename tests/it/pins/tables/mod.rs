//! What must come of each sample set.

pub enum Expect {
    /// `path: text that must be in it` for every edited file, and a part of a warning; none where nothing is to be said.
    Ready(&'static [&'static str], Option<&'static str>),
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
    row(set, package, version, Expect::Ready(lines, Some(warning)))
}

const fn plain(set: &'static str, package: &'static str, version: &'static str, lines: &'static [&'static str]) -> Row {
    row(set, package, version, Expect::Ready(lines, None))
}

const fn refused(set: &'static str, package: &'static str, version: &'static str, part: &'static str) -> Row {
    row(set, package, version, Expect::Refused(part))
}

mod javascript;
mod jvm;
mod listed;
mod others;
mod python;

pub use javascript::{NPM, PNPM, YARN};
pub use jvm::{GRADLE, MAVEN};
pub use listed::{ACTIONS, CARGO, COMPOSER, DOCKER, PRE_COMMIT};
pub use others::{BUNDLER, GO, NUGET};
pub use python::{PIP, POETRY, UV};
