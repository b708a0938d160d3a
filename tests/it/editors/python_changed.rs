//! Release after people or formatters have worked on the file.

use ci_rescue::domain::edit::{Edited, Mark, Source};
use ci_rescue::frameworks::edit::Editor;

fn source(text: &str) -> Source {
    Source { path: "tests/test_x.py".to_owned(), text: text.to_owned() }
}

fn quarantined(editor: &dyn Editor, text: &str, name: &str) -> String {
    match editor.quarantine(&source(text), name, &Mark::new("q-1", "2030-01-31", "slow")) {
        Edited::Ready(edit) => edit.files[0].text.clone(),
        other => panic!("{name}: {other:?}"),
    }
}

const SKIP: &str = "pytest.mark.skip(reason=\"ci-rescue id=q-1 until=2030-01-31: slow\")";
const LONG: &str = "pytest.mark.skip(\n    reason=\"ci-rescue id=q-1 until=2030-01-31: slow\",\n)";

/// Quarantines, replaces, and releases.
fn after(text: &str, name: &str, from: &str, to: &str) -> Option<String> {
    let edited = quarantined(super::editor("pytest"), text, name);
    assert!(edited.contains(from), "{from} in {edited}");
    super::editor("pytest").release(&source(&edited.replace(from, to)), "q-1")
}

const PLAIN: &str = "import os\n\n\ndef test_a():\n    assert os\n";

#[test]
fn decorators() {
    assert_eq!(after(PLAIN, "test_a", SKIP, LONG).as_deref(), Some(PLAIN), "over several lines");
    assert_eq!(after(PLAIN, "test_a", SKIP, &format!("{SKIP}  # noqa: E501")).as_deref(), Some(PLAIN), "a comment");
    let moved = after(PLAIN, "test_a", "def test_a", "@other\ndef test_renamed").unwrap();
    assert_eq!(moved, PLAIN.replace("def test_a", "@other\ndef test_renamed"));
    assert_eq!(after(PLAIN, "test_a", &format!("@{SKIP}\n"), ""), None, "taken out by hand");
    assert_eq!(after(PLAIN, "test_a", &format!("@{SKIP}\n"), &format!("# {SKIP}\n")), None, "only a comment");
    assert_eq!(after(PLAIN, "test_a", &format!("@{SKIP}"), &format!("@wrap({SKIP})")), None, "part of something");
    let copied =
        after(PLAIN, "test_a", "    assert os\n", &format!("    assert os\n\n\n@{SKIP}\ndef test_b(): pass\n"));
    assert_eq!(copied.unwrap(), format!("{PLAIN}\n\ndef test_b(): pass\n"), "copied to another test");
}

#[test]
fn imports() {
    let used =
        after(PLAIN, "test_a", "    assert os\n", "    assert os\n\n\n@pytest.fixture\ndef user(): pass\n").unwrap();
    assert!(used.contains("import pytest  # ci-rescue\n"), "{used}");
    let local =
        "import os\n\n\ndef test_a():\n    import pytest\n\n    assert pytest and os\n\n\ndef test_b():\n    pass\n";
    assert_eq!(after(local, "test_b", "ci-rescue id", "ci-rescue id").as_deref(), Some(local));
    let named = "def test_a():\n    assert dict(pytest=1)\n\n\ndef pytest_configure(config):\n    config.pytest = 1\n";
    assert_eq!(after(named, "test_a", "ci-rescue id", "ci-rescue id").as_deref(), Some(named), "a name of an argument");
    let own = after(PLAIN, "test_a", "import pytest  # ci-rescue\n", "import pytest\n").unwrap();
    assert_eq!(own, PLAIN.replace("import os\n", "import os\nimport pytest\n"), "adopted by a person");
    let both = "import pytest\n\n\nclass ATest(TestCase):\n    def test_a(self):\n        pass\n";
    let edited = quarantined(super::editor("unittest"), both, "ATest.test_a");
    assert_eq!(
        super::editor("pytest").release(&source(&edited), "q-1").as_deref(),
        Some(both),
        "by the other framework"
    );
}

const TABLE: &str =
    "import pytest\n\n\n@pytest.mark.parametrize(\"a, b\", [(1, 2), (3, 4)])\ndef test_a(a, b):\n    pass\n";
const ONE: &str =
    "import pytest\n\n\n@pytest.mark.parametrize(\"a\", [1, pytest.param(2)])\ndef test_a(a):\n    pass\n";

#[test]
fn rows() {
    let exploded = format!("pytest.param(\n        3,\n        4,\n        marks={LONG},\n    )");
    let released = after(TABLE, "test_a[3-4]", &format!("pytest.param(3, 4, marks={SKIP})"), &exploded).unwrap();
    assert_eq!(released, TABLE.replace("(3, 4)", "(\n        3,\n        4,\n    )"));
    let exploded = format!("pytest.param(\n        1,\n        marks={SKIP},\n    )");
    let released = after(ONE, "test_a[1]", &format!("pytest.param(1, marks={SKIP})"), &exploded);
    assert_eq!(released.as_deref(), Some(ONE));
    let named = after(ONE, "test_a[1]", &format!("marks={SKIP})"), &format!("marks={SKIP}, id=\"one\")")).unwrap();
    assert_eq!(named, ONE.replace("[1,", "[pytest.param(1, id=\"one\"),"));
    let noted = format!("pytest.param(  # why\n        1,\n        marks={SKIP},\n    )");
    assert_eq!(after(ONE, "test_a[1]", &format!("pytest.param(1, marks={SKIP})"), &noted), None, "a comment in it");
    let more = after(ONE, "test_a[2]", &format!("[{SKIP}]"), &format!("[{SKIP}, pytest.mark.slow]")).unwrap();
    assert_eq!(more, ONE.replace("param(2)", "param(2, marks=pytest.mark.slow)"));
}
