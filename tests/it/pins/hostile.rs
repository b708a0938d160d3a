//! What comes from chat and from strangers' repositories: nothing may panic, take long, or get through.

use ci_rescue::domain::edit::{Edited, Source};
use ci_rescue::ecosystems::edit::PinEditor;
use ci_rescue::edit::draft::Manifests;

use super::harness::{applied, load};

const DIGEST: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/// A sample of each editor, with a package and a version that can be pinned.
const GOOD: &[(&str, &str, &str, &str)] = &[
    ("cargo", "plain", "serde_json", "1.0.100"),
    ("npm", "lock-2", "left-pad", "1.2.0"),
    ("pnpm", "form-9", "left-pad", "1.2.0"),
    ("yarn", "berry", "left-pad", "1.2.0"),
    ("composer", "plain", "monolog/monolog", "3.4.0"),
    ("github-actions", "plain", "actions/checkout", "v4.1.1"),
    ("docker", "plain", "node", DIGEST),
    ("pre-commit", "plain", "psf/black", "24.1.1"),
    ("pip", "plain", "requests", "2.31.0"),
    ("uv", "simple", "requests", "2.31.0"),
    ("poetry", "simple", "requests", "2.31.0"),
    ("go", "block", "golang.org/x/net", "0.15.0"),
    ("maven", "literal", "org.slf4j:slf4j-api", "2.0.7"),
    ("gradle", "groovy", "com.google.guava:guava", "31.1-jre"),
    ("bundler", "simple", "puma", "6.0.2"),
    ("nuget", "attribute", "Newtonsoft.Json", "13.0.1"),
];

const VERSIONS: &[&str] = &[
    "$(curl x)",
    "^1 || file:../x",
    "git+ssh://x",
    "npm:evil@1",
    "1.0; rm",
    "",
    "1.0\n2",
    "..",
    "../1",
    "1..2",
    "`id`",
    "`id`1",
    "-1",
    ">=1",
    "1.0 2",
    "latest",
    "\"1\"",
    "-->1",
];

const NAMES: &[&str] = &[
    "",
    "../x",
    "a b",
    "x\ny",
    "x;rm",
    "$(id)",
    "\"x\"",
    "a\"b",
    "<x>",
    "--",
    "-r x",
    "@/x",
    "@@",
    "a//b",
    "x@1",
    "-x/../y",
    "ä/ö",
    "é:é",
    "a:b:c:--x",
    "\u{202e}x/y",
];

fn all() -> impl Iterator<Item = (&'static dyn PinEditor, &'static str, &'static str, &'static str)> {
    GOOD.iter().map(|(id, sample, package, version)| (super::editor(id), *sample, *package, *version))
}

#[test]
fn every_editor_is_here() {
    for editor in ci_rescue::ecosystems::editors() {
        assert!(all().any(|(known, ..)| known.id() == editor.id()), "{}", editor.id());
    }
}

#[test]
fn hostile_versions_and_names_are_refused() {
    for (editor, sample, package, version) in all() {
        let (files, earlier) = load(editor, sample);
        let manifests = Manifests { files: &files, earlier: &earlier };
        let good = editor.pin(manifests, package, version);
        assert!(matches!(good, Edited::Ready(_)), "{}: {good:?}", editor.id());
        for bad in VERSIONS {
            let edited = editor.pin(manifests, package, bad);
            assert!(matches!(edited, Edited::Refused(_)), "{} takes {bad:?}: {edited:?}", editor.id());
        }
        for bad in NAMES {
            let edited = editor.pin(manifests, bad, version);
            assert!(matches!(edited, Edited::Refused(_)), "{} takes {bad:?}: {edited:?}", editor.id());
            let edited = editor.unpin(manifests, bad);
            assert!(
                matches!(edited, Edited::Refused(_) | Edited::Absent),
                "{} unpins {bad:?}: {edited:?}",
                editor.id()
            );
        }
    }
}

#[test]
fn a_second_pin_keeps_what_people_wrote() {
    for (editor, sample, package, version) in all() {
        let (files, earlier) = load(editor, sample);
        let edited = editor.pin(Manifests { files: &files, earlier: &earlier }, package, version);
        let Edited::Ready(edit) = edited else { panic!("{}: {edited:?}", editor.id()) };
        let once = applied(&files, &edit);
        let other = match editor.id() {
            "github-actions" => "v4.2.0".to_owned(),
            "docker" => "c".repeat(64),
            _ => version.rsplit_once('.').map_or_else(String::new, |(start, _)| format!("{start}.5")),
        };
        let edited = editor.pin(Manifests { files: &once, earlier: &[] }, package, &other);
        let Edited::Ready(edit) = edited else { panic!("{} {other}: {edited:?}", editor.id()) };
        let twice = applied(&once, &edit);
        let edited = editor.unpin(Manifests { files: &twice, earlier: &files }, package);
        let Edited::Ready(edit) = edited else { panic!("{}: {edited:?}", editor.id()) };
        for (before, after) in files.iter().zip(applied(&twice, &edit)) {
            assert!(editor.is_lock(&before.path) || before.text == after.text, "{}: {}", editor.id(), after.text);
        }
    }
}

/// Every sample of an editor cut off, garbled and marked in many places.
#[test]
fn broken_files_do_not_panic() {
    const PLACES: usize = 12;
    for (editor, _, package, version) in all() {
        let root = super::harness::data(editor.id());
        for sample in std::fs::read_dir(&root).unwrap().flatten().filter(|entry| entry.path().is_dir()) {
            let (files, earlier) = load(editor, sample.file_name().to_str().unwrap());
            for index in 0..files.len() {
                let marked = files[index].text.replacen(
                    '\n',
                    &format!("  # ci-rescue pin was {package} absent; locked 1 // ci-rescue pin was \n"),
                    2,
                );
                for text in [&files[index].text, &marked] {
                    let bounds: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
                    for at in bounds.iter().step_by(1 + bounds.len() / PLACES) {
                        for made in [
                            text[..*at].to_owned(),
                            text[*at..].to_owned(),
                            format!("{}\u{fe0f}\"{{[#'\n{}", &text[..*at], &text[*at..]),
                            format!("{}\n[({{<{}", &text[..*at], &text[*at..]),
                        ] {
                            let mut broken = files.clone();
                            broken[index].text = made;
                            let _ = editor.follows(&broken);
                            let _ = editor.pin(Manifests { files: &broken, earlier: &earlier }, package, version);
                            let _ = editor.pin(Manifests { files: &files, earlier: &broken }, package, version);
                            let _ = editor.unpin(Manifests { files: &broken, earlier: &broken }, package);
                        }
                    }
                }
            }
        }
    }
}

/// Files that a reader with a bad habit would choke on.
fn large(size: usize) -> Vec<(&'static str, String)> {
    let fill = |part: &str| part.repeat(size / part.len() + 1);
    let repeated = fill;
    let wrap = |before: &str, part: &str, after: &str| format!("{before}{}{after}", fill(part));
    vec![
        ("Cargo.toml", format!("[dependencies]\nserde_json = {}", repeated("["))),
        ("Cargo.toml", format!("[dependencies]\nserde_json = \"{}\"", repeated("1."))),
        (
            "Cargo.lock",
            format!("version = 4\n{}", repeated("\n[[package]]\nname = \"serde_json\"\nversion = \"1.0.0\"\n")),
        ),
        ("package.json", repeated("[")),
        ("package.json", format!("{{\"dependencies\": {{\"left-pad\": \"{}\"}}}}", repeated("^1 "))),
        (
            "package-lock.json",
            format!("{{\"packages\": {{\"{}\": {{\"version\": \"1.0.0\"}}}}}}", repeated("node_modules/a/")),
        ),
        ("package-lock.json", repeated("{\"dependencies\":")),
        ("pnpm-lock.yaml", format!("lockfileVersion: '9.0'\npackages:\n{}", repeated("  left-pad@1.3.0:\n"))),
        ("pnpm-workspace.yaml", format!("catalog: {}", repeated("["))),
        ("yarn.lock", repeated("left-pad@^1.3.0:\n  version \"1.3.0\"\n\n")),
        ("yarn.lock", repeated("left-pad@^1.3.0, ")),
        ("composer.json", repeated("{\"require\":")),
        ("composer.lock", format!("{{\"packages\": [{{}}{}]}}", repeated(",{\"name\": \"a/b\"}"))),
        (".github/workflows/ci.yml", format!("jobs: actions/checkout@v4\n{}", repeated("- [{"))),
        (
            ".github/workflows/ci.yml",
            format!("jobs:\n  a:\n    steps:\n{}", repeated("    - uses: actions/checkout@v4\n")),
        ),
        ("Dockerfile", repeated("FROM node AS x\nCOPY --from=x <<a\n")),
        ("requirements.txt", fill("requests>=2  # ci-rescue pin was requests absent\n")),
        ("requirements.txt", fill("requests==2 --hash=sha256:aa \\\n")),
        ("requirements.txt", fill("requests==2 --hash=sha256:aa\n")),
        ("requirements.txt", fill("# ci-rescue pin was requests>=1")),
        ("setup.cfg", wrap("[options]\ninstall_requires =\n", "  requests (>=1)\n", "")),
        ("pyproject.toml", wrap("[project]\ndependencies = [", "\"requests>=1\", ", "]")),
        ("pyproject.toml", wrap("[tool.poetry.dependencies]\nx = ", "[", "")),
        ("pyproject.toml", fill("[tool.a]\n")),
        ("uv.lock", fill("[[package]]\nname = \"requests\"\nversion = \"1\"\n")),
        (
            "uv.lock",
            wrap(
                "[[package]]\nname = \"requests\"\nversion = \"1\"\nsource = { registry = \"x\" }\ndependencies = [",
                "{ name = \"a\" }, ",
                "]\n",
            ),
        ),
        ("poetry.lock", fill("[[package]]\nname = \"requests\"\nversion = \"1\"\n")),
        ("go.mod", fill("require golang.org/x/net v0.17.0 // ci-rescue pin was v1; sum +2\n")),
        ("go.mod", wrap("module x\nrequire (\n", "golang.org/x/net v0.1.0\n", ")\n")),
        ("go.sum", fill("golang.org/x/net v0.17.0 h1:aaaa=\n")),
        ("pom.xml", fill("<a>")),
        (
            "pom.xml",
            wrap(
                "<project>",
                "<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-api</artifactId><version>${a}</version></dependency>",
                "</project>",
            ),
        ),
        (
            "pom.xml",
            wrap("<project><properties>", "<a>${a}</a><!-- ci-rescue pin was x -->", "</properties></project>"),
        ),
        (
            "pom.xml",
            wrap(
                "<project>",
                "<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-api</artifactId></dependency>",
                "</project>",
            ),
        ),
        ("build.gradle", fill("'com.google.guava:guava:1', ")),
        ("build.gradle", fill("group: 'com.google.guava', ")),
        ("build.gradle", fill("\"\"\"'com.google.guava:guava:1' /* \n")),
        ("build.gradle", fill("'com.google.guava:guava:1' // ci-rescue pin was com.google.guava:guava:2\n")),
        ("gradle.lockfile", fill("com.google.guava:guava:1=a\n")),
        ("libs.versions.toml", wrap("[libraries]\na = { version = {", "a = 1, ", "} }")),
        ("Gemfile", fill("gem \"puma\", ")),
        ("Gemfile", fill("gem \"puma\",\n")),
        ("Gemfile", fill("gem \"puma\", [\n")),
        ("Gemfile", fill("gem \"puma\", require: false,\n")),
        ("Gemfile.lock", wrap("GEM\n  specs:\n", "    puma (1)\n      a\n", "CHECKSUMS\n  puma (1)\n")),
        ("Gemfile.lock", wrap("CHECKSUMS\n", "  puma (1)\n", "")),
        (
            "App.csproj",
            wrap(
                "<Project>",
                "<PackageReference Include='Newtonsoft.Json' Version='1'/><!-- ci-rescue pin was 1 -->",
                "</Project>",
            ),
        ),
        ("packages.lock.json", fill("[")),
        (
            "packages.lock.json",
            wrap("{\"dependencies\":{\"net\":{", "\"newtonsoft.json\":{\"resolved\":\"1\"},", "\"a\":1}}}"),
        ),
        (
            "packages.lock.json",
            wrap(
                "{\"dependencies\":{",
                "\"net\":{\"newtonsoft.json\":{\"resolved\":\"1\",\"type\":\"Direct\"}},",
                "\"a\":{}}}",
            ),
        ),
        ("requirements.txt", fill("-r requirements.txt\n-c other/constraints.txt\n")),
        ("requirements.txt", fill("requests>=2; python_version < '3.8' and python_version < '3.9'\n")),
        (".github/workflows/ci.yml", wrap("jobs:\n", "  a:\n    container: node:20\n", "")),
        (
            "package.json",
            wrap(
                "{\"dependencies\": {\"left-pad\": \"1\"}, \"overrides\": {",
                "\"left-pad@1\": \"1\", ",
                "\"a\": \"1\"}}",
            ),
        ),
        ("pnpm-workspace.yaml", wrap("overrides:\n", "  left-pad: 1 # ci-rescue pin was absent; locked 1\n", "")),
    ]
}

#[test]
fn large_and_deep_files_take_no_long_time() {
    let size = if cfg!(debug_assertions) { 50_000 } else { 10_000_000 };
    for (path, text) in large(size) {
        for (editor, sample, package, version) in all().filter(|(editor, ..)| editor.reads(path)) {
            let (mut files, _) = load(editor, sample);
            files.retain(|file| file.path != path);
            files.push(Source { path: path.to_owned(), text: text.clone() });
            let _ = editor.follows(&files);
            let _ = editor.pin(Manifests { files: &files, earlier: &files }, package, version);
            let _ = editor.unpin(Manifests { files: &files, earlier: &files }, package);
        }
    }
}
