//! Node.js: Jest, Vitest, Mocha, Playwright and its own test runner.

use serde_json::Value;

use super::input::{Framework, Selector};
use super::manifest::json;
use super::node_install::{self, Manager};
use super::recipe::Recipe;

/// Writes the part of the script for Node.js.
pub(super) fn write(recipe: &mut Recipe) {
    recipe.choose_directory(&|name| name == "package.json");
    own_package(recipe);
    recipe.enter();
    let package = recipe.repository.text(&recipe.directory, "package.json").and_then(json);
    node_install::runtime(recipe, package.as_ref());
    let manager = node_install::packages(recipe);
    recipe.writer.lines("export PATH=\"$PWD/node_modules/.bin:$PATH\"");
    if recipe.wanted.framework == Framework::Playwright {
        recipe.writer.say("Browsers, because Playwright drives them");
        recipe.writer.lines(&format!("{} playwright install --with-deps", manager.execute()));
    }
    if recipe.run_command() {
        return;
    }
    if package.as_ref().is_some_and(|package| package.pointer("/scripts/pretest").is_some()) {
        let (run, _) = manager.script();
        recipe.writer.say("The pretest script, because npm runs it before the tests");
        recipe.writer.lines(&format!("{run} pretest"));
    }
    let program = program(recipe.wanted.framework, manager, package.as_ref());
    tests(recipe, &program);
}

/// In a monorepo the tests of a package run in its directory where it has a script for them.
fn own_package(recipe: &mut Recipe) {
    if !recipe.directory.is_empty() || recipe.wanted.working_directory.is_some() {
        return;
    }
    let name = command(recipe.wanted.framework);
    let uses = |place: &&str| {
        !place.is_empty() && recipe.repository.text(place, "package.json").is_some_and(|text| text.contains(name))
    };
    let root_uses = recipe
        .repository
        .text("", "package.json")
        .and_then(json)
        .is_some_and(|package| test_script(&package, name).is_some());
    let files = recipe.wanted.selectors.iter().filter_map(|selector| selector.file.as_deref());
    let place = files.filter(|_| !root_uses).find_map(|file| super::manifest::ancestors(file).find(uses));
    if let Some(place) = place.map(str::to_owned) {
        recipe.directory = place;
    }
}

/// The program of a framework.
fn command(framework: Framework) -> &'static str {
    match framework {
        Framework::Vitest => "vitest",
        Framework::Mocha => "mocha",
        Framework::Playwright => "playwright",
        Framework::NodeTest => "node",
        _ => "jest",
    }
}

/// The script of package.json that ends in a call of the program, so that arguments reach it.
fn test_script<'package>(package: &'package Value, program: &str) -> Option<&'package str> {
    let scripts = package.get("scripts")?.as_object()?;
    let calls = |text: &str| {
        let last = text.rsplit(['&', ';', '|']).next().unwrap_or_default();
        last.split_whitespace().take(6).any(|word| word == program || word.ends_with(&format!("/{program}")))
            && !last.contains("--watch")
    };
    let names = ["test", "test:ci", "test:unit", "unit", "test:e2e", "e2e", "test:jest", "test:node", "jest", "vitest"];
    names.into_iter().find_map(|name| scripts.get(name)?.as_str().is_some_and(calls).then_some(name))
}

/// What comes before the arguments: the project's own script, because it may set options, or the program itself.
fn program(framework: Framework, manager: Manager, package: Option<&Value>) -> String {
    let name = command(framework);
    if framework == Framework::NodeTest {
        return "node --test".to_owned();
    }
    let script = package.and_then(|package| test_script(package, name));
    if let Some(script) = script {
        let (run, separator) = manager.script();
        return format!("{run} {script}{separator}");
    }
    let subcommand = match framework {
        Framework::Vitest => " run",
        Framework::Playwright => " test",
        _ => "",
    };
    format!("{} {name}{subcommand}", manager.execute())
}

fn tests(recipe: &mut Recipe, program: &str) {
    let framework = recipe.wanted.framework;
    let shards = matches!(framework, Framework::Jest | Framework::Vitest | Framework::Playwright);
    if let (true, true, Some(shard)) = (shards, recipe.wanted.selectors.is_empty(), recipe.wanted.shard) {
        recipe.run(&format!("{program} --shard={}/{}", shard.index, shard.total));
        return;
    }
    let tests = recipe.tests();
    if tests.is_empty() {
        recipe.run(program);
    }
    // Names and files are filters of their own, so tests of one file share a call and others do not.
    let mut files: Vec<Option<&str>> = tests.iter().map(|test| test.file.as_deref()).collect();
    files.sort_unstable();
    files.dedup();
    for file in files {
        let names = names_in(&tests, file);
        let filter = names.map(|names| filter(framework, &names)).unwrap_or_default();
        let mut line = program.to_owned();
        if !filter.is_empty() {
            line.push_str(&format!(" {}", recipe.writer.quoted(&filter)));
        }
        if let Some(file) = file {
            line.push_str(&format!(" {}", recipe.writer.operand(&file_argument(framework, file))));
        }
        recipe.run(&line);
    }
}

/// The names of the failing tests in a file; `None` where the whole file is wanted.
fn names_in<'tests>(tests: &'tests [Selector], file: Option<&str>) -> Option<Vec<&'tests str>> {
    tests.iter().filter(|test| test.file.as_deref() == file).map(|test| test.name.as_deref()).collect()
}

/// The option that takes the names; all programs read a regular expression.
fn filter(framework: Framework, names: &[&str]) -> String {
    let alternatives: Vec<String> = names.iter().map(|name| escaped(name)).collect();
    let option = match framework {
        Framework::Mocha | Framework::Playwright => "--grep",
        Framework::NodeTest => "--test-name-pattern",
        _ => "--testNamePattern",
    };
    let inner = alternatives.join("|");
    if names.len() == 1 { format!("{option}={inner}") } else { format!("{option}=({inner})") }
}

/// Jest and Playwright read files as regular expressions.
fn file_argument(framework: Framework, file: &str) -> String {
    match framework {
        Framework::Jest => escaped(file),
        Framework::Playwright => {
            let line_start = file.rfind(':').unwrap_or(file.len());
            let (path, line) = file.split_at(line_start);
            format!("{}{line}", escaped(path))
        }
        _ => file.to_owned(),
    }
}

/// Escapes what a regular expression would not take literally.
pub(super) fn escaped(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for one in text.chars() {
        if r"\.+*?()|[]{}^$".contains(one) {
            pattern.push('\\');
        }
        pattern.push(one);
    }
    pattern
}
