//! Go: go test.

use std::collections::BTreeMap;

use super::node::escaped;
use super::preamble::Helper;
use super::recipe::Recipe;
use super::version::{self, Found};
use super::writer::Packages;

const INSTALL: &str = r#"export PATH="$tools/go/bin:$PATH"
go_fits() { have go && case "$(GOTOOLCHAIN=local go env GOVERSION)." in {pattern}) true ;; *) false ;; esac; }
if ! go_fits; then
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) platform=linux-amd64 ;;
    Linux-aarch64 | Linux-arm64) platform=linux-arm64 ;;
    Darwin-x86_64) platform=darwin-amd64 ;;
    Darwin-arm64) platform=darwin-arm64 ;;
    *)
      say 'There is no Go build for this machine; install Go by hand.'
      exit 1
      ;;
  esac
  download 'https://go.dev/dl/?mode=json&include=all' "$tools/go.json"
  # The newest release comes first; its check sum stands some lines below its name.
  release=$(awk -F '"' -v start={start} -v ending=".$platform.tar.gz" '
    $2 == "filename" && !done { name = index($4, start) == 1 && index($4, ending) > 0 && $4 !~ /(rc|beta)[0-9]/ ? $4 : "" }
    $2 == "sha256" && name != "" && !done { print name " " $4; done = 1 }' "$tools/go.json")
  download "https://go.dev/dl/${release%% *}" "$tools/go.tar.gz"
  check_sum "$tools/go.tar.gz" "${release##* }"
  rm -rf "$tools/go"
  tar -xzf "$tools/go.tar.gz" -C "$tools"
fi"#;

/// Writes the part of the script for Go.
pub(super) fn write(recipe: &mut Recipe) {
    recipe.choose_directory(&|name| name == "go.mod" || name == "go.work");
    recipe.enter();
    let found = wanted_version(recipe);
    let numbers = found.as_ref().map(|found| found.numbers(3)).unwrap_or_default();
    let writer = &mut recipe.writer;
    writer.uses(Helper::Download);
    writer.uses(Helper::CheckSum);
    let version = version::dotted(&numbers);
    match &found {
        Some(found) if !numbers.is_empty() => writer.say(&format!("Go {version}, because {}", found.because)),
        _ => writer.say("Installed or newest Go, because the repository specifies no version"),
    }
    let (pattern, start) = if numbers.is_empty() {
        ("*".to_owned(), "go1.".to_owned())
    } else {
        (format!("go{version}.*"), format!("go{version}."))
    };
    let lines = INSTALL.replace("{start}", &format!("'{start}'"));
    let test = "have go && case \"$(GOTOOLCHAIN=local go env GOVERSION).\" in {pattern}) true ;; *) false ;; esac;";
    writer.lines(&if pattern == "*" { lines.replace(test, "have go;") } else { lines.replace("{pattern}", &pattern) });
    let race = recipe.wanted.command.as_deref().is_some_and(|command| command.contains("-race"));
    recipe.writer.need(
        "cc",
        "packages with C code are built with it",
        Packages { apt: "gcc libc6-dev", dnf: "gcc", apk: "gcc musl-dev", brew: "gcc" },
    );
    if !recipe.repository.has(&recipe.directory, "vendor/modules.txt") {
        recipe.writer.say("Modules from go.mod, to match the job");
        recipe.writer.lines("go mod download");
    }
    if !recipe.run_command() {
        tests(recipe, if race { "go test -count=1 -race" } else { "go test -count=1" });
    }
}

fn wanted_version(recipe: &Recipe) -> Option<Found> {
    let (repository, directory) = (&recipe.repository, recipe.directory.as_str());
    let from_module = || {
        let (path, text) = repository.text_upwards(directory, "go.mod")?;
        let line = |start: &str| text.lines().find_map(|line| line.trim().strip_prefix(start));
        let version = line("toolchain go").or_else(|| line("go "))?.split_whitespace().next()?;
        Found::new(version, &path)
    };
    version::from_matrix(&recipe.wanted.matrix, &["go-version", "go", "golang"])
        .or_else(|| version::from_file(repository, directory, ".go-version"))
        .or_else(|| version::from_tool_versions(repository, directory, &["golang", "go"]))
        .or_else(from_module)
}

fn tests(recipe: &mut Recipe, program: &str) {
    let module = module_path(recipe);
    let mut packages: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for test in recipe.tests() {
        let package = test.file.map_or_else(|| "./...".to_owned(), |file| package(&file, module.as_deref()));
        packages.entry(package).or_default().extend(test.name);
    }
    if packages.is_empty() {
        recipe.run(&format!("{program} ./..."));
    }
    for (package, names) in packages {
        let package = recipe.writer.operand(&package);
        if names.is_empty() {
            recipe.run(&format!("{program} {package}"));
        }
        let (with_parts, plain): (Vec<_>, Vec<_>) = names.into_iter().partition(|name| name.contains('/'));
        let whole: Vec<String> = plain.iter().map(|name| escaped(name)).collect();
        let mut patterns: Vec<String> = with_parts.iter().map(|name| part_pattern(name)).collect();
        if !whole.is_empty() {
            patterns.insert(0, format!("^({})$", whole.join("|")));
        }
        for pattern in patterns {
            let pattern = recipe.writer.quoted(&pattern);
            recipe.run(&format!("{program} -v -run {pattern} {package}"));
        }
    }
}

/// A subtest is named part by part.
fn part_pattern(name: &str) -> String {
    name.split('/').map(|part| format!("^{}$", escaped(part).replace(' ', "_"))).collect::<Vec<_>>().join("/")
}

fn module_path(recipe: &Recipe) -> Option<String> {
    let text = recipe.repository.text(&recipe.directory, "go.mod")?;
    text.lines()
        .find_map(|line| line.trim().strip_prefix("module "))
        .map(|path| path.trim().trim_matches('"').to_owned())
}

/// Takes a package as the log names it (`example.com/a/b`, `./b`, `b/c_test.go`); answers it as the command line does.
fn package(file: &str, module: Option<&str>) -> String {
    let directory = if file.ends_with(".go") { super::manifest::parent(file) } else { file };
    if let Some(below) = module.and_then(|module| directory.strip_prefix(module)) {
        return if below.is_empty() { ".".to_owned() } else { format!(".{below}") };
    }
    match directory {
        "" => ".".to_owned(),
        place if place.starts_with('.') || place.split('/').next().is_some_and(|first| first.contains('.')) => {
            place.to_owned()
        }
        place => format!("./{place}"),
    }
}
