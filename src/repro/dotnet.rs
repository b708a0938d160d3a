//! .NET: dotnet test.

use super::manifest::{join, xml_text};
use super::manifest::{json, text_at};
use super::preamble::Helper;
use super::recipe::Recipe;
use super::version::{self, Found};
use super::writer::Packages;

const INSTALL: &str = r#"export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 PATH="$tools/dotnet:$PATH"
dotnet_fits() { have dotnet && dotnet --list-sdks 2>/dev/null | awk -v wanted={wanted} 'index($1 ".", wanted ".") == 1 { found = 1 } END { exit !found }'; }
if ! dotnet_fits; then
  download https://dot.net/v1/dotnet-install.sh "$tools/dotnet-install.sh"
  bash "$tools/dotnet-install.sh" {choice} --install-dir "$tools/dotnet" --no-path
  export DOTNET_ROOT="$tools/dotnet"
fi"#;

fn is_project(name: &str) -> bool {
    [".sln", ".slnx", ".csproj", ".fsproj", ".vbproj"].iter().any(|ending| name.ends_with(ending))
}

/// Writes the part of the script for .NET.
pub(super) fn write(recipe: &mut Recipe) {
    recipe.choose_directory(&is_project);
    recipe.enter();
    sdk(recipe);
    let locked = recipe.wanted.files.iter().any(|file| file.path.ends_with("packages.lock.json"));
    if locked {
        recipe.writer.say("Packages from packages.lock.json, to match the job");
        recipe.writer.lines("dotnet restore --locked-mode");
    } else {
        recipe.writer.say("Packages, because the project files name them");
        recipe.writer.lines("dotnet restore");
    }
    if !recipe.run_command() {
        tests(recipe);
    }
}

fn wanted_version(recipe: &Recipe) -> Option<Found> {
    let from_global = || {
        let (path, text) = recipe.repository.text_upwards(&recipe.directory, "global.json")?;
        Found::new(text_at(&json(text)?, &["sdk", "version"])?, &path)
    };
    let from_project = || {
        let file = recipe.wanted.files.iter().find(|file| file.path.ends_with("proj") && file.text.is_some())?;
        let text = file.text.as_deref()?;
        let framework = xml_text(text, "TargetFramework").or_else(|| xml_text(text, "TargetFrameworks"))?;
        let newest =
            framework.split(';').filter_map(|name| name.trim().strip_prefix("net")).filter(|name| name.contains('.'));
        Found::new(newest.max_by_key(|name| version::numbers(name, 2))?.split('-').next()?, &file.path)
    };
    from_global()
        .or_else(|| version::from_matrix(&recipe.wanted.matrix, &["dotnet-version", "dotnet"]))
        .or_else(from_project)
        .filter(|found| found.numbers(2).len() == 2)
}

fn sdk(recipe: &mut Recipe) {
    let found = wanted_version(recipe);
    let numbers = found.as_ref().map(|found| found.numbers(3)).unwrap_or_default();
    let because = found.map_or_else(|| "the repository specifies no version".to_owned(), |found| found.because);
    let version = if numbers.is_empty() { "LTS".to_owned() } else { version::dotted(&numbers) };
    let channel = version::dotted(numbers.get(..2).unwrap_or_default());
    let (choice, wanted) = match numbers.len() {
        3 => (format!("--version {version}"), version.clone()),
        2 => (format!("--channel {channel}"), channel),
        // Any SDK begins with this.
        _ => ("--channel LTS".to_owned(), String::new()),
    };
    let writer = &mut recipe.writer;
    writer.uses(Helper::Download);
    writer.say(&format!(".NET SDK {version}, because {because}"));
    writer.need_unless(
        "ls /usr/lib/*/libicuuc.so* /usr/lib*/libicuuc.so* /opt/homebrew >/dev/null 2>&1",
        "ICU, because .NET needs it for text",
        Packages { apt: "libicu-dev ca-certificates", dnf: "libicu", apk: "icu-libs libstdc++", brew: "icu4c" },
    );
    let lines = INSTALL.replace("{wanted}", &format!("'{wanted}'")).replace("{choice}", &choice);
    let any = "index($1 \".\", wanted \".\") == 1";
    writer.lines(&if wanted.is_empty() { lines.replace(any, "NF > 0").replace(" -v wanted=''", "") } else { lines });
}

fn tests(recipe: &mut Recipe) {
    let (mut terms, mut projects) = (Vec::new(), Vec::new());
    for test in recipe.tests() {
        terms.extend(test.name.as_deref().map(term));
        projects.extend(
            test.file.filter(|file| is_project(file) || recipe.repository.has("", &join(&recipe.directory, file))),
        );
    }
    projects.sort_unstable();
    projects.dedup();
    let filter =
        if terms.is_empty() { String::new() } else { format!(" --filter {}", recipe.writer.quoted(&terms.join("|"))) };
    if projects.is_empty() {
        recipe.run(&format!("dotnet test{filter}"));
    }
    for project in projects {
        let project = recipe.writer.operand(&project);
        recipe.run(&format!("dotnet test {project}{filter}"));
    }
}

/// One test as a filter. The arguments of a theory are no part of the full name.
fn term(name: &str) -> String {
    let end = name.find('(').unwrap_or(name.len());
    let (plain, arguments) = name.split_at(end);
    let mut escaped = String::new();
    for one in plain.trim().chars() {
        if r"\()&|=!~".contains(one) {
            escaped.push('\\');
        }
        escaped.push(one);
    }
    format!("FullyQualifiedName{}{escaped}", if arguments.is_empty() { "=" } else { "~" })
}
