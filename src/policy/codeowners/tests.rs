//! Patterns and their verdicts, by tables of our own and by the shared one where it is there.

use std::fs;
use std::path::PathBuf;

use super::*;

fn matches(pattern: &str, path: &str) -> bool {
    let owners = Owners::parse(&format!("{pattern} @owner"));
    assert!(owners.problems().is_empty(), "{pattern}: {:?}", owners.problems());
    owners.of(path).is_some()
}

/// Matching by trying everything, to compare with.
fn slow(pattern: &[char], path: &[char]) -> bool {
    match pattern {
        [] => path.is_empty(),
        ['*', '*', '/', rest @ ..] => {
            slow(rest, path) || (0..path.len()).any(|at| path[at] == '/' && slow(rest, &path[at + 1..]))
        }
        ['*', rest @ ..] => {
            slow(rest, path) || path.first().is_some_and(|first| *first != '/') && slow(pattern, &path[1..])
        }
        ['?', rest @ ..] => path.first().is_some_and(|first| *first != '/') && slow(rest, &path[1..]),
        [plain, rest @ ..] => path.first() == Some(plain) && slow(rest, &path[1..]),
    }
}

#[test]
fn every_case_of_the_table_has_its_verdict() {
    for case in include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/codeowners/cases.txt"))
        .lines()
        .filter(|line| !line.starts_with("# "))
    {
        let fields: Vec<&str> = case.split('\t').collect();
        assert_eq!(fields.len(), 3, "{case}");
        assert_eq!(matches(fields[0], fields[1]), fields[2] == "yes", "{case}");
    }
}

#[test]
fn every_verdict_of_the_shared_table_is_met() {
    let shared = std::env::var_os("CI_RESCUE_SHARED").map_or_else(|| PathBuf::from("../shared/data"), PathBuf::from);
    let Ok(text) = fs::read_to_string(shared.join("codeowners/patterns.json")) else {
        println!("skipped: no {}", shared.display());
        return;
    };
    let cases: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    let mut verdicts = 0;
    for case in &cases {
        let pattern = case["pattern"].as_str().unwrap();
        for (path, verdict) in case["paths"].as_object().unwrap() {
            assert_eq!(matches(pattern, path), verdict.as_bool().unwrap(), "{pattern} on {path}");
            verdicts += 1;
        }
    }
    assert!(verdicts > 100);
}

#[test]
fn the_bits_agree_with_trying_everything() {
    let patterns = ["a*b", "*a*a*", "a/*b/?*", "**/a*/b", "a/**/b*a/**/*b", "?a*?b/**/a", "b*/**/?/a*b"];
    let mut state = 7_u64;
    for round in 0..6000 {
        let length = 1 + round % 90;
        let mut path = String::new();
        for _ in 0..length {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            path.push(['a', 'b', 'a', 'b', 'ä', '/'][(state >> 33) as usize % 6]);
        }
        let path = path.split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
        let characters: Vec<char> = path.chars().collect();
        for pattern in patterns {
            let anchored = if pattern.contains('/') { pattern.to_owned() } else { format!("**/{pattern}") };
            let plain: Vec<char> = anchored.chars().collect();
            let below = characters.iter().enumerate().any(|(at, one)| *one == '/' && slow(&plain, &characters[..at]));
            let expected = !path.is_empty() && (slow(&plain, &characters) || below);
            assert_eq!(matches(pattern, &path), expected, "{pattern} on {path}");
        }
    }
}

const FILE: &str = "\u{feff}# Everything\n\
    *            @global-owner1 @global-owner2\r\n\
    \n\
    *.js   @js-owner #an inline comment\n\
    \t*.go docs@example.com # and another @not-an-owner\n\
    /build/logs/ @doctocat\n\
    !negated @a\n\
    /apps/ @octocat\n\
    /apps/github\n\
    /nobody/ # nobody at all\n\
    a***b @a\n\
    wrong owner\n\
    /team/ @octo-org/octocats @company_user\n\
    /bad-team/ @octo-org/\n\
    /bell/\u{7} @a\n\
    tail\\";

#[test]
fn the_last_rule_wins_and_may_have_no_owners() {
    let owners = Owners::parse(FILE);
    let answers = [
        ("src/main.rs", "*", 2, "@global-owner1 @global-owner2"),
        ("src/main.js", "*.js", 4, "@js-owner"),
        ("cmd/main.go", "*.go", 5, "docs@example.com"),
        ("build/logs/a/b.js", "/build/logs/", 6, "@doctocat"),
        ("apps/web/a.js", "/apps/", 8, "@octocat"),
        ("apps/github/a.js", "/apps/github", 9, ""),
        ("nobody/x", "/nobody/", 10, ""),
        ("team/x", "/team/", 13, "@octo-org/octocats @company_user"),
    ];
    for (path, pattern, line, expected) in answers {
        let rule = owners.of(path).unwrap();
        let written: Vec<String> = rule.owners.iter().map(ToString::to_string).collect();
        assert_eq!((rule.pattern.as_str(), rule.line, written.join(" ").as_str()), (pattern, line, expected), "{path}");
    }
    assert_eq!(owners.len(), 8);
}

#[test]
fn invalid_lines_are_skipped_and_told() {
    let owners = Owners::parse(FILE);
    let told: Vec<(usize, Reason)> = owners.problems().iter().map(|problem| (problem.line, problem.reason)).collect();
    let expected = [
        (7, Reason::Negation),
        (11, Reason::ThreeAsterisks),
        (12, Reason::InvalidOwner),
        (14, Reason::InvalidOwner),
        (15, Reason::ControlCharacter),
        (16, Reason::TrailingBackslash),
    ];
    assert_eq!(told, expected);
    assert!(owners.problems().iter().all(|problem| problem.reason.to_string().ends_with('.')));
}

#[test]
fn nothing_matches_nothing() {
    assert_eq!(Owners::parse("").of("a"), None);
    assert_eq!(Owners::parse("/src/ @a").of("test/a"), None);
    assert_eq!(Owners::parse("* @a").of(""), None);
    assert_eq!(Owners::parse("* @a").of(&"a/".repeat(4000)), None);
    assert!(Owners::parse("# only a comment\n\n").is_empty());
}

#[test]
fn a_file_over_the_limit_is_ignored_whole() {
    let fitting = format!("* @a\n#{}", "x".repeat(SIZE_LIMIT - 6));
    assert!(Owners::parse(&fitting).of("a").is_some());
    let owners = Owners::parse(&format!("{fitting}x"));
    assert_eq!((owners.of("a"), owners.problems()[0]), (None, Problem { line: 0, reason: Reason::FileTooLarge }));
}

#[test]
fn words_are_owners_or_not() {
    for word in ["@a", "@a-b", "@octo-org/a_b", "x.y+z@example.co.uk"] {
        assert_eq!(Owner::parse(word).map(|owner| owner.to_string()).as_deref(), Some(word));
    }
    for word in ["", "@", "@/x", "@a/", "@a/b/c", "a", "a@b", "a@@b.c", "@a.b", "@ä", "a@.com", "@a\u{202e}"] {
        assert_eq!(Owner::parse(word), None, "{word}");
    }
}

#[test]
fn hostile_files_match_nothing() {
    let path = format!("{}b", "a/".repeat(2000));
    let files = [
        format!("{} @a\n", "*".repeat(2_000)),
        format!("{}z @a\n", "*?".repeat(1_000)),
        format!("{}z @a\n", "**/".repeat(1_000)),
        format!("{}z @a\n", "**/*a*/".repeat(1_000)),
        format!("{}z @a\n", "**/a/".repeat(2_000)).repeat(20),
        "*a*z\n".repeat(20_000),
        "**/a/z\n".repeat(20_000),
        "!\n".repeat(50_000),
        "\\".repeat(50_000),
    ];
    for file in files {
        assert_eq!(Owners::parse(&file).of(&path), None);
    }
}
