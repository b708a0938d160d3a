//! H: the console and the API.

use crate::world::{NETWORK_LOG, Setup, World, card, spec};
use reqwest::StatusCode;
use serde_json::json;

#[tokio::test]
async fn threat_113_a_foreign_host_or_origin_is_refused() {
    let world = World::new().await;
    let url = format!("http://{}/", world.private_at);
    for host in ["evil.example", "evil.example:8081", "127.0.0.1.evil.example", ""] {
        let answer = world.http.get(&url).header("host", host).send().await;
        assert!(answer.is_err() || answer.unwrap().status() != StatusCode::OK, "{host}");
    }
    let seat = world.sit("ben").await;
    let own = format!("http://{}", world.private_at);
    let (site, origin) = ("sec-fetch-site", "origin");
    let refused: &[&[(&'static str, &str)]] = &[
        &[(origin, "https://evil.example")],
        &[(origin, "http://127.0.0.1:1")],
        &[(origin, "")],
        &[(origin, &own), (origin, &own)],
        &[(site, "cross-site")],
        &[(site, "same-site")],
        &[(site, "same-site"), (origin, "null")],
        &[(site, "cross-site"), (origin, &own)],
        &[(site, "same-origin"), (origin, "https://evil.example")],
        &[(site, "none"), (site, "cross-site")],
        &[(site, "Same-Origin")],
        &[(site, "")],
    ];
    for path in ["/command", "/press", "/switch", "/sign-in", "/sign-out"] {
        for headers in refused {
            let status = seat.post_from(path, headers, &[("text", "hold"), ("person", "ada")]).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{path} {headers:?}");
        }
    }
    assert_eq!(world.store.counts().await.unwrap().inbox, 0);
    // What browsers send with our own forms, by referrer policy, privacy settings and age.
    let accepted: &[&[(&'static str, &str)]] = &[
        &[],
        &[(origin, &own)],
        &[(origin, "null")],
        &[(site, "same-origin"), (origin, &own)],
        &[(site, "same-origin"), (origin, "null")],
        &[(site, "none")],
    ];
    for headers in accepted {
        let status = seat.post_from("/command", headers, &[("text", "list")]).await;
        assert_eq!(status, StatusCode::SEE_OTHER, "{headers:?}");
    }
    // The token is needed all the same.
    for path in ["/command", "/press", "/switch", "/sign-in", "/sign-out"] {
        let fields = [("text", "hold"), ("person", "ada"), ("token", "console-token")];
        let answer = seat.post_with(path, "x", &fields).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path}");
        assert_eq!(answer.text().await.unwrap(), "Session check failed: reload the page and try again");
    }
    world.end().await;
}

#[tokio::test]
async fn threat_114_forms_need_their_own_sessions_token() {
    let world = World::new().await;
    world.broken_run(NETWORK_LOG, "success").await;
    let (ben, ada) = (world.sit("ben").await, world.sit("ada").await);
    for token in ["", "x", ada.csrf.as_str()] {
        let value = crate::world::button(&ben.page("/").await, 1, "Retry").unwrap();
        let answer = ben.post_with("/press", token, &[("thread", "1"), ("value", &value)]).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{token}");
    }
    world.settle().await;
    assert_eq!(world.reruns(), 0);
    world.end().await;
}

#[tokio::test]
async fn threat_115_stored_markup_is_text_and_the_policy_forbids_scripts() {
    let world = World::new().await;
    let mut run = spec("error: <script>alert(1)</script>\n##[error]Process completed with exit code 1.\n", "failure");
    run.jobs[0].name = "<b onmouseover=alert(1)>x".into();
    let id = world.forge.start(run);
    world.forge.finish(id);
    world.deliver().await;
    let page = world.sit("ben").await.page("/incidents/1").await;
    assert!(card(&page, 1).unwrap().contains("&lt;b onmouseover"), "{page}");
    assert!(page.contains("&lt;script&gt;") || page.contains("&lt;script&#x3e;"), "the excerpt shows it as text");
    let head = world.http.get(format!("http://{}/", world.private_at)).send().await.unwrap();
    let policy = head.headers()["content-security-policy"].to_str().unwrap();
    assert!(
        policy.contains("default-src 'none'") && policy.contains("script-src 'self'") && !policy.contains("unsafe"),
        "{policy}"
    );
    world.end().await;
}

#[tokio::test]
async fn threat_116_the_api_wants_the_right_token_in_a_header() {
    let world = World::new().await;
    let base = format!("http://{}", world.public_at);
    let get = async |path: &str, token: Option<&str>| {
        let request = world.http.get(format!("{base}{path}"));
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        request.send().await.unwrap().status()
    };
    for path in [
        "/api/incidents",
        "/api/incidents/1",
        "/api/status",
        "/api/loops?state=active",
        "/api/budget",
        "/api/quarantine/a/b",
    ] {
        assert_eq!(get(path, None).await, StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(get(path, Some("wrong")).await, StatusCode::UNAUTHORIZED, "{path}");
        assert_ne!(get(path, Some("read-token")).await, StatusCode::UNAUTHORIZED, "{path}");
    }
    assert_eq!(get("/api/incidents?token=read-token", None).await, StatusCode::UNAUTHORIZED, "not in the address");
    let act = json!({"workflow_run": {"id": 9, "name": "healer-ci", "conclusion": "failure"}, "repository": {"full_name": "acme/shop"}});
    let url = format!("{base}/api/remediate/ci-failure");
    assert_eq!(
        world.http.post(&url).bearer_auth("read-token").json(&act).send().await.unwrap().status(),
        StatusCode::UNAUTHORIZED
    );
    let answer = world.http.post(&url).bearer_auth("act-token").json(&json!({"body": act})).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    let answer: serde_json::Value = answer.json().await.unwrap();
    assert_eq!((answer["agent"].as_str(), answer["dedup_status"].as_str()), (Some("rex"), Some("new")), "{answer}");
    assert!(answer["coderun_name"].as_str().unwrap().starts_with("rescue-ci-rex-"), "{answer}");
    let again: serde_json::Value =
        world.http.post(&url).bearer_auth("act-token").json(&act).send().await.unwrap().json().await.unwrap();
    assert_eq!(again["dedup_status"], "existing");
    for path in ["/metrics"] {
        let status = world.http.get(format!("http://{}{path}", world.private_at)).send().await.unwrap().status();
        assert_eq!(status, StatusCode::OK, "open in the demo");
    }
    world.end().await;
}

#[tokio::test]
async fn the_api_answers_in_the_shapes_it_documents() {
    let world = World::new().await;
    world.broken_run(NETWORK_LOG, "success").await;
    let base = format!("http://{}", world.public_at);
    let get = async |path: &str| -> serde_json::Value {
        world.http.get(format!("{base}{path}")).bearer_auth("read-token").send().await.unwrap().json().await.unwrap()
    };
    let list = get("/api/incidents").await;
    for key in ["id", "number", "repo", "branch", "sha", "stage", "severity", "fingerprint", "opened_at"] {
        assert!(list["incidents"][0].get(key).is_some(), "{key}: {list}");
    }
    assert_eq!(get("/api/incidents/1").await["number"], "#1");
    assert_eq!(get("/api/status").await["open"], 1);
    assert_eq!(get("/api/budget").await["allowed"], true);
    let classify = world
        .http
        .post(format!("{base}/api/classify"))
        .bearer_auth("read-token")
        .json(&json!({"logs": "npm error code ECONNRESET", "failed_jobs": []}));
    let answer: serde_json::Value = classify.send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["category"], "network");
    let document: serde_json::Value =
        world.http.get(format!("{base}/api/openapi.json")).send().await.unwrap().json().await.unwrap();
    for path in [
        "/api/incidents",
        "/api/incidents/{id}",
        "/api/status",
        "/api/classify",
        "/hooks/ci",
        "/api/remediate/ci-failure",
    ] {
        assert!(document["paths"].get(path).is_some(), "{path}");
    }
    world.end().await;
}

#[tokio::test]
async fn the_hook_says_what_is_wrong() {
    let world = World::new().await;
    let url = format!("http://{}/hooks/ci", world.public_at);
    let post = async |token: &str, body: String| {
        let answer =
            world.http.post(&url).header("authorization", format!("Bearer {token}")).body(body).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(post("nope", "{}".into()).await.0, 401);
    assert_eq!(post("hook-token", "{".into()).await.0, 400);
    let (status, why) = post("hook-token", "{\"repo\": \"a/b\"}".into()).await;
    assert_eq!(status, 400);
    assert!(why.contains("run_id") && why.contains("failed_jobs"), "{why}");
    assert_eq!(post("hook-token", "x".repeat(513 << 10)).await.0, 413);
    assert_eq!(world.http.get(&url).send().await.unwrap().status(), StatusCode::METHOD_NOT_ALLOWED);
    world.end().await;
}

#[tokio::test]
async fn threat_117_a_proxys_header_opens_nothing() {
    let world = World::with(Setup { open_console: false, ..Setup::default() }).await;
    let url = format!("http://{}", world.private_at);
    let http = crate::world::client_builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let page =
        http.get(&url).header("x-forwarded-for", "127.0.0.1").header("x-real-ip", "127.0.0.1").send().await.unwrap();
    assert_eq!(page.status(), StatusCode::SEE_OTHER);
    assert_eq!(http.get(format!("{url}/events")).send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    assert_eq!(
        http.get(format!("{url}/metrics")).header("x-forwarded-for", "127.0.0.1").send().await.unwrap().status(),
        StatusCode::UNAUTHORIZED
    );
    let page = http.get(format!("{url}/sign-in")).send().await.unwrap();
    let ticket = page.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let csrf = ticket.split_once('=').unwrap().1.to_owned();
    let sign_in = async |cookie: &str, csrf: &str, token: &str| {
        let request = http.post(format!("{url}/sign-in")).header("cookie", cookie);
        request.form(&[("csrf", csrf), ("token", token)]).send().await.unwrap()
    };
    // Somebody else's page cannot sign its visitor in.
    for (cookie, csrf) in [("", ""), ("", csrf.as_str()), (ticket.as_str(), ""), ("ci_rescue_form=", "")] {
        assert_eq!(sign_in(cookie, csrf, "console-token").await.status(), StatusCode::FORBIDDEN, "{cookie} {csrf}");
    }
    let wrong = sign_in(&ticket, &csrf, "console-tokem").await;
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    let right = sign_in(&ticket, &csrf, "console-token").await;
    assert_eq!(right.status(), StatusCode::SEE_OTHER);
    let cookie = right.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let switch = http
        .post(format!("{url}/switch"))
        .header("cookie", cookie.split(';').next().unwrap())
        .form(&[("csrf", "x"), ("person", "ada")])
        .send()
        .await
        .unwrap();
    assert_eq!(switch.status(), StatusCode::FORBIDDEN, "nobody changes seats outside the demo");
    world.end().await;
}

#[tokio::test]
async fn errors_are_pages_for_browsers_and_lines_for_scripts() {
    let world = World::new().await;
    let base = format!("http://{}", world.private_at);
    let get = async |path: &str, accept: &str| {
        let answer = world.http.get(format!("{base}{path}")).header("accept", accept).send().await.unwrap();
        let policy = answer.headers().contains_key("content-security-policy");
        (answer.status(), policy, answer.text().await.unwrap())
    };
    for path in ["/incidents/99", "/nowhere", "/incidents/<b>", "/incidents/1/repro.sh"] {
        let (status, policy, page) = get(path, "text/html,*/*;q=0.8").await;
        assert!(status == StatusCode::NOT_FOUND && policy, "{path} {status}");
        assert!(page.matches("<h1>").count() == 1 && page.contains("console.css"), "{path} {page}");
        let (status, _, line) = get(path, "*/*").await;
        assert!(status == StatusCode::NOT_FOUND && !line.contains('<'), "{path} {line}");
    }
    let foreign = world.http.get(&base).header("host", "evil.example").header("accept", "text/html");
    let page = foreign.send().await.unwrap();
    assert_eq!(page.status(), StatusCode::MISDIRECTED_REQUEST);
    assert!(page.text().await.unwrap().contains("<h1>421"), "a styled page");
    world.end().await;
}

#[tokio::test]
async fn the_overview_filters_pages_and_escapes() {
    let world = World::with(Setup { config: "[policy.approvals]\nretry = 1\n".into(), ..Setup::default() }).await;
    world.broken_run(NETWORK_LOG, "success").await;
    let mut other = spec(crate::world::LINT_LOG, "failure");
    other.workflow = "rust-ci".into();
    other.branch = "topic".into();
    let id = world.forge.start(other);
    world.forge.finish(id);
    world.deliver().await;
    let seat = world.sit("cyd").await;
    let both = async |path: &str| {
        let page = seat.page(path).await;
        (card(&page, 1).is_some(), card(&page, 2).is_some())
    };
    for (path, want) in [
        ("/", (true, true)),
        ("/?repo=acme%2Fshop", (true, true)),
        ("/?repo=acme%2Fother", (false, false)),
        ("/?branch=main", (true, false)),
        ("/?branch=topic", (false, true)),
        ("/?q=econnreset", (true, false)),
        ("/?q=NEVER+actually", (false, true)),
        ("/?q=1a2b3c4", (true, true)),
        ("/?stage=open", (true, true)),
        ("/?stage=running", (false, false)),
        ("/?severity=transient", (true, false)),
        ("/?stage=nonsense&repo=", (true, true)),
        ("/?before=2", (true, false)),
    ] {
        assert_eq!(both(path).await, want, "{path}");
    }
    let page = seat.page("/?q=%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E&say=%22%3E%3Cscript%3E").await;
    assert!(!page.contains("<script>alert") && !page.contains("\"><script>") && page.contains("No incident matches"));
    for path in ["/?before=x", "/?q=%ff", "/?q=a&q=b"] {
        let page = seat.page(path).await;
        assert!(!page.contains("panicked"), "{path}");
    }

    // What waits for whom: not for the proposer, but for another approver.
    let waiting = async |seat: &crate::world::Seat| card(&seat.page("/waiting").await, 1).is_some();
    let ada = world.sit("ada").await;
    assert!(!waiting(&ada).await);
    seat.say(&world, "retry 1").await;
    assert_eq!((waiting(&seat).await, waiting(&ada).await), (false, true));
    assert!(!seat.page("/history").await.contains("/incidents/1\""));
    ada.say(&world, "approve 1").await;
    world.deliver().await;
    let going = world.forge.going();
    world.forge.finish(going[0]);
    world.deliver().await;
    assert!(!waiting(&ada).await);
    assert!(seat.page("/history").await.contains("/incidents/1\""));
    assert!(!seat.page("/history?q=lint").await.contains("/incidents/1\""));
    assert!(seat.page("/quarantines").await.contains("No tests are quarantined"));

    // Every command stands on the help page, with links that only fill the command line.
    let help = seat.page("/help").await;
    for manifest in ci_rescue::command::all() {
        assert!(help.contains(&format!("<code>{}", manifest.name)), "{}", manifest.name);
    }
    assert!(help.contains("?say=hold\""), "{help}");
    assert!(seat.page("/?say=retry+42").await.contains("value=\"retry 42\""));
    world.end().await;
}

#[tokio::test]
async fn the_log_echoes_what_was_said_and_stays_until_it_is_cleared() {
    let world = World::new().await;
    world.broken_run(NETWORK_LOG, "success").await;
    let (ben, ada) = (world.sit("ben").await, world.sit("ada").await);
    ben.post("/command", &[("text", "show 1 <b>")]).await;
    world.settle().await;
    for _ in 0..2 {
        let page = ben.page("/").await;
        assert!(page.contains("show 1 &lt;b&gt;") && page.contains("<div class=\"answer\">"), "{page}");
    }
    let others = ada.page("/").await;
    assert!(!others.contains("show 1 &lt;b&gt;"), "a log is its person's own");
    assert_eq!(ben.post_with("/log/clear", "x", &[]).await.status(), StatusCode::FORBIDDEN);
    ben.post("/log/clear", &[]).await;
    assert!(!ben.page("/").await.contains("show 1"));
    world.end().await;
}
