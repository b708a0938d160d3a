//! Files that got another name after the change, or before it on another branch: their contents are alive.

use super::repo::Repo;
use serde_json::Value;

fn text(from: u32) -> String {
    (from..from + 40).map(|n| format!("line {n} of the file\n")).collect()
}

/// `main` with three files in `old/`.
fn base() -> Repo {
    let repo = Repo::new();
    for n in [1, 2, 3] {
        repo.write(&format!("old/m{n}.txt"), text(n * 100));
    }
    repo.commit("Base");
    repo
}

fn revert(repo: &Repo, commit: &str) -> Value {
    repo.plan(&["revert", "--onto", "main", "--commit", commit]).1
}

fn is(answer: &Value, outcome: &str) {
    assert_eq!(answer["outcome"], outcome, "{answer}");
}

/// Moves what stands there, by one commit or by two: first away, then back under the new name.
fn rename(repo: &Repo, from: &str, to: &str, commits: usize) {
    if commits == 1 {
        std::fs::create_dir_all(repo.path().join(to).parent().unwrap()).unwrap();
        repo.git(&["mv", from, to]);
        repo.commit("Rename");
        return;
    }
    let kept = tempfile::tempdir().unwrap();
    let aside = kept.path().join("aside");
    std::fs::rename(repo.path().join(from), &aside).unwrap();
    repo.commit("Away");
    std::fs::create_dir_all(repo.path().join(to).parent().unwrap()).unwrap();
    let copied = std::process::Command::new("cp").arg("-r").arg(&aside).arg(repo.path().join(to)).status().unwrap();
    assert!(copied.success());
    repo.commit("Back under another name");
}

#[test]
fn an_added_file_that_was_renamed_is_not_gone() {
    for (from, to) in [("old", "new"), ("old/feature.txt", "old/other.txt"), ("old/feature.txt", "elsewhere/deep/f.md")]
    {
        for commits in [1, 2] {
            let repo = base();
            repo.write("old/feature.txt", text(900));
            let added = repo.commit("Add the feature");
            rename(&repo, from, to, commits);
            let answer = revert(&repo, &added);
            assert_ne!(answer["outcome"], "already", "{from} -> {to} in {commits}: {answer}");
            if answer["outcome"] == "conflict" {
                assert!(answer["warnings"].to_string().contains("is called"), "{answer}");
            }
        }
    }
}

#[test]
fn an_edit_follows_the_file_to_its_new_name() {
    let repo = base();
    repo.write("old/m1.txt", text(100).replace("line 110 ", "line CHANGED "));
    let edited = repo.commit("Edit");
    rename(&repo, "old", "new", 1);
    let answer = revert(&repo, &edited);
    is(&answer, "ready");
    assert!(answer["diff"].as_str().unwrap().contains("new/m1.txt"), "{answer}");
    // Reverted, moved, and landed again in the file's new place, with other edits around it.
    let repo = base();
    repo.write("old/m1.txt", text(100).replace("line 110 ", "line CHANGED "));
    let edited = repo.commit("Edit");
    repo.git(&["revert", "--no-edit", "HEAD"]);
    rename(&repo, "old", "new", 1);
    let again = text(100).replace("line 110 ", "line CHANGED ").replace("line 111 ", "line MORE ");
    repo.write("new/m1.txt", again);
    repo.commit("Again, and more");
    is(&revert(&repo, &edited), "conflict");
}

#[test]
fn a_deletion_is_carried_to_where_the_file_lives() {
    let repo = base();
    repo.git(&["branch", "release"]);
    repo.git(&["rm", "--quiet", "old/m1.txt"]);
    let deleted = repo.commit("Delete");
    repo.git(&["checkout", "--quiet", "release"]);
    rename(&repo, "old/m1.txt", "old/first.txt", 1);
    let answer = repo.plan(&["backport", "--onto", "release", "--commit", &deleted]).1;
    assert_ne!(answer["outcome"], "already", "{answer}");
    // The file is gone there, too: that is "already".
    repo.git(&["rm", "--quiet", "old/first.txt"]);
    repo.commit("Gone");
    is(&repo.plan(&["backport", "--onto", "release", "--commit", &deleted]).1, "already");
}

#[test]
fn what_was_taken_back_before_a_rename_is_gone() {
    let repo = base();
    repo.write("old/feature.txt", text(900));
    let added = repo.commit("Add the feature");
    repo.git(&["revert", "--no-edit", "HEAD"]);
    rename(&repo, "old", "new", 1);
    is(&revert(&repo, &added), "already");
}

#[test]
fn an_added_file_goes_where_its_folder_went() {
    let repo = base();
    repo.git(&["branch", "release"]);
    repo.write("old/feature.txt", text(900));
    let added = repo.commit("Add the feature");
    repo.git(&["checkout", "--quiet", "release"]);
    rename(&repo, "old", "new", 1);
    let answer = repo.plan(&["backport", "--onto", "release", "--commit", &added]).1;
    // git takes a renamed folder for a conflict unless it is told otherwise.
    assert!(["ready", "conflict"].contains(&answer["outcome"].as_str().unwrap()), "{answer}");
    assert!(answer["diff"].as_str().unwrap().contains("new/feature.txt"), "{answer}");
}
