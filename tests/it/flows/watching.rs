//! Watching a fixing agent: the pages of its loops and the metrics tell what is on record, and nothing it says takes effect.

use super::agents::Lab;
use reqwest::StatusCode;

/// Skips the test at first, changes something at its second attempt, and something else then. It tells the cost of its first
/// attempt alone, and its last words are markup.
pub const HOSTILE: &str = "case $N in\n1) sed -i 's/#\\[test\\]/#[test]\\n#[ignore]/' src/lib.rs; echo cost_usd=0.12;;\n*) echo \"// <b>$N</b>\" >> src/lib.rs;;\nesac\necho '</blockquote><script>window.hit = 1</script>'";

async fn status(lab: &Lab, path: &str) -> StatusCode {
    let url = format!("http://{}{path}", lab.world.private_at);
    lab.world.http.get(url).send().await.unwrap().status()
}

#[tokio::test]
async fn the_pages_tell_a_loop_from_its_first_step_to_its_last() {
    let lab = Lab::new(HOSTILE).await;
    let eve = lab.world.sit("eve").await;
    let empty = eve.page("/loops").await;
    assert!(empty.contains("<code>[[agents]]</code>") && empty.contains("$0.00 of $10.00"), "{empty}");
    lab.world.sit("ada").await.say(&lab.world, "fix 1 agent").await;
    let asked = eve.page("/loops/1-1").await;
    assert!(asked.contains("waiting: approval") && asked.contains("No attempt has ended yet"), "{asked}");
    lab.world.sit("cyd").await.say(&lab.world, "approve 1").await;

    // Refused, then pushed: the second attempt's cost is assumed.
    assert_eq!(lab.ends().await, ["refused", "proposed"]);
    let page = eve.page("/loops/1-1").await;
    for words in [
        "<h1>Loop 1-1</h1>",
        "waiting: CI on ci-rescue",
        "$0.52 of $2.00",
        "Attempt 1 <span class=\"state\">refused by the bot</span>",
        "it skips a test",
        "Attempt 2 <span class=\"state\">proposed a change</span>",
        "$0.40 assumed, as the agent reported no cost",
        "Pushed; CI has not judged it.",
        "<span class=\"added\">+#[ignore]</span>",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("<script>window") && !page.contains("<b>2"), "what it says and writes is escaped: {page}");
    assert!(page.contains("window.hit = 1") && page.contains("&lt;script&gt;"), "{page}");
    let list = eve.page("/loops").await;
    assert!(list.contains("<a href=\"/loops/1-1\">1-1 Rex</a>") && list.contains(">running</span>"), "{list}");
    assert!(list.contains("2 attempts · $0.52") && list.contains("Cost by day"), "{list}");
    assert!(eve.page("/incidents/1").await.contains("<a href=\"/loops/1-1\">"));

    lab.ci("failure").await;
    lab.ci("success").await;
    let page = eve.page("/loops/1-1").await;
    for words in ["<b>success</b>", "CI failed.", "CI passed.", "fixed in", "Pull request"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let list = eve.page("/loops").await;
    assert!(list.contains("No agent is at work") && list.contains("<th scope=\"row\">Rex</th><td>1</td><td>1</td>"));
    lab.world.end().await;
}

#[tokio::test]
async fn only_loops_have_a_page() {
    let lab = Lab::new("true").await;
    lab.world.sit("ben").await.say(&lab.world, "retry 1 force").await;
    lab.world.sit("ada").await.say(&lab.world, "fix 1 agent --dry-run").await;
    for path in ["/loops/1-1", "/loops/1-2", "/loops/1-9", "/loops/9-1", "/loops/1", "/loops/x", "/loops/1-1/x"] {
        assert_eq!(status(&lab, path).await, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(status(&lab, "/loops").await, StatusCode::OK);
    assert!(!lab.world.sit("eve").await.page("/incidents/1").await.contains("/loops/1-"));
    lab.world.end().await;
}

/// The value of a series whose labels contain all of these.
fn value(shown: &str, name: &str, labels: &[&str]) -> Option<f64> {
    let line = shown
        .lines()
        .find(|line| line.starts_with(&format!("{name}{{")) && labels.iter().all(|label| line.contains(label)))?;
    line.rsplit(' ').next()?.parse().ok()
}

/// No other world of this process has an agent and is asked for its metrics.
#[tokio::test]
async fn metrics_tell_a_loops_true_figures() {
    let lab = Lab::new("echo \"// $N\" >> src/lib.rs; echo cost_usd=0.12").await;
    lab.ask().await;
    lab.ci("success").await;
    let own = lab.proposal().await;
    let took_ms = own.attempts[0].pushed_at.unwrap().ms_since(own.created_at);
    let took_s = f64::from(i32::try_from(took_ms).unwrap()) / 1_000.0;
    let url = format!("http://{}/metrics", lab.world.private_at);
    let shown = lab.world.http.get(url).send().await.unwrap().text().await.unwrap();
    let (rex, success) = ("specialist=\"Rex\"", "state=\"success\"");
    for (name, labels, want) in [
        ("ci_rescue_loops", &[rex, success][..], 1.0),
        ("ci_rescue_loop_seconds", &[rex], took_s),
        ("ci_rescue_agent_cost_dollars", &[rex], 0.12),
        ("ci_rescue_agent_budget_dollars", &["kind=\"spent\""], 0.12),
        ("ci_rescue_agent_budget_dollars", &["kind=\"limit\""], 10.0),
    ] {
        let have = value(&shown, name, labels);
        assert!(have.is_some_and(|have| (have - want).abs() < 1e-9), "{name} {labels:?}: {have:?}, not {want}");
    }
    lab.world.end().await;
}
