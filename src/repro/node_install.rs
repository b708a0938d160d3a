//! Which Node.js, which package manager, and the packages of the lock.

use serde_json::Value;

use super::manifest::{json, text_at};
use super::preamble::Helper;
use super::recipe::Recipe;
use super::version::{self, Found, dotted, first_in_range, numbers};
use super::writer::Packages;

/// How programs of the packages are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manager {
    Npm,
    Pnpm,
    Yarn,
    Bun,
}

impl Manager {
    /// Runs a program that the packages brought.
    pub(super) fn execute(self) -> &'static str {
        match self {
            Self::Npm => "npx --no-install",
            Self::Pnpm => "pnpm exec",
            Self::Yarn => "yarn run",
            Self::Bun => "bunx --no-install",
        }
    }

    /// Runs a script of package.json; its arguments follow.
    pub(super) fn script(self) -> (&'static str, &'static str) {
        match self {
            Self::Npm => ("npm run -s", " --"),
            Self::Pnpm => ("pnpm run", ""),
            Self::Yarn => ("yarn run", ""),
            Self::Bun => ("bun run", ""),
        }
    }
}

/// Which release is wanted.
enum Release {
    /// It begins with these numbers.
    Numbers(Vec<u32>),
    /// The newest with long-term support, or the one of a name.
    LongTerm(Option<String>),
}

fn wanted_release(recipe: &Recipe, package: Option<&Value>) -> (Release, String) {
    let (repository, directory) = (&recipe.repository, recipe.directory.as_str());
    let from_package = |keys: &[&str]| {
        let range = text_at(package?, keys)?;
        Found::new(first_in_range(range)?, &format!("package.json ({})", keys.join(".")))
    };
    let keys = ["node-version", "node", "nodejs", "node-js", "nodeversion"];
    let found = version::from_matrix(&recipe.wanted.matrix, &keys)
        .or_else(|| version::from_file(repository, directory, ".nvmrc"))
        .or_else(|| version::from_file(repository, directory, ".node-version"))
        .or_else(|| version::from_tool_versions(repository, directory, &["nodejs", "node"]))
        .or_else(|| from_package(&["volta", "node"]))
        .or_else(|| from_package(&["engines", "node"]));
    if let Some(found) = found {
        let numbers = found.numbers(3);
        if numbers.first().is_some_and(|major| *major >= 4) {
            return (Release::Numbers(numbers), found.because);
        }
    }
    let line = repository.text_upwards(directory, ".nvmrc").map(|(_, text)| text.trim().to_ascii_lowercase());
    let name = line.as_deref().and_then(|line| line.strip_prefix("lts/"));
    match name.filter(|name| name.bytes().all(|byte| byte.is_ascii_lowercase())) {
        Some(name) => (Release::LongTerm(Some(name.to_owned())), ".nvmrc says so".to_owned()),
        None if name == Some("*") => (Release::LongTerm(None), ".nvmrc says so".to_owned()),
        None => (Release::LongTerm(None), "the repository specifies no version".to_owned()),
    }
}

const INSTALL: &str = r#"export PATH="$tools/node/bin:$PATH"
node_fits() { have node && have npm && case "$(node --version)." in {pattern}) true ;; *) false ;; esac; }
if ! node_fits; then
  if [ "$manager" = apk ]; then
    say 'Node.js from Alpine, because the official build needs a different C library'
    add nodejs npm
  else
    case "$(uname -s)-$(uname -m)" in
      Linux-x86_64) platform=linux-x64 ;;
      Linux-aarch64 | Linux-arm64) platform=linux-arm64 ;;
      Darwin-x86_64) platform=darwin-x64 ;;
      Darwin-arm64) platform=darwin-arm64 ;;
      *)
        say 'There is no Node.js build for this machine; install Node.js by hand.'
        exit 1
        ;;
    esac
    download https://nodejs.org/dist/index.tab "$tools/node.index"
    release=$(awk -F '\t' -v wanted={wanted} '{test} && !found { print $1; found = 1 }' "$tools/node.index")
    download "https://nodejs.org/dist/$release/SHASUMS256.txt" "$tools/node.sums"
    archive=node-$release-$platform.tar.gz
    download "https://nodejs.org/dist/$release/$archive" "$tools/node.tar.gz"
    check_sum "$tools/node.tar.gz" "$(awk -v name="$archive" '$2 == name { print $1 }' "$tools/node.sums")"
    rm -rf "$tools/node"
    mkdir -p "$tools/node"
    tar -xzf "$tools/node.tar.gz" -C "$tools/node" --strip-components 1
  fi
fi"#;

/// Writes how Node.js comes.
pub(super) fn runtime(recipe: &mut Recipe, package: Option<&Value>) {
    let (release, because) = wanted_release(recipe, package);
    let (said, pattern, wanted, test) = match &release {
        Release::Numbers(numbers) => {
            let version = dotted(numbers);
            // The dot behind keeps 2 from being 20.
            let test = "NR > 1 && index($1 \".\", \"v\" wanted \".\") == 1";
            (version.clone(), format!("'v{version}.'*"), version, test)
        }
        Release::LongTerm(None) => {
            ("with long-term support".to_owned(), "*".to_owned(), "-".to_owned(), "NR > 1 && $10 != wanted")
        }
        Release::LongTerm(Some(name)) => {
            let major = LONG_TERM.iter().find(|(known, _)| known == name).map_or("0", |(_, major)| major);
            (format!("lts/{name}"), format!("'v{major}.'*"), name.clone(), "NR > 1 && tolower($10) == wanted")
        }
    };
    let writer = &mut recipe.writer;
    writer.uses(Helper::Download);
    writer.uses(Helper::CheckSum);
    writer.say(&format!("Node.js {said}, because {because}"));
    let (wanted, any) = (writer.quoted(&wanted), pattern == "*");
    let lines = INSTALL.replace("{wanted}", &wanted).replace("{test}", test);
    let fits = "have node && have npm && case \"$(node --version).\" in {pattern}) true ;; *) false ;; esac;";
    writer.lines(&if any {
        lines.replace(fits, "have node && have npm;")
    } else {
        lines.replace("{pattern}", &pattern)
    });
}

/// The names of the lines with long-term support.
const LONG_TERM: [(&str, &str); 7] = [
    ("fermium", "14"),
    ("gallium", "16"),
    ("hydrogen", "18"),
    ("iron", "20"),
    ("jod", "22"),
    ("krypton", "24"),
    ("erbium", "12"),
];

const LOCKS: [(&str, Manager); 6] = [
    ("pnpm-lock.yaml", Manager::Pnpm),
    ("yarn.lock", Manager::Yarn),
    ("bun.lock", Manager::Bun),
    ("bun.lockb", Manager::Bun),
    ("package-lock.json", Manager::Npm),
    ("npm-shrinkwrap.json", Manager::Npm),
];

/// Writes how the packages come; answers the package manager.
pub(super) fn packages(recipe: &mut Recipe) -> Manager {
    let found = LOCKS.iter().find_map(|(name, manager)| {
        let place = recipe.repository.upwards(&recipe.directory, &[name])?;
        Some((place.matches('/').count() + usize::from(!place.is_empty()), *name, *manager, place))
    });
    let Some((_, lock, manager, place)) = found else {
        recipe.writer.say("Newest matching packages, because the repository has no lock file");
        install(recipe, "npm install --no-audit --no-fund", "package.json", "");
        return Manager::Npm;
    };
    let root = recipe.repository.text(&place, "package.json").and_then(json);
    let named = root.as_ref().and_then(|root| text_at(root, &["packageManager"])).unwrap_or_default();
    let text = recipe.repository.text(&place, lock).unwrap_or_default();
    let command = match manager {
        Manager::Npm => "npm ci --no-audit --no-fund",
        Manager::Pnpm => {
            tool(
                recipe,
                "pnpm",
                &format!("pnpm@{}", named_version(named, "pnpm").unwrap_or_else(|| pnpm_of(text))),
                lock,
            );
            "pnpm install --frozen-lockfile"
        }
        Manager::Yarn => yarn(recipe, &place, named, text),
        Manager::Bun => {
            tool(recipe, "bun", &format!("bun@{}", named_version(named, "bun").unwrap_or_else(|| "1".into())), lock);
            "bun install --frozen-lockfile"
        }
    };
    if text.contains("node-gyp") {
        recipe.writer.need_unless(
            "{ have python3 && have make && have c++; }",
            "A compiler, because some packages are built",
            Packages { apt: "python3 make g++", dnf: "python3 make gcc-c++", apk: "python3 make g++", brew: "python3" },
        );
    }
    recipe.writer.say(&format!("Packages, because {lock} names them"));
    install(recipe, command, lock, &place);
    manager
}

/// Installs in the directory of the lock, and only where the lock or the manifest is new.
fn install(recipe: &mut Recipe, command: &str, lock: &str, place: &str) {
    let up = recipe.directory.strip_prefix(place).unwrap_or_default().trim_matches('/');
    let levels = if up.is_empty() { 0 } else { up.split('/').count() };
    let target = if levels == 0 { ".".to_owned() } else { vec![".."; levels].join("/") };
    let target = if lock == "package.json" { "." } else { &target };
    recipe.writer.lines(&format!(
        "(\n  cd {target}\n  stamp=\"$(cksum package.json {lock}) $(node --version)\"\n  \
         if [ ! -e \"$tools/packages\" ] || [ \"$(cat \"$tools/packages\")\" != \"$stamp\" ] || \
         ! ls -d node_modules .pnp.cjs >/dev/null 2>&1; then\n    {command}\n    \
         printf '%s\\n' \"$stamp\" >\"$tools/packages\"\n  fi\n)"
    ));
}

/// Installs a package manager beside the checkout.
fn tool(recipe: &mut Recipe, name: &str, package: &str, lock: &str) {
    let writer = &mut recipe.writer;
    writer.say(&format!("{package}, because {lock} was written by {name}"));
    let package = writer.quoted(package);
    writer.lines(&format!(
        "export PATH=\"$tools/{name}/node_modules/.bin:$PATH\"\n\
         [ -x \"$tools/{name}/node_modules/.bin/{name}\" ] || \
         npm install --silent --no-audit --no-fund --prefix \"$tools/{name}\" {package}"
    ));
}

fn yarn(recipe: &mut Recipe, place: &str, named: &str, lock: &str) -> &'static str {
    let version = named_version(named, "yarn");
    let modern = lock.contains("__metadata:")
        || recipe.repository.has(place, ".yarnrc.yml")
        || version.as_deref().is_some_and(|version| !version.starts_with('1'));
    if modern {
        let version = version.unwrap_or_else(|| "4".to_owned());
        tool(recipe, "yarn", &format!("@yarnpkg/cli-dist@{version}"), "yarn.lock");
        "yarn install --immutable"
    } else {
        tool(recipe, "yarn", &format!("yarn@{}", version.unwrap_or_else(|| "1".to_owned())), "yarn.lock");
        "yarn install --frozen-lockfile --non-interactive"
    }
}

/// The version in `pnpm@9.1.0+sha512…`.
fn named_version(named: &str, tool: &str) -> Option<String> {
    let version = named.strip_prefix(tool)?.strip_prefix('@')?.split('+').next()?;
    version::plain(version).then(|| version.to_owned())
}

/// The pnpm that wrote a lock of this format.
fn pnpm_of(lock: &str) -> String {
    let line = lock.lines().take(5).find_map(|line| line.strip_prefix("lockfileVersion:")).unwrap_or_default();
    let major = numbers(line.trim().trim_matches(['\'', '"']), 1).first().copied();
    match major {
        Some(5) => "7",
        Some(6) => "8",
        Some(9) => "9",
        _ => "latest",
    }
    .to_owned()
}
