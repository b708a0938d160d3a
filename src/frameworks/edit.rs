//! The writing half of a test framework: a test is skipped by the framework's own idiom, and released again.
//!
//! Every edit only inserts text, and each insertion holds the mark or stands beside it, so that release takes out
//! exactly what was put in.

use crate::domain::edit::{Edited, Mark, Source};

/// What else is known of where a file stands.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// The other files that were read.
    pub sources: &'a [Source],
    /// A person named the file.
    pub named: bool,
}

pub trait Editor: Send + Sync {
    /// The framework, as `--framework` names it. A framework of several languages has an editor for each.
    fn id(&self) -> &'static str;
    /// The endings of files in its language, without the dot.
    fn endings(&self) -> &'static [&'static str];
    /// Whether a file of this path may hold its tests, judged by the path alone.
    fn reads(&self, path: &str) -> bool;
    /// What the test's name says of the file that holds it: the end of a path, such as `tests/test_x.py` or
    /// `com/acme/FooTest.java`. None where the name says nothing.
    fn file_of(&self, name: &str) -> Option<String>;
    /// A piece of text that any file which holds the test has, for a plain search: an identifier, or a piece of a title.
    fn needle(&self, name: &str) -> String;
    /// Skips the test that `name` means, if this file holds it. `name` is what the framework prints or accepts.
    /// Absent when it is not in this file; refused when it occurs twice here, or cannot be skipped alone.
    fn quarantine(&self, source: &Source, name: &str, mark: &Mark) -> Edited;
    /// Whether a file of this path may say where tests stand that are named by their place.
    fn reads_beside(&self, _path: &str) -> bool {
        false
    }
    /// Texts of which every file that says so holds one.
    fn needles_beside(&self) -> &'static [&'static str] {
        &[]
    }
    /// `quarantine`, where names depend on what other files say of this one.
    fn quarantine_among(&self, source: &Source, name: &str, mark: &Mark, _around: Around<'_>) -> Edited {
        self.quarantine(source, name, mark)
    }
    /// Takes the mark `id` out again: the bytes as before. None when the file has no such mark, or when what stands
    /// around it was changed so that it cannot be taken out alone.
    fn release(&self, source: &Source, id: &str) -> Option<String>;
    /// Packages of npm, in quotes: a `package.json` that names one has this framework. None where the file alone tells.
    fn packages(&self) -> &'static [&'static str] {
        &[]
    }
    /// Arguments with which its runner leaves out these tests, a line each; names are what the runner accepts. None
    /// where the runner has no such arguments.
    fn leave_out(&self, _names: &[String]) -> Option<String> {
        None
    }
}
