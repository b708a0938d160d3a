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
        ("src/lib.rs", "#[cfg_attr(all(), ignore)]", "skips"),
        ("src/lib.rs", "#[ ignore ]", "skips"),
        ("src/lib.rs", "#[cfg(false)]", "skips"),
        ("src/lib.rs", "#![cfg_attr(all(), allow(warnings))]", "silences"),
        ("src/lib.rs", "/// ```ignore", "skips"),
        ("a.test.js", "test.concurrent.skip('a', () => {})", "skips"),
        ("a.test.js", "test('a', { skip: 'later' }, () => {})", "skips"),
        ("a.test.js", "t.skip('later')", "skips"),
        ("spec/a_spec.rb", "  before { skip }", "skips"),
        ("conftest.py", "    items[:] = []", "skips"),
        ("conftest.py", "    session.exitstatus = 0", "skips"),
        ("tests/a.rs", "    std::process::exit(0);", "end the run"),
        ("a_test.go", "func TestMain(m *testing.M) {", "end the run"),
        ("a_test.go", "\tos.Exit(0)", "end the run"),
        ("tests/a.rs", "/*", "comment out"),
        ("tests/a.c", "#if 0", "comment out"),
        ("tests/test_a.py", "if False:", "comment out"),
        ("tests/test_a.py", "\"\"\"", "comment out"),
        ("spec/a_spec.rb", "=begin", "comment out"),
        ("pom.xml", "<maven.test.skip>true</maven.test.skip>", "leaves tests out"),
        ("build.gradle", "test { enabled = false }", "leaves tests out"),
        ("script/test", "cargo test || true # flaky", "hides"),
        ("run.sh", "make check || echo failed", "hides"),
        ("run.sh", "make check; true", "hides"),
        ("run.sh", "set +eu", "hides"),
        ("Makefile", "\t@true", "hides"),
        ("Makefile", "\tpytest || true", "hides"),
        ("run.sh", "set +e", "hides"),
    ] {
        let found = refuses(&[changed(path, "one\n", &format!("one\n{line}\n"))], 0);
        assert!(found.first().is_some_and(|first| first.contains(why)), "{path}: {line}: {found:?}");
        // It was there before.
        let stood = |first: &str| format!("{first}\n{line}\nfn two() {{}}\n");
        let found = refuses(&[changed(path, &stood("fn one() {}"), &stood("fn one() { 1 }"))], 0);
        let forbidden =
            GUARD.forbidden.iter().any(|rule| rule.paths.iter().any(|want| glob(want, &path.to_lowercase())));
        assert!(forbidden || found.is_empty() || found[0].contains("cannot be parsed"), "{path}: {line}: {found:?}");
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
        "action.yml",
        ".cargo/config.toml",
        ".config/nextest.toml",
        "pytest.ini",
        "tox.ini",
        "setup.cfg",
        "tsconfig.json",
        "web/tsconfig.build.json",
        "jest.config.ts",
        "vitest.config.mts",
        "ci/test.sh",
        ".gitignore",
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
        ("removed", vec![changed("src/lib.rs", two, one)], "removes or renames tests: b"),
        ("commented out", vec![changed("src/lib.rs", two, &commented)], "removes or renames tests"),
        ("softened", vec![changed("src/lib.rs", two, soft)], "removes assertions"),
        ("file removed", vec![changed("tests/a.rs", "fn x() {}\n", "")], "removes a file of tests"),
        ("snapshot removed", vec![changed("src/__tests__/a.snap", "x\n", "")], "removes a file of tests"),
        (
            "python",
            vec![changed("test_a.py", "def test_a():\n    assert x\n", "def check_a():\n    assert x\n")],
            "removes or renames tests",
        ),
        (
            "go",
            vec![changed("a_test.go", "func TestA(t *testing.T) {\n", "func testA(t *testing.T) {\n")],
            "removes or renames tests",
        ),
        ("js", vec![changed("a.test.js", "it('a', () => {\n", "noop('a', () => {\n")], "removes or renames tests"),
    ] {
        let found = refuses(&files, 0);
        assert!(found.iter().any(|have| have.contains(why)), "{case}: {found:?}");
    }
    for (case, old, new, why) in [
        ("replaced by an empty one", two, &*two.replace("fn b", "fn c"), "tests: b"),
        ("a module dropped", "mod tests;\n", "mod other;\n", "tests"),
        (
            "a class renamed",
            "class TestA:\n    def test_a(self):\n        assert x\n",
            "class ATest:\n    def test_a(self):\n        assert x\n",
            "TestA",
        ),
    ] {
        let path = if old.contains("class") { "test_a.py" } else { "src/lib.rs" };
        let found = refuses(&[changed(path, old, new)], 0);
        assert!(found.iter().any(|have| have.contains(why)), "{case}: {found:?}");
    }
    // The attribute that skips one test moves to another.
    let skipped = |one: &str, two: &str| format!("#[test]\n{one}fn a() {{}}\n#[test]\n{two}fn b() {{}}\n");
    let found = refuses(&[changed("src/lib.rs", &skipped("#[ignore]\n", ""), &skipped("", "#[ignore]\n"))], 0);
    assert!(found.iter().any(|have| have.contains("skips a test")), "{found:?}");
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

#[test]
fn what_says_what_is_checked_stays() {
    let package =
        |scripts: &str| format!("{{\"name\": \"a\", \"scripts\": {{{scripts}}}, \"jest\": {{\"ci\": true}}}}");
    let cargo = |more: &str| format!("[package]\nname = \"a\"\n[dependencies]\nserde = \"1\"\n{more}");
    let python = |more: &str| format!("[project]\nname = \"a\"\n[tool.ruff.lint]\nignore = [\n  \"E501\",\n{more}]\n");
    for (path, old, new) in [
        ("package.json", package("\"test\": \"jest\""), package("\"test\": \"true\"")),
        ("package.json", package("\"lint:js\": \"eslint .\""), package("")),
        ("web/package.json", package(""), package("").replace("\"ci\": true", "\"testRegex\": \"none\"")),
        ("Cargo.toml", cargo(""), cargo("[lints.rust]\nwarnings = { priority = -1, level = \"allow\" }\n")),
        ("Cargo.toml", cargo(""), cargo("[lib]\ntest = false\n")),
        ("Cargo.toml", cargo(""), cargo("").replace("name", "autotests = false\nname")),
        ("Cargo.toml", cargo(""), cargo("[[test]]\nname = \"a\"\nharness = false\n")),
        ("pyproject.toml", python(""), python("  \"F401\",\n")),
        ("pyproject.toml", python(""), python("") + "[tool.pytest.ini_options]\ntestpaths = [\"none\"]\n"),
        ("Cargo.toml", cargo(""), "not toml [".into()),
        ("src/lib.rs", "#![deny(warnings)]\nfn a() {}\n".into(), "fn a() {}\n".into()),
        ("run.sh", "set -euo pipefail\nmake\n".into(), "make\n".into()),
        ("Makefile", "lint:\n\tcargo clippy -- -D warnings\n".into(), "lint:\n\tcargo clippy\n".into()),
    ] {
        assert_eq!(refuses(&[changed(path, &old, &new)], 0).len(), 1, "{path}: {new}");
    }
    for (path, old, new) in [
        ("package.json", package("\"build\": \"tsc\""), package("\"build\": \"tsc -p .\"")),
        ("Cargo.toml", cargo(""), cargo("rand = \"0.9\"\n")),
        ("pyproject.toml", python(""), python("").replace("name = \"a\"", "name = \"a\"\ndependencies = [\"attrs\"]")),
    ] {
        assert_eq!(refuses(&[changed(path, &old, &new)], 0), Vec::<String>::new(), "{path}: {new}");
    }
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
        ("Cargo.toml", "serde = \"1.0.1\"\n", "serde = \"1.0.2\"\n"),
        ("docs/guide.md", "old\n", "Use `#[ignore]` or `it.skip()` with care.\n"),
        ("Dockerfile", "FROM node:18\n", "FROM node:20\n"),
        ("charts/app/values.yaml", "replicas: 1\n", "replicas: 2\n"),
        ("src/skip.rs", "fn skip_list() {}\n", "fn skip_list() -> u8 { 1 }\n"),
        ("src/only.ts", "export const only = 1;\n", "export const only = 2;\n"),
        ("run.sh", "make\n", "make all\n"),
        (
            "src/lib.rs",
            "fn f() { g().expect(\"k\") }\n#[test]\nfn t() {\n    assert!(f());\n}\n",
            "fn f()? { g()? }\n#[test]\nfn t() {\n    assert!(f());\n}\n",
        ),
        ("src/a.js", "const x = require(\"x\")\n", "import x from \"x\"\n"),
        (
            "a_test.go",
            "func TestA(t *testing.T) {}\n",
            "func TestA(t *testing.T) {}\nfunc TestMatchPrefix(t *testing.T) {}\n",
        ),
        ("data/report.json", "{\"errors\": 1}\n", "{\n\"errors\": 0,\n\"strict\": true}\n"),
        ("config/app.toml", "a = 1\n", "a = 1\nlog_level = \"warn\"\n"),
        ("charts/app/values.yaml", "a: 1\n", "a: 1\n  strict: true\n"),
        ("src/cli.rs", "fn a() {}\n", "fn a() {}\nconst X: &str = \"--ignore=foo --skip \";\n"),
        ("src/Pool.java", "a();\n", "pool.enabled = false;\n"),
        ("lib/a.rb", "a\n", "pending = 3\n"),
        ("src/model.js", "a()\n", "fit(model)\n"),
        ("src/lib.rs", "fn a() {}\n", "#[cfg(not(test))]\nfn a() {}\n"),
        ("packages/stylelint-x/index.js", "a()\n", "b()\n"),
        ("src/changelog/mod.rs", "fn a() {}\n", "fn a() { 1 }\n"),
        (
            "src/lib.rs",
            "/// A.\n#[allow(dead_code)]\nfn a(x: u8) {}\n",
            "/// A.\n#[allow(dead_code)]\nfn a(x: u16) {}\n",
        ),
        ("src/main.rs", "fn main() {}\n", "fn main() { std::process::exit(1) }\n"),
        (
            "src/lib.rs",
            "#[test]\nfn t() {\n    assert_eq!(f(), 1);\n}\n",
            "#[test]\nasync fn t() {\n    assert_eq!(f().await, 1);\n}\n",
        ),
    ] {
        assert_eq!(refuses(&[changed(path, old, new)], 0), Vec::<String>::new(), "{path}: {new}");
    }
    let both = [changed("Cargo.toml", "a = \"1\"\n", "a = \"2\"\n"), changed("Cargo.lock", "1\n", "2\n")];
    assert!(refuses(&both, 0).is_empty());
}
