//! `demo`: everything on this machine.

use super::log::log;
use super::runtime;
use super::serve::{address, bind, stop_on_signal};
use ci_rescue::adapters::console::Person;
use ci_rescue::app::{App, Seats, SystemClock, hosts_of};
use ci_rescue::config;
use ci_rescue::demo::{Forge, REPO, SCENARIOS, hint, play, router, seed};
use ci_rescue::domain::Role;
use ci_rescue::engine::Engine;
use ci_rescue::ports::{Ask, Clock, Query};
use ci_rescue::store::{Ledger, Sled};
use std::io::Read;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

#[derive(clap::Args)]
pub struct Args {
    /// Where the console listens; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8081", value_name = "ADDRESS")]
    listen: String,
}

/// How soon the printed steps follow an incident.
const BEAT: Duration = Duration::from_millis(250);
const SECRET: &str = "sandbox-secret";

pub fn run(args: &Args) -> Result<(), String> {
    log("warn");
    let data = tempfile::tempdir().map_err(|why| format!("cannot create a temporary directory: {why}"))?;
    runtime()?.block_on(async {
        let private = console(&args.listen).await?;
        let public = bind("the webhook door", "127.0.0.1:0").await?;
        let web = bind("the sandbox forge", "127.0.0.1:0").await?;
        let (public_at, private_at, web_at) = (address(&public)?, address(&private)?, address(&web)?);
        let git = data.path().join("git");
        let forge = Forge::new(Arc::new(|| SystemClock.now().0), Some(git.clone()));
        forge.add_repo(REPO);
        for login in ["ada", "ben"] {
            forge.permit(REPO, login, "write");
        }
        let without_git = seed(&forge, &git, REPO).await.err();
        let stop = CancellationToken::new();
        tokio::spawn(ci_rescue::server::serve(web, router(forge.clone()), stop.clone()));
        let app = build(data.path(), web_at, private_at).await?;
        greet(private_at, web_at, without_git.as_deref());
        let hook = format!("http://{public_at}/webhooks/github");
        tokio::spawn(play(forge, format!("http://{web_at}"), hook, SECRET.into(), stop.clone()));
        tokio::spawn(narrate(app.engine.clone(), stop.clone()));
        stop_on_signal(stop.clone());
        app.run(public, Some(private), stop).await
    })
}

/// The usual address, or a free one where that is taken.
async fn console(wanted: &str) -> Result<TcpListener, String> {
    match bind("--listen", wanted).await {
        Ok(listener) => Ok(listener),
        Err(_) if wanted.ends_with(":8081") => bind("--listen", "127.0.0.1:0").await,
        Err(why) => Err(why),
    }
}

async fn build(data: &Path, web: SocketAddr, console: SocketAddr) -> Result<App, String> {
    let text = format!(
        "[github]\napi_url = \"http://{web}\"\nwebhook_secret = \"{SECRET}\"\ntoken = \"sandbox\"\nrepositories = [\"{REPO}\"]\n\
         [[people]]\nname = \"ada\"\ngithub = \"ada\"\nrole = \"admin\"\n[[people]]\nname = \"ben\"\ngithub = \"ben\"\nrole = \"approver\"\n\
         [policy.approvals]\nretry = 0\n{}",
        agents(data)
    );
    let mut config = config::parse(&text, &[]).map_err(|why| why.to_string())?;
    config.store.path = data.join("store");
    let seat = |id: &str, name: &str, role| Person { id: id.into(), name: name.into(), role };
    let seats = Seats::Open(vec![seat("ben", "Ben", Role::Approver), seat("ada", "Ada", Role::Admin)]);
    let store = Ledger::open(Sled::open(&data.join("store"))?).map_err(|why| why.to_string())?;
    let home = Some(format!("http://{console}"));
    App::build(&config, Arc::new(store), Arc::new(SystemClock), seats, hosts_of(console), home).await
}

/// The sandbox's own agent, caged where that works here.
fn agents(data: &Path) -> String {
    use ci_rescue::adapters::agent::{Sandbox, check};
    let path = std::env::var_os("PATH");
    let works = |sandbox| check(sandbox, path.as_deref()).is_ok();
    let sandbox = if works(Sandbox::Bubblewrap) { "bubblewrap" } else { "none" };
    let Some(program) = std::env::current_exe().ok().filter(|_| works(Sandbox::None)) else { return String::new() };
    // A copy, which it may read and nothing beside it.
    let bin = data.join("bin");
    let copied = std::fs::create_dir_all(&bin).and_then(|()| std::fs::copy(program, bin.join("demo")));
    if copied.is_err() {
        return String::new();
    }
    format!(
        "[loops]\nfirst_look_seconds = 3\nlook_seconds = 2\nci_minutes = 1\napart_minutes = 0\n\
         [[agents]]\nname = \"rex\"\ncommand = ['{}', 'demo-agent']\nsandbox = \"{sandbox}\"\nreadable = ['{}']\n",
        bin.join("demo").display(),
        bin.display()
    )
}

/// Reads its prompt, changes the files here, and says what it did.
pub fn agent() -> Result<(), String> {
    let mut prompt = String::new();
    std::io::stdin().read_to_string(&mut prompt).map_err(|why| format!("cannot read the prompt: {why}"))?;
    let said = ci_rescue::demo::stub::attempt(&prompt, Path::new("."));
    println!("{}", said.map_err(|why| why.to_string())?);
    Ok(())
}

fn greet(console: SocketAddr, web: SocketAddr, without_git: Option<&str>) {
    println!("CI Rescue demo: everything runs on this machine and is gone when you stop it.\n");
    println!("  Open  http://{console}/\n");
    println!("Six builds break over the next minute. Type commands below the cards; `help` lists them.\n");
    match without_git {
        None => println!("To look at the branches: git clone http://{web}/git/{REPO}.git"),
        Some(why) => println!("The sandbox has no repository to clone ({why})."),
    }
    println!("Ctrl-C stops the demo.\n\nWhat to try:");
}

/// Says what to try on each incident once it has opened, under the number that it got.
async fn narrate(engine: Arc<Engine>, stop: CancellationToken) {
    let (mut seen, mut step) = (std::collections::BTreeSet::new(), 0);
    let mut beat = tokio::time::interval(BEAT);
    while !stop.is_cancelled() && seen.len() < SCENARIOS.len() {
        beat.tick().await;
        let query = Query { limit: 50, ..Query::default() };
        let Ok((mut incidents, _)) = engine.incidents(query).await else { return };
        incidents.sort_by_key(|incident| incident.no);
        for incident in incidents {
            if !seen.insert(incident.no) {
                continue;
            }
            if let Some(hint) = hint(incident.workflow.raw(), incident.branch.raw(), incident.no.0) {
                step += 1;
                println!("  {step}. {hint}");
            }
        }
    }
}
