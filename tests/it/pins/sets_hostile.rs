//! Manifests that nobody would write: cut off, garbled, huge, deeply nested. Nothing panics or takes long.

use std::path::Path;

use ci_rescue::domain::edit::Source;
use ci_rescue::ecosystems::edit::PinEditor;
use ci_rescue::edit::draft::Manifests;

fn editors() -> Vec<(&'static dyn PinEditor, &'static str, &'static str)> {
    vec![
        (super::editor("pip"), "requests", "2.31.0"),
        (super::editor("uv"), "requests", "2.31.0"),
        (super::editor("poetry"), "requests", "2.31.0"),
        (super::editor("go"), "golang.org/x/net", "0.15.0"),
        (super::editor("maven"), "org.slf4j:slf4j-api", "2.0.7"),
        (super::editor("gradle"), "com.google.guava:guava", "31.1-jre"),
        (super::editor("bundler"), "puma", "6.0.2"),
        (super::editor("nuget"), "Newtonsoft.Json", "13.0.1"),
    ]
}

fn collect(root: &Path, at: &Path, out: &mut Vec<Source>) {
    for path in std::fs::read_dir(at).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            collect(root, &path, out);
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace("earlier/", "");
            out.push(Source { path: name, text: std::fs::read_to_string(&path).unwrap() });
        }
    }
}

fn both(editor: &dyn PinEditor, package: &str, version: &str, files: &[Source], earlier: &[Source]) {
    let manifests = Manifests { files, earlier };
    let _ = editor.pin(manifests, package, version);
    let _ = editor.unpin(manifests, package);
}

#[test]
fn cut_off_and_garbled() {
    for (editor, package, version) in editors() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/pin").join(editor.id());
        let mut sources = Vec::new();
        collect(&root, &root, &mut sources);
        for source in &sources {
            let marked = source.text.replacen(
                '\n',
                "  # ci-rescue pin was requests absent; locked 1 // ci-rescue pin was \n",
                2,
            );
            for text in [&source.text, &marked] {
                let bounds = text.char_indices().map(|(at, _)| at).collect::<Vec<_>>();
                let name = source.path.rsplit('/').next().unwrap().to_owned();
                for at in bounds.iter().step_by(1 + bounds.len() / 120) {
                    for garbled in [
                        text[..*at].to_owned(),
                        text[*at..].to_owned(),
                        format!("{}é\"{}", &text[..*at], &text[*at..]),
                        format!("{}\n[({{<{}", &text[..*at], &text[*at..]),
                    ] {
                        let files = vec![Source { path: name.clone(), text: garbled }];
                        both(editor, package, version, &files, &files);
                        both(editor, package, version, &files, &sources);
                    }
                }
            }
        }
    }
}

/// Files that a reader with a bad habit would choke on.
fn huge(size: usize) -> Vec<(&'static str, String)> {
    let fill = |part: &str| part.repeat(size / part.len());
    let wrap = |before: &str, part: &str, after: &str| format!("{before}{}{after}", fill(part));
    vec![
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
    ]
}

#[test]
fn huge_and_deep() {
    let size = if cfg!(debug_assertions) { 50_000 } else { 10_000_000 };
    for (path, text) in huge(size) {
        for (editor, package, version) in editors() {
            if !editor.reads(path) {
                continue;
            }
            let one = Source { path: path.to_owned(), text: text.clone() };
            let mut files = vec![one];
            let companions = [
                ("pyproject.toml", "[project]\nname = \"x\"\ndependencies = [\"requests>=1\"]\n"),
                ("go.mod", "module x\nrequire golang.org/x/net v0.1.0\n"),
                ("Gemfile", "gem \"puma\"\n"),
                ("App.csproj", "<Project><PackageReference Include='Newtonsoft.Json' Version='1'/></Project>"),
                ("build.gradle", "implementation 'com.google.guava:guava:1'\n"),
            ];
            for (name, text) in companions.into_iter().filter(|(name, _)| *name != path && editor.reads(name)) {
                files.push(Source { path: name.to_owned(), text: text.to_owned() });
            }
            both(editor, package, version, &files, &files);
        }
    }
}
