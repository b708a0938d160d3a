//! GitHub's adapter against the forge: tokens, labels, comments, check runs.

use crate::world::{HandClock, REPO, forge};
use ci_rescue::adapters::github::{Credentials, GitHub, Settings};
use ci_rescue::demo::Forge as Sandbox;
use ci_rescue::domain::action::Action;
use ci_rescue::ports::{Ci, Forge, PastRuns};
use futures::StreamExt;
use futures::future::join_all;
use serde_json::json;
use std::sync::Arc;

pub async fn app() -> (Sandbox, Arc<GitHub>, Arc<HandClock>) {
    let clock = HandClock::new();
    let (sandbox, at, _) = forge(&clock, None).await;
    let credentials = Credentials::app(7, include_str!("../../data/app-key.pem")).unwrap();
    let settings = Settings {
        api_url: format!("http://{at}"),
        ca_pem: None,
        credentials: credentials.into(),
        clock: clock.clone(),
    };
    (sandbox, Arc::new(GitHub::new(settings).unwrap()), clock)
}

#[tokio::test]
async fn ten_callers_mint_one_token_for_the_repository_alone() {
    let (sandbox, github, clock) = app().await;
    let repo = REPO.parse().unwrap();
    let run = sandbox.start(crate::world::spec("", "success"));
    let calls = (0..10).map(|_| github.run(&repo, ci_rescue::domain::RunId(run)));
    assert!(join_all(calls).await.iter().all(Result::is_ok));
    let state = sandbox.lock();
    assert_eq!(state.tokens_minted, 1);
    assert_eq!(state.narrowed, [json!(["shop"])]);
    let jwt =
        state.calls.iter().find(|call| call.path.ends_with("/access_tokens")).unwrap().authorization.clone().unwrap();
    assert_eq!(jwt.split('.').count(), 3, "the App's own token");
    let used = state.calls.iter().filter(|call| call.authorization.as_deref() == Some("Bearer ghs_sandbox1")).count();
    assert_eq!(used, 10);
    drop(state);
    // It lives for an hour; before that it is minted anew.
    clock.advance(56 * 60_000);
    github.run(&repo, ci_rescue::domain::RunId(run)).await.unwrap();
    assert_eq!(sandbox.lock().tokens_minted, 2);
}

/// Repositories that fail together read their logs at once: tokens are no content, and an owner's installation is looked
/// up once.
#[tokio::test]
async fn many_repositories_mint_their_tokens_at_once() {
    let (sandbox, github, _) = app().await;
    let repos: Vec<ci_rescue::domain::Repo> = (0..120).map(|n| format!("acme/r{n}").parse().unwrap()).collect();
    for repo in &repos {
        sandbox.add_repo(repo.as_str());
    }
    let run = sandbox.start(crate::world::spec("", "success"));
    let calls = repos.iter().map(|repo| github.run(repo, ci_rescue::domain::RunId(run)));
    let limited = join_all(calls)
        .await
        .into_iter()
        .filter(|done| matches!(done, Err(ci_rescue::ports::PortError::Transient { .. })));
    assert_eq!(limited.count(), 0);
    let state = sandbox.lock();
    assert_eq!(state.tokens_minted, 120);
    assert_eq!(state.calls.iter().filter(|call| call.path.ends_with("/installation")).count(), 1);
}

#[tokio::test]
async fn labels_comments_and_checks_may_be_asked_for_twice() {
    let (sandbox, github, _) = app().await;
    let repo: ci_rescue::domain::Repo = REPO.parse().unwrap();
    let stranger = json!({"id": 1, "number": 5, "body": "<!-- ci-rescue/x/card -->\nmine", "user": {"login": "mallory"}, "performed_via_github_app": null});
    sandbox.lock().repos.get_mut(REPO).unwrap().comments.push(stranger.clone());
    let label = |present| Action::Label { repo: repo.clone(), number: 5, label: "ci:auto-rescue".into(), present };
    let comment = |body: &str| Action::Comment {
        repo: repo.clone(),
        number: 5,
        marker: "ci-rescue/x/card".into(),
        body: body.into(),
    };
    let check = |conclusion: &str| Action::Check {
        repo: repo.clone(),
        sha: "1a2b3c4d5e6f70819293a4b5c6d7e8f901234567".into(),
        name: "CI Rescue".into(),
        conclusion: conclusion.into(),
        title: "t".into(),
        summary: "s".into(),
    };
    for action in
        [label(true), label(true), comment("one"), comment("one"), comment("two"), check("neutral"), check("success")]
    {
        Forge::ensure(&*github, &action).await.unwrap();
    }
    {
        let state = sandbox.lock();
        let here = &state.repos[REPO];
        assert_eq!(here.labels[&5], ["ci:auto-rescue"]);
        assert_eq!(here.comments.len(), 2, "one of ours beside the stranger's");
        assert_eq!(here.comments[0], stranger, "a marker that somebody copied does not make a comment ours");
        assert!(here.comments[1]["body"].as_str().unwrap().ends_with("two"));
        assert_eq!(here.checks.len(), 1);
        assert_eq!(here.checks[0]["conclusion"], "success");
    }
    Forge::ensure(&*github, &label(false)).await.unwrap();
    assert!(sandbox.lock().repos[REPO].labels[&5].is_empty());
}

#[tokio::test]
async fn git_is_real() {
    let dir = tempfile::tempdir().unwrap();
    let clock = HandClock::new();
    let now = clock.clone();
    let sandbox = Sandbox::new(Arc::new(move || ci_rescue::ports::Clock::now(&*now).0), Some(dir.path().join("git")));
    sandbox.add_repo(REPO);
    ci_rescue::demo::seed(&sandbox, &dir.path().join("git"), REPO).await.unwrap();
    let (listener, at) = crate::world::listener().await;
    let stop = tokio_util::sync::CancellationToken::new();
    tokio::spawn(ci_rescue::server::serve(listener, ci_rescue::demo::router(sandbox.clone()), stop.clone()));
    let git = async |args: &[&str]| {
        let output = tokio::process::Command::new("git").current_dir(dir.path()).args(args).output().await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    git(&["clone", "--quiet", &format!("http://{at}/git/{REPO}.git"), "clone"]).await;
    let head = git(&["-C", "clone", "rev-parse", "HEAD"]).await;
    assert_eq!(sandbox.lock().repos[REPO].branches["main"], head);
    git(&["-C", "clone", "push", "--quiet", "origin", "HEAD:refs/heads/pushed"]).await;
    assert!(git(&["ls-remote", &format!("http://{at}/git/{REPO}.git"), "refs/heads/pushed"]).await.starts_with(&head));
    stop.cancel();
}

#[tokio::test]
async fn artifacts_are_listed_page_by_page_and_fetched_elsewhere_without_a_token() {
    let (sandbox, github, _) = app().await;
    let repo = REPO.parse().unwrap();
    let run = sandbox.start(crate::world::spec("", "success"));
    for n in 0..130 {
        sandbox.upload(run, &format!("test-{n}"), vec![n]);
    }
    let all = github.artifacts(&repo, ci_rescue::domain::RunId(run)).await.unwrap();
    assert_eq!(all.len(), 130);
    let last = all.last().unwrap();
    assert_eq!((last.name.raw(), last.bytes), ("test-129", 1));
    let mut stream = github.download(&repo, last.id).await.unwrap();
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await {
        bytes.extend(chunk.unwrap());
    }
    assert_eq!(bytes, [129]);
    let state = sandbox.lock();
    let token = |tail: &str| {
        let call = state.calls.iter().find(|call| call.path.ends_with(tail)).unwrap();
        call.authorization.clone()
    };
    assert_eq!(token("/zip").as_deref(), Some("Bearer ghs_sandbox1"));
    assert_eq!(token(&format!("/_artifacts/{}", last.id)), None);
    drop(state);
    sandbox.lock().artifacts.clear();
    let gone = github.download(&repo, last.id).await.err().unwrap();
    assert_eq!(gone.why(), "GitHub no longer has the artifact");
}

/// GitHub does not always tell by which App a comment was made: then its author is the App's own account, whose name
/// nobody else can have (docs.github.com, "About creating GitHub Apps").
#[tokio::test]
async fn our_comments_are_known_by_the_apps_id_or_by_its_account() {
    let (sandbox, github, _) = app().await;
    let comment = |body: &str| Action::Comment {
        repo: REPO.parse().unwrap(),
        number: 5,
        marker: "ci-rescue/x/card".into(),
        body: body.into(),
    };
    let account = |login: &str, kind: &str| json!({"login": login, "id": 1, "type": kind});
    let app = |id: u64| json!({"id": id});
    for (user, by, ours) in [
        (account("ci-rescue-sandbox[bot]", "Bot"), json!(null), true),
        (account("renamed[bot]", "Bot"), app(7), true),
        (account("other[bot]", "Bot"), json!(null), false),
        (account("other[bot]", "Bot"), app(8), false),
        (account("ci-rescue-sandbox", "User"), json!(null), false),
        (account("mallory", "User"), json!(null), false),
    ] {
        sandbox.lock().repos.get_mut(REPO).unwrap().comments.clear();
        Forge::ensure(&*github, &comment("one")).await.unwrap();
        {
            let mut state = sandbox.lock();
            let first = &mut state.repos.get_mut(REPO).unwrap().comments[0];
            (first["user"], first["performed_via_github_app"]) = (user.clone(), by.clone());
        }
        for _ in 0..2 {
            Forge::ensure(&*github, &comment("two")).await.unwrap();
        }
        let state = sandbox.lock();
        let comments = &state.repos[REPO].comments;
        // The second of what is not ours is by the sandbox's own account, and is found by the App's id.
        assert_eq!(comments.len(), if ours { 1 } else { 2 }, "{user} {by}: {comments:#?}");
        assert!(comments.last().unwrap()["body"].as_str().unwrap().ends_with("two"), "{user} {by}");
    }
}
