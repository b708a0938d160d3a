//! An export on its way into an empty database: one transaction.

use super::Postgres;
use super::session::signed;
use super::writer::{Demand, last};
use crate::ports::StoreError;
use crate::store::backend::Backend;
use crate::store::restore::{RestoreError, Restored, Taken, take};
use crate::store::tally::Tally;
use crate::store::{OpenError, Watch, keys};
use std::cell::RefCell;
use std::io::BufRead;

const PATIENCE: &str = "SET LOCAL idle_in_transaction_session_timeout = 0";
const HOLDS: &str = "SELECT EXISTS (SELECT FROM records) OR EXISTS (SELECT FROM files)";
const NUMBER: &str = "SELECT setval('inbox_keys', greatest($1::bigint, 1))";
const AT_ONCE: usize = 1024;

impl Postgres {
    /// Fills a database that holds nothing yet. It holds nothing after an error, either.
    ///
    /// # Errors
    /// The backup cannot be used, the database holds something, or it failed.
    pub fn import(&self, source: impl BufRead, watch: Watch<'_>) -> Result<Restored, RestoreError> {
        let (source, watch) = (RefCell::new(Some(source)), RefCell::new(watch));
        let refused = RefCell::new(None);
        let written = self.writer().write(&Demand::default(), |begun| {
            let broken = |why: String| StoreError::Broken(why);
            let session = begun.session;
            session.say(PATIENCE)?;
            if session.ask(HOLDS, Vec::new())?.first().is_some_and(|row| row.get(0)) {
                refused.replace(Some(RestoreError::NotEmpty(format!(
                    "the database at {} is not empty",
                    session.link().shown
                ))));
                return Err(StoreError::Conflict("not empty".into()));
            }
            // What was read of it is gone when the connection is lost.
            let source = source.borrow_mut().take();
            let source = source.ok_or_else(|| broken("the connection to the database was lost; try again".into()))?;
            let mut keep = |taken: Taken<'_>| match taken {
                Taken::Rows(batch) | Taken::Last(batch, _) => session.apply(batch),
                Taken::File(name, bytes) => session.put_file(name, bytes),
            };
            let (tally, counts) = take(source, &mut **watch.borrow_mut(), &mut keep).map_err(|why| {
                let told = why.to_string();
                refused.replace(Some(why));
                broken(told)
            })?;
            if !everything(session)?.holds_the_same(&tally) {
                refused.replace(Some(RestoreError::Backup("the backup is damaged: it holds a record twice".into())));
                return Err(broken("not what the backup holds".into()));
            }
            session.ask(NUMBER, vec![Box::new(signed(last(session, keys::INBOX)?))])?;
            Ok(counts)
        });
        let store = |why: StoreError| refused.take().unwrap_or(RestoreError::Store(OpenError::Failed(why.to_string())));
        let (rows, files, lost) = written.map_err(store)?;
        Ok(Restored { rows, files, lost, kept: None })
    }
}

/// What a transaction sees, read back.
fn everything(session: &dyn Backend) -> Result<Tally, StoreError> {
    let (mut tally, mut from) = (Tally::default(), Vec::new());
    loop {
        let found = session.scan(&[], &from, AT_ONCE)?;
        let Some((last, _)) = found.last() else { return Ok(tally) };
        from.clone_from(last);
        from.push(0);
        for (key, value) in &found {
            tally.add(key, value);
        }
    }
}
