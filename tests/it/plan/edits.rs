//! Quarantine, release, pin and unpin by the command line: the patch applies, a second time changes nothing, and the
//! undo leads back to the same bytes.

use super::repo::{Repo, strings};
use serde_json::Value;
use std::path::Path;

/// Framework, sample, where it stands, and a test of it as the framework prints it.
const TESTS: &[(&str, &str, &str, &str)] = &[
    ("pytest", "test_functions.py", "tests/test_functions.py", "tests/test_functions.py::test_price_without_discount"),
    ("unittest", "test_basic.py", "tests/test_basic.py", "test_add (tests.test_basic.MathTest.test_add)"),
    ("jest", "basket.test.ts", "src/basket.test.ts", "basket › sum › adds the lines"),
    ("vitest", "queue.test.ts", "src/queue.test.ts", "src/queue.test.ts > queue > takes from the front"),
    ("mocha", "stack.test.js", "test/stack.test.js", "Stack #pop() should return the last item"),
    (
        "playwright",
        "login.spec.ts",
        "e2e/login.spec.ts",
        "[chromium] › login.spec.ts:8:7 › login › shows the form @smoke",
    ),
    ("go", "store/cache_test.go", "store/cache_test.go", "TestExpires"),
    ("rust", "src/lib.rs", "src/lib.rs", "tests::adds"),
    (
        "junit",
        "com/acme/cart/CartTest.java",
        "src/test/java/com/acme/cart/CartTest.java",
        "com.acme.cart.CartTest.isEmpty",
    ),
    (
        "junit",
        "../kotlin/com/acme/cart/CartTest.kt",
        "src/test/kotlin/cart/CartTest.kt",
        "com.acme.cart.CartTest.adds two",
    ),
    ("rspec", "cart_spec.rb", "spec/cart_spec.rb", "Cart#total adds the shipping"),
    ("phpunit", "CartTest.php", "tests/CartTest.php", "App\\Tests\\CartTest::testAdds"),
    ("xunit", "CartTests.cs", "src/CartTests.cs", "Shop.Tests.CartTests.Adds"),
    ("nunit", "CartTests.cs", "src/CartTests.cs", "Shop.Tests.CartTests.Adds"),
];

fn sample(framework: &str, name: &str) -> Vec<u8> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/quarantine");
    std::fs::read(data.join(framework).join(name)).unwrap()
}

fn outcome(answer: &(i32, Value)) -> (i32, &str) {
    (answer.0, answer.1["outcome"].as_str().unwrap())
}

/// Applies what was planned, to the work tree and as a commit.
fn apply(repo: &Repo, answer: &Value) {
    let patch = repo.path().join(".git/patch");
    std::fs::write(&patch, answer["diff"].as_str().unwrap()).unwrap();
    repo.git(&["apply", "--index", "--whitespace=nowarn", patch.to_str().unwrap()]);
    assert_eq!(repo.git(&["write-tree"]), answer["tree"].as_str().unwrap());
    repo.git(&["commit", "--quiet", "-m", "As planned"]);
}

#[test]
fn a_test_of_each_framework_is_skipped_and_released() {
    for (framework, name, path, test) in TESTS {
        let repo = Repo::new();
        repo.write(path, sample(framework, name));
        repo.write("README.md", "# Here\n");
        repo.commit("First");
        let tree = repo.git(&["rev-parse", "HEAD^{tree}"]);
        let args =
            ["quarantine", "--test", test, "--now", "2031-01-01", "--reason", "port `taken` \"now\" */ and then"];
        // Where one name fits several frameworks, the file tells; C#'s two are told apart by their attributes.
        let planned = repo.plan(&args);
        assert_eq!(outcome(&planned), (0, "ready"), "{framework}: {}", planned.1);
        let id = planned.1["id"].as_str().unwrap().to_owned();
        let diff = planned.1["diff"].as_str().unwrap();
        assert!(diff.contains(&format!("ci-rescue id={id} until=2031-01-08")), "{framework}: {diff}");
        let named = repo.plan(&[&args[..], &["--framework", framework, "--file", path]].concat());
        assert_eq!(outcome(&named), (0, "ready"), "{framework}: {}", named.1);
        apply(&repo, &planned.1);
        assert_eq!(outcome(&repo.plan(&args)), (1, "already"), "{framework}");
        let released = repo.plan(&["release", "--id", &id]);
        assert_eq!(outcome(&released), (0, "ready"), "{framework}: {}", released.1);
        assert_eq!(released.1["tree"].as_str().unwrap(), tree, "{framework}");
        apply(&repo, &released.1);
        assert_eq!(outcome(&repo.plan(&["release", "--id", &id])), (1, "already"), "{framework}");
        assert_eq!(outcome(&repo.plan(&["release", "--id", "never-was"])), (2, "refused"), "{framework}");
    }
}

#[test]
fn what_is_committed_counts_and_not_what_lies_around() {
    let repo = Repo::new();
    repo.write("tests/test_a.py", "def test_a():\n    pass\n");
    repo.commit("First");
    repo.write("tests/test_a.py", "def test_b():\n    pass\n");
    repo.write("tests/test_new.py", "def test_a():\n    pass\n");
    assert_eq!(outcome(&repo.plan(&["quarantine", "--test", "test_a"])), (0, "ready"));
    assert_eq!(outcome(&repo.plan(&["quarantine", "--test", "test_b"])), (2, "refused"));
}

#[test]
fn a_name_in_two_files_asks_for_the_file() {
    let repo = Repo::new();
    for path in ["tests/test_a.py", "tests/test_b.py"] {
        repo.write(path, "def test_it():\n    pass\n");
    }
    repo.commit("First");
    let answer = repo.plan(&["quarantine", "--test", "test_it"]);
    assert_eq!(outcome(&answer), (2, "refused"));
    assert!(answer.1["because"].to_string().contains("tests/test_a.py, tests/test_b.py"), "{}", answer.1);
    assert_eq!(outcome(&repo.plan(&["quarantine", "--test", "test_it", "--file", "tests/test_b.py"])), (0, "ready"));
    assert_eq!(outcome(&repo.plan(&["quarantine", "--test", "tests/test_b.py::test_it"])), (0, "ready"));
    assert_eq!(outcome(&repo.plan(&["quarantine", "--test", "test_gone"])), (2, "refused"));
    assert_eq!(outcome(&repo.plan(&["quarantine", "--test", "test_it", "--framework", "karma"])), (2, "refused"));
}

#[test]
fn threat_070_paths_that_lead_elsewhere_are_not_edited() {
    let repo = Repo::new();
    repo.write("tests/test_a.py", "def test_a():\n    pass\n");
    std::os::unix::fs::symlink("/etc/passwd", repo.path().join("tests/test_link.py")).unwrap();
    repo.commit("First");
    for path in
        ["../../.github/workflows/x.yml", "/etc/passwd", "tests/test_link.py", ".git/config", ".GITHUB/Workflows/x.yml"]
    {
        let answer = repo.plan(&["quarantine", "--test", "test_a", "--framework", "pytest", "--file", path]);
        assert_eq!(outcome(&answer), (2, "refused"), "{path}: {}", answer.1);
    }
}

#[test]
fn a_file_that_is_no_utf8_keeps_every_byte() {
    let repo = Repo::new();
    let text = b"# -*- coding: latin-1 -*-\r\nname = 'caf\xe9'\r\n\r\ndef test_a():\r\n    assert name\r\n".to_vec();
    repo.write("tests/test_a.py", &text);
    repo.commit("First");
    let planned = repo.plan(&["quarantine", "--test", "tests/test_a.py::test_a"]);
    assert_eq!(outcome(&planned), (0, "ready"), "{}", planned.1);
    assert!(planned.1["diff"].as_str().unwrap().contains("GIT binary patch"), "{}", planned.1);
    apply(&repo, &planned.1);
    let released = repo.plan(&["release", "--id", planned.1["id"].as_str().unwrap()]);
    apply(&repo, &released.1);
    assert_eq!(std::fs::read(repo.path().join("tests/test_a.py")).unwrap(), text);
}

#[test]
fn a_pin_takes_the_locks_entry_from_history_and_lets_go_again() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/pin/cargo/plain");
    let text = |path: &str| std::fs::read_to_string(sample.join(path)).unwrap();
    let repo = Repo::new();
    repo.write("Cargo.lock", text("earlier/Cargo.lock"));
    repo.commit("As it was when it passed");
    for path in ["Cargo.toml", "Cargo.lock"] {
        repo.write(path, text(path));
    }
    repo.commit("Update");
    let tree = repo.git(&["rev-parse", "HEAD^{tree}"]);
    let args = ["pin", "--package", "serde_json", "--version", "1.0.100"];
    let planned = repo.plan(&args);
    assert_eq!(outcome(&planned), (0, "ready"), "{}", planned.1);
    let diff = planned.1["diff"].as_str().unwrap();
    assert!(diff.contains("Cargo.toml") && diff.contains("Cargo.lock") && diff.contains("ci-rescue pin was"), "{diff}");
    apply(&repo, &planned.1);
    assert_eq!(outcome(&repo.plan(&args)), (1, "already"));
    let back = repo.plan(&["unpin", "--package", "serde_json"]);
    assert_eq!(outcome(&back), (0, "ready"), "{}", back.1);
    assert_eq!(back.1["tree"].as_str().unwrap(), tree, "{}", back.1["diff"]);
    apply(&repo, &back.1);
    assert_eq!(outcome(&repo.plan(&["unpin", "--package", "serde_json"])), (1, "already"));
}

#[test]
fn threat_073_versions_that_are_more_than_versions() {
    let repo = Repo::new();
    repo.write("Cargo.toml", "[package]\nname = \"x\"\nversion = \"0.1.0\"\n\n[dependencies]\nserde = \"1\"\n");
    repo.write("package.json", "{\"dependencies\": {\"left-pad\": \"^1.3.0\"}}\n");
    repo.commit("First");
    for version in ["$(curl x)", "^1 || file:../x", "git+ssh://x", "npm:evil@1", "1.0; rm -rf /", "", "../x", "latest"]
    {
        for package in ["serde", "left-pad"] {
            let answer = repo.plan(&["pin", "--package", package, &format!("--version={version}")]);
            assert_eq!(outcome(&answer), (2, "refused"), "{package} {version}: {}", answer.1);
        }
    }
    let answer = repo.plan(&["pin", "--package", "serde", "--version", "^1"]);
    assert!(strings(&answer.1["because"])[0].contains("plain version"), "{}", answer.1);
    assert_eq!(outcome(&repo.plan(&["pin", "--package", "unheard-of", "--version", "1.0.0"])), (2, "refused"));
    assert_eq!(outcome(&repo.plan(&["unpin", "--package", "serde"])), (2, "refused"));
}

#[test]
fn which_manager_is_meant_is_told_by_locks_and_names_and_else_asked() {
    let repo = Repo::new();
    repo.write("package.json", "{\n  \"dependencies\": {\n    \"redis\": \"^4.0.0\"\n  }\n}\n");
    repo.write(
        "requirements.txt",
        "redis>=4\n# we dropped boto long ago\n-e git+https://example.org/x/tools.git@main\n",
    );
    repo.write("Dockerfile", "FROM node:18\n");
    repo.write(".github/workflows/ci.yml", "jobs:\n  a:\n    steps:\n      - uses: actions/setup-node@v4\n");
    repo.commit("First");
    let tree = repo.git(&["rev-parse", "HEAD^{tree}"]);
    let both = repo.plan(&["pin", "--package", "redis", "--version", "4.5.0"]);
    assert!(both.1["because"].to_string().contains("npm or pip"), "{}", both.1);
    assert_eq!(outcome(&repo.plan(&["pin", "--package", "boto", "--version", "2.0.0"])), (2, "refused"));
    assert_eq!(
        outcome(&repo.plan(&["pin", "--package", "tools", "--version", "2.0.0", "--ecosystem", "pip"])),
        (2, "refused")
    );
    for version in ["latest", "main", "refs/heads/main", "v4.x", "abcdef1", &"a".repeat(39), "1.x", "v", ""] {
        let answer = repo.plan(&["pin", "--package", "actions/setup-node", &format!("--version={version}")]);
        assert_eq!(outcome(&answer), (2, "refused"), "{version}: {}", answer.1);
    }
    for version in ["v3", "4.1.1", "v2.0.0-beta.1", "release/v1", "bundle-v2.1", &"a".repeat(40)] {
        let answer = repo.plan(&["pin", "--package", "actions/setup-node", "--version", version]);
        assert_eq!(outcome(&answer), (0, "ready"), "{version}: {}", answer.1);
    }
    // One name, pinned in two places, is let go in both; one that never was pinned is told from one that was.
    for ecosystem in ["npm", "pip"] {
        apply(&repo, &repo.plan(&["pin", "--package", "redis", "--version", "4.5.0", "--ecosystem", ecosystem]).1);
    }
    apply(&repo, &repo.plan(&["pin", "--package", "node", "--version", &format!("sha256:{}", "b".repeat(64))]).1);
    for package in ["redis", "node"] {
        let back = repo.plan(&["unpin", "--package", package]);
        assert_eq!(outcome(&back), (0, "ready"), "{package}: {}", back.1);
        apply(&repo, &back.1);
        assert_eq!(outcome(&repo.plan(&["unpin", "--package", package])), (1, "already"), "{package}");
    }
    assert_eq!(repo.git(&["rev-parse", "HEAD^{tree}"]), tree);
    assert_eq!(outcome(&repo.plan(&["unpin", "--package", "left-pad"])), (2, "refused"));
}

#[test]
fn managers_in_one_repository_keep_to_their_own_directories() {
    let repo = Repo::new();
    for dir in ["x", "y"] {
        repo.write(&format!("{dir}/package.json"), "{\n  \"dependencies\": {\n    \"ms\": \"^2.0.0\"\n  }\n}\n");
    }
    repo.write("x/yarn.lock", "# yarn lockfile v1\n\n\nms@^2.0.0:\n  version \"2.1.3\"\n");
    let lock = "{\"name\": \"y\", \"lockfileVersion\": 3, \"packages\": {\"\": {\"dependencies\": {\"ms\": \"^2.0.0\"}}, \"node_modules/ms\": {\"version\": \"2.1.3\"}}}\n";
    repo.write("y/package-lock.json", lock);
    repo.commit("First");
    for (ecosystem, mine, other) in [("yarn", "x/", "y/"), ("npm", "y/", "x/")] {
        let answer = repo.plan(&["pin", "--package", "ms", "--version", "2.1.2", "--ecosystem", ecosystem]);
        let diff = answer.1["diff"].as_str().unwrap();
        assert!(
            diff.contains(&format!("a/{mine}package.json")) && !diff.contains(&format!("a/{other}")),
            "{ecosystem}: {}",
            answer.1
        );
    }
}

#[test]
fn a_name_that_is_twice_in_one_file_is_not_taken_from_another() {
    let repo = Repo::new();
    repo.write("a/test_a.py", "def test_d():\n    pass\n\n\ndef test_d():\n    pass\n");
    repo.write("b/test_b.py", "def test_d():\n    pass\n");
    repo.write(
        "c/test_c.py",
        "import pytest\n\n\nclass TestG:\n    @pytest.mark.skip\n    def test_m(self):\n        pass\n",
    );
    repo.write(
        "p/p_test.go",
        "package p\n\nimport \"testing\"\n\nfunc TestP(t *testing.T) {\n\tt.Run(\"s\", func(t *testing.T) {})\n}\n",
    );
    repo.write(
        "q/q_test.go",
        "package q\n\nimport \"testing\"\n\nfunc TestP(t *testing.T) {\n\tt.Run(\"u\", func(t *testing.T) {})\n}\n",
    );
    repo.write("checks/notes.scala", "def test_d = 1\n");
    repo.write("checks/foo.py", "def test_odd():\n    pass\n");
    repo.commit("First");
    assert_eq!(outcome(&repo.plan(&["quarantine", "--test", "test_d"])), (2, "refused"));
    assert_eq!(outcome(&repo.plan(&["quarantine", "--test", "TestG::test_m"])), (1, "already"));
    let go = repo.plan(&["quarantine", "--test", "TestP/s"]);
    assert_eq!(outcome(&go), (0, "ready"), "{}", go.1);
    apply(&repo, &go.1);
    let again = repo.plan(&["quarantine", "--test", "TestP/s", "--file", "p/p_test.go"]);
    assert_eq!((outcome(&again), &again.1["id"]), ((1, "already"), &go.1["id"]), "{}", again.1);
    assert_eq!(outcome(&repo.plan(&["quarantine", "--test", "TestP/s"])), (1, "already"));
    // A file with an unusual name is found again.
    let odd = repo.plan(&["quarantine", "--test", "test_odd", "--file", "checks/foo.py"]);
    apply(&repo, &odd.1);
    assert_eq!(outcome(&repo.plan(&["release", "--id", odd.1["id"].as_str().unwrap()])), (0, "ready"));
    for (option, value) in [("--for", "4000000d"), ("--now", "9999-12-31"), ("--now", "-2026-01-31"), ("--for", "0d")] {
        let option = format!("{option}={value}");
        let answer = repo.plan(&["quarantine", "--test", "b/test_b.py::test_d", &option]);
        assert_eq!(outcome(&answer), (2, "refused"), "{option}: {}", answer.1);
    }
    let gone = repo.plan(&["quarantine", "--test", "test_d", "--file", "b/gone.py"]);
    assert!(gone.1["because"].to_string().contains("no editable `b/gone.py`"), "{}", gone.1);
    for (framework, words) in [(None, "not in a language"), (Some("junit"), "its files end in .java or .kt")] {
        let named = ["quarantine", "--test", "test_d", "--file", "checks/notes.scala"];
        let framework: Vec<&str> = framework.iter().flat_map(|id| ["--framework", id]).collect();
        let other = repo.plan(&[&named[..], &framework].concat());
        assert!(other.1["because"].to_string().contains(words), "{}", other.1);
    }
}

/// A crate whose targets and modules stand where only Cargo.toml and `#[path]` say.
fn crate_with_paths() -> Repo {
    let repo = Repo::new();
    let test = |name: &str| format!("#[test]\nfn {name}() {{\n    assert!(true);\n}}\n");
    repo.write(
        "x/Cargo.toml",
        "[package]\nname = \"x\"\nversion = \"0.1.0\"\nedition = \"2021\"\nautotests = false\n\n[lib]\npath = \"source/core.rs\"\n\n\
         [[test]]\nname = \"e\"\npath = \"tests/suite/e.rs\"\n",
    );
    repo.write("x/source/core.rs", "pub mod a;\n#[cfg(test)]\n#[path = \"a_checks.rs\"]\nmod checks;\n");
    repo.write("x/source/a.rs", format!("mod tests {{\n{}}}\n", test("in_a")));
    repo.write("x/source/a_checks.rs", test("in_checks"));
    repo.write("x/tests/suite/e.rs", format!("mod thread;\n{}", test("at_root")));
    repo.write("x/tests/suite/thread.rs", test("single_pass"));
    repo.write("x/examples/show.rs", format!("fn main() {{}}\n{}", test("shown")));
    repo.write("x/benches/speed.rs", format!("mod deep {{\n{}}}\n", test("fast")));
    repo.commit("Crate");
    repo
}

#[test]
fn rust_tests_are_found_where_the_manifest_and_path_attributes_say() {
    let repo = crate_with_paths();
    for (name, file) in [
        ("thread::single_pass", "x/tests/suite/thread.rs"),
        ("x::e thread::single_pass", "x/tests/suite/thread.rs"),
        ("at_root", "x/tests/suite/e.rs"),
        ("a::tests::in_a", "x/source/a.rs"),
        ("checks::in_checks", "x/source/a_checks.rs"),
        ("shown", "x/examples/show.rs"),
        ("deep::fast", "x/benches/speed.rs"),
    ] {
        let (_, answer) = repo.plan(&["quarantine", "--test", name, "--framework", "rust"]);
        assert_eq!(answer["outcome"], "ready", "{name}: {answer}");
        assert!(answer["diff"].as_str().unwrap().contains(&format!("+++ b/{file}")), "{name}: {answer}");
    }
    for name in
        ["other::single_pass", "x::f thread::single_pass", "source::a::tests::in_a", "a_checks::checks::in_checks"]
    {
        let (_, answer) = repo.plan(&["quarantine", "--test", name, "--framework", "rust"]);
        assert_eq!(answer["outcome"], "refused", "{name}: {answer}");
    }
}

/// Files that others bring in are read whatever they are called, as deep as they go.
#[test]
fn a_pin_follows_what_requirements_bring_in() {
    let repo = Repo::new();
    for (path, text) in [
        ("requirements.txt", "-r deps/web.pip\nclick\n"),
        ("deps/web.pip", "flask>=2\n-r more/list\n"),
        ("deps/more/list", "jinja2>=3\n"),
        ("other.pip", "jinja2<3\n"),
    ] {
        repo.write(path, text);
    }
    repo.commit("Requirements");
    let tree = repo.git(&["rev-parse", "HEAD^{tree}"]);
    let planned = repo.plan(&["pin", "--package", "jinja2", "--version", "3.1.0"]);
    assert_eq!(outcome(&planned), (0, "ready"), "{}", planned.1);
    let diff = planned.1["diff"].as_str().unwrap();
    assert!(diff.contains("+++ b/deps/more/list") && !diff.contains("other.pip"), "{diff}");
    apply(&repo, &planned.1);
    let back = repo.plan(&["unpin", "--package", "jinja2"]);
    assert_eq!(back.1["tree"].as_str().unwrap(), tree, "{}", back.1);
}

#[test]
fn javascript_that_does_not_tell_its_framework_is_told_by_package_json() {
    let test = "describe('cart', () => {\n  it('adds', () => {\n    adds();\n  });\n});\n";
    let package = |name: &str| format!("{{\"devDependencies\": {{\"{name}\": \"^1\"}}}}\n");
    for (root, own, words) in [
        (Some("mocha"), None, "Mocha skips it"),
        (Some("jest"), None, "Jest skips it"),
        (Some("jest"), Some("vitest"), "Vitest skips it"),
        (Some("mocha"), Some("chai"), "Mocha skips it"),
        (Some("left-pad"), None, "tells whether it is jest, vitest"),
        (None, None, "tells whether it is jest, vitest"),
    ] {
        let repo = Repo::new();
        repo.write("shop/test/cart.test.js", test);
        for (path, name) in [("package.json", root), ("shop/package.json", own)] {
            if let Some(name) = name {
                repo.write(path, package(name));
            }
        }
        repo.commit("First");
        for file in [&[][..], &["--file", "shop/test/cart.test.js"]] {
            let planned = repo.plan(&[&["quarantine", "--test", "cart adds"], file].concat());
            assert_eq!(outcome(&planned), (0, "ready"), "{root:?} {own:?}: {}", planned.1);
            assert!(planned.1["because"].to_string().contains(words), "{root:?} {own:?}: {}", planned.1);
        }
    }
}
