//! A whole installation against stateful doubles, over real HTTP and WebSocket. The clock is ours, queues are pumped.

pub mod chromium;
pub mod discord;
pub mod log;
pub mod logins;
pub mod provider;
pub mod receiver;
pub mod record;
pub mod rooms;
pub mod slack;
pub mod slack_pages;
pub mod smtp;

use ci_rescue::app::{App, Seats};
use ci_rescue::config;
use ci_rescue::demo::{Forge, JobSpec, RunSpec, sign};
use ci_rescue::domain::actor::Platform;
use ci_rescue::domain::incident::Incident;
use ci_rescue::domain::time::Time;
use ci_rescue::domain::{IncidentNo, Role};
use ci_rescue::ports::{Clock, Query, Store};
use ci_rescue::store::{Ledger, Memory, Sled};
use discord::DiscordDouble;
use futures::Stream;
use logins::Logins;
use reqwest::{Client, StatusCode};
use slack::SlackDouble;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::bytes::Bytes;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub const REPO: &str = "acme/shop";
pub const SECRET: &str = "it-is-a-secret";
pub const SLACK_SECRET: &str = "it-is-slacks-secret";
pub const CHANNEL: &str = "C0BUILDS";
/// 2026-01-01 12:00 UTC.
pub const NOON: i64 = 1_767_268_800_000;

/// A clock that only moves when it is told to.
pub struct HandClock {
    now: AtomicI64,
    /// Goes on whatever the time of day is set to.
    elapsed: AtomicI64,
}

impl HandClock {
    pub fn new() -> Arc<Self> {
        Arc::new(Self { now: AtomicI64::new(NOON), elapsed: AtomicI64::new(NOON) })
    }

    pub fn advance(&self, ms: i64) {
        self.now.fetch_add(ms, Ordering::SeqCst);
        self.elapsed.fetch_add(ms.max(0), Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Time {
        Time(self.now.load(Ordering::SeqCst))
    }

    fn elapsed_ms(&self) -> i64 {
        self.elapsed.load(Ordering::SeqCst)
    }
}

/// What differs between installations.
pub struct Setup {
    pub config: String,
    pub slack: bool,
    /// Slack and Discord call us over HTTP instead.
    pub http: bool,
    pub discord: bool,
    pub disk: bool,
    pub open_console: bool,
    /// The console's token is set.
    pub token: bool,
    /// More keys of `[github]`.
    pub github: String,
    /// More keys of `[hooks]`.
    pub hooks: String,
    /// More keys of `[console]`.
    pub console: String,
    /// One that others go by, too.
    pub clock: Option<Arc<HandClock>>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            config: String::new(),
            slack: true,
            http: false,
            discord: false,
            disk: false,
            open_console: true,
            token: true,
            github: String::new(),
            hooks: String::new(),
            console: String::new(),
            clock: None,
        }
    }
}

pub struct World {
    pub clock: Arc<HandClock>,
    pub forge: Forge,
    pub forge_at: SocketAddr,
    /// Where people sign in at the forge.
    pub logins: Logins,
    pub slack: SlackDouble,
    pub discord: DiscordDouble,
    pub app: App,
    pub store: Arc<dyn Store>,
    pub public_at: SocketAddr,
    pub private_at: SocketAddr,
    pub http: Client,
    /// The configuration, as it is written.
    text: String,
    open_console: bool,
    running: Running,
    stop: CancellationToken,
    sequence: AtomicU64,
    pub dir: TempDir,
    /// The forge's repositories, and our clones of them.
    pub rooms: TempDir,
}

/// A connection is used again only while it is fresh: the server closes idle ones, and a request must not meet that.
pub fn client_builder() -> reqwest::ClientBuilder {
    Client::builder().pool_idle_timeout(std::time::Duration::from_secs(1))
}

fn client() -> Client {
    client_builder().build().expect("a client")
}

pub async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let at = listener.local_addr().expect("an address");
    (listener, at)
}

pub fn people() -> &'static str {
    "[[people]]\nname = \"ada\"\nslack = \"UADA\"\ndiscord = \"1001\"\ngithub = \"ada\"\nrole = \"admin\"\n\
     [[people]]\nname = \"ben\"\nslack = \"UBEN\"\ndiscord = \"1002\"\ngithub = \"ben\"\nrole = \"responder\"\n\
     [[people]]\nname = \"cyd\"\nslack = \"UCYD\"\ndiscord = \"1003\"\ngithub = \"cyd\"\nrole = \"approver\"\n"
}

pub fn config_text(forge: SocketAddr, slack: Option<SocketAddr>, github: &str, more: &str) -> String {
    let slack = slack.map_or_else(String::new, |at| {
        format!(
            "[slack]\napi_url = \"http://{at}/api\"\nbot_token = \"xoxb-double\"\napp_token = \"xapp-double\"\n\
             [[subscriptions]]\nplatform = \"slack\"\nchannel = \"{CHANNEL}\"\nrepo = \"{REPO}\"\nbranch = \"*\"\n"
        )
    });
    format!(
        "[github]\napi_url = \"http://{forge}\"\nwebhook_secret = \"{SECRET}\"\ntoken = \"forge-token\"\n{github}\
         [hooks]\ntoken = \"hook-token\"\n[api]\nread_token = \"read-token\"\nact_token = \"act-token\"\n\
         [console]\ntoken = \"console-token\"\n{slack}{}{more}",
        people()
    )
}

/// Discord by gateway, with a card for everything in its one channel.
pub fn discord_text(at: SocketAddr) -> String {
    format!(
        "\n[discord]\napi_url = \"http://{at}/api/v10\"\nbot_token = \"discord-double\"\napplication_id = \"{}\"\nguild_id = \"{}\"\n\
         [[subscriptions]]\nplatform = \"discord\"\nchannel = \"{}\"\nrepo = \"{REPO}\"\nbranch = \"*\"\n",
        discord::APPLICATION,
        discord::GUILD,
        discord::CHANNEL,
    )
}

impl World {
    pub async fn new() -> Self {
        Self::with(Setup::default()).await
    }

    /// With a key of `[github]` set.
    pub async fn filtered(key: &str, value: &str) -> Self {
        Self::with(Setup { github: format!("{key} = {value}\n"), ..Setup::default() }).await
    }

    pub async fn with(setup: Setup) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let store: Arc<dyn Store> = if setup.disk {
            Arc::new(Ledger::open(Sled::open(&dir.path().join("store")).expect("a store")).expect("a ledger"))
        } else {
            Arc::new(Ledger::open(Memory::default()).expect("a ledger"))
        };
        Self { dir, ..Self::on(setup, store).await }
    }

    /// On a store that is there already.
    pub async fn on(setup: Setup, store: Arc<dyn Store>) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let rooms = tempfile::tempdir().expect("a directory");
        let clock = setup.clock.clone().unwrap_or_else(HandClock::new);
        let logins = Logins::default();
        logins.on(&clock);
        let (forge, forge_at, stop) = forge_behind(&clock, Some(rooms.path().join("forge")), &logins).await;
        let slack = SlackDouble::start(&stop).await;
        let discord = DiscordDouble::start(&stop).await;
        let mut more = setup.config.clone();
        if setup.discord {
            more.push_str(&discord_text(discord.at));
        }
        let mut text = config_text(forge_at, setup.slack.then_some(slack.at), &setup.github, &more);
        text = text.replace("[hooks]\n", &format!("[hooks]\n{}", setup.hooks));
        text = text.replace("[console]\n", &format!("[console]\n{}", setup.console));
        if !setup.token {
            text = text.replace("token = \"console-token\"\n", "");
        }
        if setup.http {
            let keyed = format!("[discord]\ntransport = \"http\"\npublic_key = \"{}\"\n", discord::public_key());
            text = text.replace("[discord]\n", &keyed);
            text = text.replace(
                "app_token = \"xapp-double\"",
                &format!("transport = \"http\"\nsigning_secret = \"{SLACK_SECRET}\""),
            );
        }
        let (app, running) = start(&text, &rooms, &store, &clock, setup.open_console).await;
        if setup.discord {
            if !setup.http {
                discord.connected().await;
            }
            discord.until(|double| !double.commands().is_null()).await;
        }
        if setup.slack {
            if !setup.http {
                slack.connected().await;
            }
            knows_people(&app).await;
        }
        Self {
            clock,
            forge,
            forge_at,
            logins,
            slack,
            discord,
            app,
            store,
            public_at: running.public_at,
            private_at: running.private_at,
            http: client(),
            text,
            open_console: setup.open_console,
            running,
            stop,
            sequence: AtomicU64::new(0),
            dir,
            rooms,
        }
    }

    /// Does everything that waits, until nothing does.
    pub async fn settle(&self) {
        let engine = &self.app.engine;
        for round in 0.. {
            assert!(round < 3_000, "the engine does not come to rest: {:?}", self.unrest().await);
            let mut any = engine.tick().await.expect("tick");
            any |= engine.turn().await.expect("turn");
            any |= engine.perform().await.expect("perform");
            let mut published = false;
            for platform in engine.platforms().cloned().collect::<Vec<_>>() {
                published |= engine.publish(&platform).await.expect("publish");
            }
            if !any && !published {
                let dirty = self.store.counts().await.expect("counts").dirty;
                if dirty == 0 {
                    break;
                }
                // A channel's pace, or a pause that a platform asked for.
                self.clock.advance(250);
            }
        }
    }

    /// What keeps the engine from coming to rest.
    async fn unrest(&self) -> String {
        let counts = self.store.counts().await;
        let slack = self.store.publications(&Platform::new("slack")).await;
        let console = self.store.publications(&Platform::new("console")).await;
        let discord = self.store.publications(&Platform::new("discord")).await;
        let github = self.store.publications(&Platform::new("github")).await;
        format!("{counts:?} {slack:?} {console:?} {discord:?} {github:?}")
    }

    /// Sends what the forge has to tell, signed, and settles.
    pub async fn deliver(&self) {
        for hook in self.forge.take_hooks() {
            let body = hook.body.replace("{web}", &format!("http://{}", self.forge_at));
            let status = self.hook(hook.event, &hook.id, &body).await;
            assert!(status.is_success(), "{} {status}", hook.event);
        }
        self.settle().await;
    }

    /// One signed webhook.
    pub async fn hook(&self, event: &str, id: &str, body: &str) -> StatusCode {
        let request = self
            .http
            .post(format!("http://{}/webhooks/github", self.public_at))
            .header("content-type", "application/json")
            .header("x-github-event", event)
            .header("x-github-delivery", id)
            .header("x-hub-signature-256", sign(SECRET, body.as_bytes()))
            .body(body.to_owned());
        request.send().await.expect("an answer").status()
    }

    /// A fresh delivery id.
    pub fn id(&self) -> String {
        format!("it-{}", self.sequence.fetch_add(1, Ordering::SeqCst))
    }

    /// A run that fails and then, on its next attempt, ends as said.
    pub async fn broken_run(&self, log: &str, then: &'static str) -> u64 {
        let id = self.forge.start(spec(log, then));
        self.deliver().await;
        self.forge.finish(id);
        self.deliver().await;
        id
    }

    pub async fn incident(&self, no: u64) -> Incident {
        self.store.incident(IncidentNo(no)).await.expect("a store").unwrap_or_else(|| panic!("incident {no}"))
    }

    pub async fn incidents(&self) -> Vec<Incident> {
        self.store.incidents(&Query { limit: 1_000, ..Query::default() }).await.expect("a store")
    }

    /// Waits until a request that is on its way is kept.
    pub async fn inbox(&self) {
        let wait = async {
            while self.store.counts().await.expect("counts").inbox == 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(60), wait).await.expect("the request arrives");
    }

    /// A person at the console.
    pub async fn sit(&self, person: &str) -> Seat {
        Seat::open(self.private_at, person).await
    }

    pub fn reruns(&self) -> usize {
        let state = self.forge.lock();
        let is = |path: &str| path.ends_with("/rerun") || path.ends_with("/rerun-failed-jobs");
        state.calls.iter().filter(|call| call.method == "POST" && is(&call.path)).count()
    }

    /// The process ends, and another one starts on its store: nothing but that is remembered.
    pub async fn restart(&mut self) {
        self.running.end().await;
        let sockets = self.slack.sockets();
        let (app, running) = start(&self.text, &self.rooms, &self.store, &self.clock, self.open_console).await;
        knows_people(&app).await;
        if sockets > 0 {
            self.slack.opened_by(running.process).await;
        }
        self.public_at = running.public_at;
        self.private_at = running.private_at;
        self.app = app;
        self.running = running;
    }

    /// The configuration, as it is written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// A second engine on the same store, with what ends it.
    pub async fn twin(&self) -> (App, Twin) {
        let (app, running) = start(&self.text, &self.rooms, &self.store, &self.clock, self.open_console).await;
        (app, Twin(running))
    }

    pub async fn end(self) {
        self.running.end().await;
        self.stop.cancel();
    }
}

/// A second engine's process.
pub struct Twin(Running);

impl Twin {
    pub async fn end(self) {
        self.0.end().await;
    }
}

/// Our process: where it listens, and how it ends.
struct Running {
    /// Counted from 1.
    process: u32,
    public_at: SocketAddr,
    private_at: SocketAddr,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Running {
    async fn end(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

static PROCESSES: AtomicU32 = AtomicU32::new(1);

/// Starts the app on ports of its own.
async fn start(
    text: &str,
    rooms: &TempDir,
    store: &Arc<dyn Store>,
    clock: &Arc<HandClock>,
    open_console: bool,
) -> (App, Running) {
    let mut config = config::parse(text, &[]).unwrap_or_else(|why| panic!("{why}\n{text}"));
    config.store.path = rooms.path().join("store");
    let process = PROCESSES.fetch_add(1, Ordering::Relaxed);
    // By which the double tells whose socket it is.
    config.slack.app_token = config.slack.app_token.map(|_| format!("xapp-double-{process}").into());
    let (public, public_at) = listener().await;
    let (private, private_at) = listener().await;
    let seat = |id: &str, role| ci_rescue::adapters::console::Person { id: id.into(), name: id.into(), role };
    let seats = if open_console {
        Seats::Open(vec![
            seat("ben", Role::Responder),
            seat("ada", Role::Admin),
            seat("cyd", Role::Approver),
            seat("eve", Role::Viewer),
        ])
    } else {
        Seats::Operator
    };
    let hosts = ci_rescue::app::hosts_of(private_at);
    let app = App::build(&config, store.clone(), clock.clone(), seats, hosts, None).await.expect("an app");
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    tasks.spawn(ci_rescue::server::serve(public, app.public.clone(), stop.clone()));
    if let Some(router) = app.private.clone() {
        tasks.spawn(ci_rescue::server::serve(private, router, stop.clone()));
    }
    app.listen(&tasks, &stop).await.expect("connections");
    (app, Running { process, public_at, private_at, tasks, stop })
}

/// Waits until the chats' members are known.
async fn knows_people(app: &App) {
    let known = async {
        while !app.knows_people() {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), known).await.expect("the workspace is known");
}

/// Hands this thread's events to `subscriber` until the guard is dropped. With one subscriber alone in the process,
/// tracing asks whichever thread meets an event first whether anybody wants it, and a thread without one says no for all:
/// so there is always a second.
pub fn trace(subscriber: impl tracing::Subscriber + Send + Sync + 'static) -> tracing::subscriber::DefaultGuard {
    static SECOND: std::sync::OnceLock<tracing::Dispatch> = std::sync::OnceLock::new();
    SECOND.get_or_init(|| tracing::Dispatch::new(tracing_subscriber::fmt().with_writer(std::io::sink).finish()));
    tracing::subscriber::set_default(subscriber)
}

/// The sandbox forge on a port of its own, on our clock.
pub async fn forge(clock: &Arc<HandClock>, git: Option<std::path::PathBuf>) -> (Forge, SocketAddr, CancellationToken) {
    forge_behind(clock, git, &Logins::default()).await
}

async fn forge_behind(
    clock: &Arc<HandClock>,
    git: Option<std::path::PathBuf>,
    logins: &Logins,
) -> (Forge, SocketAddr, CancellationToken) {
    let stop = CancellationToken::new();
    let now = clock.clone();
    let forge = Forge::new(Arc::new(move || now.now().0), git);
    forge.add_repo(REPO);
    let (listener, at) = listener().await;
    tokio::spawn(ci_rescue::server::serve(
        listener,
        record::recorded("github", logins.before(ci_rescue::demo::router(forge.clone()))),
        stop.clone(),
    ));
    (forge, at, stop)
}

pub const NETWORK_LOG: &str = "2026-01-01T00:00:01.0000000Z ##[group]Run npm ci\n2026-01-01T00:00:02.0000000Z npm error code ECONNRESET\n2026-01-01T00:00:03.0000000Z ##[error]Process completed with exit code 1.\n";
pub const LINT_LOG: &str = "##[group]Run cargo clippy\nerror: this loop never actually loops\n  --> src/lib.rs:3:5\nerror: could not compile `shop` (lib) due to 1 previous error; clippy::never_loop\n##[error]Process completed with exit code 101.\n";

pub fn job(name: &str, log: &str, ends: &[&'static str]) -> JobSpec {
    JobSpec {
        name: name.into(),
        step: "Run tests".into(),
        log: log.into(),
        green_log: "all is well\n".into(),
        ends: ends.to_vec(),
        failing_too: Vec::new(),
    }
}

pub fn spec(log: &str, then: &'static str) -> RunSpec {
    RunSpec {
        repo: REPO.into(),
        workflow: "shop-ci".into(),
        branch: "main".into(),
        sha: "1a2b3c4d5e6f70819293a4b5c6d7e8f901234567".into(),
        message: "Count the shipping".into(),
        pull: None,
        sender: "ben".into(),
        jobs: vec![job("test", log, &["failure", then]), job("lint", "", &["success"])],
    }
}

/// A browser without JavaScript: a cookie, a token, forms.
pub struct Seat {
    http: Client,
    base: String,
    cookie: String,
    pub csrf: String,
    person: String,
}

impl Seat {
    async fn open(at: SocketAddr, person: &str) -> Self {
        let http = client_builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        let base = format!("http://{at}");
        let mut seat = Self { http, base, cookie: String::new(), csrf: String::new(), person: person.to_owned() };
        seat.reload().await;
        let response = seat.post("/switch", &[("person", person)]).await;
        seat.take_cookie(&response);
        seat.reload().await;
        seat
    }

    fn take_cookie(&mut self, response: &reqwest::Response) {
        if let Some(value) = response.headers().get("set-cookie").and_then(|value| value.to_str().ok()) {
            self.cookie = value.split(';').next().unwrap_or_default().to_owned();
        }
    }

    async fn reload(&mut self) {
        let response = self.http.get(&self.base).header("cookie", &self.cookie).send().await.expect("a page");
        self.take_cookie(&response);
        let page = response.text().await.expect("a text");
        let (_, rest) = page.split_once("name=\"csrf\" content=\"").expect("a token");
        self.csrf = rest.split('"').next().unwrap_or_default().to_owned();
    }

    pub async fn page(&self, path: &str) -> String {
        let request = self.http.get(format!("{}{path}", self.base)).header("cookie", &self.cookie);
        request.send().await.expect("a page").text().await.expect("a text")
    }

    pub async fn fetch(&self, path: &str) -> (reqwest::StatusCode, String) {
        let request = self.http.get(format!("{}{path}", self.base)).header("cookie", &self.cookie);
        let answer = request.send().await.expect("a page");
        (answer.status(), answer.text().await.expect("a text"))
    }

    /// A page that never ends, piece by piece.
    pub async fn stream(&self, path: &str) -> impl Stream<Item = reqwest::Result<Bytes>> + Unpin + use<> {
        let request = self.http.get(format!("{}{path}", self.base)).header("cookie", &self.cookie);
        Box::pin(request.send().await.expect("a page").bytes_stream())
    }

    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> reqwest::Response {
        let mut all = vec![("csrf", self.csrf.as_str())];
        all.extend(fields);
        let request = self.http.post(format!("{}{path}", self.base)).header("cookie", &self.cookie).form(&all);
        request.send().await.expect("an answer")
    }

    /// A form with another token than ours.
    pub async fn post_with(&self, path: &str, csrf: &str, fields: &[(&str, &str)]) -> reqwest::Response {
        let mut all = vec![("csrf", csrf)];
        all.extend(fields);
        let request = self.http.post(format!("{}{path}", self.base)).header("cookie", &self.cookie).form(&all);
        request.send().await.expect("an answer")
    }

    /// A form with the right token and these headers.
    pub async fn post_from(&self, path: &str, headers: &[(&'static str, &str)], fields: &[(&str, &str)]) -> StatusCode {
        let mut all = vec![("csrf", self.csrf.as_str())];
        all.extend(fields);
        let mut request = self.http.post(format!("{}{path}", self.base)).header("cookie", &self.cookie);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.form(&all).send().await.expect("an answer").status()
    }

    pub async fn say(&self, world: &World, text: &str) -> String {
        let response = self.post("/command", &[("text", text)]).await;
        // A session ends after half a day: the person sits down again.
        if response.status() == StatusCode::UNAUTHORIZED {
            return Box::pin(world.sit(&self.person).await.say(world, text)).await;
        }
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        world.settle().await;
        self.answers().await
    }

    /// Presses the button with this label on a card.
    pub async fn press(&self, world: &World, no: u64, label: &str) -> String {
        let value =
            button(&self.page("/").await, no, label).unwrap_or_else(|| panic!("no button {label} on card {no}"));
        let response = self.post("/press", &[("thread", &no.to_string()), ("value", &value)]).await;
        if response.status() == StatusCode::UNAUTHORIZED {
            return Box::pin(world.sit(&self.person).await.press(world, no, label)).await;
        }
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        world.settle().await;
        self.answers().await
    }

    /// What the log says, which is closed thereby.
    pub async fn answers(&self) -> String {
        // It stands on every page.
        let page = self.page("/people").await;
        assert_eq!(self.post("/log/clear", &[]).await.status(), StatusCode::SEE_OTHER);
        page.split("<div class=\"answer\">")
            .skip(1)
            .filter_map(|part| part.split("</div>").next())
            .collect::<Vec<_>>()
            .join("\n")
    }
}

/// A card's part of a page.
pub fn card(page: &str, no: u64) -> Option<&str> {
    let (_, rest) = page.split_once(&format!("id=\"incident-{no}\""))?;
    rest.split("</article>").next()
}

/// The sealed value of a button.
pub fn button(page: &str, no: u64, label: &str) -> Option<String> {
    let forms = card(page, no)?.split("<form").skip(1);
    let form = forms.into_iter().find(|form| form.contains(&format!(">{label}</button>")))?;
    let (_, rest) = form.split_once("name=\"value\" value=\"")?;
    rest.split('"').next().map(str::to_owned)
}
