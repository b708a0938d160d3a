//! What a test's name says, whichever framework printed it.

use crate::domain::text::short;

/// Longer names are not looked for, in bytes.
const NAME_MAX: usize = 4096;

/// A test's name, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TestName {
    /// The file, as the name gives it, with `/`, and without `./` or `../` before it.
    pub file: Option<String>,
    /// Classes and the function; before them the package and module in a dotted name.
    pub parts: Vec<String>,
    /// Whether `parts` may begin with a package and module.
    pub dotted: bool,
    /// The readings of a parametrised case's id, the likeliest first. Empty where no case is named.
    pub cases: Vec<String>,
    pub warnings: Vec<String>,
}

impl TestName {
    /// The name of the function, or of the class.
    pub fn last(&self) -> &str {
        self.parts.last().map_or("", String::as_str)
    }

    /// Whether a file of this path can be meant. A dotted name is judged later, with its classes.
    pub fn allows(&self, path: &str) -> bool {
        self.file.as_ref().is_none_or(|file| path_ends(path, file) || path_ends(file, path))
    }

    /// What the name says of the file.
    pub fn file_of(&self) -> Option<String> {
        if let Some(file) = &self.file {
            let absolute = file.starts_with('/') || file.contains(':');
            let name = file.rsplit('/').next().unwrap_or(file);
            return Some(if absolute { name.to_owned() } else { file.clone() });
        }
        let (_, before) = self.parts.split_last().filter(|_| self.dotted)?;
        let class = |part: &&String| part.trim_start_matches('_').starts_with(char::is_uppercase);
        let module: Vec<&str> = before.iter().take_while(|part| !class(part)).map(String::as_str).collect();
        (!module.is_empty()).then(|| format!("{}.py", module.join("/")))
    }

    /// Whether the definition of this qualified name in the file of this path is meant.
    pub fn fits(&self, path: &str, qualified: &[&str]) -> Fit {
        let wanted: Vec<&str> = self.parts.iter().map(String::as_str).collect();
        if self.file.is_some() {
            return match () {
                () if wanted == qualified => Fit::Exact,
                () if qualified.ends_with(&wanted) => Fit::Near,
                () => Fit::Not,
            };
        }
        let mut full = module_of(path);
        full.extend(qualified);
        let more = self.dotted && wanted.ends_with(&full);
        let less = if self.dotted { full.ends_with(&wanted) } else { qualified.ends_with(&wanted) };
        if more || less { Fit::Exact } else { Fit::Not }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    Exact,
    /// Its last parts are as wanted, and it stands in a class that the name does not give.
    Near,
    Not,
}

/// The package and module that Python knows a file by.
fn module_of(path: &str) -> Vec<&str> {
    let module = path.strip_suffix(".py").unwrap_or(path);
    let module = module.strip_suffix("/__init__").unwrap_or(module);
    module.split('/').filter(|part| !part.is_empty()).collect()
}

fn path_ends(path: &str, end: &str) -> bool {
    path.strip_suffix(end).is_some_and(|before| before.is_empty() || before.ends_with('/'))
}

/// The first line of a name without white space around it; refused when it is empty or too long.
pub fn tidy(name: &str) -> Result<&str, String> {
    let name = name.trim().lines().next().unwrap_or("").trim();
    match name.len() {
        0 => Err("The test name is empty: copy it from the test run's output.".to_owned()),
        1..=NAME_MAX => Ok(name),
        _ => Err(format!("The test name \"{}\" is too long.", short(name))),
    }
}

/// Takes parts as identifiers, or says that they are none.
pub fn identifiers<'a>(name: &str, parts: impl Iterator<Item = &'a str>) -> Result<Vec<String>, String> {
    let parts: Vec<String> = parts.map(str::to_owned).collect();
    let letter = |c: char| c.is_alphanumeric() || c == '_' || !c.is_ascii();
    if !parts.is_empty() && parts.iter().all(|part| !part.is_empty() && part.chars().all(letter)) {
        return Ok(parts);
    }
    Err(format!("\"{}\" is not a Python test name: copy it from the test run's output.", short(name)))
}

/// Whether a file of this path may hold tests, by the usual places and names.
pub fn is_test_path(path: &str) -> bool {
    let others = ["site-packages/", "node_modules/", ".venv/", ".tox/"];
    path.ends_with(".py") && path.to_lowercase().contains("test") && !others.iter().any(|other| path.contains(other))
}
