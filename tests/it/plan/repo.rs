//! A repository with a work tree, made by plain git, and the command line on it.

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

pub struct Repo {
    dir: tempfile::TempDir,
}

impl Repo {
    pub fn new() -> Self {
        let repo = Self { dir: tempfile::tempdir().unwrap() };
        repo.git(&["init", "--quiet", "--initial-branch=main", "."]);
        repo
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.current_dir(self.path()).args(args).envs([
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_AUTHOR_NAME", "Ada"),
            ("GIT_AUTHOR_EMAIL", "ada@example.org"),
            ("GIT_COMMITTER_NAME", "Ada"),
            ("GIT_COMMITTER_EMAIL", "ada@example.org"),
            ("GIT_EDITOR", "true"),
            // The same commits each time.
            ("GIT_AUTHOR_DATE", "1767268800 +0000"),
            ("GIT_COMMITTER_DATE", "1767268800 +0000"),
        ]);
        command
    }

    pub fn try_git(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    pub fn git(&self, args: &[&str]) -> String {
        let output = self.try_git(args);
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned()
    }

    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Commits all that stands in the work tree; answers the commit.
    pub fn commit(&self, message: &str) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Everything that `plan` must leave alone.
    pub fn state(&self) -> Vec<String> {
        let file = |name: &str| format!("{:?}", std::fs::read(self.path().join(".git").join(name)).ok());
        vec![
            self.git(&["for-each-ref"]),
            self.git(&["status", "--porcelain=v2", "--branch"]),
            file("HEAD"),
            file("config"),
            file("index"),
            file("packed-refs"),
        ]
    }

    /// The tree that `git apply` makes of the commit and a diff.
    pub fn applied(&self, onto: &str, diff: &str) -> String {
        let other = tempfile::tempdir().unwrap();
        let work = other.path().join("work");
        self.git(&["worktree", "add", "--quiet", "--detach", work.to_str().unwrap(), onto]);
        let patch = other.path().join("patch");
        std::fs::write(&patch, diff).unwrap();
        let at = |args: &[&str]| {
            let output = self.command(args).current_dir(&work).output().unwrap();
            assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        };
        at(&["apply", "--index", "--whitespace=nowarn", patch.to_str().unwrap()]);
        let tree = at(&["write-tree"]);
        self.git(&["worktree", "remove", "--force", work.to_str().unwrap()]);
        tree
    }

    /// Runs `plan --json` and looks that it changed nothing.
    pub fn plan(&self, args: &[&str]) -> (i32, Value) {
        let before = self.state();
        let (code, answer) = plan(self.path(), args);
        assert_eq!(self.state(), before, "plan {args:?} changed the repository");
        (code, answer)
    }
}

/// `plan` with `--repo` and `--json`.
pub fn plan(dir: &Path, args: &[&str]) -> (i32, Value) {
    let output = Command::new(env!("CARGO_BIN_EXE_ci-rescue"))
        .arg("plan")
        .args(args)
        .arg(format!("--repo={}", dir.display()))
        .arg("--json")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let answer: Value = serde_json::from_str(&text)
        .unwrap_or_else(|why| panic!("{why}: {text:?} {}", String::from_utf8_lossy(&output.stderr)));
    for key in ["remedy", "outcome", "id", "because", "diff", "tree", "conflicts", "warnings"] {
        assert!(answer.get(key).is_some(), "{key} is missing: {answer}");
    }
    (output.status.code().unwrap(), answer)
}

pub fn strings(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|item| item.as_str().unwrap().to_owned()).collect()
}
