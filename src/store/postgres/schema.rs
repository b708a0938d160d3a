//! Tables, made and changed by the program itself: forward only, each step once.

use super::link::Link;
use super::session::Session;
use crate::ports::StoreError;
use crate::store::OpenError;
use std::sync::Arc;

/// Each step in order; one that was released never changes.
const STEPS: [&str; 1] = [include_str!("migrations/0001.sql")];
/// Replicas that start together take turns. Advisory locks are a database's own.
const BEGIN: &str = "BEGIN; SELECT pg_advisory_xact_lock(7230091, 1)";
const MAKE: &str = "CREATE SCHEMA IF NOT EXISTS ci_rescue; \
    CREATE TABLE IF NOT EXISTS ci_rescue.migrations \
    (step integer PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), program text NOT NULL)";
const DONE: &str = "SELECT coalesce(max(step), 0), max(program) FILTER (WHERE step = \
    (SELECT max(step) FROM ci_rescue.migrations)) FROM ci_rescue.migrations";
const NOTE: &str = "INSERT INTO ci_rescue.migrations (step, program) VALUES ($1, $2)";
const EXISTS: &str = "SELECT to_regclass('ci_rescue.migrations') IS NOT NULL";

/// How far the tables are, and which program brought them there; none before the first start.
pub fn reached(session: &Session) -> Result<Option<(usize, String)>, StoreError> {
    let made = session.ask(EXISTS, Vec::new())?.first().is_some_and(|row| row.get(0));
    if !made {
        return Ok(None);
    }
    let rows = session.ask(DONE, Vec::new())?;
    let read = |row: &tokio_postgres::Row| {
        let step = usize::try_from(row.get::<_, i32>(0)).unwrap_or_default();
        (step, row.get::<_, Option<String>>(1).unwrap_or_default())
    };
    Ok(rows.first().map(read).filter(|(step, _)| *step > 0))
}

/// Refuses tables that a newer program made.
pub fn judge(reached: Option<&(usize, String)>, shown: &str) -> Result<(), OpenError> {
    match reached {
        Some((step, program)) if *step > STEPS.len() => Err(OpenError::Failed(format!(
            "the database at {shown} was written by CI Rescue {program} (schema {step}; this is {}, which knows \
             {}): start that version or a newer one. Schemas go forward only",
            env!("CARGO_PKG_VERSION"),
            STEPS.len()
        ))),
        _ => Ok(()),
    }
}

/// Brings the tables up to date.
pub fn migrate(link: &Arc<Link>) -> Result<(), OpenError> {
    let session = link.session()?;
    let before = reached(&session)?;
    judge(before.as_ref(), &link.shown)?;
    if before.as_ref().is_some_and(|(step, _)| *step == STEPS.len()) {
        return Ok(());
    }
    session.busy();
    session.say(BEGIN)?;
    session.say(MAKE)?;
    // Another replica may have been faster.
    let now = reached(&session)?;
    judge(now.as_ref(), &link.shown)?;
    let from = now.map_or(0, |(step, _)| step);
    for (at, step) in STEPS.iter().enumerate().skip(from) {
        session.say(step)?;
        let number = i32::try_from(at + 1).unwrap_or(i32::MAX);
        session.tell(NOTE, vec![Box::new(number), Box::new(env!("CARGO_PKG_VERSION"))])?;
    }
    session.say("COMMIT")?;
    session.done();
    tracing::info!(from, to = STEPS.len(), "brought the database's schema up to date");
    Ok(())
}
