//! Python: pytest and unittest.

use super::input::{Framework, Selector};
use super::python_install;
use super::recipe::Recipe;

/// Plugins whose options stand in settings although no manifest may name them.
const PLUGINS: [(&str, &str); 6] = [
    ("--cov", "pytest-cov"),
    ("-n auto", "pytest-xdist"),
    ("asyncio_mode", "pytest-asyncio"),
    ("--timeout", "pytest-timeout"),
    ("DJANGO_SETTINGS_MODULE", "pytest-django"),
    ("--benchmark", "pytest-benchmark"),
];

const MANIFESTS: [&str; 10] = [
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "requirements.txt",
    "requirements-dev.txt",
    "Pipfile",
    "tox.ini",
    "pytest.ini",
    "manage.py",
    "uv.lock",
];

/// Writes the part of the script for Python.
pub(super) fn write(recipe: &mut Recipe) {
    recipe.choose_directory(&|name| MANIFESTS.contains(&name));
    recipe.enter();
    python_install::interpreter(recipe);
    python_install::dependencies(recipe);
    if recipe.wanted.framework == Framework::Pytest {
        pytest_itself(recipe);
    }
    if recipe.run_command() {
        return;
    }
    match recipe.wanted.framework {
        Framework::Unittest => unittest(recipe),
        _ => pytest(recipe),
    }
}

/// Installs pytest and the plugins that the settings need, where the manifests did not bring them.
fn pytest_itself(recipe: &mut Recipe) {
    let module = |name: &str| name.replace('-', "_");
    let settings: Vec<&str> = ["pyproject.toml", "pytest.ini", "setup.cfg", "tox.ini"]
        .iter()
        .filter_map(|name| recipe.repository.text(&recipe.directory, name))
        .collect();
    let asked =
        PLUGINS.iter().filter(|(sign, _)| settings.iter().any(|text| text.contains("pytest") && text.contains(sign)));
    let packages: Vec<&str> = std::iter::once("pytest").chain(asked.map(|(_, package)| *package)).collect();
    let list = packages.join(" ");
    let modules: Vec<String> = packages.iter().map(|name| module(name).replace("pytest_xdist", "xdist")).collect();
    recipe.writer.lines(&format!(
        "if ! python -c 'import {}' >/dev/null 2>&1; then\n  say 'pytest, because the tests need it and the manifests do not \
         list all of it'\n  python -m pip install -q {list}\nfi",
        modules.join(", ")
    ));
}

fn pytest(recipe: &mut Recipe) {
    let (mut words, mut expressions) = (Vec::new(), Vec::new());
    for test in recipe.tests() {
        match node_id(&test, recipe) {
            Ok(node) => words.push(recipe.writer.operand(&node)),
            Err(name) => expressions.push(name),
        }
    }
    // `-k` takes an expression, so only names without operators go there.
    for name in &expressions {
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            recipe.writer.refuse(format!(
                "The test \"{}\" has no file; write tests/test_file.py::test_name.",
                super::quote::shown(name)
            ));
        }
    }
    if !expressions.is_empty() && !words.is_empty() {
        let all = words.join(" ");
        recipe.run(&format!("{} {all}", program(recipe)));
        words.clear();
    }
    if !expressions.is_empty() {
        words.push(format!("-k {}", recipe.writer.quoted(&expressions.join(" or "))));
    }
    let line = format!("{} {}", program(recipe), words.join(" "));
    recipe.run(line.trim_end());
}

/// `python -m pytest` puts the directory on the path of imports and `pytest` does not: as the log has it.
fn program(recipe: &Recipe) -> &'static str {
    let bare = |command: &String| {
        command.split_whitespace().any(|word| word == "pytest" || word == "py.test") && !command.contains("-m pytest")
    };
    if recipe.wanted.command.as_ref().is_some_and(bare) { "pytest" } else { "python -m pytest" }
}

/// The node id of a test, or its name where its file is not known.
fn node_id(test: &Selector, recipe: &Recipe) -> Result<String, String> {
    let (file, name) = (test.file.as_deref(), test.name.as_deref());
    match (file, name) {
        (Some(file), Some(name)) => Ok(format!("{file}::{name}")),
        (Some(file), None) => Ok(file.to_owned()),
        (None, name) => {
            let name = name.unwrap_or_default();
            // JUnit files write `tests.test_a.TestB::test_c` or `tests.test_a.TestB.test_c`.
            let dotted = name.replace("::", ".");
            from_dotted(&dotted, recipe).ok_or_else(|| name.to_owned())
        }
    }
}

/// Finds the file in a dotted name of a test.
fn from_dotted(dotted: &str, recipe: &Recipe) -> Option<String> {
    let name_end = dotted.find('[').unwrap_or(dotted.len());
    let (plain, parameters) = dotted.split_at(name_end);
    let parts: Vec<&str> = plain.split('.').take(32).collect();
    (1..parts.len()).rev().find_map(|count| {
        let path = format!("{}.py", parts.get(..count)?.join("/"));
        let names = parts.get(count..)?.join("::");
        recipe.repository.has(&recipe.directory, &path).then(|| format!("{path}::{names}{parameters}"))
    })
}

fn unittest(recipe: &mut Recipe) {
    let django = recipe.repository.has(&recipe.directory, "manage.py");
    let mut words = Vec::new();
    for test in recipe.tests() {
        let module = test.file.map(|file| file.trim_end_matches(".py").replace('/', "."));
        let name = test.name.map(|name| name.replace("::", "."));
        let dotted: Vec<String> = module.into_iter().chain(name).collect();
        words.push(recipe.writer.operand(&dotted.join(".")));
    }
    let program = match (django, words.is_empty()) {
        (true, _) => "python manage.py test",
        (false, true) => "python -m unittest discover -v",
        (false, false) => "python -m unittest -v",
    };
    recipe.run(format!("{program} {}", words.join(" ")).trim_end());
}
