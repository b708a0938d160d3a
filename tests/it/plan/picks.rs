//! Reverts and backports against what plain `git revert` and `git cherry-pick` give.

use super::repo::{Repo, strings};
use serde_json::Value;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Method {
    Squash,
    Rebase,
    Merge,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Case {
    Clean,
    ConflictInOneOfThree,
    Empty,
    AlreadyThere,
    Binary,
    Rename,
    DeletedTarget,
    Workflow,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Direction {
    Revert,
    Backport,
}

const LINES: &str = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\n";

/// Paths with their new contents; none for a file that goes.
type Files = Vec<(&'static str, Option<Vec<u8>>)>;

/// The three changes of a pull request, each by itself.
fn changes(case: Case) -> [Files; 3] {
    let text = |text: &str| Some(text.as_bytes().to_vec());
    let third = |line: &str| text(&LINES.replace("five", line));
    match case {
        Case::Empty => [vec![], vec![], vec![]],
        Case::Binary => [
            vec![("a.txt", text("a2\n"))],
            vec![("logo.png", Some([&b"\x89PNG\0"[..], &[7; 300]].concat()))],
            vec![("latin.txt", Some(b"caf\xe9 au lait\n".to_vec()))],
        ],
        Case::Rename => [
            vec![("a.txt", text("a2\n"))],
            vec![("lines.txt", None), ("sub/renamed.txt", third("FIVE"))],
            vec![("c.txt", text("c2\r\nwith carriage returns\r\n"))],
        ],
        Case::Workflow => [
            vec![("a.txt", text("a2\n"))],
            vec![(".github/workflows/ci.yml", text("on: push\njobs: {}\n"))],
            vec![("c.txt", text("c2\n"))],
        ],
        _ => [vec![("a.txt", text("a2\n"))], vec![("lines.txt", third("FIVE"))], vec![("c.txt", text("c2\n"))]],
    }
}

fn apply(repo: &Repo, change: &Files) {
    for (path, content) in change {
        match content {
            Some(content) => repo.write(path, content),
            None => {
                std::fs::remove_file(repo.path().join(path)).unwrap();
            }
        }
    }
}

/// A repository with the pull request merged into main, and a branch `release` from before. Answers its commits, the
/// oldest first.
fn scene(method: Method, case: Case, direction: Direction) -> (Repo, Vec<String>) {
    let repo = Repo::new();
    for (path, content) in [("a.txt", "a\n"), ("c.txt", "c\n"), ("lines.txt", LINES), ("latin.txt", "cafe\n")] {
        repo.write(path, content);
    }
    repo.write("logo.png", [&b"\x89PNG\0"[..], &[1; 300]].concat());
    repo.write(".github/workflows/ci.yml", "on: pull_request\njobs: {}\n");
    repo.commit("First light");
    repo.git(&["branch", "release"]);
    repo.write("other.txt", "other\n");
    repo.commit("Unrelated");

    let changes = changes(case);
    let commits = match method {
        Method::Squash => {
            for change in &changes {
                apply(&repo, change);
            }
            vec![repo.commit("Do it (#7)\n\nSigned-off-by: Ben <ben@example.org>")]
        }
        Method::Rebase => changes
            .iter()
            .enumerate()
            .map(|(n, change)| {
                apply(&repo, change);
                repo.commit(&format!("Do part {n}"))
            })
            .collect(),
        Method::Merge => {
            repo.git(&["switch", "--quiet", "-c", "topic"]);
            for change in &changes {
                apply(&repo, change);
                repo.commit("Part");
            }
            repo.git(&["switch", "--quiet", "main"]);
            repo.git(&["merge", "--quiet", "--no-ff", "-m", "Merge pull request #7", "topic"]);
            vec![repo.git(&["rev-parse", "HEAD"])]
        }
    };
    let target = if direction == Direction::Revert { "main" } else { "release" };
    repo.git(&["switch", "--quiet", target]);
    match (case, direction) {
        (Case::ConflictInOneOfThree, _) => repo.write("lines.txt", LINES.replace("five", "cinq")),
        (Case::DeletedTarget, _) => {
            std::fs::remove_file(repo.path().join("lines.txt")).unwrap();
        }
        (Case::AlreadyThere, Direction::Backport) => {
            for change in &changes {
                apply(&repo, change);
            }
        }
        (Case::AlreadyThere, Direction::Revert) => {
            repo.write("a.txt", "a\n");
            repo.write("c.txt", "c\n");
            repo.write("lines.txt", LINES);
        }
        _ => repo.write("later.txt", "later\n"),
    }
    repo.commit("What happened since");
    (repo, commits)
}

/// What plain git makes of it: the tree, with markers where it stopped, and the unmerged paths.
fn plain(repo: &Repo, method: Method, direction: Direction, commits: &[String]) -> (String, Vec<String>) {
    let verb = if direction == Direction::Revert { "revert" } else { "cherry-pick" };
    let mut args = vec![verb, "--no-commit"];
    if method == Method::Merge {
        args.extend(["-m", "1"]);
    }
    let ordered: Vec<&str> = match direction {
        Direction::Revert => commits.iter().rev().map(String::as_str).collect(),
        Direction::Backport => commits.iter().map(String::as_str).collect(),
    };
    args.extend(ordered);
    repo.try_git(&args);
    let unmerged = repo.git(&["diff", "--name-only", "--diff-filter=U"]);
    repo.git(&["add", "-A"]);
    let tree = repo.git(&["write-tree"]);
    repo.git(&["reset", "--quiet", "--hard"]);
    (tree, unmerged.lines().map(str::to_owned).collect())
}

/// A tree's files with their contents; what stands behind conflict markers names commits, and is left out.
fn contents(repo: &Repo, tree: &str) -> Vec<(String, String)> {
    let listing = repo.git(&["ls-tree", "-r", tree]);
    listing
        .lines()
        .map(|line| {
            let (head, path) = line.split_once('\t').unwrap();
            let mut words = head.split(' ');
            let (mode, oid) = (words.next().unwrap(), words.nth(1).unwrap());
            let text = String::from_utf8_lossy(&repo.try_git(&["cat-file", "blob", oid]).stdout).into_owned();
            let lines: Vec<&str> =
                text.split('\n').map(|line| if line.starts_with(">>>>>>> ") { ">>>>>>>" } else { line }).collect();
            (format!("{mode} {path}"), lines.join("\n"))
        })
        .collect()
}

fn check(method: Method, case: Case, direction: Direction) {
    let what = format!("{direction:?} {method:?} {case:?}");
    let (repo, commits) = scene(method, case, direction);
    let onto = if direction == Direction::Revert { "main" } else { "release" };
    let (tree, unmerged) = plain(&repo, method, direction, &commits);
    let mut args = vec![if direction == Direction::Revert { "revert" } else { "backport" }, "--onto", onto];
    for commit in &commits {
        args.extend(["--commit", commit]);
    }
    let (code, answer) = repo.plan(&args);
    let outcome = answer["outcome"].as_str().unwrap();
    let expected = match case {
        Case::ConflictInOneOfThree | Case::DeletedTarget => "conflict",
        Case::Empty => "empty",
        Case::AlreadyThere => "already",
        _ => "ready",
    };
    assert_eq!(outcome, expected, "{what}: {answer}");
    assert_eq!(code, i32::from(expected != "ready"), "{what}");
    assert_eq!(strings(&answer["conflicts"]), unmerged, "{what}");
    assert!(!strings(&answer["because"]).is_empty(), "{what}");
    if matches!(expected, "ready" | "conflict") {
        let planned = answer["tree"].as_str().unwrap();
        assert_eq!(contents(&repo, planned), contents(&repo, &tree), "{what}");
        assert_eq!(repo.applied(onto, answer["diff"].as_str().unwrap()), planned, "{what}");
    } else {
        assert_eq!((answer["diff"].as_str(), answer["tree"].as_str()), (Some(""), Some("")), "{what}");
    }
    if case == Case::Workflow {
        assert!(answer["warnings"].to_string().contains(".github/workflows/ci.yml"), "{what}: {answer}");
    }
}

#[test]
fn every_method_and_case_gives_what_plain_git_gives() {
    for direction in [Direction::Revert, Direction::Backport] {
        for method in [Method::Squash, Method::Rebase, Method::Merge] {
            for case in [
                Case::Clean,
                Case::ConflictInOneOfThree,
                Case::Empty,
                Case::AlreadyThere,
                Case::Binary,
                Case::Rename,
                Case::DeletedTarget,
                Case::Workflow,
            ] {
                check(method, case, direction);
            }
        }
    }
}

fn outcome(answer: &(i32, Value)) -> &str {
    answer.1["outcome"].as_str().unwrap()
}

#[test]
fn what_is_there_in_part_is_ready_and_says_so() {
    let (repo, commits) = scene(Method::Rebase, Case::Clean, Direction::Backport);
    repo.git(&["cherry-pick", &commits[0]]);
    let mut args = vec!["backport", "--onto", "release"];
    for commit in &commits {
        args.extend(["--commit", commit]);
    }
    let answer = repo.plan(&args);
    assert_eq!(outcome(&answer), "ready");
    assert!(strings(&answer.1["because"])[0].contains("changes nothing here"), "{}", answer.1);
}

#[test]
fn a_change_and_its_reversal_are_empty_together() {
    let (repo, commits) = scene(Method::Squash, Case::Clean, Direction::Revert);
    repo.git(&["revert", "--no-edit", &commits[0]]);
    let back = repo.git(&["rev-parse", "HEAD"]);
    let answer = repo.plan(&["backport", "--onto", "release", "--commit", &commits[0], "--commit", &back]);
    assert_eq!(outcome(&answer), "empty", "{}", answer.1);
}

#[test]
fn what_was_applied_and_then_changed_further_is_known_by_its_patch() {
    let (repo, commits) = scene(Method::Squash, Case::Clean, Direction::Backport);
    repo.git(&["cherry-pick", &commits[0]]);
    repo.write("lines.txt", LINES.replace("five", "quinque"));
    repo.commit("Further");
    let answer = repo.plan(&["backport", "--onto", "release", "--commit", &commits[0]]);
    assert_eq!(outcome(&answer), "already", "{}", answer.1);
    assert!(answer.1["because"].to_string().contains("is already there, as"));
    // Taken back since: then it is a conflict, which people have to see.
    repo.write("lines.txt", LINES.replace("five", "FIVE"));
    repo.commit("Back to the pick");
    repo.git(&["revert", "--no-edit", "HEAD~2"]);
    repo.write("lines.txt", LINES.replace("five", "quinque"));
    repo.commit("Otherwise");
    let answer = repo.plan(&["backport", "--onto", "release", "--commit", &commits[0]]);
    assert_eq!(outcome(&answer), "conflict", "{}", answer.1);
}

#[test]
fn a_conflict_names_what_was_not_applied_yet() {
    let (repo, commits) = scene(Method::Rebase, Case::ConflictInOneOfThree, Direction::Backport);
    let mut args = vec!["backport", "--onto", "release"];
    for commit in &commits {
        args.extend(["--commit", commit]);
    }
    let (_, answer) = repo.plan(&args);
    let draft = contents(&repo, answer["tree"].as_str().unwrap());
    let lines = &draft.iter().find(|(path, _)| path.ends_with("lines.txt")).unwrap().1;
    assert!(lines.contains("<<<<<<< HEAD\ncinq\n=======\nFIVE\n>>>>>>>"), "{lines}");
    assert!(answer["warnings"].to_string().contains(&commits[2][..10]), "{answer}");
}

#[test]
fn methods_that_do_not_fit_are_refused_with_the_reason() {
    let (repo, squashed) = scene(Method::Squash, Case::Clean, Direction::Backport);
    let (merges, merged) = scene(Method::Merge, Case::Clean, Direction::Backport);
    let (rebases, parts) = scene(Method::Rebase, Case::Clean, Direction::Backport);
    let head = |repo: &Repo| repo.git(&["rev-parse", "main~1"]);
    for (repo, args, word) in [
        (&repo, vec!["--commit", &squashed[0], "--method", "merge"], "not a merge commit"),
        (&merges, vec!["--commit", &merged[0], "--method", "squash"], "merge commit"),
        (&merges, vec!["--commit", &head(&merges), "--commit", &merged[0]], "one of several commits"),
        (&rebases, vec!["--commit", &parts[0], "--commit", &parts[1], "--method", "squash"], "--method rebase"),
        (&rebases, vec!["--commit", &parts[0], "--commit", &parts[0]], "twice"),
    ] {
        let answer = repo.plan(&[&["backport", "--onto", "release"], args.as_slice()].concat());
        assert_eq!((answer.0, outcome(&answer)), (2, "refused"), "{args:?} {}", answer.1);
        assert!(answer.1["because"].to_string().contains(word), "{args:?} {}", answer.1);
    }
}

#[test]
fn a_bare_repository_and_a_linked_work_tree_are_read_too() {
    let (repo, commits) = scene(Method::Squash, Case::Clean, Direction::Backport);
    let expected = repo.plan(&["backport", "--onto", "release", "--commit", &commits[0]]).1;
    let other = tempfile::tempdir().unwrap();
    let (bare, linked) = (other.path().join("bare.git"), other.path().join("linked"));
    repo.git(&["clone", "--quiet", "--bare", ".", bare.to_str().unwrap()]);
    repo.git(&["worktree", "add", "--quiet", linked.to_str().unwrap(), "main"]);
    std::fs::create_dir(linked.join("deep")).unwrap();
    for dir in [bare, linked.clone(), linked.join("deep")] {
        let answer = super::repo::plan(&dir, &["backport", "--onto", "release", "--commit", &commits[0][..12]]).1;
        assert_eq!(answer, expected, "{}", dir.display());
    }
}

#[test]
fn what_came_back_in_other_words_is_not_taken_for_gone() {
    let (repo, commits) = scene(Method::Squash, Case::Clean, Direction::Revert);
    repo.git(&["revert", "--no-edit", &commits[0]]);
    for (path, text) in [
        ("a.txt", "a2\n".to_owned()),
        ("c.txt", "c2\n".to_owned()),
        ("lines.txt", LINES.replace("five\nsix", "FIVE\nVI")),
    ] {
        repo.write(path, text);
    }
    repo.commit("Again, and more");
    let answer = repo.plan(&["revert", "--onto", "main", "--commit", &commits[0]]);
    assert_eq!(outcome(&answer), "conflict", "{}", answer.1);
}

#[test]
fn commits_that_the_branch_holds_itself_are_there() {
    let (repo, parts) = scene(Method::Rebase, Case::Clean, Direction::Revert);
    repo.write("lines.txt", LINES.replace("five", "quinque"));
    repo.commit("Further");
    let mut args = vec!["backport", "--onto", "main"];
    for commit in &parts {
        args.extend(["--commit", commit]);
    }
    let answer = repo.plan(&args);
    assert_eq!(outcome(&answer), "already", "{}", answer.1);
}

#[test]
fn the_edge_of_a_shallow_clone_is_not_taken_for_the_beginning() {
    let (repo, _) = scene(Method::Squash, Case::Clean, Direction::Revert);
    let other = tempfile::tempdir().unwrap();
    let shallow = other.path().join("shallow");
    let from = format!("file://{}", repo.path().display());
    repo.git(&["clone", "--quiet", "--depth", "1", &from, shallow.to_str().unwrap()]);
    let head = repo.git(&["rev-parse", "main"]);
    let answer = super::repo::plan(&shallow, &["revert", "--onto", "main", "--commit", &head]);
    assert_eq!((answer.0, outcome(&answer)), (2, "refused"), "{}", answer.1);
    assert!(answer.1["because"].to_string().contains("--unshallow"), "{}", answer.1);
}

#[test]
fn any_revision_will_do() {
    let (repo, commits) = scene(Method::Squash, Case::Clean, Direction::Backport);
    repo.git(&["tag", "plain", &commits[0]]);
    repo.git(&["tag", "-a", "-m", "Annotated", "annotated", &commits[0]]);
    repo.git(&["branch", "topic/one", &commits[0]]);
    repo.git(&["update-ref", "refs/remotes/origin/far", &commits[0]]);
    repo.git(&["switch", "--quiet", "main"]);
    repo.git(&["commit", "--quiet", "--allow-empty", "-m", "Later"]);
    let wanted = repo.plan(&["backport", "--onto", "release", "--commit", &commits[0]]);
    assert_eq!(outcome(&wanted), "ready", "{}", wanted.1);
    for revision in [
        "HEAD~1",
        "HEAD^",
        "main~1",
        "@~1",
        "plain",
        "annotated",
        "topic/one",
        "origin/far",
        "refs/tags/plain",
        "refs/heads/topic/one",
        ":/Do it",
        "main@{1}",
        &commits[0][..5],
        &commits[0].to_uppercase(),
    ] {
        let answer = repo.plan(&["backport", "--onto", "release", "--commit", revision]);
        assert_eq!(answer, wanted, "{revision}");
    }
    for onto in ["refs/heads/release", "release~0"] {
        let answer = repo.plan(&["backport", "--onto", onto, "--commit", "HEAD~1"]);
        assert_eq!((outcome(&answer), &answer.1["tree"]), ("ready", &wanted.1["tree"]), "{onto}");
    }
}

#[test]
fn conflicts_show_their_hunks_to_people() {
    let (repo, commits) = scene(Method::Squash, Case::ConflictInOneOfThree, Direction::Backport);
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_ci-rescue"))
        .args(["plan", "backport", "--onto", "release", "--commit", &commits[0], "--repo"])
        .arg(repo.path())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    let theirs = format!("    >>>>>>> theirs ({})", &commits[0][..10]);
    let hunk = [
        "  conflict in lines.txt, line 5:",
        "    three",
        "    four",
        "    <<<<<<< ours",
        "    cinq",
        "    =======",
        "    FIVE",
        &theirs,
        "    six",
        "    seven",
    ];
    assert!(said.contains(&hunk.join("\n")), "{said}");
    let (_, answer) = repo.plan(&["backport", "--onto", "release", "--commit", &commits[0]]);
    assert_eq!(strings(&answer["conflicts"]), ["lines.txt"], "the JSON keeps its shape");

    let (repo, commits) = scene(Method::Squash, Case::DeletedTarget, Direction::Backport);
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_ci-rescue"))
        .args(["plan", "backport", "--onto", "release", "--commit", &commits[0], "--repo"])
        .arg(repo.path())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("conflict in lines.txt: one side deleted or renamed it"), "{said}");
}

/// Where `merge=union` keeps the lines of both sides, what is to go would stay in silence.
#[test]
fn a_union_that_keeps_what_is_to_go_is_a_conflict() {
    for attributes in ["list.txt merge=union\n", ""] {
        let repo = Repo::new();
        repo.write(".gitattributes", attributes);
        repo.write("list.txt", "one\ntwo\n");
        repo.commit("First light");
        repo.write("list.txt", "one\nbad\ntwo\n");
        let bad = repo.commit("Bad");
        repo.write("list.txt", "one\nbad and worse\ntwo\n");
        repo.commit("Worse");
        let answer = repo.plan(&["revert", "--onto", "main", "--commit", &bad]);
        assert_eq!(outcome(&answer), "conflict", "{attributes}: {}", answer.1);
        assert!(answer.1["diff"].as_str().unwrap().contains("<<<<<<<"), "{attributes}: {}", answer.1);
        repo.write("list.txt", "one\ntwo\n");
        repo.commit("Both gone");
        let answer = repo.plan(&["revert", "--onto", "main", "--commit", &bad]);
        assert_eq!(outcome(&answer), "already", "{attributes}: {}", answer.1);
    }
}

#[test]
fn a_partial_clone_is_planned_for_or_told_what_to_fetch() {
    let (repo, commits) = scene(Method::Squash, Case::ConflictInOneOfThree, Direction::Backport);
    repo.git(&["config", "uploadpack.allowFilter", "true"]);
    repo.write("requirements.txt", "flask>=3\n");
    repo.commit("Needs");
    let other = tempfile::tempdir().unwrap();
    let partial = other.path().join("partial");
    let from = format!("file://{}", repo.path().display());
    repo.git(&["clone", "--quiet", "--filter=blob:none", "--branch", "release", &from, partial.to_str().unwrap()]);
    let backport = ["backport", "--onto", "origin/release", "--commit", &commits[0]];
    // What is checked out is there.
    let pin = super::repo::plan(&partial, &["pin", "--package", "flask", "--version", "3.0.1"]);
    assert_eq!((pin.0, outcome(&pin)), (0, "ready"), "{}", pin.1);
    let answer = super::repo::plan(&partial, &backport);
    assert_eq!((answer.0, outcome(&answer)), (2, "refused"), "{}", answer.1);
    assert!(answer.1["because"].to_string().contains("git fetch --refetch --no-filter"), "{}", answer.1);
    let fetched = std::process::Command::new("git")
        .args(["fetch", "--quiet", "--refetch", "--no-filter"])
        .current_dir(&partial)
        .status()
        .unwrap();
    assert!(fetched.success());
    let whole = repo.plan(&["backport", "--onto", "release", "--commit", &commits[0]]);
    let fetched = super::repo::plan(&partial, &backport);
    assert_eq!((outcome(&fetched), &fetched.1["diff"]), (outcome(&whole), &whole.1["diff"]));
}
