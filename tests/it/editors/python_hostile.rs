//! Hostile and damaged sources and names: no panic, no endless work, and whatever is edited can be taken back.

use ci_rescue::domain::edit::{Edited, Mark, Source};
use ci_rescue::frameworks::edit::Editor;

fn all() -> [&'static dyn Editor; 2] {
    [super::editor("pytest"), super::editor("unittest")]
}

/// Edits and takes back. Answers whether it was edited.
fn try_edit(editor: &dyn Editor, text: &str, name: &str) -> bool {
    let source = Source { path: "tests/test_x.py".to_owned(), text: text.to_owned() };
    let _ = (editor.file_of(name), editor.needle(name), editor.release(&source, "q-1"));
    match editor.quarantine(&source, name, &Mark::new("q-1", "2030-01-31", "läuft nicht")) {
        Edited::Ready(edit) => {
            let back = editor.release(&edit.files[0], "q-1");
            assert!(back.as_deref() == Some(text) || text.contains("ci-rescue id=q-1 "), "{name}");
            true
        }
        Edited::Refused(reasons) => {
            assert!(reasons.iter().all(|reason| reason.len() < 3000), "{reasons:?}");
            false
        }
        _ => false,
    }
}

fn samples() -> Vec<(String, Vec<String>)> {
    let mut samples = Vec::new();
    for framework in ["pytest", "unittest"] {
        let folder = super::data(framework);
        let table = std::fs::read_to_string(folder.join("cases.txt")).unwrap();
        let mut names: std::collections::BTreeMap<&str, Vec<String>> = std::collections::BTreeMap::new();
        for line in table.lines().filter(|line| !line.starts_with('#')) {
            let mut columns = line.split('|').map(str::trim);
            let (file, name) = (columns.next().unwrap(), columns.next().unwrap());
            let name = name.rsplit_once(".py::").map_or(name, |(_, name)| name);
            names.entry(file).or_default().push(name.to_owned());
        }
        for (file, names) in names {
            samples.push((std::fs::read_to_string(folder.join(file)).unwrap(), names));
        }
    }
    samples
}

#[test]
fn damaged_samples() {
    let mut seed = 7_u64;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below.max(1)
    };
    let pieces =
        ["(", ")", "[", "\"\"\"", "'", "\\", "\n", "\r", "\t", "#", ":", "\0", "ä", "\u{feff}", "import pytest\n", ","];
    let pieces =
        [&pieces[..], &["ci-rescue id=q-1 until", "@", "class Test:\n", "*", "pytest", "unittest", ";"]].concat();
    let mut edited = 0;
    for (text, names) in samples() {
        let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        for round in 0..60 {
            let mut damaged = text.clone();
            let at = ends[random(ends.len())];
            match round % 3 {
                0 => damaged.truncate(at),
                1 => damaged.insert_str(at, pieces[random(pieces.len())]),
                _ => {
                    let to = ends[random(ends.len())];
                    damaged.replace_range(at.min(to)..at.max(to), "");
                }
            }
            let name = &names[random(names.len())];
            edited += usize::from(all().iter().filter(|editor| try_edit(**editor, &damaged, name)).count() > 0);
        }
    }
    assert!(edited > 200, "{edited}");
}

#[test]
fn odd_names() {
    let (text, _) = &samples()[0];
    let long = "test_a".repeat(10_000);
    let brackets = format!("test_a[{}", "]".repeat(4000));
    let colons = "::".repeat(2000);
    let odd = [
        "::", "[]", "]", "[", "test_a[", "a.py::", "::a", ".", "..", "-", " - ", "()", "(", "test (", "test ()", "ä",
        "é[é]",
    ];
    let other = [
        "\0",
        "\u{feff}test_a",
        "test_a\n::test_b",
        "test_a[\u{1f600}]",
        "/",
        "C:\\x\\test_x.py::test_a",
        "test_a (a.b) (",
        ") (",
    ];
    for name in odd.iter().chain(&other).copied().chain([long.as_str(), brackets.as_str(), colons.as_str()]) {
        for editor in all() {
            try_edit(editor, text, name);
        }
    }
}

fn tried(text: &str, name: &str) {
    for editor in all() {
        try_edit(editor, text, name);
    }
}

#[test]
fn large_sources() {
    let many = |line: &str, count: usize| line.repeat(count);
    let test = "def test_a():\n    pass\n\nclass TestX(unittest.TestCase):\n    def test_b(self):\n        pass\n";
    tried(&format!("x = {}\n{test}", many("(", 100_000)), "test_a");
    let n = 20_000;
    tried(&format!("x = {}1{}\n{test}", many("(", n), many(")", n)), "test_a");
    tried(
        &format!("import pytest\n@pytest.mark.parametrize('a', {}1{})\n{test}", many("[", n), many("]", n)),
        "test_a[a0]",
    );
    tried(&format!("@a{}\n{test}", many(".a", n)), "test_a");
    tried(&format!("{}{test}", many("@a\n", n)), "test_a");
    tried(&format!("{}{test}", many("import a\n", n)), "test_a");
    tried(&format!("{}{test}", many("def test_a(): pass\n", n)), "test_a");
    tried(&format!("{}{test}", many("class TestX(TestX): pass\n", n)), "TestX.test_b");
    let chain: Vec<String> =
        (1..10_000).map(|i| format!("class Test{i}(Test{}):\n  def test_b(self): pass\n", i - 1)).collect();
    tried(&format!("class Test0: pass\n{}", chain.concat()), "test_b");
    let mixins: Vec<String> = (1..10_000).map(|i| format!("class M{i}(M{}):\n  pass\n", i - 1)).collect();
    tried(&format!("class M0:\n  def test_b(self): pass\n{}", mixins.concat()), "M9999::test_b");
    tried(&format!("import pytest\n@pytest.mark.parametrize('a', [{}])\n{test}", many("1, ", n)), "test_a[1_5]");
    tried(&format!("import pytest\n@pytest.mark.parametrize('a', [{}])\n{test}", many("x, ", n)), "test_a[x]");
    tried(&format!("x = [{}]\n{test}", many("'ci-rescue id=q-1 until', ", n)), "test_a");
    tried(&format!("x = \"\"\"{}\n{test}", many("a\n", n)), "test_a");
    tried(&format!("x = {}\n{test}", many("'a' ", n)), "test_a");
    tried(&format!("x = {}1\n{test}", many("1 + ", n)), "test_a");
    tried(&format!("x = {}1\n{test}", many("lambda: ", n)), "test_a");
    tried(&format!("x = a{}\n{test}", many("()", n)), "test_a");
    let nested: Vec<String> = (0..200).map(|depth| format!("{}class TestX:\n", " ".repeat(depth))).collect();
    tried(&format!("{}{}def test_b(self): pass\n", nested.concat(), " ".repeat(200)), "test_b");
    tried(&many("def test_a(): pass\r", 1000), "test_a");
}
