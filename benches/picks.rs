//! Plans a revert and a backport on a large repository, beside plain git: `cargo bench --bench picks [-- COMMITS FILES]`.
//!
//! Prints the median of each and the ratio to `git revert` / `git cherry-pick` in a work tree.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a benchmark measures time")]

use ci_rescue::adapters::git::View;
use ci_rescue::domain::change::{Change, ChangeOutcome, Direction, Pick};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 9;

fn git(dir: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .arg("-C")
        .arg(dir)
        .args(["-c", "user.name=a", "-c", "user.email=a@x", "-c", "gc.auto=0"])
        .args(args)
        .output()
        .expect("git");
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A repository of so many commits over so many files, by `git fast-import`.
fn make(dir: &Path, commits: usize, files: usize) {
    git(dir, &["init", "--quiet", "--initial-branch=main", "."]);
    let mut import = Command::new("git")
        .arg("-C")
        .arg(dir)
        .args(["fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("git fast-import");
    let mut stdin = import.stdin.take().expect("a pipe");
    let path = |n: usize| format!("d{}/e{}/f{n}.txt", n % 50, n / 50 % 40);
    for commit in 0..commits {
        let mut text =
            format!("commit refs/heads/main\ncommitter a <a@x> {} +0000\ndata 4\nwork\n", 1_700_000_000 + commit);
        let changed: Vec<usize> =
            if commit == 0 { (0..files).collect() } else { vec![commit * 7 % files, commit * 13 % files] };
        for n in changed {
            let content = format!("line one of {n}\nline two\ncommit {commit}\nline four\nline five\n");
            write!(text, "M 100644 inline {}\ndata {}\n{content}\n", path(n), content.len()).expect("text");
        }
        stdin.write_all(text.as_bytes()).expect("git fast-import listens");
    }
    drop(stdin);
    assert!(import.wait().expect("git fast-import").success());
    git(dir, &["branch", "release", "main~50"]);
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn plan(runtime: &tokio::runtime::Runtime, dir: &Path, onto: &str, pick: &Pick) -> (Duration, Change) {
    let begun = Instant::now();
    let change = runtime.block_on(async {
        let view = View::open(dir).expect("a repository");
        let onto = view.git().branch(&onto.parse().expect("a branch")).await.expect("a branch");
        view.pick(&onto, pick).await.expect("a change")
    });
    (begun.elapsed(), change)
}

fn main() {
    let numbers: Vec<usize> = std::env::args().filter_map(|arg| arg.parse().ok()).collect();
    let (commits, files) = (numbers.first().copied().unwrap_or(20_000), numbers.get(1).copied().unwrap_or(50_000));
    let dir = tempfile::tempdir().expect("a directory");
    make(dir.path(), commits, files);
    git(dir.path(), &["reset", "--quiet", "--hard"]);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let commit = git(dir.path(), &["rev-parse", "main~20"]);
    println!("{commits} commits, {files} files; medians of {ROUNDS}");
    for (direction, onto, verb) in
        [(Direction::Revert, "main", "revert"), (Direction::Backport, "release", "cherry-pick")]
    {
        let pick = Pick { direction, commits: vec![commit.clone()], method: None };
        let ours: Vec<Duration> = (0..ROUNDS)
            .map(|_| {
                let (time, change) = plan(&runtime, dir.path(), onto, &pick);
                assert_eq!(change.outcome, ChangeOutcome::Ready);
                time
            })
            .collect();
        git(dir.path(), &["switch", "--quiet", onto]);
        let plain: Vec<Duration> = (0..ROUNDS)
            .map(|_| {
                let begun = Instant::now();
                git(dir.path(), &[verb, "--no-commit", &commit]);
                let time = begun.elapsed();
                git(dir.path(), &["reset", "--quiet", "--hard"]);
                time
            })
            .collect();
        let (ours, plain) = (median(ours), median(plain));
        let ratio = ours.as_secs_f64() / plain.as_secs_f64();
        println!("{verb}: planned in {} ms, git {verb} {} ms, ratio {ratio:.2}", ours.as_millis(), plain.as_millis());
    }
}
