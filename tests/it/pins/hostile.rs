//! What comes from chat and from strangers' repositories: nothing may panic, take long, or get through.

use ci_rescue::domain::edit::{Edited, Source};
use ci_rescue::ecosystems::edit::PinEditor;
use ci_rescue::edit::draft::Manifests;

use super::sample::{after, load};

fn all() -> [&'static dyn PinEditor; 7] {
    [
        super::editor("cargo"),
        super::editor("npm"),
        super::editor("pnpm"),
        super::editor("yarn"),
        super::editor("composer"),
        super::editor("github-actions"),
        super::editor("docker"),
    ]
}

/// A sample of each with a package and a version that can be pinned.
const GOOD: [(&str, &str, &str); 7] = [
    ("plain", "serde_json", "1.0.100"),
    ("lock-2", "left-pad", "1.2.0"),
    ("form-9", "left-pad", "1.2.0"),
    ("berry", "left-pad", "1.2.0"),
    ("plain", "monolog/monolog", "3.4.0"),
    ("plain", "actions/checkout", "v4.1.1"),
    ("plain", "node", "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"),
];

#[test]
fn hostile_versions_and_names_are_refused() {
    let versions =
        ["$(curl x)", "^1 || file:../x", "git+ssh://x", "npm:evil@1", "1.0; rm", "", "1.0\n2", "..", "`id`", "-1"];
    let names = ["", "../x", "a b", "x\ny", "$(id)", "\"x\"", "@/x", "a//b", "x@1", "-x/../y", "ä/ö", "\u{202e}x/y"];
    for (editor, (sample, package, version)) in all().into_iter().zip(GOOD) {
        let (files, earlier) = load(editor.id(), sample);
        let manifests = Manifests { files: &files, earlier: &earlier };
        for bad in versions {
            let edited = editor.pin(manifests, package, bad);
            assert!(matches!(edited, Edited::Refused(_)), "{} {bad:?}: {edited:?}", editor.id());
        }
        for bad in names {
            let edited = editor.pin(manifests, bad, version);
            assert!(matches!(edited, Edited::Refused(_)), "{} {bad:?}: {edited:?}", editor.id());
            let edited = editor.unpin(manifests, bad);
            assert!(matches!(edited, Edited::Refused(_)), "{} {bad:?}: {edited:?}", editor.id());
        }
    }
}

#[test]
fn a_second_pin_keeps_what_people_wrote() {
    for (editor, (sample, package, version)) in all().into_iter().zip(GOOD) {
        let (files, earlier) = load(editor.id(), sample);
        let once = after(&files, &editor.pin(Manifests { files: &files, earlier: &earlier }, package, version));
        let other = match editor.id() {
            "github-actions" => "v4.2.0".to_owned(),
            "docker" => "c".repeat(64),
            _ => version.rsplit_once('.').map_or_else(String::new, |(start, _)| format!("{start}.7")),
        };
        let edited = editor.pin(Manifests { files: &once, earlier: &[] }, package, &other);
        assert!(matches!(edited, Edited::Ready(_)), "{}: {edited:?}", editor.id());
        let twice = after(&once, &edited);
        let back = after(&twice, &editor.unpin(Manifests { files: &twice, earlier: &files }, package));
        let is_manifest = |file: &&Source| !editor.is_lock(&file.path);
        let manifests = |files: &[Source]| files.iter().filter(is_manifest).cloned().collect::<Vec<_>>();
        assert_eq!(manifests(&files), manifests(&back), "{}", editor.id());
    }
}

/// Every sample cut off at many places, and with bytes replaced.
#[test]
fn broken_files_do_not_panic() {
    for (editor, (sample, package, version)) in all().into_iter().zip(GOOD) {
        let (files, earlier) = load(editor.id(), sample);
        for index in 0..files.len() {
            let text = files[index].text.clone();
            for at in (0..text.len()).step_by(7).filter(|at| text.is_char_boundary(*at)) {
                for made in [text[..at].to_owned(), format!("{}\u{fe0f}\"{{[#'\n{}", &text[..at], &text[at..])] {
                    let mut broken = files.clone();
                    broken[index].text = made;
                    let _ = editor.pin(Manifests { files: &broken, earlier: &earlier }, package, version);
                    let _ = editor.pin(Manifests { files: &files, earlier: &broken }, package, version);
                    let _ = editor.unpin(Manifests { files: &broken, earlier: &earlier }, package);
                }
            }
        }
    }
}

#[test]
fn large_and_deep_files_take_no_long_time() {
    const SIZE: usize = if cfg!(debug_assertions) { 100_000 } else { 10_000_000 };
    let repeated = |unit: &str| unit.repeat(SIZE / unit.len() + 1);
    let made: [(&str, String); 16] = [
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
    ];
    for (path, text) in made {
        for (editor, (sample, package, version)) in all().into_iter().zip(GOOD) {
            if !editor.reads(path) {
                continue;
            }
            let (mut files, _) = load(editor.id(), sample);
            files.retain(|file| file.path != path);
            files.push(Source { path: path.to_owned(), text: text.clone() });
            let _ = editor.pin(Manifests { files: &files, earlier: &files }, package, version);
            let _ = editor.unpin(Manifests { files: &files, earlier: &files }, package);
        }
    }
}
