//! What is refused, by language, and what has to pass.

use super::*;

fn changed(path: &str, old: &str, new: &str) -> Touched {
    let mode = |text: &str| if text.is_empty() { String::new() } else { "100644".to_owned() };
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let lines = old.lines().count() + new.lines().count();
    Touched { path: path.into(), old_mode: mode(old), new_mode: mode(new), lines, old: text(old), new: text(new) }
}

#[test]
fn skipped_tests_and_silenced_checks_are_seen_in_every_language() {
    for (path, line, why) in [
        ("src/lib.rs", "#[ignore]", "skips"),
        ("src/lib.rs", "    #[ignore = \"flaky\"]", "skips"),
        ("src/lib.rs", "#![allow(clippy::all)]", "silences"),
        ("src/lib.rs", "#[expect(dead_code)]", "silences"),
        ("src/lib.rs", "#[cfg_attr(test, allow(warnings))]", "silences"),
        ("tests/test_a.py", "@pytest.mark.skip(reason='x')", "skips"),
        ("tests/test_a.py", "    pytest.xfail('x')", "skips"),
        ("tests/test_a.py", "@unittest.skipIf(True, '')", "skips"),
        ("app.py", "import x  # noqa: F401", "silences"),
        ("app.py", "x = y  # type: ignore[attr]", "silences"),
        ("a.test.ts", "it.skip('adds', () => {", "skips"),
        ("a.test.ts", "describe.only('adds', () => {", "skips"),
        ("a.test.js", "xit('adds', () => {})", "skips"),
        ("a.ts", "// @ts-ignore", "silences"),
        ("a.tsx", "/* eslint-disable */", "silences"),
        ("a_test.go", "\tt.Skip(\"later\")", "skips"),
        ("a.go", "x := 1 //nolint:unused", "silences"),
        ("src/test/java/ATest.java", "    @Disabled(\"x\")", "skips"),
        ("src/A.java", "@SuppressWarnings(\"unchecked\")", "silences"),
        ("spec/a_spec.rb", "  xit 'adds' do", "skips"),
        ("app/a.rb", "# rubocop:disable Metrics/AbcSize", "silences"),
        ("tests/ATest.php", "$this->markTestSkipped('x');", "skips"),
        ("tests/A.cs", "[Fact(Skip = \"x\")]", "skips"),
        ("a_test.cc", "TEST(A, DISABLED_B) {", "skips"),
        ("test/a_test.exs", "@tag :skip", "skips"),
        ("pyproject.toml", "per-file-ignores = { \"x\" = [\"F401\"] }", "loosens"),
        ("Cargo.toml", "unwrap_used = \"allow\"", "loosens"),
        ("tsconfig.json", "  \"strict\": false,", "loosens"),
        ("package.json", "    \"no-unused-vars\": \"off\",", "loosens"),
        ("package.json", "  \"test\": \"jest --passWithNoTests\",", "leaves tests out"),
        ("Makefile", "\tpytest || true", "hides"),
        ("run.sh", "set +e", "hides"),
        ("tox.ini", "commands = pytest -k \"not slow\"", "leaves tests out"),
    ] {
        let found = refuses(&[changed(path, "one\n", &format!("one\n{line}\n"))], 0);
        assert!(found.first().is_some_and(|first| first.contains(why)), "{path}: {line}: {found:?}");
        // It was there before: moving it is no fault of the agent's.
        let moved = changed(path, &format!("{line}\none\n"), &format!("one\n{line}\n"));
        assert!(refuses(&[moved], 0).is_empty(), "{path}: {line}");
    }
}

#[test]
fn places_and_kinds_that_are_out_of_bounds() {
    for path in [
        ".github/workflows/ci.yml",
        ".GitHub/Workflows/ci.yml",
        "CODEOWNERS",
        "docs/CODEOWNERS",
        ".github/ci-rescue.toml",
        ".gitattributes",
        "web/.gitattributes",
        "clippy.toml",
        "web/.eslintrc.json",
        ".golangci.yml",
        "Cargo.lock",
        "web/package-lock.json",
        "go.sum",
        "a\nb.rs",
    ] {
        assert!(!refuses(&[changed(path, "a\n", "b\n")], 0).is_empty(), "{path}");
    }
    let file = |old: &str, new: &str| Touched { old_mode: old.into(), new_mode: new.into(), ..changed("x", "a", "b") };
    for (case, touched) in [
        ("link", file("", "120000")),
        ("became a link", file("100644", "120000")),
        ("was a link", file("120000", "100644")),
        ("submodule", file("", "160000")),
        ("binary", Touched { new: None, ..file("100644", "100644") }),
        ("new binary", Touched { old: None, new: None, ..file("", "100644") }),
    ] {
        assert_eq!(refuses(&[touched], 0).len(), 1, "{case}");
    }
}

#[test]
fn tests_and_their_assertions_do_not_become_fewer() {
    let two = "#[test]\nfn a() {\n    assert_eq!(f(), 1);\n}\n#[test]\nfn b() {\n    assert!(g());\n}\n";
    let one = "#[test]\nfn a() {\n    assert_eq!(f(), 1);\n}\n";
    let soft = "#[test]\nfn a() {\n    f();\n}\n#[test]\nfn b() {\n    assert!(g());\n}\n";
    let commented = two.replace("#[test]\nfn b", "// #[test]\nfn b");
    for (case, files, why) in [
        ("removed", vec![changed("src/lib.rs", two, one)], "removes tests: 2 before, 1 after"),
        ("commented out", vec![changed("src/lib.rs", two, &commented)], "removes tests"),
        ("softened", vec![changed("src/lib.rs", two, soft)], "removes assertions"),
        ("file removed", vec![changed("tests/a.rs", "fn x() {}\n", "")], "removes a file of tests"),
        ("snapshot removed", vec![changed("src/__tests__/a.snap", "x\n", "")], "removes a file of tests"),
        (
            "python",
            vec![changed("test_a.py", "def test_a():\n    assert x\n", "def check_a():\n    assert x\n")],
            "removes tests",
        ),
        (
            "go",
            vec![changed("a_test.go", "func TestA(t *testing.T) {\n", "func testA(t *testing.T) {\n")],
            "removes tests",
        ),
        ("js", vec![changed("a.test.js", "it('a', () => {\n", "noop('a', () => {\n")], "removes tests"),
    ] {
        let found = refuses(&files, 0);
        assert!(found.iter().any(|have| have.contains(why)), "{case}: {found:?}");
    }
    // One that moves to another file is still there.
    let moved = [changed("src/a.rs", two, one), changed("src/b.rs", "", &two[one.len()..])];
    assert_eq!(refuses(&moved, 0), Vec::<String>::new());
}

#[test]
fn sizes_and_secrets() {
    let many: Vec<Touched> = (0..11).map(|n| changed(&format!("src/{n}.rs"), "a\n", "b\n")).collect();
    assert!(refuses(&many, 0)[0].contains("11 files"));
    assert!(refuses(&many[..10], 0).is_empty());
    let long = Touched { lines: 201, ..changed("src/a.rs", "a\n", "b\n") };
    assert!(refuses(std::slice::from_ref(&long), 0)[0].contains("201 lines"));
    assert!(refuses(&[Touched { lines: 200, ..long }], 0).is_empty());
    assert!(refuses(&many[..1], 1)[0].contains("secret"));
}

/// Repairs as people make them: none of them may be refused.
#[test]
fn honest_repairs_pass() {
    for (path, old, new) in [
        ("src/lib.rs", "let x = y.clone();\n", "let x = y;\n"),
        (
            "src/lib.rs",
            "fn f() -> u32 { 1 }\n",
            "/// Counts.\nfn f() -> u32 { 2 }\n#[test]\nfn t() { assert_eq!(f(), 2); }\n",
        ),
        ("tests/test_a.py", "def test_a():\n    assert f() == 1\n", "def test_a():\n    assert f() == 2\n"),
        ("app/views.py", "import os\nimport sys\n", "import sys\n"),
        ("src/a.ts", "const a: any = b;\n", "const a: string = b;\n"),
        ("a.go", "fmt.Println(\"x\")\n", "fmt.Fprintln(w, \"x\")\n"),
        ("package.json", "  \"left-pad\": \"1.0.0\"\n", "  \"left-pad\": \"1.1.0\"\n"),
        ("Cargo.toml", "serde = \"1.0.1\"\n", "serde = \"1.0.2\"\n"),
        ("docs/guide.md", "old\n", "Use `#[ignore]` or `it.skip()` with care.\n"),
        ("Dockerfile", "FROM node:18\n", "FROM node:20\n"),
        ("charts/app/values.yaml", "replicas: 1\n", "replicas: 2\n"),
        ("src/skip.rs", "fn skip_list() {}\n", "fn skip_list() -> u8 { 1 }\n"),
        ("src/only.ts", "export const only = 1;\n", "export const only = 2;\n"),
        ("run.sh", "make\n", "make all\n"),
    ] {
        assert_eq!(refuses(&[changed(path, old, new)], 0), Vec::<String>::new(), "{path}: {new}");
    }
    let both = [changed("Cargo.toml", "a = \"1\"\n", "a = \"2\"\n"), changed("Cargo.lock", "1\n", "2\n")];
    assert!(refuses(&both, 0).is_empty());
}
