//! An agent behind an HTTP endpoint: it is sent the prompt and the files, and answers with those that it would change.

use super::agents::Lab;
use super::code::opened;
use crate::world::{LINT_LOG, spec};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use ci_rescue::domain::ProposalState;
use ci_rescue::domain::agent::{AttemptEnd, Usd};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

const MENDED: &str = "pub fn first(all: &[u8]) -> Option<u8> {\n    all.first().copied()\n}\n\n#[test]\nfn it_is_the_first() {\n    assert_eq!(first(&[1, 2]), Some(1));\n}\n";

type Asked = Arc<Mutex<Vec<(HeaderMap, Value)>>>;

/// A service that answers like this; what it was asked.
async fn service(status: u16, answer: String) -> (std::net::SocketAddr, Asked) {
    let asked = Asked::default();
    let answering = move |State(asked): State<Asked>, headers: HeaderMap, body: Bytes| async move {
        asked.lock().unwrap().push((headers, serde_json::from_slice(&body).unwrap()));
        (StatusCode::from_u16(status).unwrap(), answer)
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let app = Router::new().route("/fix", post(answering)).with_state(Arc::clone(&asked));
    tokio::spawn(async move { axum::serve(listener, app).await });
    (at, asked)
}

async fn lab(status: u16, answer: String, more: &str) -> (Lab, Asked) {
    let (at, asked) = service(status, answer).await;
    let config = format!(
        "[loops]\nattempts_max = 1\n[[agents]]\nname = \"rex\"\nendpoint = \"http://{at}/fix\"\nmodels = {{default = \"small\"}}\n{more}"
    );
    let lab = Lab::on(tempfile::tempdir().unwrap(), config, spec(LINT_LOG, "failure")).await;
    lab.ask().await;
    (lab, asked)
}

#[tokio::test]
async fn an_endpoint_mends_a_failure() {
    let answer = json!({"files": {"src/lib.rs": MENDED}, "message": "Mended it.", "cost_usd": 0.07}).to_string();
    // Any variable of this process that is there: its value is the token.
    let (lab, asked) = lab(200, answer, "token_variable = \"CARGO_MANIFEST_DIR\"\n").await;
    let attempts = lab.proposal().await.attempts;
    assert!(matches!(attempts[0].end, AttemptEnd::Proposed { .. }), "{attempts:?}");
    assert_eq!((attempts[0].cost, attempts[0].said.raw()), (Usd::cents(7), "Mended it."));
    let (headers, body) = asked.lock().unwrap()[0].clone();
    assert_eq!(headers["authorization"], format!("Bearer {}", env!("CARGO_MANIFEST_DIR")));
    assert_eq!((&body["run"], &body["specialist"], &body["model"]), (&"1-1.1".into(), &"rex".into(), &"small".into()));
    assert!(body["prompt"].as_str().unwrap().contains("never actually loops"), "{body}");
    assert!(body["files"]["src/lib.rs"].as_str().unwrap().contains("for one in all"), "{body}");
    assert_eq!((body["files"].get("logo.bin"), &body["files_truncated"]), (None, &false.into()));
    lab.ci("success").await;
    assert_eq!((lab.proposal().await.state, opened(&lab.world).len()), (ProposalState::Done, 1));
    lab.world.end().await;
}

#[tokio::test]
async fn an_endpoint_that_fails_or_means_no_good_changes_nothing() {
    let outside = json!({"files": {"../outside": "x"}}).to_string();
    let hook = json!({"files": {".git/hooks/pre-commit": "x"}}).to_string();
    let skipping = json!({"files": {"src/lib.rs": "pub fn first() {}\n"}}).to_string();
    for (status, answer, why) in [
        (500, "busy".to_owned(), "the endpoint answered 500: busy"),
        (302, String::new(), "the endpoint answered 302"),
        (200, "<html>".into(), "its answer is not a JSON object"),
        (200, "[]".into(), "its answer is not a JSON object"),
        (200, json!({"files": ["a"]}).to_string(), "must be an object of texts"),
        (200, outside, "names a path that may not be written: ../outside"),
        (200, hook, "may not be written"),
        (200, json!({"message": "nothing"}).to_string(), "the agent changed nothing"),
        (200, json!({"escalate": "no idea"}).to_string(), "no idea"),
        (200, skipping, "test"),
        (200, format!("{{\"message\": \"{}\"}}", "x".repeat(11 << 20)), "printed more than 10 MB"),
    ] {
        let (lab, _asked) = lab(status, answer, "").await;
        let attempts = lab.proposal().await.attempts;
        let told = match &attempts[0].end {
            AttemptEnd::Failed { why } => why.clone(),
            AttemptEnd::Refused { why, .. } => why.join("; "),
            AttemptEnd::Escalated { why } => why.raw().to_owned(),
            other => panic!("{why}: {other:?}"),
        };
        assert!(told.contains(why), "{why}: {told}");
        assert!(opened(&lab.world).is_empty());
        lab.world.end().await;
    }
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_costs_nothing() {
    let config =
        "[loops]\nattempts_max = 1\n[[agents]]\nname = \"rex\"\nendpoint = \"http://127.0.0.1:9/fix\"\n".to_owned();
    let lab = Lab::on(tempfile::tempdir().unwrap(), config, spec(LINT_LOG, "failure")).await;
    lab.ask().await;
    assert!(matches!(lab.proposal().await.state, ProposalState::Running { .. }), "it is tried again");
    for _ in 0..20 {
        lab.world.clock.advance(5 * 60_000);
        lab.world.settle().await;
    }
    let proposal = lab.proposal().await;
    let told = format!("{:?}", proposal.state);
    assert!(told.contains("Failed") && told.contains("cannot be reached"), "{told}");
    assert!(proposal.attempts.is_empty());
    let view = ci_rescue::ports::Ask::budget(&*lab.world.app.engine.clone()).await;
    assert!(view.daily_spend.abs() < 1e-9 && view.consecutive_failures == 0, "{view:?}");
    lab.world.end().await;
}
