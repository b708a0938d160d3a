//! What is to be reproduced.

/// A programming language with its package managers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Python,
    Rust,
    Node,
    Go,
    Ruby,
    Java,
    Php,
    Dotnet,
}

/// What ran the failing tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framework {
    Pytest,
    Unittest,
    CargoTest,
    Jest,
    Vitest,
    Mocha,
    Playwright,
    NodeTest,
    GoTest,
    Rspec,
    Minitest,
    Maven,
    Gradle,
    Phpunit,
    Pest,
    DotnetTest,
    /// No test framework: a linter, a compiler, a script. [`ScriptInput::command`] says what ran.
    Command(Language),
}

impl Framework {
    /// Takes a name as people write it (`pytest`, `rust`, `jest`); answers the framework, `None` where it is unknown.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "pytest" | "python" => Self::Pytest,
            "unittest" | "django" => Self::Unittest,
            "rust" | "cargo" | "cargo-test" | "libtest" | "nextest" => Self::CargoTest,
            "jest" => Self::Jest,
            "vitest" => Self::Vitest,
            "mocha" => Self::Mocha,
            "playwright" => Self::Playwright,
            "node-test" | "node:test" => Self::NodeTest,
            "go" | "gotest" | "go-test" => Self::GoTest,
            "rspec" => Self::Rspec,
            "minitest" | "rails" => Self::Minitest,
            "maven" | "surefire" => Self::Maven,
            "gradle" => Self::Gradle,
            "phpunit" => Self::Phpunit,
            "pest" => Self::Pest,
            "dotnet" | "xunit" | "nunit" | "mstest" => Self::DotnetTest,
            _ => return None,
        })
    }

    /// The language whose tools the framework needs.
    pub fn language(self) -> Language {
        match self {
            Self::Pytest | Self::Unittest => Language::Python,
            Self::CargoTest => Language::Rust,
            Self::Jest | Self::Vitest | Self::Mocha | Self::Playwright | Self::NodeTest => Language::Node,
            Self::GoTest => Language::Go,
            Self::Rspec | Self::Minitest => Language::Ruby,
            Self::Maven | Self::Gradle => Language::Java,
            Self::Phpunit | Self::Pest => Language::Php,
            Self::DotnetTest => Language::Dotnet,
            Self::Command(language) => language,
        }
    }
}

/// A failing test: its file (for Go its package, for Maven and Gradle its module), its name, or both.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selector {
    pub file: Option<String>,
    pub name: Option<String>,
}

impl Selector {
    /// Takes a file and a name of a test in it.
    pub fn new(file: &str, name: &str) -> Self {
        Self { file: Some(file.to_owned()), name: Some(name.to_owned()) }
    }

    /// Takes what a command line accepts or a log prints (`tests/test_a.py::test_b`, `src/a.test.ts > adds`,
    /// `spec/a_spec.rb:12`); answers the file and the name in it.
    pub fn from_text(text: &str) -> Self {
        let text = without_project(text.trim());
        for separator in [" > ", " › "] {
            if let Some((file, name)) = text.split_once(separator)
                && looks_like_file(file)
            {
                return Self::new(file, &name.replace(separator, " "));
            }
        }
        if let Some((file, name)) = text.split_once("::")
            && (file.ends_with(".py") || file.ends_with(".php"))
        {
            return Self::new(file, name);
        }
        if looks_like_file(text) { Self::of_file(text) } else { Self::of_name(text) }
    }

    /// Takes a file whose tests are all wanted.
    pub fn of_file(file: &str) -> Self {
        Self { file: Some(file.to_owned()), name: None }
    }

    /// Takes the name of a test whose file is not known.
    pub fn of_name(name: &str) -> Self {
        Self { file: None, name: Some(name.to_owned()) }
    }
}

/// Playwright prints the browser first: `[chromium] › e2e/login.spec.ts:14:5 › login`.
fn without_project(text: &str) -> &str {
    let rest = text.strip_prefix('[').and_then(|rest| rest.split_once("] › "));
    rest.map_or(text, |(_, rest)| rest)
}

/// Whether a text is a path of a test file, with or without a line number behind it.
fn looks_like_file(text: &str) -> bool {
    const ENDINGS: [&str; 14] = [
        ".py", ".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".mts", ".cts", ".vue", ".rb", ".php", ".feature",
        ".svelte",
    ];
    let path = text.split([':', '[']).next().unwrap_or(text);
    !text.contains(' ') && ENDINGS.iter().any(|ending| path.ends_with(ending))
}

/// Which part of the tests the job ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Counted from 1.
    pub index: u32,
    pub total: u32,
}

/// A file of the repository at the failing commit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RepositoryFile {
    /// From the root of the repository, with `/`.
    pub path: String,
    /// Only of manifests; `None` where the text was not read.
    pub text: Option<String>,
}

/// Everything that is known of the failure.
#[derive(Debug, Clone)]
pub struct ScriptInput {
    /// `https://…`, `ssh://…`, `git@host:path`, `file:///…` or an absolute path; without a password or a token.
    pub repo_url: String,
    /// The full commit id.
    pub sha: String,
    pub framework: Framework,
    /// The failing tests; empty where they are not known.
    pub selectors: Vec<Selector>,
    /// The failing command line as the log shows it.
    pub command: Option<String>,
    /// Where that command ran, from the root of the repository.
    pub working_directory: Option<String>,
    pub files: Vec<RepositoryFile>,
    /// Names and values of the job's matrix (`python-version`, `3.11`).
    pub matrix: Vec<(String, String)>,
    pub shard: Option<Shard>,
}

impl ScriptInput {
    /// Takes the least that must be known; the other fields are empty.
    pub fn new(repo_url: &str, sha: &str, framework: Framework) -> Self {
        Self {
            repo_url: repo_url.to_owned(),
            sha: sha.to_owned(),
            framework,
            selectors: Vec::new(),
            command: None,
            working_directory: None,
            files: Vec::new(),
            matrix: Vec::new(),
            shard: None,
        }
    }
}
