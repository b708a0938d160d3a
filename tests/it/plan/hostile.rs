//! Repositories that want to be more than data.

use super::repo::{Repo, plan, strings};
use std::os::unix::fs::symlink;

/// A repository on which everything that git could be made to run leaves a file behind.
fn trapped() -> (Repo, tempfile::TempDir) {
    let repo = Repo::new();
    let witness = tempfile::tempdir().unwrap();
    let touch = |name: &str| format!("touch {}", witness.path().join(name).display());
    repo.write("tests/test_a.py", "def test_a():\n    assert False\n");
    repo.write(".gitattributes", "* filter=evil diff=evil merge=evil text eol=crlf\n");
    repo.commit("First");
    repo.write("tests/test_a.py", "def test_a():\n    assert 1 == 2\n");
    repo.commit("Second");
    for hook in ["pre-commit", "post-checkout", "reference-transaction", "post-index-change"] {
        let path = repo.path().join(".git/hooks").join(hook);
        std::fs::write(&path, format!("#!/bin/sh\n{}\n", touch(hook))).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&path, mode).unwrap();
    }
    for (key, name) in [
        ("filter.evil.clean", "clean"),
        ("filter.evil.smudge", "smudge"),
        ("diff.evil.textconv", "textconv"),
        ("diff.evil.command", "diff"),
        ("merge.evil.driver", "merge"),
        ("diff.external", "external"),
        ("core.fsmonitor", "fsmonitor"),
        ("core.pager", "pager"),
        ("core.sshCommand", "ssh"),
        ("alias.merge-tree", "alias"),
    ] {
        let value = if key.starts_with("alias") { format!("!{}", touch(name)) } else { touch(name) };
        repo.git(&["config", key, &value]);
    }
    repo.git(&["config", "include.path", repo.path().join(".git/config").to_str().unwrap()]);
    (repo, witness)
}

#[test]
fn hooks_filters_drivers_and_configuration_stay_off() {
    let (repo, witness) = trapped();
    let head = std::fs::read_to_string(repo.path().join(".git/refs/heads/main")).unwrap();
    let answer = plan(repo.path(), &["revert", "--onto", "main", "--commit", head.trim()]);
    assert_eq!((answer.0, answer.1["outcome"].as_str().unwrap()), (0, "ready"), "{}", answer.1);
    let left: Vec<_> = std::fs::read_dir(witness.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn threat_071_branches_that_are_options_expressions_or_refs() {
    let repo = Repo::new();
    repo.write("a", "a\n");
    let commit = repo.commit("First");
    for branch in ["-f", "main..x", "^main", "@{-1}", "x;rm -rf /", "--upload-pack=x", &"x".repeat(300), "nope", "a\nb"]
    {
        let onto = format!("--onto={branch}");
        let (code, answer) = repo.plan(&["backport", &onto, "--commit", &commit]);
        assert_eq!((code, answer["outcome"].as_str().unwrap()), (2, "refused"), "{branch}: {answer}");
    }
    for commit in [
        "-n",
        "--all",
        "--upload-pack=x",
        "--exec=touch x",
        "zzzzzzz",
        "",
        "HEAD~1",
        "0000000",
        "HEAD:a",
        "HEAD^{tree}",
        "HEAD..HEAD",
        "^HEAD",
        &"x".repeat(5_000),
    ] {
        let commit = format!("--commit={commit}");
        let (code, answer) = repo.plan(&["backport", "--onto=main", &commit]);
        assert_eq!((code, answer["outcome"].as_str().unwrap()), (2, "refused"), "{commit}: {answer}");
    }
}

#[test]
fn names_of_files_are_only_names() {
    let repo = Repo::new();
    let names = ["-n", "--all", "a\nb.txt", "a\"b.txt", "$(touch x)", "é\u{202e}.txt", "a\tb", "tests/-test_x.py"];
    for name in names {
        repo.write(name, "one\n");
    }
    symlink("/etc/passwd", repo.path().join("link")).unwrap();
    repo.commit("First");
    repo.git(&["branch", "release"]);
    for name in names {
        repo.write(name, "two\n");
    }
    std::fs::remove_file(repo.path().join("link")).unwrap();
    symlink("../elsewhere", repo.path().join("link")).unwrap();
    let commit = repo.commit("Second");
    let (code, answer) = repo.plan(&["backport", "--onto", "release", "--commit", &commit]);
    assert_eq!(code, 0, "{answer}");
    assert_eq!(answer["tree"].as_str().unwrap(), repo.git(&["rev-parse", "main^{tree}"]));
    assert_eq!(repo.applied("release", answer["diff"].as_str().unwrap()), answer["tree"].as_str().unwrap());
    // In conflict too.
    repo.git(&["switch", "--quiet", "release"]);
    for name in names {
        repo.write(name, "three\n");
    }
    repo.commit("Third");
    let (code, answer) = repo.plan(&["backport", "--onto", "release", "--commit", &commit]);
    assert_eq!((code, answer["outcome"].as_str().unwrap()), (1, "conflict"), "{answer}");
    let mut conflicts = strings(&answer["conflicts"]);
    let mut expected: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    conflicts.sort();
    expected.sort();
    assert_eq!(conflicts, expected);
}

#[test]
fn what_is_no_repository_is_said_in_json() {
    let dir = tempfile::tempdir().unwrap();
    let (code, answer) = plan(dir.path(), &["revert", "--onto", "main", "--commit", "abcdef1"]);
    assert_eq!((code, answer["outcome"].as_str().unwrap()), (2, "refused"));
    assert!(answer["because"].to_string().contains("not a Git repository"), "{answer}");
    let (code, answer) = plan(dir.path(), &["revert", "--onto", "main"]);
    assert_eq!((code, answer["outcome"].as_str().unwrap()), (2, "refused"), "{answer}");
    let (code, answer) = plan(dir.path(), &["quarantine", "--test", "x", "--for", "never"]);
    assert_eq!((code, answer["outcome"].as_str().unwrap()), (2, "refused"), "{answer}");
}

#[test]
fn a_large_file_and_a_submodule_are_carried_and_not_read() {
    let repo = Repo::new();
    repo.write("big.py", "x".repeat(6 << 20));
    repo.commit("First");
    repo.git(&["branch", "release"]);
    repo.git(&["update-index", "--add", "--cacheinfo", "160000,1234567890123456789012345678901234567890,vendor/sub"]);
    repo.git(&["commit", "--quiet", "-m", "Add a submodule"]);
    let commit = repo.git(&["rev-parse", "HEAD"]);
    let (code, answer) = repo.plan(&["backport", "--onto", "release", "--commit", &commit]);
    assert_eq!(code, 0, "{answer}");
    assert_eq!(answer["tree"].as_str().unwrap(), repo.git(&["rev-parse", "main^{tree}"]));
}
