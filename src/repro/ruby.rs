//! Ruby: `RSpec` and Minitest.

use super::input::Framework;
use super::preamble::Helper;
use super::recipe::Recipe;
use super::version::{self, Found, dotted, numbers};
use super::writer::Packages;

/// Gems that are built with a library of the system.
const LIBRARIES: [(&str, &str, Packages); 2] = [
    ("pg", "pg_config", Packages { apt: "libpq-dev", dnf: "libpq-devel", apk: "libpq-dev", brew: "libpq" }),
    (
        "mysql2",
        "mysql_config",
        Packages { apt: "default-libmysqlclient-dev", dnf: "mariadb-devel", apk: "mariadb-dev", brew: "mysql" },
    ),
];

const BUILD: &str = r#"export PATH="$tools/ruby/bin:$PATH"
ruby_fits() { have ruby && ruby -e 'exit(RUBY_VERSION.start_with?({numbers}))' >/dev/null 2>&1; }
if ! ruby_fits; then
{add}fi
if ! ruby_fits; then
  say {build}
  case "$manager" in
    dnf) add git curl gcc make patch openssl-devel libyaml-devel readline-devel zlib-devel libffi-devel ;;
    apk) add git curl build-base openssl-dev yaml-dev readline-dev zlib-dev libffi-dev linux-headers ;;
    brew) add openssl@3 libyaml readline ;;
    *) add git curl ca-certificates build-essential patch autoconf libssl-dev libyaml-dev libreadline-dev zlib1g-dev libffi-dev libgmp-dev ;;
  esac
  [ -d "$tools/ruby-build" ] || git clone -q --depth 1 https://github.com/rbenv/ruby-build.git "$tools/ruby-build"
  release={version}
  "$tools/ruby-build/bin/ruby-build" --definitions >"$tools/ruby.releases"
  release=$(awk -v wanted="$release" '$0 == wanted || index($0, wanted ".") == 1 { last = $0 } END { print last }' "$tools/ruby.releases")
  "$tools/ruby-build/bin/ruby-build" "$release" "$tools/ruby" >&2
fi"#;

/// Writes the part of the script for Ruby.
pub(super) fn write(recipe: &mut Recipe) {
    recipe.choose_directory(&|name| name == "Gemfile" || name == "gems.rb");
    recipe.enter();
    interpreter(recipe);
    gems(recipe);
    if !recipe.run_command() {
        tests(recipe);
    }
}

fn wanted_version(recipe: &Recipe) -> Option<Found> {
    let (repository, directory) = (&recipe.repository, recipe.directory.as_str());
    let from_lock = || {
        let text = repository.text(directory, "Gemfile.lock")?;
        let (_, rest) = text.split_once("RUBY VERSION")?;
        let version = rest.trim_start().strip_prefix("ruby ")?.lines().next()?;
        Found::new(version.split('p').next()?, "Gemfile.lock")
    };
    let from_file = || {
        let (path, text) = repository.text_upwards(directory, ".ruby-version")?;
        Found::new(text.trim().strip_prefix("ruby-").unwrap_or(text.trim()), &path)
    };
    let from_gemfile = || {
        let text = repository.text(directory, "Gemfile")?;
        let line = text.lines().find_map(|line| line.trim().strip_prefix("ruby "))?;
        Found::new(version::first_in_range(line)?, "Gemfile")
    };
    version::from_matrix(&recipe.wanted.matrix, &["ruby-version", "ruby"])
        .or_else(from_file)
        .or_else(|| version::from_tool_versions(repository, directory, &["ruby"]))
        .or_else(from_lock)
        .or_else(from_gemfile)
        .filter(|found| found.numbers(2).len() == 2)
}

fn interpreter(recipe: &mut Recipe) {
    let found = wanted_version(recipe);
    let packages = Packages {
        apt: "ruby ruby-dev build-essential libyaml-dev",
        dnf: "ruby ruby-devel gcc gcc-c++ make redhat-rpm-config libyaml-devel",
        apk: "ruby ruby-dev build-base yaml-dev",
        brew: "ruby",
    };
    let writer = &mut recipe.writer;
    writer.uses(Helper::Add);
    let Some(found) = found else {
        writer.say("System Ruby, because the repository specifies no version");
        writer.need("ruby", "the tests need it", packages);
        return;
    };
    let (version, minor) = (dotted(&found.numbers(3)), dotted(&found.numbers(2)));
    writer.say(&format!("Ruby {version}, because {}", found.because));
    let build =
        writer.quoted(&format!("Building Ruby {version}, because this system has a different one; this takes minutes"));
    let lines = BUILD
        .replace("{numbers}", &format!("\"{minor}.\""))
        .replace("{add}", &super::writer::add_lines("  ", packages))
        .replace("{build}", &build)
        .replace("{version}", &format!("'{version}'"));
    writer.lines(&lines);
}

fn gems(recipe: &mut Recipe) {
    let lock = recipe.repository.text(&recipe.directory, "Gemfile.lock").unwrap_or_default();
    for (gem, command, packages) in LIBRARIES {
        if lock.lines().any(|line| line.trim().strip_prefix(gem).is_some_and(|rest| rest.starts_with(" ("))) {
            recipe.writer.need(command, &format!("the gem {gem} is built with it"), packages);
        }
    }
    let has_lock = recipe.repository.has(&recipe.directory, "Gemfile.lock");
    let bundler =
        lock.split_once("BUNDLED WITH").map(|(_, rest)| numbers(rest.trim(), 3)).filter(|parts| parts.len() == 3);
    let package = bundler.map_or_else(|| "bundler".to_owned(), |parts| format!("bundler -v {}", dotted(&parts)));
    let writer = &mut recipe.writer;
    writer.say(if has_lock { "Gems, because Gemfile.lock names them" } else { "Gems, because Gemfile names them" });
    writer.lines(&format!(
        "export GEM_HOME=\"$tools/gems\" BUNDLE_PATH=\"$tools/bundle\"\nexport PATH=\"$GEM_HOME/bin:$PATH\"\n\
         [ -x \"$GEM_HOME/bin/bundle\" ] || gem install -q --no-document {package}"
    ));
    if has_lock {
        writer.lines("export BUNDLE_FROZEN=true");
    }
    writer.lines("bundle install --quiet");
}

fn tests(recipe: &mut Recipe) {
    let rails = recipe.repository.has(&recipe.directory, "bin/rails");
    let minitest = recipe.wanted.framework == Framework::Minitest;
    let tests = recipe.tests();
    if tests.is_empty() {
        recipe.run(match (minitest, rails) {
            (true, true) => "bundle exec rails test",
            (true, false) => "bundle exec rake test",
            (false, _) => "bundle exec rspec",
        });
        return;
    }
    let mut places = Vec::new();
    for test in tests {
        let name = test.name.map(|name| if minitest { format!("--name={name}") } else { format!("--example={name}") });
        let file = test.file.as_deref().map(|file| recipe.writer.operand(file));
        match (file, name) {
            // Without a name several places fit into one call.
            (Some(file), None) if !minitest || rails => places.push(file),
            (file, name) => {
                let name = name.map(|name| recipe.writer.quoted(&name));
                let words: Vec<String> = file.into_iter().chain(name).collect();
                let program = match (minitest, rails) {
                    (true, true) => "bundle exec rails test",
                    (true, false) => "bundle exec ruby -Ilib -Itest",
                    (false, _) => "bundle exec rspec",
                };
                recipe.run(&format!("{program} {}", words.join(" ")));
            }
        }
    }
    if !places.is_empty() {
        let program = if minitest { "bundle exec rails test" } else { "bundle exec rspec" };
        recipe.run(&format!("{program} {}", places.join(" ")));
    }
}
