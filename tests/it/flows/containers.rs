//! Reproductions in containers: with a program of ours in docker's place, whose arguments are looked at, and with real podman
//! where `.ci/containers.sh` made an image for it.

use super::code::host;
use crate::plan::repo::Repo;
use crate::world::{Setup, World, spec};
use ci_rescue::adapters::container::{Containers, Limits};
use ci_rescue::domain::repro::Reproduction;
use ci_rescue::ports::{Boxed, Clock, Containers as _, Exit, Turn};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

const GOOD: &str = "def total(price):\n    return price\n";
const BAD: &str = "def total(price):\n    return price + 1\n";
const TEST: &str = "import unittest\nfrom shop.cart import total\n\n\nclass TestCart(unittest.TestCase):\n    def test_total(self):\n        self.assertEqual(total(1), 1)\n";
const LOG: &str = "##[group]Run python -m unittest\n##[endgroup]\nF\n======================================================================\nFAIL: test_total (tests.test_cart.TestCart.test_total)\n----------------------------------------------------------------------\nTraceback (most recent call last):\n  File \"/home/runner/work/shop/shop/tests/test_cart.py\", line 7, in test_total\n    self.assertEqual(total(1), 1)\nAssertionError: 2 != 1\n\n----------------------------------------------------------------------\nRan 1 test in 0.001s\n\nFAILED (failures=1)\n##[error]Process completed with exit code 1.\n";
const WORKFLOW: &str = "name: shop-ci\non: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: python -m unittest\n";
/// Beside the arguments of `create`, what the bot runs: nothing else.
const CALLS: [&str; 6] = ["create", "cp", "start", "inspect", "kill", "rm"];

/// A program that does what `start` says in the directory of the container's files: what it prints is printed, its status is
/// the container's. All calls are in `calls`; what was copied stays in the folder `kept`.
struct Docker {
    dir: TempDir,
}

impl Docker {
    fn new(start: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let text = format!(
            "#!/bin/sh\ncd '{}' || exit 9\necho \"$*\" >>calls\ncase $1 in\n--version) echo 'Docker version 0' ;;\n\
             create) [ ! -e fails ] || {{ cat fails >&2; exit 125; }} ;;\n\
             cp) name=${{3%%:*}}; mkdir -p \"at/$name\" && cp -a \"$2\" \"at/$name\" && cp -a \"at/$name\" kept ;;\n\
             start) cd \"at/$3\" && ( {start} ); echo $? >\"../../code\" ;;\n\
             inspect) echo \"exited $([ -e oom ] && echo true || echo false) $(cat code)\" ;;\n\
             kill) exit 1 ;;\nrm) rm -rf \"at/$4\" ;;\nesac\n",
            dir.path().display()
        );
        std::fs::create_dir(dir.path().join("kept")).unwrap();
        let program = dir.path().join("docker");
        std::fs::write(&program, text).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        Self { dir }
    }

    /// Red where the price is wrong.
    fn honest() -> Self {
        Self::new("if grep -q '+ 1' repository/shop/cart.py; then echo '2 != 1, AKIAIOSFODNN7EXAMPLE'; exit 1; fi")
    }

    fn program(&self) -> PathBuf {
        self.dir.path().join("docker")
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.dir.path().join(name)).unwrap_or_default()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.dir.path().join(name), text).unwrap();
    }

    /// Calls that begin with this word.
    fn calls(&self, word: &str) -> usize {
        self.read("calls").lines().filter(|line| line.split(' ').next() == Some(word)).count()
    }

    /// No container is left, and each was removed.
    fn is_clean(&self) {
        assert_eq!(
            std::fs::read_dir(self.dir.path().join("at")).map_or(0, Iterator::count),
            0,
            "{}",
            self.read("calls")
        );
        assert!(self.calls("rm") >= self.calls("create"), "{}", self.read("calls"));
    }

    async fn until(&self, name: &str) {
        while !self.dir.path().join(name).exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

fn config(program: &Path, more: &str) -> Setup {
    let repro = format!(
        "\n[repro]\nrunner = \"{}\"\nrunners = {{ubuntu-latest = \"localhost/job:1\"}}\n{more}",
        program.display()
    );
    Setup { config: repro, ..Setup::default() }
}

/// A green run of the first of these prices, and a red one of the last: incident 1.
async fn range(setup: Setup, prices: &[&str]) -> (World, Vec<String>) {
    let (world, repo) = (World::with(setup).await, Repo::new());
    repo.write(".github/workflows/ci.yml", WORKFLOW);
    repo.write("tests/__init__.py", "");
    repo.write("shop/__init__.py", "");
    repo.write("tests/test_cart.py", TEST);
    let mut shas = Vec::new();
    for (n, price) in prices.iter().enumerate() {
        repo.write("shop/cart.py", format!("{price}# {n}\n"));
        shas.push(repo.commit(&format!("Price {n} <!channel>")));
    }
    host(&world, &repo).await;
    for (at, end, log) in [(0, "success", ""), (shas.len() - 1, "failure", LOG)] {
        let mut run = spec(log, "failure");
        run.sha = shas[at].clone();
        run.jobs[0].ends = vec![end];
        let id = world.forge.start(run);
        world.forge.finish(id);
        world.deliver().await;
    }
    (world, shas)
}

fn thread(world: &World) -> String {
    let card = world.slack.cards()[0].clone();
    world.slack.thread(&card.ts).into_iter().map(|note| note.text + "\n").collect()
}

async fn reproduction(world: &World) -> Reproduction {
    world.incident(1).await.reproduction.expect("a reproduction")
}

#[tokio::test]
async fn it_is_off_until_the_operator_allows_it_and_needs_an_approver() {
    let (world, _) = range(Setup::default(), &[GOOD, BAD]).await;
    for words in ["repro 1 run", "repro 1 bisect"] {
        world.slack.command("UADA", words).await;
        world.settle().await;
        assert!(world.slack.last_whisper().contains("repro.runner"), "{}", world.slack.last_whisper());
    }
    world.end().await;
    let docker = Docker::honest();
    let (world, _) = range(config(&docker.program(), ""), &[GOOD, BAD]).await;
    world.slack.command("UBEN", "repro 1 run").await;
    world.settle().await;
    assert!(world.slack.last_whisper().contains("approver"), "{}", world.slack.last_whisper());
    assert_eq!((docker.calls("create"), world.incident(1).await.reproduction), (0, None));
    world.end().await;
}

#[tokio::test]
async fn a_red_run_is_told_with_its_tail_and_gets_nothing_of_this_machine() {
    let docker = Docker::honest();
    let (world, shas) = range(config(&docker.program(), "cpus = 1\nmemory_mb = 512\n"), &[GOOD, BAD]).await;
    world.slack.command("UCYD", "repro 1 run").await;
    world.settle().await;
    assert!(world.slack.last_whisper().contains("queue"), "{}", world.slack.last_whisper());
    let told = thread(&world);
    for words in [
        &format!("Running the reproduction at {}", &shas[1][..7]),
        "localhost/job:1",
        "fails",
        "exit status 1",
        "2 != 1",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(!told.contains("AKIAIOSFODNN7EXAMPLE"), "{told}");
    assert!(reproduction(&world).await.ended);
    // The words of the command line, in full.
    let all = docker.read("calls");
    let calls: Vec<&str> = all.lines().filter(|line| *line != "--version").collect();
    let words: Vec<&str> = calls.iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(words, CALLS, "{all}");
    let name = calls[0].split(' ').nth(2).unwrap();
    assert!(name.starts_with("ci-rescue-") && name.ends_with(&format!("-1-1-{}", &shas[1][..7])), "{name}");
    assert_eq!(
        calls[0],
        format!(
            "create --name {name} --label ci-rescue=repro --pull missing --network none --cpus 1 --memory 512m \
             --memory-swap 512m --pids-limit 2048 --cap-drop ALL --cap-add CHOWN --cap-add \
             DAC_OVERRIDE --cap-add FOWNER --cap-add SETGID --cap-add SETUID --security-opt no-new-privileges --log-driver \
             none --user 0:0 --env REPRO_SOURCE=/ci-rescue/repository --env CI_RESCUE=1 --entrypoint sh localhost/job:1 \
             /ci-rescue/repro.sh /ci-rescue/checkout"
        )
    );
    let from = calls[1].split(' ').nth(1).unwrap();
    assert_eq!(calls[1], format!("cp {from} {name}:/ci-rescue"));
    assert!(!Path::new(from).exists(), "the files are removed");
    assert_eq!(
        calls[2..6],
        [
            format!("start --attach {name}"),
            format!("inspect --format {{{{.State.Status}}}} {{{{.State.OOMKilled}}}} {{{{.State.ExitCode}}}} {name}"),
            format!("kill {name}"),
            format!("rm --force --volumes {name}"),
        ]
    );
    // The files of the commit and the script; no repository, and no token.
    let kept = docker.dir.path().join("kept").join(name);
    let script = std::fs::read_to_string(kept.join("repro.sh")).unwrap();
    assert!(script.contains("tests.test_cart") && !script.contains("forge-token"), "{script}");
    assert!(kept.join("repository/shop/cart.py").is_file() && !kept.join("repository/.git").exists());
    let found = std::process::Command::new("grep").args(["-rq", "forge-token"]).arg(&kept).status().unwrap();
    assert!(!found.success());
    docker.is_clean();
    world.end().await;
}

#[tokio::test]
async fn what_passes_and_what_cannot_be_told_are_no_red() {
    for (prepare, words) in [
        ("passes", "passes"),
        ("exit 125", "no network"),
        ("oom", "ran out of memory (repro.memory_mb)"),
        ("fails", "manifest unknown"),
    ] {
        let start = if prepare.starts_with("exit") { prepare } else { "true" };
        let docker = Docker::new(start);
        match prepare {
            "oom" => docker.write("oom", ""),
            "fails" => docker.write("fails", "Trying to pull\nError: manifest unknown\n"),
            _ => {}
        }
        let (world, _) = range(config(&docker.program(), ""), &[GOOD, BAD]).await;
        let ada = world.sit("ada").await;
        ada.say(&world, "repro 1 run").await;
        let told = thread(&world);
        assert!(told.contains(words), "{prepare}: {told}");
        assert!(!told.contains(" fails"), "{prepare}: {told}");
        assert!(reproduction(&world).await.ended, "{prepare}");
        docker.is_clean();
        // It can be asked for again.
        ada.say(&world, "repro 1 run").await;
        assert_eq!(reproduction(&world).await.n, 2, "{prepare}");
        world.end().await;
    }
}

#[tokio::test]
async fn a_search_confirms_both_ends_and_finds_the_culprit_between() {
    let prices = |culprit: usize| (0..6).map(|at| if at >= culprit { BAD } else { GOOD }).collect::<Vec<_>>();
    for culprit in 1..=5 {
        let docker = Docker::honest();
        let (world, shas) = range(config(&docker.program(), ""), &prices(culprit)).await;
        world.slack.command("UADA", "repro 1 bisect").await;
        world.settle().await;
        let told = thread(&world);
        let at = |sha: &str| told.find(&format!("Running the reproduction at {}", &sha[..7]));
        let first = (at(&shas[5]), told.find("Running the reproduction at the last green commit"));
        assert!(first.0.is_some() && first.0 < first.1, "{culprit}: {told}");
        let found = format!("the culprit is {} Price {culprit}", &shas[culprit][..7]);
        assert!(told.contains(&found) && !told.contains("<!channel>"), "{culprit}: {told}");
        assert!((3..=5).contains(&docker.calls("create")), "{culprit}: {}", docker.read("calls"));
        let incident = world.incident(1).await;
        assert!(incident.reproduction.unwrap().ended);
        assert_eq!(incident.suspicion.unwrap().bracketed().map(|one| one.sha.clone()), Some(shas[culprit].clone()));
        docker.is_clean();
        world.end().await;
    }
}

#[tokio::test]
async fn no_commit_is_blamed_where_an_end_is_not_what_ci_said() {
    for (prices, words, runs) in [
        ([GOOD, GOOD, GOOD, GOOD], "passes in the container", 1),
        ([BAD, BAD, BAD, BAD], "fails in the container, too", 2),
    ] {
        let docker = Docker::honest();
        let (world, _) = range(config(&docker.program(), ""), &prices).await;
        world.slack.command("UADA", "repro 1 bisect").await;
        world.settle().await;
        let told = thread(&world);
        assert!(told.contains("no culprit") && told.contains(words), "{told}");
        assert_eq!(docker.calls("create"), runs, "{told}");
        assert!(world.incident(1).await.suspicion.unwrap().suspects.is_empty());
        world.end().await;
    }
    // Where nothing can be run, nothing is said of any commit.
    let docker = Docker::new("exit 125");
    let (world, _) = range(config(&docker.program(), ""), &[GOOD, GOOD, BAD]).await;
    world.slack.command("UADA", "repro 1 bisect").await;
    world.settle().await;
    let told = thread(&world);
    assert!(told.contains("no answer") && told.contains("could not be run"), "{told}");
    assert!(!world.incident(1).await.suspicion.unwrap().suspects.is_empty());
    world.end().await;
}

#[tokio::test]
async fn the_image_is_the_operators_choice_and_forks_run_nothing() {
    for (workflow, words) in [
        ("    container: ghcr.io/mallory/x\n", "is not in repro.images"),
        ("    container: -v=/:/host\n", "is not the name of an image"),
        ("    container: ${{ matrix.image }}\n", "only known when it runs"),
    ] {
        let docker = Docker::honest();
        let (world, repo) = (World::with(config(&docker.program(), "images = [\"docker.io/*\"]\n")).await, Repo::new());
        repo.write(".github/workflows/ci.yml", WORKFLOW.replace("    steps:", &format!("{workflow}    steps:")));
        let mut run = spec(LOG, "failure");
        run.sha = repo.commit("First light");
        host(&world, &repo).await;
        let id = world.forge.start(run);
        world.forge.finish(id);
        world.deliver().await;
        world.sit("ada").await.say(&world, "repro 1 run").await;
        let told = thread(&world);
        assert!(told.contains(words), "{words}: {told}");
        assert_eq!(docker.calls("create"), 0, "{words}");
        world.end().await;
    }
    let docker = Docker::honest();
    let world = World::with(config(&docker.program(), "")).await;
    let mut run = spec(LOG, "failure");
    run.branch = "mallory:main".into();
    run.pull = Some(117);
    let id = world.forge.start(run);
    world.forge.finish(id);
    world.deliver().await;
    let answer = world.sit("ada").await.say(&world, "repro 1 run").await;
    assert!(answer.contains("code of forks is not run"), "{answer}");
    assert_eq!(docker.calls("create"), 0);
    world.end().await;
}

/// Waits in the container for `go`.
fn patient() -> Docker {
    Docker::new("touch ../../begun; while [ ! -e ../../go ]; do sleep 0.05; done; exit 1")
}

/// A run that a crash cut off, before its lease is over.
async fn cut_off() -> (Docker, World) {
    let docker = patient();
    let (mut world, _) = range(config(&docker.program(), ""), &[GOOD, BAD]).await;
    {
        let ada = world.sit("ada").await;
        let asking = async { ada.say(&world, "repro 1 run").await };
        tokio::select! {
            _ = asking => panic!("it cannot be done"),
            () = docker.until("begun") => {}
        }
    }
    docker.write("go", "");
    world.restart().await;
    (docker, world)
}

#[tokio::test]
async fn what_is_cancelled_after_a_crash_leaves_no_container() {
    let (docker, world) = cut_off().await;
    world.slack.command("UADA", "cancel 1").await;
    world.settle().await;
    assert!(reproduction(&world).await.ended);
    world.clock.advance(31 * 60_000);
    world.settle().await;
    assert!(!thread(&world).contains("interrupted"), "{}", thread(&world));
    docker.is_clean();
    world.end().await;
}

#[tokio::test]
async fn what_a_crash_cut_off_is_told_and_not_repeated() {
    let (docker, world) = cut_off().await;
    // Its lease is over.
    world.clock.advance(31 * 60_000);
    world.settle().await;
    let told = thread(&world);
    assert!(told.contains("interrupted by a restart; run it again"), "{told}");
    assert_eq!((docker.calls("create"), reproduction(&world).await.ended), (1, true));
    docker.is_clean();
    world.end().await;
}

#[tokio::test]
async fn the_emergency_stop_ends_it_and_removes_the_container() {
    let docker = patient();
    let (world, _) = range(config(&docker.program(), ""), &[GOOD, GOOD, BAD]).await;
    let ada = world.sit("ada").await;
    let asking = async { ada.say(&world, "repro 1 bisect").await };
    let holding = async {
        docker.until("begun").await;
        let now = world.clock.now();
        let hold = ci_rescue::domain::facts::Hold { by: "ben".into(), at: now, reason: None };
        let settings = vec![("hold".to_owned(), Some(serde_json::json!(hold)))];
        world.store.commit(Turn { settings, ..Turn::default() }).await.unwrap();
    };
    tokio::join!(asking, holding);
    docker.write("go", "");
    let told = thread(&world);
    assert!(told.contains("emergency stop"), "{told}");
    assert_eq!((docker.calls("create"), reproduction(&world).await.ended), (1, true));
    assert_eq!(docker.calls("rm"), 1);
    world.end().await;
}

#[tokio::test]
async fn cancel_ends_it_and_removes_the_container() {
    let docker = patient();
    let (world, _) = range(config(&docker.program(), ""), &[GOOD, GOOD, BAD]).await;
    let engine = &world.app.engine;
    world.slack.command("UADA", "repro 1 bisect").await;
    while engine.turn().await.unwrap() {}
    let running = async { while engine.perform().await.unwrap() || engine.turn().await.unwrap() {} };
    let cancelling = async {
        docker.until("begun").await;
        world.slack.command("UADA", "cancel 1").await;
        while engine.turn().await.unwrap() {}
    };
    tokio::join!(running, cancelling);
    docker.write("go", "");
    world.settle().await;
    let told = thread(&world);
    assert!(told.contains("ada cancelled the search in containers"), "{told}");
    assert!(!told.contains("not finished"), "{told}");
    assert_eq!((docker.calls("create"), docker.calls("rm")), (1, 1));
    assert!(reproduction(&world).await.ended);
    // What waits for its turn is cancelled as well, and the next one is another.
    std::fs::remove_file(docker.dir.path().join("go")).unwrap();
    for words in ["repro 1 run", "cancel 1"] {
        world.slack.command("UADA", words).await;
        while engine.turn().await.unwrap() {}
    }
    world.settle().await;
    assert_eq!((docker.calls("create"), reproduction(&world).await.n), (1, 2));
    world.slack.command("UADA", "cancel 1").await;
    world.settle().await;
    assert!(world.slack.last_whisper().contains("no proposal to cancel"), "{}", world.slack.last_whisper());
    docker.is_clean();
    world.end().await;
}

#[tokio::test]
async fn one_runs_at_a_time_and_the_next_waits_for_its_turn() {
    let docker = patient();
    let (world, shas) = range(config(&docker.program(), ""), &[GOOD, BAD]).await;
    // The same failure elsewhere is an incident of its own.
    let mut run = spec(LOG, "failure");
    (run.sha, run.branch) = (shas[1].clone(), "release".into());
    let id = world.forge.start(run);
    world.forge.finish(id);
    world.deliver().await;
    let ask = |no: u64| {
        let words = format!("repro {no} run");
        let world = &world;
        async move { world.slack.command("UADA", &words).await }
    };
    ask(1).await;
    ask(2).await;
    let engine = &world.app.engine;
    while engine.turn().await.unwrap() {}
    let first = async { while engine.perform().await.unwrap() {} };
    let second = async {
        docker.until("begun").await;
        // Everything else that is due goes on meanwhile; the second run is put back.
        while engine.perform().await.unwrap() {}
        assert_eq!(docker.calls("create"), 1);
        docker.write("go", "");
    };
    tokio::join!(first, second);
    world.settle().await;
    world.clock.advance(10_000);
    world.settle().await;
    assert_eq!(docker.calls("create"), 2);
    for no in [1, 2] {
        assert!(world.incident(no).await.reproduction.unwrap().ended, "{no}");
    }
    // One at a time for each incident, too.
    std::fs::remove_file(docker.dir.path().join("go")).unwrap();
    std::fs::remove_file(docker.dir.path().join("begun")).unwrap();
    ask(1).await;
    while engine.turn().await.unwrap() {}
    ask(1).await;
    while engine.turn().await.unwrap() {}
    docker.write("go", "");
    world.settle().await;
    assert!(world.slack.last_whisper().contains("already queued or running"), "{}", world.slack.last_whisper());
    world.end().await;
}

#[tokio::test]
async fn what_takes_too_long_is_killed_and_removed() {
    let docker = patient();
    let place = tempfile::tempdir().unwrap();
    let deadline = Duration::from_millis(300);
    let limits = Limits { network: true, cpus: 1, memory_mb: 64, deadline };
    let containers = Containers::new(docker.program().to_str().unwrap(), limits, |name| std::env::var_os(name));
    let run = Boxed { name: "late", image: "x", place: place.path() };
    assert_eq!(containers.run(run).await.exit, Exit::Late(deadline));
    docker.write("go", "");
    assert_eq!((docker.calls("kill"), docker.calls("rm")), (1, 1));
    assert!(!docker.read("calls").contains("--network"), "the operator allowed it");
    let nowhere = Containers::new("/nowhere/docker", limits, |_| None);
    assert!(matches!(nowhere.run(run).await.exit, Exit::NotRun(_)));
    assert!(nowhere.check().unwrap_err().contains("install it"));
}

/// `.ci/containers.sh` makes the image, which holds Python and nothing of the repository.
#[tokio::test]
async fn real_podman_runs_it_red_and_green_without_a_network() {
    let Some(podman) = std::env::var_os("CI_RESCUE_PODMAN").map(PathBuf::from) else {
        return println!("skipped: CI_RESCUE_PODMAN is not set (.ci/containers.sh does it)");
    };
    let prices = [GOOD, GOOD, BAD, BAD, BAD];
    let (world, shas) = range(config(&podman, "memory_mb = 512\n"), &prices).await;
    let ada = world.sit("ada").await;
    ada.say(&world, "repro 1 run").await;
    let told = thread(&world);
    assert!(told.contains("fails") && told.contains("AssertionError"), "{told}");
    ada.say(&world, "repro 1 bisect").await;
    let told = thread(&world);
    assert!(told.contains(&format!("the culprit is {}", &shas[2][..7])), "{told}");
    let left = std::process::Command::new(&podman).args(["ps", "--all", "--quiet"]).output().unwrap();
    assert_eq!(String::from_utf8(left.stdout).unwrap(), "", "no container is left");
    world.end().await;

    // What it may not do, it cannot: the network, memory beyond the limit, time.
    let place = tempfile::tempdir().unwrap();
    let limits = Limits { network: false, cpus: 1, memory_mb: 64, deadline: Duration::from_mins(1) };
    let own = |limits| Containers::new(podman.to_str().unwrap(), limits, |name| std::env::var_os(name));
    for (script, exit) in [
        ("ls /sys/class/net; [ \"$(ls /sys/class/net)\" = lo ]", Exit::Exited(0)),
        ("mount -t tmpfs none /mnt", Exit::Exited(32)),
        ("exec python3 -c 'x = bytearray(1 << 30)'", Exit::OutOfMemory),
        ("exit 3", Exit::Exited(3)),
    ] {
        std::fs::write(place.path().join("repro.sh"), script).unwrap();
        let run = Boxed { name: "ci-rescue-trial", image: "localhost/job:1", place: place.path() };
        let printed = own(limits).run(run).await;
        assert_eq!(printed.exit, exit, "{script}: {}", printed.tail);
    }
    assert!(!Path::new("oom").exists(), "the engine leaves nothing where the bot stands");
    std::fs::write(place.path().join("repro.sh"), "echo begun; exec sleep 600").unwrap();
    let deadline = Duration::from_secs(5);
    let run = Boxed { name: "ci-rescue-trial", image: "localhost/job:1", place: place.path() };
    assert_eq!(own(Limits { deadline, ..limits }).run(run).await.exit, Exit::Late(deadline));
    let none = Boxed { image: "localhost/none:1", ..run };
    assert!(matches!(own(limits).run(none).await.exit, Exit::NotRun(_)));
    let left = std::process::Command::new(&podman).args(["ps", "--all", "--quiet"]).output().unwrap();
    assert_eq!(String::from_utf8(left.stdout).unwrap(), "", "no container is left");
}
