//! The analyst: a guess on what no rule knows, marked as one, once for each kind of failure, within the day's money.

use super::agents::program;
use super::escalation::UNKNOWN_LOG;
use crate::world::{LINT_LOG, Setup, World, spec};
use ci_rescue::domain::analysis::Analysis;

const GOOD: &str = r#"{"hypothesis": "The <!channel> frobnicator refuses: its licence ended.", "confidence": "medium", "check": "run frobnicate --status", "guide": 1}"#;
const BAD: &str = r#"{"hypothesis": "x", "confidence": "certain"}"#;

/// An analyst that does this. `more` is further configuration.
pub async fn world(script: &str, keys: &str, more: &str) -> (World, tempfile::TempDir) {
    let seen = tempfile::tempdir().unwrap();
    let config = format!("{more}\n[[agents]]\nname = \"analyst\"\n{}{keys}\n", program(seen.path(), script));
    let config = config.replace("models = {default = \"m\"}", "models = {default = \"m\", fallback = \"other\"}");
    (World::with(Setup { config, ..Setup::default() }).await, seen)
}

pub async fn fail(world: &World, branch: &str, log: &str) {
    let mut run = spec(log, "failure");
    run.branch = branch.into();
    let id = world.forge.start(run);
    world.deliver().await;
    world.forge.finish(id);
    world.deliver().await;
}

fn calls(seen: &tempfile::TempDir) -> String {
    std::fs::read_to_string(seen.path().join("count")).unwrap_or_default().trim().to_owned()
}

fn prompt(seen: &tempfile::TempDir, n: u32) -> String {
    std::fs::read_to_string(seen.path().join(format!("prompt-{n}"))).unwrap()
}

#[tokio::test]
async fn a_guess_is_told_as_one_and_cached_by_fingerprint() {
    let guides = tempfile::tempdir().unwrap();
    let guide =
        "# Our house\n\n## The frobnicator said no\n- Messages: `the frobnicator said no`\n- Fix: renew its licence\n";
    std::fs::write(guides.path().join("house.md"), guide).unwrap();
    let loops = format!("[loops]\nguides = \"{}\"\n", guides.path().display());
    let (world, seen) = world(&format!("echo '{GOOD}'; echo cost_usd=0.02"), "", &loops).await;
    fail(&world, "one", UNKNOWN_LOG).await;
    let incident = world.incident(1).await;
    let Some(Analysis::Told(told)) = &incident.analysis else { panic!("{:?}", incident.analysis) };
    assert_eq!(told.guide.as_ref().unwrap().raw(), "Our house: The frobnicator said no");
    let asked = prompt(&seen, 1);
    for words in
        ["the frobnicator said no", "[1] `Our house: The frobnicator said no`", "renew its licence", "never an"]
    {
        assert!(asked.contains(words), "{words}: {asked}");
    }
    let card = world.slack.cards()[0].clone();
    let text = card.blocks.to_string();
    assert!(text.contains("Analyst's guess (medium confidence)") && !text.contains("<!channel>"), "{text}");
    let thread: String = world.slack.thread(&card.ts).into_iter().map(|note| note.text + "\n").collect();
    assert!(thread.contains("Guide: Our house") && thread.contains("checked by nobody"), "{thread}");
    assert!(!thread.contains("<!channel>"), "{thread}");
    let why = world.sit("ada").await.say(&world, "why 1").await;
    assert!(
        why.contains("the analyst guesses, with medium confidence") && why.contains("frobnicate --status"),
        "{why}"
    );
    // The same failure once more: nobody is asked again, and it costs nothing.
    world.sit("ada").await.say(&world, "resolve 1 renewed").await;
    fail(&world, "two", UNKNOWN_LOG).await;
    let second = world.incident(2).await;
    assert!(matches!(second.analysis, Some(Analysis::Told(_))), "{second:#?}");
    assert_eq!(calls(&seen), "1");
    let view = ci_rescue::ports::Ask::budget(&*world.app.engine.clone()).await;
    assert!((view.daily_spend - 0.02).abs() < 1e-9, "{view:?}");
    world.end().await;
}

#[tokio::test]
async fn what_a_rule_knows_is_not_asked() {
    let (world, seen) = world(&format!("echo '{GOOD}'"), "", "").await;
    fail(&world, "main", LINT_LOG).await;
    assert_eq!((world.incident(1).await.analysis, calls(&seen).as_str()), (None, ""));
    world.end().await;
}

#[tokio::test]
async fn an_answer_is_corrected_once_then_the_fallback_is_asked_then_there_is_silence() {
    for (script, asked, told) in [
        (format!("[ $N = 1 ] && echo '{BAD}' || echo '{GOOD}'"), "2", true),
        (format!("[ $1 = other ] && echo '{GOOD}' || echo '{BAD}'"), "3", true),
        (format!("echo '{BAD}'"), "3", false),
        (format!("[ $1 = other ] && echo '{GOOD}' || exit 1"), "2", true),
        ("exit 1".to_owned(), "2", false),
        ("echo '{\"hypothesis\": null}'".to_owned(), "1", false),
        ("echo I cannot tell".to_owned(), "3", false),
    ] {
        let (world, seen) = world(&script, "", "").await;
        fail(&world, "main", UNKNOWN_LOG).await;
        let analysis = world.incident(1).await.analysis;
        assert_eq!(matches!(analysis, Some(Analysis::Told(_))), told, "{script}: {analysis:?}");
        assert_eq!(calls(&seen), asked, "{script}");
        if script.starts_with("[ $N = 1 ]") {
            assert!(prompt(&seen, 2).contains("could not be used: `\"confidence\" must be"), "{}", prompt(&seen, 2));
        }
        if !told {
            let card = world.slack.cards()[0].clone();
            assert!(!card.blocks.to_string().contains("Analyst"), "{}", card.blocks);
            let thread = world.slack.thread(&card.ts);
            assert!(!thread.iter().any(|note| note.text.contains("analyst")), "silence: {thread:?}");
        }
        world.end().await;
    }
}

#[tokio::test]
async fn it_keeps_to_the_emergency_stop_and_the_days_money() {
    let (world, seen) = world(&format!("echo '{GOOD}'"), "", "").await;
    world.sit("ada").await.say(&world, "hold quiet, please").await;
    fail(&world, "main", UNKNOWN_LOG).await;
    assert_eq!((world.incident(1).await.analysis, calls(&seen).as_str()), (None, ""));
    world.end().await;
    let money = "[loops]\ndaily_budget_cents = 12\nattempt_budget_cents = 5\nanalyst_budget_cents = 5\n";
    let (world, seen) = self::world(&format!("echo '{GOOD}'"), "", money).await;
    // Each reports no cost and is counted as five cents: two fit.
    for n in 0..4_u32 {
        let word = ["alpha", "beta", "gamma", "delta"][n as usize];
        let log =
            format!("##[group]Run ./{word}\nthe {word} said {word}\n##[error]Process completed with exit code 7.\n");
        fail(&world, &format!("b{n}"), &log).await;
    }
    assert_eq!(calls(&seen), "2");
    let Some(Analysis::Silent { why }) = world.incident(4).await.analysis else { panic!() };
    assert!(why.contains("$0.10 of $0.12 are spent today"), "{why}");
    world.end().await;
}
