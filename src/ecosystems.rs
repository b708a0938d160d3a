//! How packages are pinned: a shelf of package ecosystems.
//!
//! # How to add one
//! Make `ecosystems/x/` with a `read.rs` that finds resolved versions in a line of a log, implement [`Ecosystem`], and
//! add it to [`all`]. What pins its packages goes into its `edit.rs`, with the readers and the mark of [`crate::edit`];
//! a second tool for the same packages, such as pnpm beside npm, gets a folder within.

pub mod edit;

mod actions;
mod apt;
mod bundler;
mod cargo;
mod composer;
mod docker;
mod go;
mod maven;
mod npm;
mod nuget;
mod pip;
mod poetry;
mod precommit;

/// Takes a package and the version that was resolved of it.
pub type Found<'a> = dyn FnMut(&str, &str) + 'a;

pub trait Ecosystem: Send + Sync {
    fn id(&self) -> &'static str;
    /// Every line that tells of a version holds one of these, in any case.
    fn words(&self) -> &'static [&'static str];
    /// The versions that a line of a log says were resolved. Lines come without timestamps, colours and secrets.
    fn read(&self, line: &str, found: &mut Found<'_>);
    /// What pins its packages and unpins them; one for each tool that keeps locks of its own.
    fn editors(&self) -> &'static [&'static dyn edit::PinEditor] {
        &[]
    }
}

/// Every editor of manifests and locks, in the order of [`all`].
#[must_use]
pub fn editors() -> Vec<&'static dyn edit::PinEditor> {
    all().iter().flat_map(|ecosystem| ecosystem.editors().iter().copied()).collect()
}

/// Every ecosystem.
#[must_use]
pub fn all() -> &'static [&'static dyn Ecosystem] {
    &[
        &actions::Actions,
        &apt::Apt,
        &bundler::Bundler,
        &cargo::Cargo,
        &composer::Composer,
        &docker::Docker,
        &go::Go,
        &maven::Maven,
        &npm::Npm,
        &nuget::Nuget,
        &pip::Pip,
        &poetry::Poetry,
        &precommit::PreCommit,
    ]
}

/// What an ecosystem finds in a line that holds one of its words: for tests of readers.
#[cfg(test)]
pub(crate) fn read_line(ecosystem: &dyn Ecosystem, line: &str) -> Vec<(String, String)> {
    let lower = line.to_ascii_lowercase();
    let mut all = Vec::new();
    if ecosystem.words().iter().any(|word| lower.contains(&word.to_ascii_lowercase())) {
        ecosystem.read(line, &mut |package, version| all.push((package.to_owned(), version.to_owned())));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_words_are_given() {
        let mut ids = std::collections::HashSet::new();
        for ecosystem in all() {
            assert!(ids.insert(ecosystem.id()) && !ecosystem.words().is_empty(), "{}", ecosystem.id());
        }
    }
}
