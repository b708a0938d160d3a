//! Which Python, and what is installed into its environment.

use super::manifest::{Repository, toml_entries, toml_text};
use super::preamble::Helper;
use super::quote::shown;
use super::recipe::Recipe;
use super::version::{self, dotted, numbers};
use super::writer::{Packages, Writer, add_lines};

/// Versions of Python that fit: from the first, up to but not with the second.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Range {
    low: (u32, u32),
    high: (u32, u32),
    because: String,
}

/// The lowest and the highest version that are looked for.
const ANY: ((u32, u32), (u32, u32)) = ((3, 7), (4, 0));

fn wanted_range(recipe: &Recipe) -> Range {
    let (repository, directory) = (&recipe.repository, recipe.directory.as_str());
    let exact = version::from_matrix(&recipe.wanted.matrix, &["python-version", "python", "py", "pyversion"])
        .or_else(|| version::from_file(repository, directory, ".python-version"))
        .or_else(|| version::from_tool_versions(repository, directory, &["python"]))
        .or_else(|| {
            let (path, text) = repository.text_upwards(directory, "runtime.txt")?;
            version::Found::new(text.trim().strip_prefix("python-")?, &path)
        });
    if let Some(found) = exact
        && let [major @ 2..=3, minor] = found.numbers(2)[..]
    {
        return Range { low: (major, minor), high: (major, minor + 1), because: found.because };
    }
    let declared = repository.text_upwards(directory, "pyproject.toml").and_then(|(path, text)| {
        let range = toml_text(text, "project", "requires-python")
            .or_else(|| toml_text(text, "tool.poetry.dependencies", "python"))?;
        parse_range(range, format!("{} says {}", shown(&path), shown(range)))
    });
    declared.unwrap_or(Range { low: ANY.0, high: ANY.1, because: "the repository specifies no version".to_owned() })
}

/// Reads `>=3.9,<3.13`, `^3.9`, `~=3.9` and the like.
fn parse_range(text: &str, because: String) -> Option<Range> {
    let mut range = Range { low: ANY.0, high: ANY.1, because };
    for part in text.split(',').map(str::trim) {
        let operator_end = part.find(|one: char| one.is_ascii_digit())?;
        let (operator, version) = part.split_at(operator_end);
        let (major, minor) = match numbers(version, 2)[..] {
            [major, minor] => (major, minor),
            [major] => (major, 0),
            _ => return None,
        };
        match operator.trim() {
            ">=" | ">" | "^" | "~=" => range.low = range.low.max((major, minor)),
            "<" => range.high = range.high.min((major, minor)),
            "<=" => range.high = range.high.min((major, minor.saturating_add(1))),
            "==" | "" | "~" => {
                range.low = (major, minor);
                range.high = if version.contains('.') { (major, minor.saturating_add(1)) } else { (major + 1, 0) };
            }
            _ => {}
        }
    }
    (range.low < range.high).then_some(range)
}

const FIND: &str = r#"find_python() {
  for candidate in python3 python {names}; do
    if have "$candidate"; then
      # The program itself: a shim would depend on the directory.
      "$candidate" -c 'import sys, venv, ensurepip
if {low} <= sys.version_info[:2] < {high}: print(sys.executable)' 2>/dev/null || true
    fi
  done | sed -n 1p
}
python=$(find_python)
if [ -z "$python" ]; then
{add}  python=$(find_python)
fi
if [ -z "$python" ]; then
  say {uv}
  [ -x "$tools/uv/bin/uv" ] || { python3 -m venv --clear "$tools/uv" && "$tools/uv/bin/pip" install -q uv; }
  "$tools/uv/bin/uv" python install -q {version}
  python=$("$tools/uv/bin/uv" python find {version})
fi
if ! "$tools/venv/bin/python" -c 'import sys, pip; sys.exit(not {low} <= sys.version_info[:2] < {high})' >/dev/null 2>&1; then
  say 'A separate virtual environment, so that other projects stay unchanged'
  "$python" -m venv --clear "$tools/venv"
fi
export VIRTUAL_ENV="$tools/venv" PATH="$tools/venv/bin:$PATH"
unset PYTHONHOME"#;

/// Writes how a fitting Python and an environment for the packages come.
pub(super) fn interpreter(recipe: &mut Recipe) {
    let range = wanted_range(recipe);
    let writer = &mut recipe.writer;
    writer.uses(Helper::Add);
    let exact = range.high == (range.low.0, range.low.1 + 1);
    // Where any version fits, the one that is easiest to get is the highest that is named.
    let (major, minor) =
        if range.high == ANY.1 { range.low.max((3, 11)) } else { (range.high.0, range.high.1.saturating_sub(1)) };
    let (major, minor) = if range.high.1 == 0 && range.high != ANY.1 { range.low } else { (major, minor) };
    let version = dotted(&[major, minor]);
    let said = match (exact, range.low == ANY.0) {
        (true, _) => format!("Python {version}, because {}", range.because),
        (false, false) => format!("Python {} or later, because {}", dotted(&[range.low.0, range.low.1]), range.because),
        (false, true) => format!("Python 3, because {}", range.because),
    };
    writer.say(&said);
    let uv = writer.quoted(&format!("uv from PyPI, because this system has no Python {version}"));
    let add = add_lines(
        "  ",
        Packages {
            apt: "python3 python3-venv python3-pip",
            dnf: "python3 python3-pip",
            apk: "python3 py3-pip",
            brew: "python3",
        },
    );
    let pair = |(major, minor): (u32, u32)| format!("({major}, {minor})");
    let lines = FIND
        .replace("{names}", &candidates(&range))
        .replace("{low}", &pair(range.low))
        .replace("{high}", &pair(range.high))
        .replace("{add}", &add)
        .replace("{uv}", &uv)
        .replace("{version}", &format!("'{version}'"));
    writer.lines(&lines);
}

/// The names under which the fitting versions are installed.
fn candidates(range: &Range) -> String {
    let names: Vec<String> = (7..=16)
        .rev()
        .filter(|minor| (range.low..range.high).contains(&(3, *minor)))
        .map(|minor| format!("python3.{minor}"))
        .collect();
    if names.is_empty() { format!("python{}.{}", range.low.0, range.low.1) } else { names.join(" ") }
}

/// Files with requirements, in the order in which they are asked for.
const REQUIREMENTS: [&str; 22] = [
    "requirements.txt",
    "requirements-dev.txt",
    "requirements_dev.txt",
    "requirements-test.txt",
    "requirements_test.txt",
    "requirements-tests.txt",
    "requirements-testing.txt",
    "requirements.dev.txt",
    "requirements.test.txt",
    "dev-requirements.txt",
    "dev_requirements.txt",
    "test-requirements.txt",
    "test_requirements.txt",
    "tests/requirements.txt",
    "requirements/base.txt",
    "requirements/dev.txt",
    "requirements/development.txt",
    "requirements/test.txt",
    "requirements/tests.txt",
    "requirements/testing.txt",
    "requirements/ci.txt",
    "requirements/local.txt",
];

/// Names of extras and groups that hold what tests need.
const TEST_GROUPS: [&str; 9] = ["test", "tests", "testing", "dev", "develop", "development", "ci", "all", "full"];

/// Writes how the packages come: from a lock where there is one.
pub(super) fn dependencies(recipe: &mut Recipe) {
    let directory = recipe.directory.clone();
    system_libraries(recipe, &directory);
    let lock = ["uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock"]
        .into_iter()
        .find_map(|name| recipe.repository.upwards(&directory, &[name]).map(|place| (name, place)));
    match lock {
        // A lock of a workspace above the project counts for uv only.
        Some(("uv.lock", _)) => uv(recipe, &directory),
        Some(("poetry.lock", place)) if place == directory => poetry(recipe, &directory),
        Some(("pdm.lock", place)) if place == directory => {
            from_tool(&mut recipe.writer, "pdm", "pdm", "pdm.lock is there", "install --frozen-lockfile -G :all");
        }
        Some(("Pipfile.lock", place)) if place == directory => {
            from_tool(&mut recipe.writer, "pipenv", "pipenv", "Pipfile.lock is there", "sync --dev");
        }
        _ => pip(recipe, &directory),
    }
}

/// Installs a packaging tool outside of the environment and lets it fill the environment.
fn from_tool(writer: &mut Writer, tool: &str, package: &str, because: &str, arguments: &str) {
    writer.say(&format!("{tool}, because {because}"));
    writer.lines(&format!(
        "if ! \"$tools/{tool}/bin/{tool}\" --version >/dev/null 2>&1; then\n  \
         \"$python\" -m venv --clear \"$tools/{tool}\"\n  \
         \"$tools/{tool}/bin/pip\" install -q '{package}'\nfi\n\"$tools/{tool}/bin/{tool}\" {arguments}"
    ));
}

fn uv(recipe: &mut Recipe, directory: &str) {
    let pyproject =
        recipe.repository.text_upwards(directory, "pyproject.toml").map(|(_, text)| text).unwrap_or_default();
    let everything = if pyproject.contains("conflicts") { "" } else { " --all-extras --all-groups" };
    recipe.writer.lines("export UV_PROJECT_ENVIRONMENT=\"$tools/venv\"");
    // Not exact: pip stays in the environment, which a second run looks for.
    let arguments = format!("sync -q --frozen --inexact --python \"$python\"{everything}");
    from_tool(&mut recipe.writer, "uv", "uv", "uv.lock is there", &arguments);
}

fn poetry(recipe: &mut Recipe, directory: &str) {
    let lock = recipe.repository.text(directory, "poetry.lock").unwrap_or_default();
    let by = lock.lines().next().and_then(|line| line.split("Poetry ").nth(1)).and_then(|rest| rest.split(' ').next());
    let numbers = by.map(|version| numbers(version, 3)).unwrap_or_default();
    let package = if numbers.len() == 3 { format!("poetry=={}", dotted(&numbers)) } else { "poetry".to_owned() };
    let pyproject = recipe.repository.text(directory, "pyproject.toml").unwrap_or_default();
    let groups: Vec<&str> = TEST_GROUPS
        .into_iter()
        .filter(|group| pyproject.contains(&format!("[tool.poetry.group.{group}.dependencies]")))
        .collect();
    let with = if groups.is_empty() { String::new() } else { format!(" --with {}", groups.join(",")) };
    let arguments = format!("install -q --no-interaction --all-extras{with}");
    from_tool(&mut recipe.writer, "poetry", &package, "poetry.lock is there", &arguments);
}

fn pip(recipe: &mut Recipe, directory: &str) {
    let repository = &recipe.repository;
    let found: Vec<&str> = REQUIREMENTS.into_iter().filter(|name| repository.has(directory, name)).collect();
    let project = project(repository, directory);
    let groups = dependency_groups(repository, directory);
    let hashed = found.iter().any(|name| repository.text(directory, name).is_some_and(|text| text.contains("--hash=")));
    let writer = &mut recipe.writer;
    if found.is_empty() && project.is_none() && groups.is_empty() {
        return;
    }
    writer.say("Newest pip, because older versions do not support dependency groups");
    writer.lines("python -m pip install -q --upgrade pip");
    if !found.is_empty() {
        writer.say(&format!(
            "Packages, because {} name{} them",
            found.join(", "),
            if found.len() == 1 { "s" } else { "" }
        ));
    }
    let files: Vec<String> = found.iter().map(|name| format!("-r {name}")).collect();
    if hashed {
        // With hashes everything must have one, so the files cannot be mixed.
        for file in &files {
            writer.lines(&format!("python -m pip install -q {file}"));
        }
    }
    let mut words = if hashed { Vec::new() } else { files };
    words.extend(groups.iter().map(|group| format!("--group {group}")));
    if let Some(target) = project {
        writer.say("The project itself, because its tests import it");
        words.push(format!("-e {target}"));
    }
    if !words.is_empty() {
        writer.lines(&format!("python -m pip install -q {}", words.join(" ")));
    }
}

/// The project as pip takes it, with the extras that tests need; `None` where it is none.
fn project(repository: &Repository, directory: &str) -> Option<String> {
    let pyproject = repository.text(directory, "pyproject.toml").unwrap_or_default();
    let is_project =
        repository.first(directory, &["setup.py", "setup.cfg"]).is_some_and(|name| {
            // A setup.cfg alone often holds nothing but settings of linters.
            name == "setup.py" || repository.text(directory, name).is_some_and(|text| text.contains("[metadata]"))
        }) || ["[build-system]", "[project]", "[tool.poetry]"].iter().any(|section| pyproject.contains(section));
    let setup = repository.text(directory, "setup.cfg").unwrap_or_default();
    let extras: Vec<&str> = TEST_GROUPS
        .into_iter()
        .filter(|extra| {
            let named = |text, section| toml_entries(text, section).any(|(key, _)| key == *extra);
            named(pyproject, "project.optional-dependencies")
                || named(pyproject, "tool.poetry.extras")
                || named(setup, "options.extras_require")
        })
        .collect();
    is_project.then(|| if extras.is_empty() { ".".to_owned() } else { format!("'.[{}]'", extras.join(",")) })
}

fn dependency_groups(repository: &Repository, directory: &str) -> Vec<&'static str> {
    let pyproject = repository.text(directory, "pyproject.toml").unwrap_or_default();
    let groups: Vec<&str> = toml_entries(pyproject, "dependency-groups").map(|(key, _)| key).collect();
    TEST_GROUPS.into_iter().filter(|group| groups.contains(group)).collect()
}

/// Packages of the system that Python packages without wheels are built with.
fn system_libraries(recipe: &mut Recipe, directory: &str) {
    let names = ["requirements.txt", "pyproject.toml", "poetry.lock", "uv.lock", "Pipfile.lock"];
    let texts: Vec<&str> = names.iter().filter_map(|name| recipe.repository.text(directory, name)).collect();
    let asks = |package: &str| {
        let is_it = |word: &str| word.eq_ignore_ascii_case(package);
        let boundary = |one: char| !(one.is_ascii_alphanumeric() || "-_.".contains(one));
        texts.iter().any(|text| text.split(boundary).any(is_it))
    };
    let libraries = [
        (
            "psycopg2",
            "pg_config",
            Packages {
                apt: "libpq-dev gcc python3-dev",
                dnf: "libpq-devel gcc python3-devel",
                apk: "libpq-dev gcc musl-dev python3-dev",
                brew: "libpq",
            },
        ),
        (
            "mysqlclient",
            "mysql_config",
            Packages {
                apt: "default-libmysqlclient-dev pkg-config gcc python3-dev",
                dnf: "mariadb-devel gcc python3-devel",
                apk: "mariadb-dev gcc musl-dev python3-dev",
                brew: "mysql-client",
            },
        ),
    ];
    for (package, command, packages) in libraries.into_iter().filter(|(package, ..)| asks(package)) {
        recipe.writer.need(command, &format!("{package} is built with it"), packages);
    }
}
