//! The failing command line of a log: cut into words, and taken only where it is one plain command of a known tool.
//! Anybody who can print to the log can write such a line, so nothing of it is given to a shell to read.

use super::manifest::{Repository, join};
use super::quote::shown;
use super::recipe::Recipe;
use super::writer::Packages;

/// A command that can be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words {
    /// `NAME=value` before the command.
    environment: Vec<String>,
    words: Vec<String>,
}

impl Words {
    /// The words as they are given to the shell, each to be quoted.
    pub(super) fn shell(&self) -> Vec<String> {
        let env = (!self.environment.is_empty()).then(|| "env".to_owned());
        env.into_iter().chain(self.environment.iter().cloned()).chain(self.words.iter().cloned()).collect()
    }
}

/// Tools that are taken, with the words that may follow; no words: any.
const TOOLS: [(&str, &[&str]); 58] = [
    ("python", &[]),
    ("python3", &[]),
    ("pytest", &[]),
    ("py.test", &[]),
    ("tox", &[]),
    ("nox", &[]),
    ("ruff", &["check", "format"]),
    ("black", &[]),
    ("flake8", &[]),
    ("pylint", &[]),
    ("isort", &[]),
    ("mypy", &[]),
    ("pyright", &[]),
    ("coverage", &["run"]),
    ("sphinx-build", &[]),
    ("npm", &["test", "t", "run", "run-script"]),
    ("npx", &[]),
    (
        "yarn",
        &["test", "run", "lint", "build", "jest", "vitest", "tsc", "typecheck", "check", "workspaces", "workspace"],
    ),
    ("pnpm", &["test", "run", "lint", "build", "exec", "typecheck", "check", "-r", "--filter"]),
    ("bun", &["test", "run"]),
    ("node", &[]),
    ("jest", &[]),
    ("vitest", &[]),
    ("mocha", &[]),
    ("playwright", &["test"]),
    ("tsc", &[]),
    ("eslint", &[]),
    ("prettier", &[]),
    ("turbo", &["run", "test", "build", "lint"]),
    ("nx", &["run", "test", "build", "lint", "run-many", "affected"]),
    ("cargo", &["test", "t", "build", "b", "check", "c", "clippy", "fmt", "doc", "bench", "run", "nextest"]),
    ("go", &["test", "vet", "build", "fmt", "generate", "mod"]),
    ("gofmt", &[]),
    ("golangci-lint", &["run"]),
    ("make", &[]),
    ("just", &[]),
    ("bundle", &["exec"]),
    ("rspec", &[]),
    ("rubocop", &[]),
    ("rake", &[]),
    ("rails", &["test"]),
    ("bin/rails", &["test"]),
    ("ruby", &[]),
    ("mvn", &[]),
    ("./mvnw", &[]),
    ("gradle", &[]),
    ("./gradlew", &[]),
    ("php", &[]),
    ("composer", &["test", "run", "run-script", "validate", "lint", "analyse", "phpstan", "check"]),
    ("phpunit", &[]),
    ("vendor/bin/phpunit", &[]),
    ("vendor/bin/pest", &[]),
    ("vendor/bin/phpstan", &[]),
    ("vendor/bin/psalm", &[]),
    ("vendor/bin/phpcs", &[]),
    ("vendor/bin/php-cs-fixer", &[]),
    ("dotnet", &["test", "build", "format"]),
    ("pre-commit", &["run"]),
];

/// Options by which an interpreter runs a text.
const TEXT_OPTIONS: [&str; 8] = ["-c", "-e", "-r", "-p", "-pe", "--eval", "--print", "--run"];

/// Variables by which a program is replaced by another.
const REFUSED_VARIABLES: [&str; 11] = [
    "PATH",
    "IFS",
    "ENV",
    "BASH_ENV",
    "SHELLOPTS",
    "HOME",
    "SHELL",
    "PROMPT_COMMAND",
    "PYTHONSTARTUP",
    "RUBYOPT",
    "GIT_SSH_COMMAND",
];

/// How secrets begin that a log should not hold.
const SECRETS: [&str; 10] =
    ["***", "ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "AKIA", "xoxb-", "-----BEGIN", "sk_live_"];

/// Takes a command line; answers its words, or in a sentence why it is not taken.
pub(super) fn read(text: &str, repository: &Repository, directory: &str) -> Result<Words, String> {
    let text = text.trim().trim_start_matches("$ ").trim();
    let mut words = split(text)?;
    let is_variable = |word: &String| word.split_once('=').is_some_and(|(name, _)| is_variable_name(name));
    let rest = words.split_off(words.iter().take_while(|word| is_variable(word)).count());
    let words = Words { environment: words, words: without_wrapper(rest) };
    check_secrets(&words)?;
    check_variables(&words.environment)?;
    check_tool(&words.words, repository, directory)?;
    Ok(words)
}

/// Cuts a line into words as a shell does; refuses whatever a shell would not take literally.
fn split(text: &str) -> Result<Vec<String>, String> {
    let refused = || format!("The command \"{}\" needs a shell; give one plain command.", shown(text));
    let (mut words, mut word, mut mark) = (Vec::new(), None::<String>, None);
    let mut characters = text.chars();
    while let Some(one) = characters.next() {
        let is_special = match mark {
            Some('"') => "$`".contains(one),
            Some(_) => false,
            None => "|&;<>()$`*?[]{}!\n\r".contains(one) || (word.is_none() && "~#".contains(one)),
        };
        if is_special {
            return Err(refused());
        }
        match (mark, one) {
            (Some(open), _) if one == open => mark = None,
            (Some('"'), '\\') => {
                let next = characters.next().ok_or_else(refused)?;
                let word = word.get_or_insert_default();
                if !"\"\\$`".contains(next) {
                    word.push('\\');
                }
                word.push(next);
            }
            (None, '\'' | '"') => {
                mark = Some(one);
                word.get_or_insert_default();
            }
            (None, '\\') => word.get_or_insert_default().push(characters.next().ok_or_else(refused)?),
            (None, ' ' | '\t') => words.extend(word.take()),
            _ => word.get_or_insert_default().push(one),
        }
    }
    if mark.is_some() {
        return Err(refused());
    }
    words.extend(word);
    Ok(words)
}

fn is_variable_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|one: char| one.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// `poetry run pytest` is `pytest` here: the environment is prepared. `npx` must not fetch what is not installed.
fn without_wrapper(mut words: Vec<String>) -> Vec<String> {
    let wraps = |words: &[String]| match words {
        [tool, run, next, ..] => {
            ["poetry", "uv", "pipenv", "pdm", "rye"].contains(&tool.as_str()) && run == "run" && !next.starts_with('-')
        }
        _ => false,
    };
    if wraps(&words) {
        words.drain(..2);
    }
    if words.first().is_some_and(|tool| tool == "npx") {
        words.insert(1, "--no-install".to_owned());
    }
    words
}

fn check_secrets(words: &Words) -> Result<(), String> {
    let holds_secret = |word: &String| SECRETS.iter().any(|secret| word.contains(secret));
    let named_secret = |word: &String| {
        let name = word.split('=').next().unwrap_or_default().to_ascii_lowercase();
        ["token", "secret", "password", "passwd", "apikey", "api_key", "api-key"].iter().any(|part| name.contains(part))
            && word.contains('=')
    };
    let all = || words.environment.iter().chain(&words.words);
    if all().any(|word| holds_secret(word) || named_secret(word)) {
        return Err("The command contains a secret or a masked one; omit it.".to_owned());
    }
    Ok(())
}

fn check_variables(environment: &[String]) -> Result<(), String> {
    for variable in environment {
        let name = variable.split('=').next().unwrap_or_default();
        let hooks = name.starts_with("LD_") || name.starts_with("DYLD_") || name.starts_with("GIT_");
        if hooks || REFUSED_VARIABLES.contains(&name) {
            return Err(format!("The command sets {}, which changes what runs; omit it.", shown(name)));
        }
    }
    Ok(())
}

fn check_tool(words: &[String], repository: &Repository, directory: &str) -> Result<(), String> {
    let Some(tool) = words.first() else {
        return Err("The command is empty; give the command line that failed.".to_owned());
    };
    let next = words.get(1).map(String::as_str);
    let own = tool.strip_prefix("./").filter(|path| !path.split('/').any(|part| part == ".."));
    if own.is_some_and(|path| repository.has("", &join(directory, path))) {
        return Ok(());
    }
    let known = TOOLS.iter().find(|(name, _)| name == tool).or_else(|| {
        let path = tool.strip_prefix("./").filter(|path| path.contains("bin/"))?;
        TOOLS.iter().find(|(name, _)| *name == path)
    });
    let Some((_, following)) = known else {
        return Err(format!("\"{}\" is not a known tool; give the failing tests instead.", shown(tool)));
    };
    let runs_text = next.is_some_and(|option| {
        ["python", "python3", "node", "ruby", "php"].contains(&tool.as_str())
            && (TEXT_OPTIONS.iter().any(|text| option.starts_with(text)) || option == "-")
    });
    if runs_text || !(following.is_empty() || next.is_some_and(|word| following.contains(&word))) {
        return Err(format!(
            "\"{} {}\" is not accepted; give the failing tests instead.",
            shown(tool),
            shown(next.unwrap_or_default())
        ));
    }
    Ok(())
}

/// Installs the tool of the command where the dependencies of the project need not hold it.
pub(super) fn install_tools(words: &Words, recipe: &mut Recipe) {
    const PYTHON_TOOLS: [&str; 12] = [
        "tox",
        "nox",
        "ruff",
        "black",
        "flake8",
        "pylint",
        "isort",
        "mypy",
        "pyright",
        "coverage",
        "pre-commit",
        "pytest",
    ];
    let Some(tool) = words.words.first().map(String::as_str) else { return };
    if let Some(name) = PYTHON_TOOLS.iter().find(|name| **name == tool) {
        recipe.writer.lines(&format!(
            "if ! command -v {name} >/dev/null 2>&1; then\n  say '{name}, because the failing command needs it'\n  \
             python -m pip install -q {name}\nfi"
        ));
    }
    if tool == "make" {
        recipe.writer.need("make", "the failing command needs it", Packages::same("make"));
    }
    if tool == "just" {
        recipe.writer.need("just", "the failing command needs it", Packages::same("just"));
    }
}
