//! `replay`: what a delivery would do. A copy of the store is changed, or with `--apply` the store itself.

use super::at::{At, Failure, INPUT, Place, SERVER, disk};
use super::store::everything;
use super::{FOUND, Failed, runtime};
use ci_rescue::adapters::github::kind_of;
use ci_rescue::app::{App, Seats, SystemClock};
use ci_rescue::config;
use ci_rescue::domain::ids::Digest;
use ci_rescue::domain::text::clean_line;
use ci_rescue::domain::time::DAY_MS;
use ci_rescue::engine::rehearse::Rehearsal;
use ci_rescue::evidence::redact;
use ci_rescue::ports::{Clock, Delivery, Origin, Put, Store};
use ci_rescue::store::{Ledger, OpenError, Overlay, Sled, restore};
use futures::StreamExt;
use serde_json::Value;
use std::fs::File;
use std::io::{BufReader, Read, Seek, Write};
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

#[derive(clap::Args)]
#[command(
    after_help = "Exit status: 0 done, 1 it would go to the dead letters, 2 usage or input, 3 the running server failed."
)]
pub struct Args {
    /// GitHub's id of a delivery that waits or is in the dead letters, or a file with a webhook's payload
    #[arg(value_name = "DELIVERY|FILE")]
    what: String,
    /// Take it in; else it is only told what it would do
    #[arg(long)]
    apply: bool,
    #[command(flatten)]
    at: At,
}

/// GitHub sends no larger payload.
const BYTES_MAX: u64 = 25 << 20;
/// Longer than any look at a delivery takes.
const LEASE_MS: i64 = DAY_MS;
/// Of what strangers wrote, in characters.
const LINE: usize = 300;
/// How often one delivery may be taken in once more.
const TIMES: u32 = 1_000;

/// A store to try on, with what goes away with it.
struct Tried {
    store: Arc<dyn Store>,
    _copy: Option<TempDir>,
}

/// A delivery, and where it was found.
struct Found {
    delivery: Delivery,
    place: String,
    waits: bool,
}

pub fn run(args: &Args) -> Result<u8, Failed> {
    let config = args.at.config()?;
    redact::know(config::secrets(&config));
    if args.apply {
        return Ok(apply(args)?);
    }
    Ok(runtime()?.block_on(async {
        let tried = tried(&args.at).await?;
        let found = find(&args.what, &*tried.store).await?;
        let clock = Arc::new(SystemClock);
        let app = App::build(&config, tried.store.clone(), clock, Seats::Operator, Vec::new(), None).await?;
        let again = Delivery { id: fresh(&*tried.store, &found.delivery).await?, ..found.delivery.clone() };
        let told = app.engine.rehearse(again).await?;
        say(&found, &told);
        Ok::<_, Failure>(if told.dead.is_some() { FOUND } else { 0 })
    })?)
}

/// What it would do is tried on the store with changes in memory alone, or on a copy of the one that a server holds.
async fn tried(at: &At) -> Result<Tried, Failure> {
    let over = |disk: Sled| Ok::<_, Failure>(Arc::new(Ledger::open(Overlay::new(Arc::new(disk)))?) as Arc<dyn Store>);
    let path = match at.place()? {
        Place::Directory(path) => path,
        Place::Database(_) => {
            let copy = copied(at).await?;
            return Ok(Tried { store: over(disk(&copy.path().join("store"))?)?, _copy: Some(copy) });
        }
    };
    if !path.exists() {
        return Err(Failure(INPUT, format!("no store at {}: set store.path or pass --store", path.display())));
    }
    match disk(&path) {
        Ok(disk) => Ok(Tried { store: over(disk)?, _copy: None }),
        Err(OpenError::InUse(_)) => {
            let copy = copied(at).await?;
            Ok(Tried { store: over(disk(&copy.path().join("store"))?)?, _copy: Some(copy) })
        }
        Err(why) => Err(why.into()),
    }
}

/// A copy of the store that the running server holds, or of the database.
async fn copied(at: &At) -> Result<TempDir, Failure> {
    let cannot = |why: std::io::Error| Failure(INPUT, format!("the store cannot be copied: {why}"));
    let dir = tempfile::tempdir().map_err(cannot)?;
    let mut file = tempfile::tempfile().map_err(cannot)?;
    let mut lines = match at.place()? {
        Place::Database(_) => everything(at.open()?.as_ref(), at).await?,
        Place::Directory(_) => at.ask("/api/store/backup").await?,
    };
    while let Some(line) = lines.next().await {
        file.write_all(&line?).map_err(cannot)?;
    }
    file.rewind().map_err(cannot)?;
    restore(&dir.path().join("store"), BufReader::new(file), &mut |_, _| {})
        .map_err(|why| Failure(SERVER, format!("the running server: {why}")))?;
    Ok(dir)
}

fn apply(args: &Args) -> Result<u8, Failure> {
    let place = args.at.place()?;
    let Some(store) = args.at.open()? else {
        let why = format!(
            "the store in {place} is in use by another process. Stop the server first, or have GitHub send the delivery again: \
             the App's settings, Advanced, Recent deliveries"
        );
        return Err(Failure(INPUT, why));
    };
    runtime()?.block_on(async {
        let found = find(&args.what, &*store).await?;
        if found.waits {
            println!("{} waits already: the server takes it in when it starts", found.delivery.id);
            return Ok(0);
        }
        let id = fresh(&*store, &found.delivery).await?;
        let at = SystemClock.now();
        if store.put_delivery(Delivery { id: id.clone(), at, ..found.delivery }).await? == Put::Duplicate {
            return Err(Failure(INPUT, format!("{id} was taken in meanwhile: try again")));
        }
        println!("{id} waits now: the server takes it in when it starts");
        Ok(0)
    })
}

/// A file of that name, or else a delivery of that id in the store.
async fn find(what: &str, store: &dyn Store) -> Result<Found, Failure> {
    let path = Path::new(what);
    if path.is_file() { saved(path) } else { stored(what, store).await }
}

async fn stored(id: &str, store: &dyn Store) -> Result<Found, Failure> {
    let named = |have: &str| have == id || have.split_once(':').is_some_and(|(_, rest)| rest == id);
    let (mut waiting, now) = (None, SystemClock.now());
    let mut claims = Vec::new();
    while let Some(claim) = store.claim_delivery(now, LEASE_MS).await? {
        claims.push((claim.key, claim.lease));
        waiting = waiting.or(Some(claim.work).filter(|delivery| named(&delivery.id)));
    }
    for claim in claims {
        store.release_delivery(claim).await?;
    }
    if let Some(delivery) = waiting {
        return Ok(Found { delivery, place: "waits to be taken in".into(), waits: true });
    }
    for letter in store.dead_letters(usize::MAX).await? {
        let delivery = serde_json::from_value::<Delivery>(letter.body).ok();
        if let Some(delivery) = delivery.filter(|delivery| named(&delivery.id)) {
            let place = format!("is in the dead letters: {}", clean_line(&letter.why, LINE));
            return Ok(Found { delivery, place, waits: false });
        }
    }
    Err(Failure(
        INPUT,
        format!(
            "no delivery {} waits or is in the dead letters, and there is no such file. What was taken in is not kept: save \
             its payload from GitHub (the App's settings, Advanced, Recent deliveries) and name the file",
            clean_line(id, LINE)
        ),
    ))
}

/// A payload as GitHub shows it, masked as if it had arrived.
fn saved(path: &Path) -> Result<Found, Failure> {
    let name = path.display();
    let cannot = |why: std::io::Error| Failure(INPUT, format!("{name}: {why}"));
    let mut bytes = Vec::new();
    File::open(path).map_err(cannot)?.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(Failure(INPUT, format!("{name}: larger than any payload of GitHub's (25 MB)")));
    }
    let body: Value = serde_json::from_slice(&bytes)
        .map_err(|why| Failure(INPUT, format!("{name}: not the JSON of a payload: {why}")))?;
    let kind = kind_of(&body)
        .ok_or_else(|| Failure(INPUT, format!("{name}: no payload of an event of GitHub's that is read here")))?;
    let hash = Digest::of([bytes.as_slice()]);
    let delivery = Delivery {
        id: format!("github:file-{}", hash.short()),
        source: "github".into(),
        kind: kind.into(),
        origin: Origin::Internal,
        at: SystemClock.now(),
        hash,
        body: redact::body(&bytes),
    };
    Ok(Found { delivery, place: format!("from {name}"), waits: false })
}

/// An id that was not taken before. Those of GitHub's stand for one delivery each, however often it arrives.
async fn fresh(store: &dyn Store, delivery: &Delivery) -> Result<String, Failure> {
    let base = delivery.id.split(":again-").next().unwrap_or_default();
    for n in 1..=TIMES {
        let id = format!("{base}:again-{n}");
        if !store.has_taken(&id).await? {
            return Ok(id);
        }
    }
    Err(Failure(INPUT, format!("{} was taken in {TIMES} times", clean_line(base, LINE))))
}

fn say(found: &Found, told: &Rehearsal) {
    let Delivery { id, source, kind, .. } = &found.delivery;
    println!("{} ({source}, {kind}) {}", clean_line(id, LINE), found.place);
    list("what it says", &told.heard);
    for changed in &told.incidents {
        let how = if changed.opened { "would open" } else { "would change" };
        list(&format!("{} {how} ({})", changed.no, clean_line(&changed.what, LINE)), &changed.notes);
    }
    if told.incidents.is_empty() {
        println!("\nno incident would open or change");
    }
    list("the bot would", &told.effects);
    list("cards", &told.cards);
    list("and later", &told.timers);
    if let Some(why) = &told.dead {
        println!("\nit would go to the dead letters: {why}");
    }
    println!("\nNothing was changed, and nobody was called; --apply takes it in.");
}

fn list(head: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    println!("\n{head}:");
    for line in lines {
        println!("  - {}", clean_line(line, LINE));
    }
}
