//! Scripts for cases of many repositories: what stands in them, what is refused, and that they end as they should.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::*;

mod cases;

use cases::{Case, all_cases};

const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

/// Scripts are left there for data/check.sh.
fn keep(name: &str, text: &str) {
    if let Some(place) = std::env::var_os("REPRO_OUT") {
        fs::create_dir_all(&place).unwrap();
        fs::write(Path::new(&place).join(format!("{name}.sh")), text).unwrap();
    }
}

/// Says what is wrong with a case.
fn check(case: &Case) -> Result<(), String> {
    let name = &case.name;
    let text = match script(&case.wanted) {
        Ok(text) if case.refused.is_empty() => text,
        Ok(_) => return Err(format!("{name}: is not refused")),
        Err(why) => {
            let why = why.join(" ");
            let told = !case.refused.is_empty() && case.refused.iter().all(|text| why.contains(text));
            return if told { Ok(()) } else { Err(format!("{name}: is refused: {why}")) };
        }
    };
    keep(name, &text);
    let mut rest = text.as_str();
    for line in &case.expected {
        let place = rest.find(line.as_str()).ok_or_else(|| format!("{name}: {line:?} is not next"))?;
        rest = &rest[place + line.len()..];
    }
    if let Some(line) = case.absent.iter().find(|line| text.contains(line.as_str())) {
        return Err(format!("{name}: {line:?} is there"));
    }
    let parsed = Command::new("bash").args(["-n", "-c", &text]).status().unwrap().success();
    if parsed { Ok(()) } else { Err(format!("{name}: bash cannot read the script")) }
}

fn check_language(name: &str, least: usize) {
    let cases: Vec<Case> = all_cases().into_iter().filter(|case| case.name.starts_with(name)).collect();
    assert!(cases.len() >= least, "{name}: {} cases", cases.len());
    let failed: Vec<String> = cases.iter().filter_map(|case| check(case).err()).collect();
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
}

#[test]
fn python_cases() {
    check_language("python-", 16);
}

#[test]
fn node_cases() {
    check_language("node-", 16);
}

#[test]
fn rust_cases() {
    check_language("rust-", 8);
}

#[test]
fn go_cases() {
    check_language("go-", 8);
}

#[test]
fn ruby_cases() {
    check_language("ruby-", 8);
}

#[test]
fn java_cases() {
    check_language("java-", 8);
}

#[test]
fn php_cases() {
    check_language("php-", 8);
}

#[test]
fn dotnet_cases() {
    check_language("dotnet-", 8);
}

#[test]
fn refused_cases() {
    check_language("refused-", 20);
}

const HOSTILE: [&str; 18] = [
    "it's",
    "'",
    "''",
    "a'b'c",
    "$(touch x)",
    "`touch x`",
    "\"; touch x; \"",
    "a\\",
    "\\'",
    "${HOME}",
    "*",
    "~",
    "!x",
    "a|b;c&d>e<f",
    "größe [über]",
    "-rf",
    "a  b",
    "#c",
];

fn through_shell(word: &str) -> String {
    let line = format!("printf '%s' {}", quote(word).unwrap());
    String::from_utf8(Command::new("sh").arg("-c").arg(line).output().unwrap().stdout).unwrap()
}

#[test]
fn quoted_words_reach_the_command_as_they_are() {
    for word in HOSTILE {
        assert_eq!(through_shell(word), word);
    }
    let letters: Vec<char> = "'\"\\$`(){}[]*?!#~;&|<>= -a€".chars().collect();
    let mut state = 11_u64;
    for _ in 0..200 {
        let mut word = String::new();
        for _ in 0..12 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            word.push(letters[(state >> 33) as usize % letters.len()]);
        }
        assert_eq!(through_shell(&word), word);
    }
}

#[test]
fn words_that_deceive_are_refused() {
    for word in ["a\nb", "a\rb", "a\0b", "a\tb", "\u{1b}[31m", "a\u{202e}b", "a\u{2028}b", "\u{feff}a", "\u{7f}"] {
        let why = quote(word).unwrap_err();
        assert!(why.ends_with("omit it.") && !why.contains(word), "{why:?}");
    }
    assert!(quote(&"x".repeat(5000)).unwrap_err().len() < 300);
}

/// Every framework gets every hostile name; what comes out must be a script in which the name is one literal word.
#[test]
fn hostile_names_stay_words() {
    use Framework::*;
    let frameworks = [
        Pytest, Unittest, CargoTest, Jest, Vitest, Mocha, Playwright, NodeTest, GoTest, Rspec, Minitest, Maven, Gradle,
        Phpunit, Pest, DotnetTest,
    ];
    for (number, framework) in frameworks.into_iter().enumerate() {
        for (index, name) in HOSTILE.into_iter().enumerate() {
            let mut wanted = ScriptInput::new("https://example.com/a/b.git", SHA, framework);
            wanted.selectors = vec![Selector::new(&format!("tests/{name}"), name), Selector::of_name(name)];
            wanted.matrix = vec![("os".into(), name.into()), ("python-version".into(), "$(touch x)".into())];
            let Ok(text) = script(&wanted) else { continue };
            keep(&format!("hostile-{number}-{index}"), &text);
            only_words(&text, &format!("{framework:?} {name}"));
        }
        for name in ["a\nrm -rf /", "\u{1b}]0;x"] {
            let mut wanted = ScriptInput::new("https://example.com/a/b.git", SHA, framework);
            wanted.selectors = vec![Selector::of_name(name), Selector::of_file(name)];
            assert!(script(&wanted).is_err(), "{framework:?}");
        }
    }
}

/// Runs the last part of a script with every program replaced; nothing but the replaced programs may run.
fn only_words(text: &str, case: &str) {
    let start = text.find("stage=run").unwrap();
    let place = std::env::temp_dir().join(format!("repro-words-{}", std::process::id()));
    fs::create_dir_all(&place).unwrap();
    let body = text[start..].replace("  \"$@\" || code=$?", "  :");
    let line = format!("set -euo pipefail\nsay() {{ :; }}\nPATH=/nowhere\n{body}");
    let output = Command::new("/bin/bash").arg("-c").arg(line).current_dir(&place).output().unwrap();
    assert!(output.status.success(), "{case}: {}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(fs::read_dir(&place).unwrap().count(), 0, "{case}");
}

#[test]
fn selectors_are_read_from_text() {
    let cases = [
        ("tests/test_a.py::TestB::test_c[1-x]", Some("tests/test_a.py"), Some("TestB::test_c[1-x]")),
        ("src/sum.test.ts > sum > adds", Some("src/sum.test.ts"), Some("sum adds")),
        ("src/sum.test.js › adds", Some("src/sum.test.js"), Some("adds")),
        ("spec/user_spec.rb:12", Some("spec/user_spec.rb:12"), None),
        ("spec/user_spec.rb[1:2]", Some("spec/user_spec.rb[1:2]"), None),
        ("tests/UserTest.php::testName", Some("tests/UserTest.php"), Some("testName")),
        ("parser::tests::reads_empty", None, Some("parser::tests::reads_empty")),
        ("com.example.FooTest#bar", None, Some("com.example.FooTest#bar")),
        ("a > b", None, Some("a > b")),
        ("[chromium] › e2e/a.spec.ts:14:5 › login › works", Some("e2e/a.spec.ts:14:5"), Some("login works")),
    ];
    for (text, file, name) in cases {
        let selector = Selector::from_text(text);
        assert_eq!((selector.file.as_deref(), selector.name.as_deref()), (file, name), "{text}");
    }
}

#[test]
fn every_name_of_a_framework_is_known() {
    for name in
        ["pytest", "unittest", "rust", "jest", "vitest", "mocha", "playwright", "go", "rspec", "maven", "gradle"]
    {
        assert!(Framework::from_name(name).is_some(), "{name}");
    }
    assert_eq!(Framework::from_name("cobol"), None);
}

#[test]
fn large_hostile_input_does_no_harm() {
    let mut wanted = ScriptInput::new("https://example.com/a/b.git", SHA, Framework::Jest);
    wanted.selectors = vec![Selector::of_file(&"a/".repeat(1500)); 300];
    wanted.command = Some("'".repeat(50_000));
    let texts = ["[".repeat(50_000), "{\"a\":".repeat(10_000), "\"".repeat(50_000), "\\".repeat(50_000)];
    for (index, text) in texts.into_iter().enumerate() {
        for name in ["package.json", "pyproject.toml", "go.mod", "pom.xml", "composer.json", "yarn.lock"] {
            wanted.files.push(RepositoryFile { path: format!("d{index}/{name}"), text: Some(text.clone()) });
        }
    }
    for index in 0..5_000 {
        wanted.files.push(RepositoryFile { path: format!("src/{index}/x/y/z.rs"), text: None });
    }
    for name in ["pytest", "jest", "rust", "go", "maven", "phpunit", "rspec", "dotnet"] {
        wanted.framework = Framework::from_name(name).unwrap();
        let _ = script(&wanted);
    }
}

/// Runs a whole script with programs that only pretend; answers its status.
fn status_with(go: &str) -> Option<i32> {
    let place = std::env::temp_dir().join(format!("repro-status-{}-{}", std::process::id(), go.len()));
    let programs = place.join("programs");
    fs::create_dir_all(&programs).unwrap();
    for (name, body) in [("go", go), ("cc", ":"), ("git", "exit 9")] {
        let path = programs.join(name);
        fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        assert!(Command::new("chmod").arg("+x").arg(&path).status().unwrap().success());
    }
    let mut wanted = ScriptInput::new("https://example.com/a/b.git", SHA, Framework::GoTest);
    wanted.selectors = vec![Selector::of_name("TestA"), Selector::of_name("TestB/c")];
    let output = Command::new("bash")
        .args(["-c", &script(&wanted).unwrap()])
        .env("PATH", format!("{}:/usr/bin:/bin", programs.display()))
        .env("REPRO_SOURCE", &place)
        .current_dir(&place)
        .output()
        .unwrap();
    fs::remove_dir_all(&place).unwrap();
    output.status.code()
}

#[test]
fn the_status_is_that_of_the_first_failing_command() {
    assert_eq!(status_with("case \"$*\" in *TestA*) exit 7 ;; *TestB*) exit 5 ;; esac"), Some(7));
    assert_eq!(status_with("case \"$*\" in *TestB*) exit 5 ;; esac"), Some(5));
    assert_eq!(status_with(":"), Some(0));
    assert_eq!(status_with("test \"$1\" != mod || exit 3"), Some(125));
}
