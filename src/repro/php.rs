//! PHP: `PHPUnit` and Pest.

use serde_json::Value;

use super::input::Framework;
use super::manifest::{json, text_at};
use super::node::escaped;
use super::preamble::Helper;
use super::recipe::Recipe;
use super::version::{self, Found, dotted, first_in_range};
use super::writer::Packages;

/// Extensions that are packages of their own.
const EXTENSIONS: [&str; 13] =
    ["bcmath", "curl", "gd", "gmp", "intl", "mbstring", "mysql", "pgsql", "soap", "sqlite3", "xml", "zip", "redis"];

/// Writes the part of the script for PHP.
pub(super) fn write(recipe: &mut Recipe) {
    recipe.choose_directory(&|name| name == "composer.json");
    recipe.enter();
    let composer = recipe.repository.text(&recipe.directory, "composer.json").and_then(json);
    interpreter(recipe, composer.as_ref());
    packages(recipe);
    if !recipe.run_command() {
        tests(recipe);
    }
}

fn wanted_version(recipe: &Recipe, composer: Option<&Value>) -> Option<Found> {
    let in_composer = |keys: &[&str]| {
        Found::new(first_in_range(text_at(composer?, keys)?)?, &format!("composer.json ({})", keys.join(".")))
    };
    version::from_matrix(&recipe.wanted.matrix, &["php-version", "php", "php-versions"])
        .or_else(|| version::from_file(&recipe.repository, &recipe.directory, ".php-version"))
        .or_else(|| version::from_tool_versions(&recipe.repository, &recipe.directory, &["php"]))
        .or_else(|| in_composer(&["config", "platform", "php"]))
        .or_else(|| in_composer(&["require", "php"]))
}

fn interpreter(recipe: &mut Recipe, composer: Option<&Value>) {
    let found = wanted_version(recipe, composer).filter(|found| found.numbers(2).len() == 2);
    let writer = &mut recipe.writer;
    match &found {
        Some(found) => writer.say(&format!("PHP {}, because {}", dotted(&found.numbers(2)), found.because)),
        None => writer.say("System PHP, because the repository specifies no version"),
    }
    let base = Packages {
        apt: "php-cli php-mbstring php-xml php-curl php-zip unzip git",
        dnf: "php-cli php-mbstring php-xml php-pecl-zip unzip git",
        apk: "php php-cli php-phar php-mbstring php-openssl php-xml php-dom php-xmlwriter php-tokenizer php-curl unzip git",
        brew: "php",
    };
    writer.need("php", "the tests need it", base);
    for extension in extensions(composer) {
        writer.uses(Helper::Add);
        writer.say(&format!("The {extension} extension, because composer.json lists it"));
        writer.lines(&format!(
            "if ! php -r 'exit(extension_loaded(\"{extension}\") ? 0 : 1);'; then\n  \
             if [ \"$manager\" = brew ]; then say 'Install it with pecl.'; else add php-{}; fi\nfi",
            package_of(extension)
        ));
    }
    if let Some(found) = found {
        let version = dotted(&found.numbers(2));
        writer.lines(&format!(
            "if [ \"$(php -r 'echo PHP_MAJOR_VERSION.\".\".PHP_MINOR_VERSION;')\" != '{version}' ]; then\n  \
             say 'The PHP version here differs from the job; the failure may differ too.'\nfi"
        ));
    }
}

/// The extensions that composer.json names and that are installed on their own.
fn extensions(composer: Option<&Value>) -> Vec<&'static str> {
    let Some(composer) = composer else { return Vec::new() };
    let named = |key: &str| composer.get(key).and_then(Value::as_object).into_iter().flatten();
    let names: Vec<&str> =
        named("require").chain(named("require-dev")).filter_map(|(name, _)| name.strip_prefix("ext-")).collect();
    let asked = |extension: &str| names.iter().any(|name| package_of(name) == extension);
    EXTENSIONS.into_iter().filter(|extension| asked(extension)).collect()
}

/// The package that holds an extension.
fn package_of(extension: &str) -> &str {
    match extension {
        "pdo_sqlite" => "sqlite3",
        "pdo_mysql" | "mysqli" => "mysql",
        "pdo_pgsql" => "pgsql",
        "dom" | "simplexml" | "xmlwriter" | "xmlreader" => "xml",
        other => other,
    }
}

fn packages(recipe: &mut Recipe) {
    recipe.writer.need("composer", "composer.json names the packages", Packages::same("composer"));
    let lock =
        if recipe.repository.has(&recipe.directory, "composer.lock") { "composer.lock" } else { "composer.json" };
    recipe.writer.say(&format!("Packages, because {lock} names them"));
    recipe.writer.lines(
        "if [ \"$(id -u)\" -eq 0 ]; then export COMPOSER_ALLOW_SUPERUSER=1; fi\n\
         composer install --quiet --no-interaction --prefer-dist",
    );
}

fn tests(recipe: &mut Recipe) {
    let pest = recipe.wanted.framework == Framework::Pest || recipe.repository.has(&recipe.directory, "tests/Pest.php");
    let program = if pest { "vendor/bin/pest" } else { "vendor/bin/phpunit" };
    let tests = recipe.tests();
    if tests.is_empty() {
        recipe.run(program);
    }
    for test in tests {
        let mut line = program.to_owned();
        if let Some(name) = &test.name {
            let option = format!("--filter=/{}/", filter(name));
            line.push_str(&format!(" {}", recipe.writer.quoted(&option)));
        }
        if let Some(file) = &test.file {
            line.push_str(&format!(" {}", recipe.writer.operand(file)));
        }
        recipe.run(&line);
    }
}

/// The name as a regular expression: `Tests\UserTest::test_a`, with or without a data set.
fn filter(name: &str) -> String {
    format!("{}( with data set .*)?$", escaped(name).replace('/', r"\/"))
}
