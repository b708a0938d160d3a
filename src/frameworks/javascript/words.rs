//! The words of a test framework: which functions make tests and groups, and what may be chained to them.

/// What a call makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Test,
    Group,
}

/// How a function or a call treats what it makes. Of two, the greater counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    Runs,
    /// It is one of two functions, as `const itOnLinux = linux ? it : it.skip`.
    Varies,
    Focused,
    Skipped,
}

/// A function of the framework.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    pub name: &'static str,
    pub kind: Kind,
    pub state: State,
}

pub const fn test(name: &'static str) -> Word {
    Word { name, kind: Kind::Test, state: State::Runs }
}

pub const fn skipped_test(name: &'static str) -> Word {
    Word { name, kind: Kind::Test, state: State::Skipped }
}

pub const fn focused_test(name: &'static str) -> Word {
    Word { name, kind: Kind::Test, state: State::Focused }
}

pub const fn group(name: &'static str) -> Word {
    Word { name, kind: Kind::Group, state: State::Runs }
}

pub const fn skipped_group(name: &'static str) -> Word {
    Word { name, kind: Kind::Group, state: State::Skipped }
}

pub const fn focused_group(name: &'static str) -> Word {
    Word { name, kind: Kind::Group, state: State::Focused }
}

/// The frameworks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runner {
    Jest,
    Vitest,
    Mocha,
    Playwright,
}

/// In what one framework differs from the others.
#[derive(Clone, Copy, Debug)]
pub struct Dialect {
    pub runner: Runner,
    /// As `--framework` names it.
    pub id: &'static str,
    /// As people write it.
    pub title: &'static str,
    pub words: &'static [Word],
    /// The modules that its functions are imported from.
    pub modules: &'static [&'static str],
    /// The packages that bring it, in quotes.
    pub packages: &'static [&'static str],
    /// What may be chained to a function besides the words that all share, and changes nothing for a name.
    pub modifiers: &'static [&'static str],
    /// What makes many tests of one title: `each`, `for`.
    pub tables: &'static [&'static str],
    /// What joins the titles of a path where the framework prints them.
    pub separator: &'static str,
}

impl Dialect {
    /// Whether a title without a function is a test that is not written yet.
    pub fn pending_without_function(&self) -> bool {
        matches!(self.runner, Runner::Vitest | Runner::Mocha)
    }

    /// Whether groups are made by `test.describe`.
    pub fn groups_are_members(&self) -> bool {
        self.runner == Runner::Playwright
    }

    /// Whether test functions are derived from others, as by `test.extend`.
    pub fn derives(&self) -> bool {
        matches!(self.runner, Runner::Vitest | Runner::Playwright)
    }

    /// Whether `.skip` stands behind every test function, even behind one that skips already.
    pub fn skip_is_chainable(&self) -> bool {
        self.runner == Runner::Vitest
    }

    /// The framework's own function of this name.
    pub fn word(&self, name: &str) -> Option<&'static Word> {
        self.words.iter().find(|word| word.name == name)
    }
}

/// Modules that tell the framework of a file, and which; empty for one that is none of ours.
const RUNNERS: &[(&str, &str)] = &[
    ("vitest", "vitest"),
    ("@jest/globals", "jest"),
    ("@playwright/test", "playwright"),
    ("playwright/test", "playwright"),
    ("mocha", "mocha"),
    ("node:test", ""),
    ("bun:test", ""),
    ("ava", ""),
    ("tape", ""),
    ("tap", ""),
    ("uvu", ""),
];

/// The framework that an import of this module tells.
pub fn runner(module: &str) -> Option<&'static str> {
    RUNNERS.iter().find(|(name, _)| *name == module).map(|(_, id)| *id)
}
