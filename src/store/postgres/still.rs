//! Everything as it was at one moment: one transaction that sees nothing newer.

use super::link::Link;
use super::session::Session;
use crate::ports::StoreError;
use crate::store::backend::{Backend, EachRow, Still};
use crate::store::tally::Tally;
use std::sync::Arc;

/// Whoever reads it may take its time.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
    SET LOCAL idle_in_transaction_session_timeout = 0";
const TURN: &str = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint";
const NAMES: &str = "SELECT name FROM files ORDER BY name";
const AT_ONCE: usize = 1024;

pub struct Snapshot {
    session: Session,
    tally: Tally,
}

impl Snapshot {
    pub fn open(link: &Arc<Link>) -> Result<Self, StoreError> {
        let session = link.session()?;
        session.busy();
        session.say(BEGIN)?;
        let turn = session.ask(TURN, Vec::new())?;
        let mut tally = Tally::default();
        each(&session, &mut |key, value| {
            tally.add(key, value);
            Ok(())
        })?;
        tally.turn = turn.first().map_or(0, |row| row.get::<_, i64>(0).cast_unsigned());
        Ok(Self { session, tally })
    }
}

fn each(session: &Session, row: EachRow<'_>) -> Result<(), StoreError> {
    let mut from = Vec::new();
    loop {
        let found = session.scan(&[], &from, AT_ONCE)?;
        let Some((last, _)) = found.last() else { return Ok(()) };
        from.clone_from(last);
        from.push(0);
        for (key, value) in &found {
            row(key, value)?;
        }
    }
}

impl Still for Snapshot {
    fn tally(&self) -> &Tally {
        &self.tally
    }

    fn each(&mut self, row: EachRow<'_>) -> Result<(), StoreError> {
        each(&self.session, row)
    }

    fn files(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.session.ask(NAMES, Vec::new())?.iter().map(|row| row.get(0)).collect())
    }

    fn file(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.session.file(name)
    }

    fn damaged(&self, what: &str) -> StoreError {
        let at = &self.session.link().shown;
        StoreError::Damaged(format!("the database at {at} is damaged: {what}. Restore a dump with pg_restore"))
    }
}
