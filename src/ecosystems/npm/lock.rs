//! What the locks of npm, pnpm and Yarn are asked, so that one flow can pin in all of them.

/// A requirement of a `package.json` that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecChange {
    /// Of the `package.json`, from the lock's folder; empty where they stand side by side.
    pub directory: String,
    pub section: &'static str,
    pub old: String,
    pub new: String,
}

/// An override in the root's `package.json` that is put in or taken out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overriding {
    pub key: String,
    pub version: String,
    pub is_added: bool,
}

/// What is to become of a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub package: String,
    /// The version wanted.
    pub version: String,
    /// The locked versions that are to become the one wanted; none where only requirements change.
    pub from: Vec<String>,
    pub specs: Vec<SpecChange>,
    pub overriding: Option<Overriding>,
    /// Everything that the repository's own packages require before the change: name and range.
    pub required: Vec<(String, String)>,
}

/// A lock's new text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    pub text: String,
    pub warnings: Vec<String>,
}

/// A requirement in the `package.json` of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked<'a> {
    pub directory: &'a str,
    pub section: &'a str,
    pub requirement: &'a str,
}

/// What a requirement leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resolved {
    /// What tells this entry from others.
    pub key: String,
    pub version: String,
}

/// A lock that was read.
pub trait LockFile {
    /// The entries that requirements of the package lead to, in their order.
    fn resolved(&self, package: &str, asked: &[Asked]) -> Vec<Option<Resolved>>;
    /// Every version of the package, each once.
    fn versions(&self, package: &str) -> Vec<String>;
    /// The change made with entries that an earlier state of the lock had; none, where it lacks something.
    fn change(&self, change: &Change, earlier: &str) -> Option<Changed>;
    /// The change made without knowing checksums and dependencies, where the tool takes that; none, where it is better
    /// to leave the lock as it is.
    fn without_earlier(&self, change: &Change) -> Option<Changed>;
    /// The command that brings the lock up to date.
    fn refresh(&self) -> &'static str;
    /// The key of an override that means only the entries of this version.
    fn selector(&self, package: &str, version: &str) -> Option<String>;
}

/// One of the package managers.
pub trait Manager {
    fn id(&self) -> &'static str;
    fn locks(&self) -> &'static [&'static str];
    /// The keys in `package.json` that lead to the overrides.
    fn overrides(&self) -> &'static [&'static str];
    /// Every list of overrides that it reads, by the keys in `package.json` that lead there.
    fn all_overrides(&self) -> &'static [&'static [&'static str]];
    /// Whether an override of a package that is required directly can be edited along: npm wants both to be the same, and
    /// its locks repeat no overrides.
    fn overrides_follow(&self) -> bool {
        false
    }
    /// What a person has to know of an override that is put into `package.json`.
    fn caution(&self) -> Option<&'static str> {
        None
    }
    /// Reads a lock.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn read<'a>(&self, text: &'a str) -> Result<Box<dyn LockFile + 'a>, String>;
}
