//! Fixing agents: whole loops on real git, with a program of ours as the agent.

use super::code::{ask, host, opened};
use super::surfaces::READER;
use crate::plan::repo::Repo;
use crate::world::{LINT_LOG, REPO, Setup, World, spec};
use ci_rescue::demo::RunSpec;
use ci_rescue::domain::agent::{AttemptEnd, Usd};
use ci_rescue::domain::{Proposal, ProposalState};
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;

const CODE: &str = "pub fn first(all: &[u8]) -> Option<u8> {\n    for one in all {\n        return Some(*one);\n    }\n    None\n}\n\n#[test]\nfn it_is_the_first() {\n    assert_eq!(first(&[1, 2]), Some(1));\n}\n";
const MENDED: &str = "pub fn first(all: &[u8]) -> Option<u8> {\n    all.first().copied()\n}\n\n#[test]\nfn it_is_the_first() {\n    assert_eq!(first(&[1, 2]), Some(1));\n}\n";
const BRANCH: &str = "ci-rescue/fix/1-1";

/// A world whose main fails in a lint, and an agent that does what `script` says: its attempts are counted in `$SEEN`, and
/// what it is told is kept there.
pub struct Lab {
    pub world: World,
    pub repo: Repo,
    pub seen: TempDir,
}

impl Lab {
    pub async fn new(script: &str) -> Self {
        Self::with(script, "", "").await
    }

    /// `agent` and `more`: further keys of the agent and of the configuration.
    pub async fn with(script: &str, agent: &str, more: &str) -> Self {
        let seen = tempfile::tempdir().unwrap();
        let program = program(seen.path(), script);
        let config = format!("{more}\n[[agents]]\nname = \"Rex\"\n{program}{agent}\n");
        Self::on(seen, config, spec(LINT_LOG, "failure")).await
    }

    /// With this configuration, and this as the first run.
    pub async fn on(seen: TempDir, config: String, run: RunSpec) -> Self {
        Self::prepared(seen, config, run, |_| {}).await
    }

    /// The same, once the world is prepared like this.
    pub async fn prepared(seen: TempDir, config: String, run: RunSpec, prepare: impl FnOnce(&World)) -> Self {
        Self::within(Setup { config, disk: true, ..Setup::default() }, seen, run, prepare).await
    }

    /// The same in a world like this, whose configuration has the agent.
    pub async fn within(setup: Setup, seen: TempDir, mut run: RunSpec, prepare: impl FnOnce(&World)) -> Self {
        let setup = Setup { config: format!("{}\n{READER}", setup.config), ..setup };
        let world = World::with(setup).await;
        let repo = Repo::new();
        repo.write("src/lib.rs", CODE);
        repo.write("Cargo.toml", "[package]\nname = \"shop\"\nversion = \"1.0.0\"\n");
        repo.write("logo.bin", "\u{0}\u{1}");
        repo.commit("First light");
        host(&world, &repo).await;
        for login in ["ada", "cyd"] {
            world.forge.permit(REPO, login, "write");
        }
        prepare(&world);
        run.sha = repo.git(&["rev-parse", "main"]);
        if run.branch != "main" {
            ask(&world, &repo, &["branch", &run.branch, &run.sha]);
        }
        let id = world.forge.start(run);
        world.deliver().await;
        world.forge.finish(id);
        world.deliver().await;
        Self { world, repo, seen }
    }

    /// Ada asks, Cyd approves.
    pub async fn ask(&self) -> String {
        let answer = self.world.sit("ada").await.say(&self.world, "fix 1 agent").await;
        self.world.sit("cyd").await.say(&self.world, "approve 1").await;
        answer
    }

    pub async fn proposal(&self) -> Proposal {
        self.world.incident(1).await.proposals.last().unwrap().clone()
    }

    /// What came of each attempt, in a word.
    pub async fn ends(&self) -> Vec<&'static str> {
        let word = |end: &AttemptEnd| match end {
            AttemptEnd::Proposed { .. } => "proposed",
            AttemptEnd::Refused { .. } => "refused",
            AttemptEnd::Escalated { .. } => "escalated",
            AttemptEnd::Failed { .. } => "failed",
            AttemptEnd::Interrupted => "interrupted",
        };
        self.proposal().await.attempts.iter().map(|attempt| word(&attempt.end)).collect()
    }

    /// A run of the fix branch that ends like this, and the time until it is looked at.
    pub async fn ci(&self, end: &'static str) {
        self.ci_with(LINT_LOG, end).await;
    }

    pub async fn ci_with(&self, log: &str, end: &'static str) {
        let mut run = spec(log, end);
        run.branch = BRANCH.into();
        run.sha = ask(&self.world, &self.repo, &["rev-parse", BRANCH]);
        run.jobs[0].ends = vec![end];
        let id = self.world.forge.start(run);
        self.world.deliver().await;
        self.world.forge.finish(id);
        self.world.deliver().await;
        self.look().await;
    }

    /// A run of another workflow there.
    async fn beside(&self, workflow: &str, end: &'static str) {
        let mut run = spec(LINT_LOG, end);
        run.workflow = workflow.into();
        run.branch = BRANCH.into();
        run.sha = ask(&self.world, &self.repo, &["rev-parse", BRANCH]);
        run.jobs[0].ends = vec![end];
        let id = self.world.forge.start(run);
        self.world.forge.finish(id);
        self.world.deliver().await;
    }

    /// CI is looked at again.
    pub async fn look(&self) {
        self.world.clock.advance(61_000);
        self.world.settle().await;
    }

    pub fn told(&self, name: &str) -> String {
        std::fs::read_to_string(self.seen.path().join(name)).unwrap_or_default()
    }

    fn branches(&self) -> String {
        ask(&self.world, &self.repo, &["branch", "--list"])
    }

    pub fn thread(&self) -> String {
        let card = self.world.slack.cards()[0].clone();
        self.world.slack.thread(&card.ts).into_iter().map(|note| note.text + "\n").collect()
    }
}

/// A program that does this, as keys of an agent. It counts its runs in `count` of the directory, and keeps what it is told.
pub fn program(dir: &std::path::Path, script: &str) -> String {
    let program = dir.join("agent");
    let text = format!(
        "#!/bin/sh\nSEEN={}\nN=$(($(cat $SEEN/count 2>/dev/null || echo 0) + 1))\necho $N > $SEEN/count\ncat > $SEEN/prompt-$N\nenv > $SEEN/env-$N\n{script}\n",
        dir.display()
    );
    std::fs::write(&program, text).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    format!("command = [\"{}\", \"{{model}}\"]\nmodels = {{default = \"m\"}}\nsandbox = \"none\"\n", program.display())
}

/// Writes the mended file.
pub fn mend() -> String {
    format!("cat > src/lib.rs <<'END'\n{MENDED}END\n")
}

#[tokio::test]
async fn a_loop_that_mends_at_its_first_try() {
    let lab = Lab::new(&format!("{}echo cost_usd=0.12\necho Mended it.", mend())).await;
    let answer = lab.ask().await;
    assert!(answer.contains("let Rex try on") && answer.contains("approval"), "{answer}");
    assert_eq!(lab.ends().await, ["proposed"], "{:?}", lab.proposal().await);
    let proposal = lab.proposal().await;
    assert_eq!((&proposal.state, proposal.attempts[0].cost), (&ProposalState::Waiting, Usd::cents(12)));
    assert_eq!(ask(&lab.world, &lab.repo, &["show", &format!("{BRANCH}:src/lib.rs")]), MENDED.trim_end());
    assert_eq!(opened(&lab.world).len(), 0, "CI decides first");
    lab.ci("success").await;
    let proposal = lab.proposal().await;
    assert_eq!(proposal.state, ProposalState::Done, "{proposal:?}");
    let pull = opened(&lab.world)[0].clone();
    assert_eq!((pull.head.as_str(), pull.base.as_str(), pull.draft), (BRANCH, "main", false));
    assert!(pull.body.contains("CI passed on this branch") && pull.body.contains("read every line"), "{}", pull.body);
    let told = lab.thread();
    assert!(told.contains("attempt 1: the agent changed 1 file") && told.contains("$0.12"), "{told}");
    // The run there was no failure of its own, and one act counts once.
    assert_eq!(lab.world.incidents().await.len(), 1);
    let budget = lab.world.app.engine.clone();
    let view = ci_rescue::ports::Ask::budget(&*budget).await;
    assert!((view.daily_spend - 0.12).abs() < 1e-9 && view.remaining == 9, "{view:?}");

    // Whoever wants it gone gets all of it back.
    lab.world.sit("ada").await.say(&lab.world, "undo 1-1").await;
    lab.world.sit("cyd").await.say(&lab.world, "approve 1-1").await;
    assert!(!opened(&lab.world)[0].open && !lab.branches().contains("ci-rescue"));
    lab.world.end().await;
}

#[tokio::test]
async fn what_the_agent_is_told_and_given() {
    let lab = Lab::new(&mend()).await;
    lab.ask().await;
    let prompt = lab.told("prompt-1");
    for words in
        ["Failure: build in `test`", "clippy::pedantic", "never actually loops", "ESCALATE:", "never an", "acme/shop"]
    {
        assert!(prompt.contains(words), "{words}: {prompt}");
    }
    let mut names: Vec<String> =
        lab.told("env-1").lines().filter_map(|line| Some(line.split_once('=')?.0.to_owned())).collect();
    names.sort_unstable();
    names.retain(|name| !["PWD", "SHLVL", "_", "OLDPWD"].contains(&name.as_str()));
    names.retain(|name| !["LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR"].contains(&name.as_str()));
    let given = [
        "CI",
        "CI_RESCUE_BUDGET_USD",
        "CI_RESCUE_LOOP",
        "CI_RESCUE_RUN_ID",
        "HOME",
        "LC_ALL",
        "NO_COLOR",
        "PATH",
        "TMPDIR",
    ];
    assert_eq!(names, given);
    assert!(lab.told("env-1").contains("CI_RESCUE_RUN_ID=1-1.1:") && lab.told("env-1").contains("BUDGET_USD=0.4000"));
    lab.world.end().await;
}

#[tokio::test]
async fn an_agent_is_told_what_changed_since_it_was_green() {
    let seen = tempfile::tempdir().unwrap();
    let config = format!("[[agents]]\nname = \"Rex\"\n{}", program(seen.path(), "exit 1"));
    let mut green = spec("", "success");
    green.jobs[0].ends = vec!["success"];
    let lab = Lab::on(seen, config, green).await;
    lab.repo.write("src/cart.rs", "pub fn total() {}\n");
    lab.repo.commit("Add a cart");
    let bare = lab.world.forge.git_dir.clone().unwrap().join(format!("{REPO}.git"));
    lab.repo.git(&["push", "--quiet", &bare.display().to_string(), "main"]);
    let mut run = spec(LINT_LOG, "failure");
    run.sha = lab.repo.git(&["rev-parse", "main"]);
    let id = lab.world.forge.start(run);
    lab.world.deliver().await;
    lab.world.forge.finish(id);
    lab.world.deliver().await;
    lab.ask().await;
    let prompt = lab.told("prompt-1");
    assert!(prompt.contains("Files that changed since it was green:\n- `src/cart.rs`\n"), "{prompt}");
    lab.world.end().await;
}

#[tokio::test]
async fn each_try_learns_from_the_last_until_ci_passes() {
    // Skips the test, then changes nothing useful, then mends.
    let script = format!(
        "case $N in\n1) sed -i 's/#\\[test\\]/#[test]\\n#[ignore]/' src/lib.rs;;\n2) echo '// later' >> src/lib.rs;;\n*) {};;\nesac\necho cost_usd=0.10",
        mend()
    );
    let lab = Lab::new(&script).await;
    lab.ask().await;
    assert_eq!(lab.ends().await, ["refused", "proposed"]);
    assert!(lab.told("prompt-2").contains("Attempt 1 was refused by the bot: `src/lib.rs: it skips a test"));
    assert!(lab.told("prompt-2").contains("+#[ignore]"), "{}", lab.told("prompt-2"));
    lab.ci("failure").await;
    assert_eq!(lab.ends().await, ["refused", "proposed", "proposed"]);
    assert!(lab.told("prompt-3").contains("Attempt 2 was pushed, and CI failed again."), "{}", lab.told("prompt-3"));
    assert_eq!(ask(&lab.world, &lab.repo, &["show", &format!("{BRANCH}:src/lib.rs")]), MENDED.trim_end());
    lab.ci("success").await;
    assert_eq!(lab.proposal().await.state, ProposalState::Done);
    assert_eq!((opened(&lab.world).len(), lab.world.incidents().await.len()), (1, 1));
    assert!(opened(&lab.world)[0].body.contains("after 3 attempts at \\$0.30"), "{}", opened(&lab.world)[0].body);
    lab.world.end().await;
}

#[tokio::test]
async fn a_loop_ends_when_its_tries_its_money_or_its_agent_do() {
    for (script, ends, why) in [
        ("exit 3", vec!["failed"; 5], "none of 5 attempts passed"),
        ("echo no idea; echo 'ESCALATE: it needs <!channel> a secret'", vec!["escalated"], "Rex asks for a person"),
        ("echo cost_usd=0.90; exit 1", vec!["failed"; 2], "$1.80 of $2.00 are spent"),
        ("true", vec!["failed"; 5], "none of 5 attempts passed"),
    ] {
        let lab = Lab::new(script).await;
        lab.ask().await;
        let proposal = lab.proposal().await;
        assert_eq!(lab.ends().await, ends, "{script}: {proposal:?}");
        assert!(
            matches!(&proposal.state, ProposalState::Failed { why: have } if have.contains(why)),
            "{script}: {proposal:?}"
        );
        assert_eq!((opened(&lab.world).len(), lab.branches().contains("ci-rescue")), (0, false), "{script}");
        assert!(!lab.thread().contains("<!channel>"), "{}", lab.thread());
        lab.world.end().await;
    }
}

#[tokio::test]
async fn where_ci_never_passes_the_branch_goes_and_the_patches_stay() {
    let lab = Lab::with("echo \"// $N\" >> src/lib.rs; echo cost_usd=0", "", "[loops]\nattempts_max = 2\n").await;
    lab.ask().await;
    lab.ci("failure").await;
    lab.ci("failure").await;
    let proposal = lab.proposal().await;
    assert!(matches!(&proposal.state, ProposalState::Failed { why } if why.contains("none of 2")), "{proposal:?}");
    assert!(!lab.branches().contains("ci-rescue") && opened(&lab.world).is_empty());
    for attempt in &proposal.attempts {
        let AttemptEnd::Proposed { patch } = &attempt.end else { panic!("{attempt:?}") };
        assert!(lab.world.store.blob(&patch.diff).await.unwrap().is_some(), "{attempt:?}");
    }
    assert_eq!(lab.world.incidents().await.len(), 1);
    // The breaker counts what failed; the same commit is not tried again.
    lab.world.clock.advance(11 * 60_000);
    lab.ask().await;
    let again = lab.proposal().await;
    assert!(matches!(&again.state, ProposalState::Refused { why } if why[0].contains("1-1 worked on")), "{again:?}");
    lab.world.end().await;
}

#[tokio::test]
async fn what_ci_does_not_judge_is_a_draft() {
    for (ran, words) in
        [(false, "the failing workflow did not run on the branch"), (true, "CI did not finish within 10 min")]
    {
        let lab = Lab::new(&mend()).await;
        lab.ask().await;
        if ran {
            let mut run = spec(LINT_LOG, "success");
            run.branch = BRANCH.into();
            run.sha = ask(&lab.world, &lab.repo, &["rev-parse", BRANCH]);
            lab.world.forge.start(run);
            lab.world.deliver().await;
        }
        for _ in 0..11 {
            lab.look().await;
        }
        let pull = opened(&lab.world).first().cloned().unwrap_or_else(|| panic!("no pull request"));
        assert!(pull.draft && pull.body.contains(words), "{}", pull.body);
        assert_eq!(lab.proposal().await.state, ProposalState::Done);
        lab.world.end().await;
    }
}

#[tokio::test]
async fn a_change_that_ci_rejected_is_not_pushed_again() {
    let lab = Lab::with(&mend(), "", "[loops]\nattempts_max = 2\n").await;
    lab.ask().await;
    lab.ci("failure").await;
    assert_eq!(lab.ends().await, ["proposed", "failed"]);
    assert!(lab.thread().contains("the same change as in attempt 1"), "{}", lab.thread());
    lab.world.end().await;
}

/// A script that mends, once the file `go` is there.
fn patient() -> String {
    format!("while [ ! -e $SEEN/go ]; do sleep 0.05; done\n{}echo cost_usd=0.10", mend())
}

#[tokio::test]
async fn a_restart_in_each_step_loses_nothing_and_runs_nothing_twice() {
    let mut lab = Lab::new(&format!("{}echo \"// $N\" >> src/lib.rs; echo cost_usd=0.10", mend())).await;
    lab.world.sit("ada").await.say(&lab.world, "fix 1 agent").await;
    lab.world.restart().await;
    lab.world.sit("cyd").await.say(&lab.world, "approve 1").await;
    lab.world.restart().await;
    lab.world.settle().await;
    assert_eq!(lab.ends().await, ["proposed"]);
    lab.world.restart().await;
    lab.ci("failure").await;
    lab.world.restart().await;
    assert_eq!(lab.ends().await, ["proposed", "proposed"]);
    lab.world.settle().await;
    lab.world.restart().await;
    lab.ci("success").await;
    lab.world.restart().await;
    lab.world.settle().await;
    assert_eq!((lab.proposal().await.state, opened(&lab.world).len()), (ProposalState::Done, 1));
    assert_eq!(lab.told("count").trim(), "2");
    lab.world.end().await;
}

#[tokio::test]
async fn an_attempt_that_a_crash_cut_off_is_counted_and_not_repeated() {
    let mut lab = Lab::new(&patient()).await;
    lab.world.sit("ada").await.say(&lab.world, "fix 1 agent").await;
    {
        // The agent is at work when all of it ends.
        let world = &lab.world;
        let cyd = world.sit("cyd").await;
        let approving = async { cyd.say(world, "approve 1").await };
        let begun = async {
            while lab.told("count").is_empty() {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        };
        tokio::select! {
            _ = approving => panic!("it cannot be done"),
            () = begun => {}
        }
    }
    std::fs::write(lab.seen.path().join("go"), "").unwrap();
    lab.world.restart().await;
    // Its lease is over.
    lab.world.clock.advance(31 * 60_000);
    lab.world.settle().await;
    assert_eq!(lab.ends().await, ["interrupted", "proposed"]);
    let proposal = lab.proposal().await;
    assert_eq!((lab.told("count").trim(), proposal.attempts[0].cost), ("2", Usd::cents(40)), "what it cost is assumed");
    lab.world.end().await;
}

#[tokio::test]
async fn the_emergency_stop_kills_the_agent_and_ends_the_loop() {
    let lab = Lab::new(&patient()).await;
    lab.world.sit("ada").await.say(&lab.world, "fix 1 agent").await;
    let world = &lab.world;
    let cyd = world.sit("cyd").await;
    let approving = async { cyd.say(world, "approve 1").await };
    let holding = async {
        while lab.told("count").is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        let hold = ci_rescue::domain::facts::Hold {
            by: "ben".into(),
            at: ci_rescue::ports::Clock::now(&*world.clock),
            reason: None,
        };
        let settings = vec![("hold".to_owned(), Some(serde_json::json!(hold)))];
        world.store.commit(ci_rescue::ports::Turn { settings, ..Default::default() }).await.unwrap();
    };
    tokio::join!(approving, holding);
    let proposal = lab.proposal().await;
    let why = match &proposal.state {
        ProposalState::Refused { why } => why.join(" "),
        other => panic!("{other:?}"),
    };
    assert!(why.contains("emergency stop"), "{why}");
    assert_eq!((lab.ends().await, lab.branches().contains("ci-rescue")), (vec!["interrupted"], false));
    lab.world.end().await;
}

#[tokio::test]
async fn between_two_steps_the_emergency_stop_ends_the_loop_too() {
    let lab = Lab::new(&mend()).await;
    lab.ask().await;
    lab.world.sit("ben").await.say(&lab.world, "hold").await;
    lab.ci("failure").await;
    assert_eq!(lab.ends().await, ["proposed"]);
    let proposal = lab.proposal().await;
    assert!(
        matches!(&proposal.state, ProposalState::Refused { why } if why.join(" ").contains("emergency stop")),
        "{proposal:?}"
    );
    lab.world.end().await;
}

#[tokio::test]
async fn the_days_money_is_kept_across_loops_and_restarts() {
    let mut lab =
        Lab::with("echo cost_usd=0.40; exit 1", "", "[loops]\ndaily_budget_cents = 100\nattempts_max = 9\n").await;
    lab.ask().await;
    let proposal = lab.proposal().await;
    assert_eq!(lab.ends().await.len(), 2, "{proposal:?}");
    assert!(
        matches!(&proposal.state, ProposalState::Refused { why } if why.join(" ").contains("$0.80 of $1.00 are spent today")),
        "{proposal:?}"
    );
    lab.world.restart().await;
    lab.world.clock.advance(11 * 60_000);
    lab.ask().await;
    assert!(matches!(lab.proposal().await.state, ProposalState::Refused { .. }));
    // From midnight on there is money again.
    lab.world.clock.advance(12 * 3_600_000);
    lab.ask().await;
    assert_eq!(lab.told("count").trim(), "4", "{:?}", lab.proposal().await);
    lab.world.end().await;
}

#[tokio::test]
async fn who_may_not_ask_and_what_no_agent_works_on() {
    let lab = Lab::new(&mend()).await;
    let ben = lab.world.sit("ben").await;
    let eve = lab.world.sit("eve").await;
    assert!(eve.say(&lab.world, "fix 1 agent").await.contains("responder"));
    let answer = ben.say(&lab.world, "fix 1 agent").await;
    assert!(answer.contains("no write permission"), "{answer}");
    let answer = lab.world.sit("ada").await.say(&lab.world, "fix 1 agent --dry-run").await;
    assert!(answer.contains("let Rex try on") && answer.contains("$2.00"), "{answer}");
    assert_eq!(lab.told("count"), "");
    lab.world.end().await;
}

#[tokio::test]
async fn who_cancels_stops_the_agent_at_work_and_its_branch_goes() {
    // The second attempt waits.
    let script = format!("[ $N = 1 ] && {{ echo '// a' >> src/lib.rs; exit 0; }}\n{}", patient());
    let lab = Lab::new(&script).await;
    lab.ask().await;
    assert!(lab.branches().contains(BRANCH));
    let world = &lab.world;
    let cancelling = async {
        while lab.told("count").trim() != "2" {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        world.sit("ada").await.say(world, "cancel 1-1").await
    };
    let (answer, ()) = tokio::join!(cancelling, lab.ci("failure"));
    assert!(answer.contains("ancelled"), "{answer}");
    assert!(matches!(lab.proposal().await.state, ProposalState::Cancelled { .. }), "{:?}", lab.proposal().await);
    world.settle().await;
    assert!(!lab.branches().contains("ci-rescue") && opened(world).is_empty());
    // What is late for it opens no card of its own.
    assert_eq!(world.incidents().await.len(), 1);
    lab.world.end().await;
}

#[tokio::test]
async fn the_card_names_the_specialist_and_its_button_lets_it_try() {
    let lab = Lab::new(&format!("{}echo cost_usd=0.12", mend())).await;
    let card = lab.world.slack.cards()[0].clone();
    assert!(card.blocks.to_string().contains("· Rex ·"), "{}", card.blocks);
    let press = card.button("Let Rex try").unwrap_or_else(|| panic!("{}", card.blocks)).clone();
    lab.world.slack.press("UADA", &card, &press).await;
    lab.world.settle().await;
    assert_eq!(lab.proposal().await.state, ProposalState::Awaiting);
    lab.world.sit("cyd").await.say(&lab.world, "approve 1").await;
    lab.ci("success").await;
    assert_eq!(lab.proposal().await.state, ProposalState::Done);
    let card = lab.world.slack.cards()[0].clone();
    assert!(card.button("Let Rex try").is_none(), "{}", card.blocks);
    lab.world.end().await;
}

async fn api(world: &World, path: &str) -> serde_json::Value {
    let url = format!("http://{}{path}", world.public_at);
    let answer = world.http.get(url).bearer_auth("read-token").send().await.unwrap();
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
    answer.json().await.unwrap()
}

#[tokio::test]
async fn commands_and_the_api_tell_the_same_true_figures() {
    let lab = Lab::new(&format!("{}echo cost_usd=0.12", mend())).await;
    let eve = lab.world.sit("eve").await;
    assert!(eve.say(&lab.world, "loops").await.contains("No agent has been at work"));
    lab.ask().await;
    assert_eq!(api(&lab.world, "/api/loops?state=active").await["loops"][0]["state"], "running");
    assert_eq!(api(&lab.world, "/api/loops?state=history").await["loops"], serde_json::json!([]));
    lab.ci("success").await;
    let told = api(&lab.world, "/api/loops").await;
    let one = &told["loops"][0];
    assert_eq!((&one["state"], &one["specialist"], &one["cost"]), (&"success".into(), &"Rex".into(), &0.12.into()));
    assert_eq!((&one["attempts"][0]["end"], &one["attempts"][0]["ci"]), (&"proposed".into(), &"passed".into()));
    let answer = eve.say(&lab.world, "loops history").await;
    assert!(answer.contains("1-1 Rex in acme/shop: success, 1 attempt, $0.12"), "{answer}");
    let budget = api(&lab.world, "/api/budget").await;
    assert_eq!(
        (&budget["daily_spend"], &budget["daily_limit"], &budget["per_loop_limit"]),
        (&0.12.into(), &10.0.into(), &2.0.into())
    );
    let answer = eve.say(&lab.world, "budget").await;
    assert!(answer.contains("9 of 10 automatic actions left") && answer.contains("$0.12 of $10.00"), "{answer}");
    let answer = eve.say(&lab.world, "stats").await;
    assert!(answer.contains("agent Rex: 1 of 1 loops led to a pull request"), "{answer}");
    let incident = api(&lab.world, "/api/incidents/1").await;
    assert_eq!((&incident["agent"], &incident["failure_type"]), (&"rex".into(), &"rust_build".into()));
    lab.world.end().await;
}

/// Both perform what is due: the attempt is claimed once, and begun once.
#[tokio::test]
async fn two_engines_on_one_store_run_one_loop() {
    let lab = Lab::new(&format!("sleep 0.3\n{}echo cost_usd=0.10", mend())).await;
    let (other, twin) = lab.world.twin().await;
    lab.world.sit("ada").await.say(&lab.world, "fix 1 agent").await;
    let cyd = lab.world.sit("cyd").await;
    let (world, ended) = (&lab.world, std::cell::Cell::new(false));
    let approving = async {
        cyd.say(world, "approve 1").await;
        world.settle().await;
        ended.set(true);
    };
    let pumping = async {
        while !ended.get() {
            // A conflict is the other's turn.
            let _ = other.engine.turn().await;
            let _ = other.engine.perform().await;
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(approving, pumping);
    lab.world.settle().await;
    assert_eq!((lab.told("count").trim(), lab.ends().await), ("1", vec!["proposed"]));
    let view = ci_rescue::ports::Ask::budget(&*other.engine).await;
    assert!((view.daily_spend - 0.10).abs() < 1e-9 && view.remaining == 9, "{view:?}");
    twin.end().await;
    lab.world.end().await;
}

#[tokio::test]
async fn the_failing_workflow_alone_decides_and_another_red_one_makes_a_draft() {
    // Another workflow is green, and the failing one does not run there.
    let lab = Lab::new(&mend()).await;
    lab.ask().await;
    lab.beside("gitleaks", "success").await;
    lab.look().await;
    assert_eq!((opened(&lab.world).len(), lab.proposal().await.state), (0, ProposalState::Waiting));
    // It runs and passes; the other is red.
    lab.beside("links", "failure").await;
    lab.ci("success").await;
    let pull = opened(&lab.world)[0].clone();
    assert!(pull.draft && pull.body.contains("another one failed"), "{}", pull.body);
    assert_eq!((lab.told("count").trim(), lab.world.incidents().await.len()), ("1", 1));
    lab.world.end().await;
}

#[tokio::test]
async fn what_people_push_to_the_branch_is_theirs() {
    let lab = Lab::new("echo \"// $N\" >> src/lib.rs").await;
    lab.ask().await;
    let bare = lab.world.forge.git_dir.clone().unwrap().join(format!("{REPO}.git"));
    lab.repo.git(&["fetch", "--quiet", bare.to_str().unwrap(), BRANCH]);
    lab.repo.git(&["switch", "--quiet", "--detach", "FETCH_HEAD"]);
    lab.repo.write("src/lib.rs", MENDED);
    lab.repo.commit("By hand");
    lab.repo.git(&["push", "--quiet", bare.to_str().unwrap(), &format!("HEAD:{BRANCH}")]);
    ci_rescue::demo::learn(&lab.world.forge, lab.world.forge.git_dir.as_ref().unwrap(), REPO).await.unwrap();
    lab.ci("failure").await;
    let proposal = lab.proposal().await;
    assert!(
        matches!(&proposal.state, ProposalState::Failed { why } if why.contains("changed meanwhile")),
        "{proposal:?}"
    );
    assert_eq!((lab.told("count").trim(), lab.branches().contains(BRANCH)), ("1", true));
    lab.world.end().await;
}

#[tokio::test]
async fn one_approval_covers_a_loop_that_takes_long() {
    let script = "echo \"// $N\" >> src/lib.rs; echo cost_usd=0.01";
    let lab = Lab::with(script, "", "[loops]\nci_minutes = 120\n").await;
    lab.ask().await;
    lab.world.clock.advance(70 * 60_000);
    lab.ci("failure").await;
    assert_eq!(lab.ends().await, ["proposed", "proposed"], "{:?}", lab.proposal().await.state);
    assert_ne!(lab.proposal().await.state, ProposalState::Awaiting);
    lab.world.end().await;
}

#[tokio::test]
async fn a_loop_ends_with_its_failure_and_nothing_late_opens_a_card() {
    let lab = Lab::new(&mend()).await;
    lab.ask().await;
    // The branch turns green by other means.
    let mut run = spec(LINT_LOG, "success");
    run.sha = "f".repeat(40);
    run.jobs[0].ends = vec!["success"];
    let id = lab.world.forge.start(run);
    lab.world.deliver().await;
    lab.world.forge.finish(id);
    lab.world.deliver().await;
    assert!(matches!(lab.proposal().await.state, ProposalState::Cancelled { .. }), "{:?}", lab.proposal().await.state);
    assert!(!lab.branches().contains("ci-rescue") && lab.thread().contains("ancelled"), "{}", lab.thread());
    let mut late = spec(LINT_LOG, "failure");
    late.branch = BRANCH.into();
    let id = lab.world.forge.start(late);
    lab.world.deliver().await;
    lab.world.forge.finish(id);
    lab.world.deliver().await;
    assert_eq!(lab.world.incidents().await.len(), 1);
    lab.world.end().await;
}

#[tokio::test]
async fn money_that_was_set_aside_for_nothing_is_given_back() {
    let lab = Lab::new("true").await;
    lab.world.sit("ada").await.say(&lab.world, "fix 1 agent").await;
    // The commit cannot be had.
    std::fs::remove_dir_all(lab.world.forge.git_dir.clone().unwrap().join(format!("{REPO}.git/objects"))).unwrap();
    let rooms = lab.world.rooms.path().join("store-git");
    let _ = std::fs::remove_dir_all(rooms);
    lab.world.sit("cyd").await.say(&lab.world, "approve 1").await;
    for _ in 0..60 {
        lab.world.clock.advance(5 * 60_000);
        lab.world.settle().await;
    }
    let proposal = lab.proposal().await;
    assert!(!proposal.state.is_active() && proposal.attempts.is_empty(), "{proposal:?}");
    let view = ci_rescue::ports::Ask::budget(&*lab.world.app.engine).await;
    assert!(view.daily_spend.abs() < 1e-9, "{view:?}");
    lab.world.end().await;
}

#[tokio::test]
async fn the_policys_paths_are_told_to_the_agent_before_and_after() {
    let script = format!("[ $N = 1 ] && {{ echo a > other.txt; exit 0; }}\n{}", mend());
    let lab = Lab::with(&script, "", "[policy]\nallowed_paths = [\"src/*\"]\n").await;
    lab.ask().await;
    assert_eq!(lab.ends().await, ["refused", "proposed"], "{:?}", lab.proposal().await);
    assert!(lab.told("prompt-1").contains("Only these paths may change: src/*"), "{}", lab.told("prompt-1"));
    assert!(lab.told("prompt-2").contains("other.txt, which policy.allowed_paths does not allow"));
    lab.world.end().await;
}
