//! What a file's imports make of the names of annotations.

/// What runs a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runner {
    Jupiter,
    Four,
    TestNg,
    /// Kotlin's own annotations, which stand for those of the framework that the build names.
    KotlinTest,
}

impl Runner {
    fn of_path(path: &str) -> Option<Self> {
        match path {
            path if path.starts_with("org.junit.jupiter.") => Some(Self::Jupiter),
            path if path.starts_with("org.junit.") => Some(Self::Four),
            path if path.starts_with("org.testng.") => Some(Self::TestNg),
            path if path.starts_with("kotlin.test.") => Some(Self::KotlinTest),
            _ => None,
        }
    }

    /// The annotation that skips.
    pub fn skip(self) -> Option<&'static str> {
        match self {
            Self::Jupiter => Some("org.junit.jupiter.api.Disabled"),
            Self::Four => Some("org.junit.Ignore"),
            Self::KotlinTest => Some("kotlin.test.Ignore"),
            Self::TestNg => None,
        }
    }

    /// Whether an annotation skips what it runs. Kotlin's own stands for any of the others.
    pub fn is_skipped_by(self, path: &str) -> bool {
        let mut others = [Self::Jupiter, Self::Four].into_iter().filter_map(Self::skip);
        self.skip() == Some(path)
            || path == "kotlin.test.Ignore"
            || self == Self::KotlinTest && others.any(|other| other == path)
    }
}

/// An import: `org.junit.Test` or `org.junit.*`, and the name that it gives.
pub struct Import {
    pub path: String,
    pub name: String,
}

impl Import {
    pub fn is_alias(&self) -> bool {
        self.path.rsplit('.').next() != Some(self.name.as_str())
    }
}

/// The imports of a file and the types that it declares itself.
#[derive(Default)]
pub struct Imports {
    pub all: Vec<Import>,
    pub own: Vec<String>,
}

impl Imports {
    /// Adds an import without an alias.
    pub fn add(&mut self, path: String) {
        let name = path.rsplit('.').next().unwrap_or_default().to_owned();
        self.all.push(Import { path, name });
    }

    /// The whole name that a short one stands for, as far as the imports say.
    pub fn resolve(&self, name: &str) -> Option<String> {
        if name.contains('.') {
            return Some(name.split_whitespace().collect());
        }
        if self.own.iter().any(|own| own == name) {
            return None;
        }
        let explicit = self.all.iter().find(|import| import.name == name);
        let known = |path: &&str| Runner::of_path(path).is_some() && path.ends_with(".*");
        let wildcard = || {
            let mut packages = self.paths().filter(known).map(|path| path.trim_end_matches('*'));
            packages.find(|package| declares(package, name)).map(|package| format!("{package}{name}"))
        };
        explicit.map(|import| import.path.clone()).or_else(wildcard)
    }

    /// What runs a test with this annotation; by the file's other imports when the annotation is not known.
    pub fn runner(&self, annotation: &str) -> Option<Runner> {
        let resolved = self.resolve(annotation);
        resolved.and_then(|path| Runner::of_path(&path)).or_else(|| self.any_runner())
    }

    /// What runs the tests of this file, judged by all its imports.
    pub fn any_runner(&self) -> Option<Runner> {
        let runners = self.paths().filter_map(Runner::of_path).collect::<Vec<_>>();
        let order = [Runner::Jupiter, Runner::Four, Runner::TestNg, Runner::KotlinTest];
        order.into_iter().find(|runner| runners.contains(runner))
    }

    fn paths(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(|import| import.path.as_str())
    }
}

/// Whether a package, of those that runners have, has an annotation of this name that matters here.
fn declares(package: &str, name: &str) -> bool {
    match package {
        "org.junit." | "kotlin.test." => matches!(name, "Test" | "Ignore"),
        "org.junit.jupiter.api." => {
            matches!(
                name,
                "Test" | "Disabled" | "Nested" | "DisplayName" | "RepeatedTest" | "TestFactory" | "TestTemplate"
            )
        }
        "org.junit.jupiter.params." => name == "ParameterizedTest",
        "org.testng.annotations." => name == "Test",
        _ => false,
    }
}
