//! Signing in to the console as oneself: with GitHub, by `OpenID` Connect, by a proxy's word; and what must not work.

use crate::world::logins::{CLIENT, CLIENT_SECRET};
use crate::world::provider::Provider;
use crate::world::{HandClock, NETWORK_LOG, Setup, World};
use ci_rescue::domain::time::HOUR_MS;
use reqwest::{Client, Response, StatusCode};
use serde_json::json;
use std::collections::BTreeMap;
use tokio_util::sync::CancellationToken;

/// A browser by hand: it keeps cookies by name, and follows only where it is told.
#[derive(Clone)]
struct Visitor {
    http: Client,
    base: String,
    cookies: BTreeMap<String, String>,
    headers: Vec<(&'static str, String)>,
}

impl Visitor {
    fn new(world: &World) -> Self {
        let http = crate::world::client_builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let base = format!("http://{}", world.private_at);
        Self { http, base, cookies: BTreeMap::new(), headers: vec![("accept", "text/html".to_owned())] }
    }

    fn keep(&mut self, answer: &Response) {
        for value in answer.headers().get_all("set-cookie") {
            let (pair, rest) = value.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            assert!(rest.contains("HttpOnly") && rest.contains("SameSite="), "{rest}");
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    async fn get(&mut self, path: &str) -> Response {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.base) };
        let ours = url.starts_with(&self.base);
        let mut request = self.http.get(url);
        if ours {
            let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header("cookie", cookies.join("; "));
            for (name, value) in &self.headers {
                request = request.header(*name, value);
            }
        }
        let answer = request.send().await.unwrap();
        if ours {
            self.keep(&answer);
        }
        answer
    }

    async fn text(&mut self, path: &str) -> String {
        words(self.get(path).await).await
    }

    /// Follows one redirect.
    fn to(answer: &Response) -> String {
        assert!(answer.status().is_redirection(), "{}", answer.status());
        answer.headers()["location"].to_str().unwrap().to_owned()
    }

    /// To the provider and back: the address with code and state, not yet opened.
    async fn fetch(&mut self, way: &str, back: &str) -> String {
        let begun = self.get(&format!("/sign-in/{way}?back={back}")).await;
        let there = Self::to(&begun);
        Self::to(&self.get(&there).await)
    }

    async fn sign_in(&mut self, way: &str) -> (StatusCode, String) {
        let back = self.fetch(way, "/").await;
        let answer = self.get(&back).await;
        (answer.status(), answer.text().await.unwrap())
    }

    async fn say(&mut self, world: &World, text: &str) -> (StatusCode, String) {
        let csrf = csrf(&self.text("/").await);
        let answer = self.post("/command", &[("csrf", csrf.as_str()), ("text", text)]).await;
        let status = answer.status();
        world.settle().await;
        (status, self.text("/").await)
    }

    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Response {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = self.http.post(format!("{}{path}", self.base)).header("cookie", cookies.join("; "));
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let answer = request.form(fields).send().await.unwrap();
        self.keep(&answer);
        answer
    }

    fn session(&self) -> Option<&String> {
        self.cookies.get("ci_rescue")
    }
}

/// A page as a browser reads it.
async fn words(answer: Response) -> String {
    answer.text().await.unwrap().replace("&#x2f;", "/")
}

fn csrf(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"csrf\" content=\"").unwrap_or_else(|| panic!("{page}"));
    rest.split('"').next().unwrap().to_owned()
}

async fn by_github(config: &str) -> World {
    let github = format!("client_id = \"{CLIENT}\"\nclient_secret = \"{CLIENT_SECRET}\"\n");
    let config = format!("[sign_in]\ngithub = true\norganizations = [\"acme\"]\n{config}");
    World::with(Setup { github, config, slack: false, open_console: false, ..Setup::default() }).await
}

async fn by_oidc(more: &str, config: &str) -> (World, Provider, CancellationToken) {
    let stop = CancellationToken::new();
    let provider = Provider::start(&HandClock::new(), &stop).await;
    let config = format!("{}{config}", provider.config(more));
    let world = World::with(Setup { config, slack: false, open_console: false, ..Setup::default() }).await;
    provider.on(&world.clock);
    (world, provider, stop)
}

#[tokio::test]
async fn people_sign_in_with_github_and_act_as_themselves() {
    let world = by_github("").await;
    world.broken_run(NETWORK_LOG, "success").await;
    let mut ben = Visitor::new(&world);
    assert_eq!(Visitor::to(&ben.get("/incidents/1").await), "/sign-in?back=%2Fincidents%2F1");
    assert!(ben.text("/sign-in?back=%2Fincidents%2F1").await.contains("Sign in with GitHub"));
    world.logins.sits("ben");
    let back = ben.fetch("github", "/incidents/1").await;
    let landed = ben.get(&back).await;
    assert_eq!(landed.status(), StatusCode::OK);
    let landed = words(landed).await;
    assert!(landed.contains("content=\"0; url=/incidents/1\""), "{landed}");
    let page = ben.text("/").await;
    assert!(page.contains("ben (responder)"), "{page}");
    let (_, said) = ben.say(&world, "approve 1").await;
    assert!(said.contains("needs the approver role; yours is responder"), "{said}");
    let (_, said) = ben.say(&world, "hold").await;
    assert!(said.contains("ben set the emergency stop"), "{said}");
    // Somebody of the organization whom the configuration does not name looks on; anybody else stays outside.
    world.logins.join("eve", "acme");
    world.logins.sits("eve");
    let mut eve = Visitor::new(&world);
    assert_eq!(eve.sign_in("github").await.0, StatusCode::OK);
    let page = eve.text("/").await;
    assert!(page.contains("eve (viewer)") && page.contains("incident-1"), "{page}");
    world.logins.join("mal", "other");
    world.logins.sits("mal");
    let mut mal = Visitor::new(&world);
    let (status, page) = mal.sign_in("github").await;
    assert!(status == StatusCode::FORBIDDEN && page.contains("not allowed in here"), "{page}");
    assert!(mal.session().is_none());
    // Tokens told who they are, and are nowhere.
    let kept = format!("{:?}", world.store.settings("").await.unwrap());
    assert!(world.logins.tokens().iter().all(|token| !kept.contains(token)));
    // Signing out ends the session for good.
    let old = ben.clone();
    let csrf = csrf(&ben.text("/").await);
    assert_eq!(ben.post("/sign-out", &[("csrf", "wrong")]).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(Visitor::to(&ben.post("/sign-out", &[("csrf", &csrf)]).await), "/sign-in");
    let mut old = old;
    assert_eq!(Visitor::to(&old.get("/").await), "/sign-in");
    // A day's work, then one signs in again.
    world.clock.advance(12 * HOUR_MS);
    assert_eq!(Visitor::to(&eve.get("/").await), "/sign-in");
    world.end().await;
}

#[tokio::test]
async fn what_comes_back_has_to_be_of_this_browser_and_once() {
    let world = by_github("").await;
    world.logins.sits("ada");
    // Login CSRF: somebody's own return address, opened in another browser.
    let mut attacker = Visitor::new(&world);
    let back = attacker.fetch("github", "/").await;
    let mut victim = Visitor::new(&world);
    let answer = victim.get(&back).await;
    assert!(answer.status() == StatusCode::FORBIDDEN && victim.session().is_none());
    // Also where the victim has begun a sign-in of their own.
    let own = victim.fetch("github", "/").await;
    let answer = victim.get(&back).await;
    assert!(answer.status() == StatusCode::FORBIDDEN && victim.session().is_none(), "another state");
    // The mismatch ended it: nothing is tried twice.
    assert_eq!(victim.get(&own).await.status(), StatusCode::FORBIDDEN);
    // Replay: once signed in, the same address is worth nothing.
    let own = victim.fetch("github", "/").await;
    assert_eq!(victim.get(&own).await.status(), StatusCode::OK);
    let mut again = victim.clone();
    again.cookies.remove("ci_rescue");
    assert_eq!(again.get(&own).await.status(), StatusCode::FORBIDDEN);
    // A code that was used at GitHub already, with a state of our own.
    let fresh = victim.fetch("github", "/").await;
    let (_, state) = fresh.split_once("&state=").unwrap();
    let (_, used) = own.split_once("code=").unwrap();
    let used = used.split('&').next().unwrap();
    let answer = victim.get(&format!("/sign-in/github/back?code={used}&state={state}")).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    // Too late, cancelled, without a code, by another way.
    let late = victim.fetch("github", "/").await;
    world.clock.advance(11 * 60_000);
    assert_eq!(victim.get(&late).await.status(), StatusCode::FORBIDDEN);
    world.logins.sits("");
    let (status, page) = victim.sign_in("github").await;
    assert!(status == StatusCode::FORBIDDEN && page.contains("did not sign you in"), "{page}");
    assert_eq!(victim.get("/sign-in/oidc").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(victim.get("/sign-in/github/back").await.status(), StatusCode::FORBIDDEN);
    world.end().await;
}

#[tokio::test]
async fn a_session_is_never_one_that_was_there_before() {
    let world = by_github("").await;
    // Whoever plants a session, their own or a made-up one, is not joined by whom they planted it on.
    world.logins.sits("eve");
    world.logins.join("eve", "acme");
    let mut eve = Visitor::new(&world);
    assert_eq!(eve.sign_in("github").await.0, StatusCode::OK);
    let planted = eve.session().unwrap().clone();
    let mut ada = Visitor::new(&world);
    ada.cookies.insert("ci_rescue".into(), planted.clone());
    world.logins.sits("ada");
    assert_eq!(ada.sign_in("github").await.0, StatusCode::OK);
    assert_ne!(ada.session(), Some(&planted));
    assert!(ada.text("/").await.contains("ada (admin)"));
    assert_eq!(Visitor::to(&eve.get("/").await), "/sign-in", "the planted one ended");
    let mut token = Visitor::new(&world);
    token.cookies.insert("ci_rescue".into(), "A".repeat(43));
    let page = token.text("/sign-in").await;
    let (_, rest) = page.split_once("name=\"csrf\" value=\"").unwrap();
    let csrf = rest.split('"').next().unwrap().to_owned();
    let answer = token.post("/sign-in", &[("csrf", &csrf), ("token", "console-token"), ("back", "/history")]).await;
    assert_eq!(Visitor::to(&answer), "/history");
    assert_ne!(token.session(), Some(&"A".repeat(43)));
    assert!(token.text("/").await.contains("operator (admin)"));
    world.end().await;
}

#[tokio::test]
async fn nobody_is_led_elsewhere_after_a_sign_in() {
    let world = by_github("").await;
    world.logins.sits("ada");
    for evil in [
        "https%3A%2F%2Fevil.example",
        "%2F%2Fevil.example",
        "%2F%5Cevil.example",
        "%5C%5Cevil.example",
        "%2F%09%2Fevil.example",
        "javascript%3Aalert(1)",
        "%2F%22%3E%3Cscript%3E",
        "evil.example",
        "%2Fsign-out",
        "%2F%0D%0ASet-Cookie%3Aa%3Db",
    ] {
        let mut visitor = Visitor::new(&world);
        let page = visitor.text(&format!("/sign-in?back={evil}")).await;
        assert!(page.contains("name=\"back\" value=\"/\""), "{evil}: {page}");
        let back = visitor.fetch("github", evil).await;
        let page = visitor.text(&back).await;
        assert!(page.contains("content=\"0; url=/\""), "{evil}: {page}");
        // The throttle counts every beginning.
        world.clock.advance(60_000);
    }
    world.end().await;
}

#[tokio::test]
async fn beginnings_are_counted() {
    let world = by_github("").await;
    let mut visitor = Visitor::new(&world);
    for _ in 0..10 {
        assert!(visitor.get("/sign-in/github").await.status().is_redirection());
    }
    let answer = visitor.get("/sign-in/github").await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.headers().contains_key("retry-after"));
    world.end().await;
}

#[tokio::test]
async fn a_code_from_the_console_links_an_account_of_a_chat() {
    let github = format!("client_id = \"{CLIENT}\"\nclient_secret = \"{CLIENT_SECRET}\"\n");
    let config = "[sign_in]\ngithub = true\norganizations = [\"acme\"]\n".to_owned();
    let world = World::with(Setup { github, config, open_console: false, ..Setup::default() }).await;
    world.logins.join("octo-eve", "acme");
    world.logins.sits("octo-eve");
    let mut eve = Visitor::new(&world);
    assert_eq!(eve.sign_in("github").await.0, StatusCode::OK);
    let (_, page) = eve.say(&world, "link console").await;
    let at = page.rfind("link console ").unwrap_or_else(|| panic!("{page}")) + "link console ".len();
    let code = page[at..at + 14].to_owned();
    let slack = async |user: &str, text: &str| {
        world.slack.command(user, text).await;
        world.settle().await;
        world.slack.last_whisper()
    };
    assert!(slack("UEVE", "link console").await.contains("at the console"));
    assert!(slack("UEVE", "link console AAAA-BBBB-CCCC").await.contains("does not count"));
    let told = slack("UEVE", &format!("link console {}", code.to_lowercase())).await;
    assert!(told.contains("octo-eve"), "{told}");
    let told = slack("UMAL", &format!("link console {code}")).await;
    assert!(told.contains("does not count"), "once: {told}");
    // A code ends, and the operator's token is nobody's account.
    let (_, page) = eve.say(&world, "link console").await;
    let at = page.rfind("link console ").unwrap() + "link console ".len();
    let code = page[at..at + 14].to_owned();
    world.clock.advance(10 * 60_000);
    assert!(slack("UMAL", &format!("link console {code}")).await.contains("does not count"));
    world.end().await;
}

#[tokio::test]
async fn people_sign_in_by_openid_connect() {
    let people = "[[people]]\nname = \"fay\"\nsign_in = \"fay@acme.example\"\nrole = \"approver\"\n\
                  [[groups]]\nsign_in = \"sre\"\nrole = \"responder\"\n";
    let (world, provider, stop) = by_oidc("oidc_domains = [\"acme.example\"]\n", people).await;
    world.broken_run(NETWORK_LOG, "success").await;
    let enter = async |claims: serde_json::Value| {
        provider.sits(claims);
        let mut visitor = Visitor::new(&world);
        let (status, page) = visitor.sign_in("oidc").await;
        let page = if status == StatusCode::OK { visitor.text("/").await } else { page };
        (status, page)
    };
    let address = |email: &str| json!({"sub": "1", "email": email, "email_verified": true, "name": "Somebody"});
    let (_, page) = enter(address("Fay@acme.example")).await;
    assert!(page.contains("fay (approver)"), "{page}");
    let (_, page) = enter(address("new@acme.example")).await;
    assert!(page.contains("Somebody (viewer)"), "{page}");
    let mut told = address("new@acme.example");
    told["groups"] = json!(["dev", "sre"]);
    let (_, page) = enter(told).await;
    assert!(page.contains("Somebody (responder)"), "{page}");
    // A group lets in by itself; another domain, or an address that nobody verified, does not.
    let (_, page) = enter(json!({"sub": "2", "groups": ["sre"], "preferred_username": "contractor"})).await;
    assert!(page.contains("contractor (responder)"), "{page}");
    for claims in [
        address("fay@evil.example"),
        address("fay@sub.acme.example"),
        address("acme.example"),
        json!({"sub": "3", "email": "fay@acme.example", "email_verified": false}),
        json!({"sub": "fay@acme.example.evil"}),
    ] {
        let (status, page) = enter(claims.clone()).await;
        assert!(status == StatusCode::FORBIDDEN && page.contains("not allowed in here"), "{claims}: {page}");
        world.clock.advance(60_000);
    }
    stop.cancel();
    world.end().await;
}

#[tokio::test]
async fn only_a_token_for_us_and_of_now_is_believed() {
    let (world, provider, stop) = by_oidc("oidc_domains = [\"*\"]\n", "").await;
    provider.sits(json!({"sub": "1", "name": "Somebody"}));
    let enter = async || {
        world.clock.advance(60_000);
        let mut visitor = Visitor::new(&world);
        let (status, page) = visitor.sign_in("oidc").await;
        assert_eq!(status == StatusCode::OK, visitor.session().is_some());
        (status, page)
    };
    for lie in [
        json!({"nonce": "of another sign-in"}),
        json!({"nonce": null}),
        json!({"iss": "https://evil.example"}),
        json!({"aud": "another application"}),
        json!({"aud": ["rescue", "another"]}),
        json!({"azp": "another"}),
        json!({"exp": 1}),
        json!({"iat": 1}),
        json!({"sub": ""}),
    ] {
        provider.lies(lie.clone());
        let (status, page) = enter().await;
        assert!(status == StatusCode::FORBIDDEN && page.contains("identity token"), "{lie}: {page}");
    }
    provider.lies(json!({}));
    provider.forges(true);
    let (status, page) = enter().await;
    assert!(status == StatusCode::FORBIDDEN && page.contains("signature"), "{page}");
    provider.forges(false);
    let asked = provider.keys_asked();
    assert_eq!(enter().await.0, StatusCode::OK);
    assert_eq!(provider.keys_asked(), asked, "keys are known for a while");
    provider.rotates();
    assert_eq!(enter().await.0, StatusCode::OK, "a new key is looked for");
    assert_eq!(provider.keys_asked(), asked + 1);
    provider.signs_by_rsa();
    assert_eq!(enter().await.0, StatusCode::OK);
    // A provider that is down is nobody's fault who signs in.
    stop.cancel();
    world.end().await;
}

#[tokio::test]
async fn what_the_token_lacks_userinfo_tells() {
    let groups = "[[groups]]\nsign_in = \"sre\"\nrole = \"responder\"\n";
    let (world, provider, stop) = by_oidc("oidc_domains = [\"acme.example\"]\n", groups).await;
    provider.sits(json!({"sub": "1"}));
    provider.tells_more(json!({"email": "gil@acme.example", "email_verified": true, "name": "Gil", "groups": ["sre"]}));
    let mut gil = Visitor::new(&world);
    assert_eq!(gil.sign_in("oidc").await.0, StatusCode::OK);
    assert!(gil.text("/").await.contains("Gil (responder)"));
    // Of somebody else it tells nothing here.
    provider.tells_more(json!({"sub": "2", "email": "gil@acme.example", "email_verified": true}));
    let mut other = Visitor::new(&world);
    assert_eq!(other.sign_in("oidc").await.0, StatusCode::FORBIDDEN);
    stop.cancel();
    world.end().await;
}

async fn by_proxy(from: &str) -> World {
    let config = format!(
        "[sign_in]\nproxy_header = \"Remote-User\"\nproxy_groups_header = \"Remote-Groups\"\nproxies = [\"{from}\"]\n\
         [[people]]\nname = \"hal\"\nsign_in = \"hal\"\nrole = \"admin\"\n[[groups]]\nsign_in = \"sre\"\nrole = \"responder\"\n"
    );
    World::with(Setup { config, slack: false, open_console: false, ..Setup::default() }).await
}

#[tokio::test]
async fn a_listed_proxy_says_who_people_are() {
    let world = by_proxy("127.0.0.0/8").await;
    let mut hal = Visitor::new(&world);
    assert_eq!(Visitor::to(&hal.get("/").await), "/sign-in", "without its word nobody is anybody");
    hal.headers.push(("remote-user", "hal".into()));
    assert!(hal.text("/").await.contains("hal (admin)"));
    let (status, said) = hal.say(&world, "hold").await;
    assert!(status == StatusCode::SEE_OTHER && said.contains("hal set the emergency stop"), "{said}");
    // Its forms need their token as everybody's do.
    assert_eq!(hal.post("/command", &[("csrf", "x"), ("text", "unhold")]).await.status(), StatusCode::FORBIDDEN);
    let session = hal.session().unwrap().clone();
    // Another person on the same cookie, or nobody: the session is over.
    let csrf = csrf(&hal.text("/").await);
    hal.headers.last_mut().unwrap().1 = "ivy".into();
    let answer = hal.post("/command", &[("csrf", &csrf), ("text", "unhold")]).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    let page = hal.text("/").await;
    assert!(page.contains("ivy (viewer)") && hal.session() != Some(&session), "{page}");
    hal.headers.push(("remote-groups", "dev,sre".into()));
    assert!(hal.text("/").await.contains("ivy (responder)"));
    hal.headers.truncate(1);
    assert_eq!(Visitor::to(&hal.get("/").await), "/sign-in");
    world.end().await;
}

#[tokio::test]
async fn whoever_is_no_listed_proxy_is_refused_with_its_header() {
    let world = by_proxy("192.0.2.1").await;
    for (name, value) in [("remote-user", "hal"), ("remote-groups", "sre")] {
        let mut mal = Visitor::new(&world);
        mal.headers.push((name, value.into()));
        mal.headers.push(("x-forwarded-for", "192.0.2.1".into()));
        for path in ["/", "/sign-in", "/events"] {
            let answer = mal.get(path).await;
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{name} {path}");
            assert!(answer.text().await.unwrap().contains("Only a proxy may say who you are"));
        }
        assert!(mal.session().is_none());
    }
    // Without it, the token works as ever.
    let mut plain = Visitor::new(&world);
    assert!(plain.text("/sign-in").await.contains("Token"));
    world.end().await;
}

#[tokio::test]
async fn a_console_without_a_token_is_open_to_nobody_else() {
    let github = format!("client_id = \"{CLIENT}\"\nclient_secret = \"{CLIENT_SECRET}\"\n");
    let config = "[sign_in]\ngithub = true\n".to_owned();
    let setup = Setup { github, config, slack: false, open_console: false, token: false, ..Setup::default() };
    let world = World::with(setup).await;
    let mut visitor = Visitor::new(&world);
    assert_eq!(Visitor::to(&visitor.get("/").await), "/sign-in");
    let page = visitor.text("/sign-in").await;
    assert!(page.contains("Sign in with GitHub") && !page.contains("type=\"password\""), "{page}");
    let form = visitor.cookies.get("ci_rescue_form").unwrap().clone();
    for token in ["", "console-token"] {
        let answer = visitor.post("/sign-in", &[("csrf", &form), ("token", token)]).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    }
    let answer = visitor.post("/switch", &[("csrf", &form), ("person", "operator")]).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(visitor.get("/metrics").await.status(), StatusCode::UNAUTHORIZED);
    world.end().await;
}

#[test]
fn a_way_that_is_not_whole_or_open_to_everybody_is_refused() {
    for (config, want) in [
        ("[sign_in]\ngithub = true\n", "needs github.client_id"),
        ("[github]\nclient_id = \"a\"\n[sign_in]\ngithub = true\n", "needs github.client_secret"),
        ("[sign_in]\norganizations = [\"acme\"]\n", "needs sign_in.github = true"),
        ("[sign_in]\noidc_issuer = \"https://id.example\"\noidc_domains = [\"*\"]\n", "needs sign_in.oidc_client_id"),
        ("[sign_in]\noidc_issuer = \"https://id.example\"\noidc_client_id = \"a\"\n", "nobody could sign in"),
        (
            "[sign_in]\noidc_issuer = \"http://id.example\"\noidc_client_id = \"a\"\noidc_domains = [\"*\"]\n",
            "https://",
        ),
        ("[sign_in]\noidc_client_secret = \"hush-hush-hush\"\n", "needs sign_in.oidc_issuer"),
        ("[sign_in]\nproxy_header = \"Remote-User\"\n", "needs sign_in.proxies"),
        ("[sign_in]\nproxies = [\"10.0.0.1\"]\n", "needs sign_in.proxy_header"),
        ("[sign_in]\nproxy_header = \"a b\"\nproxies = [\"10.0.0.1\"]\n", "the name of a header"),
        ("[sign_in]\nproxy_header = \"Remote-User\"\nproxies = [\"0.0.0.0/0\"]\n", "everybody could be anybody"),
        ("[sign_in]\nproxy_header = \"Remote-User\"\nproxies = [\"here\"]\n", "must be an IP address"),
        ("[[groups]]\nsign_in = \"sre\"\nowner = \"@acme/sre\"\n", "needs groups.role"),
        ("[[groups]]\nrole = \"approver\"\n", "or discord is missing"),
        ("[[people]]\nname = \"email:a@b\"\n", "would be an account without a person"),
        (
            "[[people]]\nname = \"a\"\nsign_in = \"x\"\n[[people]]\nname = \"b\"\nsign_in = \"X\"\n",
            "an account is one person's",
        ),
    ] {
        let told = ci_rescue::config::parse(config, &[]).err().map(|why| why.to_string()).unwrap_or_default();
        assert!(told.contains(want) && !told.contains("hush"), "{config}: {told}");
    }
    let good = "[[groups]]\nslack = \"S0123456789\"\nrole = \"responder\"\n";
    assert!(ci_rescue::config::parse(good, &[]).is_ok());
}
