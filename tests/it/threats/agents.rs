//! Agents that mean no good, or do none: what they change is refused by the bot's own look, and what they start is killed.

use crate::flows::agents::Lab;
use ci_rescue::adapters::agent::{Agent, Agents, Means, Sandbox};
use ci_rescue::domain::ProposalState;
use ci_rescue::domain::agent::AttemptEnd;
use ci_rescue::ports::{self, Ended, Ran, Task};
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const ONE_TRY: &str = "[loops]\nattempts_max = 1\n";

/// What became of the one attempt of an agent that does this.
async fn end(script: &str) -> AttemptEnd {
    let lab = Lab::with(script, "", ONE_TRY).await;
    lab.ask().await;
    let end = lab.proposal().await.attempts[0].end.clone();
    let pushed = super::super::flows::code::ask(&lab.world, &lab.repo, &["branch", "--list"]);
    assert!(!pushed.contains("ci-rescue"), "{script}: {pushed}");
    assert!(matches!(lab.proposal().await.state, ProposalState::Failed { .. }), "{script}");
    lab.world.end().await;
    end
}

#[tokio::test]
async fn threats_120_a_change_out_of_bounds_is_refused() {
    for (script, why) in [
        ("sed -i '/#\\[test\\]/,$d' src/lib.rs", "removes or renames tests"),
        ("sed -i 's/#\\[test\\]/#[test]\\n#[ignore]/' src/lib.rs", "skips a test"),
        ("sed -i '1i #![allow(clippy::all)]' src/lib.rs", "silences a lint"),
        ("mkdir -p .github/workflows; echo 'on: push' > .github/workflows/own.yml", "what CI runs"),
        ("echo '* @me' > CODEOWNERS", "who reviews"),
        ("seq 300 > numbers.txt", "300 lines"),
        ("for n in $(seq 11); do echo x > $n.txt; done", "11 files"),
        ("ln -s /etc/passwd users", "symbolic link"),
        ("rm src/lib.rs; ln -s /etc/passwd src/lib.rs", "symbolic link"),
        ("printf 'a\\000b' > data.bin", "binary"),
        ("printf 'c\\000' >> logo.bin", "binary"),
        ("echo 'version = 4' > Cargo.lock", "lock without its manifest"),
        ("echo \"token = 'ghp_$(printf '%036d' 7)'\" > settings.py", "secret"),
    ] {
        let found = end(script).await;
        let AttemptEnd::Refused { why: have, diff } = &found else { panic!("{script}: {found:?}") };
        assert!(have.iter().any(|have| have.contains(why)) && diff.is_some(), "{script}: {have:?}");
    }
}

#[tokio::test]
async fn threats_120_what_git_would_do_with_the_files_is_not_the_agents_to_say() {
    // A repository of its own at the top, hooks, filters and attributes: none of it runs, none of it is pushed.
    let script = "git init --quiet .; echo 'touch $SEEN/ran' > .git/hooks/pre-commit; chmod +x .git/hooks/pre-commit\n\
        git config filter.x.clean \"touch $SEEN/ran\"; echo '*.rs filter=x' > .git/info/attributes\necho '// a' >> src/lib.rs";
    let lab = Lab::new(script).await;
    lab.ask().await;
    assert_eq!(lab.ends().await, ["proposed"], "{:?}", lab.proposal().await);
    assert!(!lab.seen.path().join("ran").exists());
    let files =
        super::super::flows::code::ask(&lab.world, &lab.repo, &["ls-tree", "-r", "--name-only", "ci-rescue/fix/1-1"]);
    assert_eq!(files, "Cargo.toml\nlogo.bin\nsrc/lib.rs");
    lab.world.end().await;
}

/// A submodule that the commit has: git would run what its own configuration names, over the agent's files, as us.
#[tokio::test]
async fn threats_120_a_submodules_own_configuration_runs_nothing() {
    let script = "git init --quiet vendor/lib; cd vendor/lib; git config filter.x.clean \"touch $SEEN/ran; cat\"\n\
        mkdir -p .git/info; echo '* filter=x' > .git/info/attributes; echo a > a\n\
        git -c user.name=a -c user.email=a@b -c filter.x.clean=cat commit --quiet --allow-empty -m x; echo b > a; cd ../..; echo '// a' >> src/lib.rs";
    let lab = Lab::with(script, "", ONE_TRY).await;
    lab.repo.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{},vendor/lib", "1".repeat(40))]);
    lab.repo.git(&["commit", "--quiet", "-m", "Vendor"]);
    let bare = lab.world.forge.git_dir.clone().unwrap().join("acme/shop.git");
    lab.repo.git(&["push", "--quiet", bare.to_str().unwrap(), "main"]);
    ci_rescue::demo::learn(&lab.world.forge, lab.world.forge.git_dir.as_ref().unwrap(), "acme/shop").await.unwrap();
    lab.ask().await;
    assert_eq!(lab.told("count").trim(), "1", "{:?}", lab.proposal().await);
    assert!(!lab.seen.path().join("ran").exists(), "{:?}", lab.proposal().await);
    lab.world.end().await;
}

#[tokio::test]
async fn threats_121_secrets_in_its_output_are_masked_and_words_stay_words() {
    let secret = format!("ghp_{:036}", 7);
    let script = format!("echo 'leaking {secret} <!channel> @everyone'; exit 1");
    let lab = Lab::with(&script, "", ONE_TRY).await;
    lab.ask().await;
    let text = serde_json::to_string(&lab.proposal().await).unwrap();
    assert!(!text.contains(&secret) && text.contains("leaking"), "{text}");
    let told = lab.thread();
    assert!(!told.contains(&secret) && !told.contains("<!channel>"), "{told}");
    lab.world.end().await;
}

fn agent(script: &str, sandbox: Sandbox, deadline: Duration) -> Agents {
    let command = vec!["/bin/sh".into(), "-c".into(), script.into()];
    let agent =
        Agent { command, environment: Vec::new(), readable: Vec::new(), models: BTreeMap::new(), sandbox, deadline };
    Agents::new(BTreeMap::from([("rex".to_owned(), Means::Program(agent))]), |name| std::env::var_os(name)).unwrap()
}

async fn run(agents: &Agents, place: &Path) -> Ran {
    let task = Task { agent: "rex", category: "test", model: "", prompt: "mend it", place, run: "1-1.1", dollars: 0.4 };
    ports::Agents::run(agents, task).await.expect("it starts")
}

/// Whether a process with this mark in its command line is left.
fn is_alive(mark: &str) -> bool {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()).any(|pid| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(mark)
    })
}

/// Whoever ends kills all of its user's processes: each test has a user of its own.
static USERS: AtomicU32 = AtomicU32::new(60_001);

/// The sandboxes that there are here.
fn sandboxes() -> Vec<Sandbox> {
    let path = std::env::var_os("PATH");
    let user = USERS.fetch_add(1, Ordering::Relaxed);
    let all = [Sandbox::None, Sandbox::User(user, user), Sandbox::Bubblewrap];
    let (here, not): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|one| ci_rescue::adapters::agent::check(*one, path.as_deref()).is_ok());
    for one in not {
        println!("skipped: {one:?} is not available here");
    }
    here
}

/// A directory that agents of other users reach.
fn place() -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
    let place = dir.path().join("repository");
    std::fs::create_dir(&place).unwrap();
    (dir, place)
}

#[tokio::test]
async fn threats_121_an_agent_that_hangs_or_floods_or_forks_is_killed_with_all_that_it_started() {
    for sandbox in sandboxes() {
        for (n, (script, stopped)) in [
            ("sleep MARK", "late"),
            // Out of its group, with another parent, its outputs held open.
            ("setsid sleep MARK & setsid -f sh -c 'setsid sleep MARK & sleep MARK' ; sleep MARK", "late"),
            ("setsid -f env -i PATH=$PATH sleep MARK; sleep MARK", "late"),
            ("trap '' TERM INT HUP; while :; do sleep MARK; done", "late"),
            ("setsid -f sleep MARK; exit 0", "done"),
            ("setsid -f sleep MARK; yes", "loud"),
        ]
        .into_iter()
        .enumerate()
        {
            let (_dir, place) = place();
            // As a number of seconds that nobody else sleeps for.
            let mark = format!("31{}{n}.{}", sandbox_no(sandbox), std::process::id());
            let agents = agent(&script.replace("MARK", &mark), sandbox, Duration::from_secs(3));
            let ran = run(&agents, &place).await;
            let found = match ran.ended {
                Ended::Late(_) => "late",
                Ended::Loud(_) => "loud",
                Ended::Exited(0) => "done",
                ref other => panic!("{sandbox:?} {script}: {other:?} {}", ran.output),
            };
            assert_eq!(found, stopped, "{sandbox:?} {script}: {}", ran.output);
            assert!(!is_alive(&mark), "{sandbox:?} {script}");
        }
    }
}

fn sandbox_no(sandbox: Sandbox) -> u8 {
    match sandbox {
        Sandbox::None => 0,
        Sandbox::User(..) => 1,
        Sandbox::Bubblewrap => 2,
    }
}

#[tokio::test]
async fn threats_121_in_its_sandbox_an_agent_reads_nothing_of_the_bots_and_writes_only_its_own() {
    let secret = tempfile::tempdir().unwrap();
    std::fs::write(secret.path().join("key"), "private").unwrap();
    std::fs::set_permissions(secret.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    let outside = secret.path().join("written");
    for sandbox in sandboxes().into_iter().filter(|one| *one != Sandbox::None) {
        let (_dir, place) = place();
        std::fs::write(place.join("file"), "old").unwrap();
        let script = format!(
            "cat {key} 2>&1; echo x > {out}; echo \"env:$SECRET_OF_THE_BOT:\"; ls /proc/1/root/root 2>&1; id -u; echo new > file; pwd",
            key = secret.path().join("key").display(),
            out = outside.display()
        );
        let ran = run(&agent(&script, sandbox, Duration::from_secs(20)), &place).await;
        assert_eq!(ran.ended, Ended::Exited(0), "{sandbox:?}: {}", ran.output);
        assert!(!ran.output.contains("private") && ran.output.contains("env::"), "{sandbox:?}: {}", ran.output);
        assert!(!outside.exists(), "{sandbox:?}");
        assert_eq!(std::fs::read_to_string(place.join("file")).unwrap(), "new\n", "{sandbox:?}");
    }
}

#[tokio::test]
async fn threats_121_a_file_too_large_and_a_locked_directory_leave_nothing_behind() {
    for sandbox in sandboxes() {
        let (dir, place) = place();
        let script = "mkdir -p \"$HOME/a/b\"; echo x > \"$HOME/a/b/c\"; chmod 000 \"$HOME/a\"; head -c 1200000000 /dev/zero > big; ls -l big | cut -d' ' -f5";
        let ran = run(&agent(script, sandbox, Duration::from_secs(60)), &place).await;
        assert!(
            ran.output.contains("1073741824") || ran.output.contains("ile size limit"),
            "{sandbox:?}: {}",
            ran.output
        );
        drop(dir);
        assert!(!place.exists() && !place.with_extension("agent").exists(), "{sandbox:?}");
    }
}
