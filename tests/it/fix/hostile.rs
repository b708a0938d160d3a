//! Whatever the files and the hints hold: nothing panics, and what is edited can be read again.

use ci_rescue::domain::edit::{Edited, Source};
use ci_rescue::edit::yaml::scalars;
use ci_rescue::remedies::templates::{Hint, all};
use proptest::prelude::*;

use super::sample;

fn check(text: &str, hint: &Hint) {
    let files = [Source { path: ".github/workflows/x.yml".to_owned(), text: text.to_owned() }];
    for template in all() {
        let Edited::Ready(edit) = template.edit(&files, hint) else { continue };
        assert_eq!(edit.files.len(), 1);
        assert!(scalars(&edit.files[0].text).is_ok(), "{}: {text}", template.id());
        let lines = |text: &str| text.lines().count();
        let (before, after) = (lines(text), lines(&edit.files[0].text));
        assert!(after >= before && after <= before + 200, "{}: {text}", template.id());
        assert!(edit.because.iter().chain(&edit.warnings).all(|sentence| sentence.len() < 700));
    }
}

fn samples() -> Vec<String> {
    let mut texts = Vec::new();
    for template in all() {
        let folder = format!("{}/tests/data/fix/{}", env!("CARGO_MANIFEST_DIR"), template.id());
        for entry in std::fs::read_dir(folder).expect("it is there") {
            let name = entry.expect("it can be read").file_name().to_string_lossy().trim_end_matches(".txt").to_owned();
            texts.extend(sample(template.id(), &name).into_iter().map(|file| file.text));
        }
    }
    texts.sort();
    texts
}

fn hints() -> impl Strategy<Value = Hint> {
    let word = prop_oneof![
        Just("actions/checkout"),
        Just("actions/cache"),
        Just("upload-artifact"),
        Just("node"),
        Just("20.11.1"),
        Just("3.10"),
        Just("ubuntu-22.04"),
        Just("node-heap"),
        Just("rust"),
        Just("1.81"),
        Just("cargo-incremental"),
    ];
    let line = prop_oneof![
        Just("JavaScript heap out of memory".to_owned()),
        Just("deprecated version of `actions/upload-artifact: v3`".to_owned()),
        Just("requires go >= 1.22".to_owned()),
        any::<String>(),
    ];
    let name = prop_oneof![
        Just(None),
        Just(Some("build".to_owned())),
        Just(Some("Run make".to_owned())),
        any::<Option<String>>()
    ];
    (proptest::collection::vec(word, 0..3), proptest::collection::vec(line, 0..3), name.clone(), name).prop_map(
        |(words, lines, job, step)| Hint {
            workflow: None,
            job,
            step,
            lines,
            words: words.into_iter().map(str::to_owned).collect(),
        },
    )
}

/// Pieces that mean something in YAML or in a workflow.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("jobs:\n"),
        Just("  build:\n"),
        Just("    runs-on: ubuntu-latest\n"),
        Just("    env:\n"),
        Just("    env: {}\n"),
        Just("    steps:\n"),
        Just("      - uses: actions/checkout@v4\n"),
        Just("      - uses: actions/cache@v2 # x\n"),
        Just("        with:\n"),
        Just("          key: v1-x\n"),
        Just("          restore-keys: |\n"),
        Just("            v1-\n"),
        Just("\t"),
        Just("&a "),
        Just("*a"),
        Just("!!str "),
        Just("{"),
        Just("}"),
        Just("["),
        Just("]"),
        Just("\""),
        Just("'"),
        Just("\r\n"),
        Just("\u{feff}"),
        Just("é"),
        Just("---\n"),
        Just("? "),
        Just(": "),
        Just("- "),
        Just("<<: *a\n"),
        Just(">-\n"),
        Just("          node-version: lts/*\n"),
        Just("      - uses: actions/setup-node@v4\n"),
        Just("    env: &a { A: b }\n"),
    ];
    proptest::collection::vec(piece, 0..25).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn any_text(text in any::<String>(), hint in hints()) {
        check(&text, &hint);
    }

    #[test]
    fn pieces_of_workflows(text in pieces(), hint in hints()) {
        check(&text, &hint);
    }

    #[test]
    fn damaged_samples(at in any::<prop::sample::Index>(), cut in any::<prop::sample::Index>(), piece in pieces(), hint in hints()) {
        let texts = samples();
        let text = &texts[at.index(texts.len())];
        let place = text.floor_char_boundary(cut.index(text.len() + 1));
        check(&format!("{}{piece}{}", &text[..place], &text[place..]), &hint);
        check(&text[..place], &hint);
    }
}

/// What grows faster than its file would not come back from here.
#[test]
fn large_files_are_answered() {
    let hint = |words: &str| Hint { words: words.split(' ').map(str::to_owned).collect(), ..Hint::default() };
    let steps = "      - uses: actions/cache@v3\n        with: { path: x, key: v1-x }\n".repeat(3_000);
    let alias = format!(
        "x: &a [{}]\njobs:\n{}",
        "{ uses: a/b@v2 },".repeat(500),
        (0..500).map(|n| ["  j", &n.to_string(), ": { steps: *a }\n"].concat()).collect::<String>()
    );
    let line = format!("jobs: {{ a: {{ steps: [{}] }} }}\n", "{ uses: a/b@v2 }, ".repeat(4_000));
    for text in [
        format!("jobs:\n  a:\n    runs-on: x\n    steps:\n{steps}"),
        alias,
        line,
        "[".repeat(100_000),
        "{a: ".repeat(50_000),
        format!("jobs:\n  a:\n    steps:\n      - run: {}\n", "npm ".repeat(60_000)),
        format!("jobs:\n  a:\n    steps:\n      - run: \"{}\"\n", "\\n".repeat(100_000)),
        format!("jobs:\n{}", "  a: &b *b\n".repeat(9_000)),
    ] {
        for words in ["actions/cache", "a/b", "node 20", "node-heap"] {
            let mut hint = hint(words);
            hint.lines = vec!["actions/cache@v3/".repeat(9_000); 500];
            check(&text, &hint);
        }
    }
}
