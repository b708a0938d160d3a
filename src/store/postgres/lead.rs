//! Which replica leads: whoever holds an advisory lock, on a connection that it has to keep talking on.
//!
//! The server ends a session that says nothing for six seconds, and the lock with it: a process that is dead, stopped or
//! cut off stops leading by the server's clock, whether it knows or not. What it then still tries to write is refused by
//! the epoch.

use super::link::{Link, introduce};
use crate::ports::{Replicas, StoreError};
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_postgres::{AsyncMessage, Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

/// The shortest that the server knows in whole seconds above the beat.
const LISTEN: &str = "SET idle_session_timeout = '6s'; LISTEN ci_rescue";
const TRY: &str = "SELECT pg_try_advisory_lock(7230091, 3)";
const LET_GO: &str = "SELECT pg_advisory_unlock(7230091, 3)";
/// Not while a transaction of the one before is at work.
const BEGIN: &str = "BEGIN; SELECT pg_advisory_xact_lock(7230091, 2)";
const RISE: &str = "UPDATE state SET epoch = epoch + 1 RETURNING epoch";
/// Between two signs of life, and between two tries.
const BEAT: Duration = Duration::from_secs(1);
/// A sign of life that takes longer may have come too late.
const ANSWER: Duration = Duration::from_secs(4);
/// As long as a stopped leader's transaction may stand, and some.
const RISING: Duration = Duration::from_secs(25);

/// This process among the replicas.
pub struct Seat {
    lead: watch::Receiver<bool>,
    news: watch::Receiver<u64>,
    resign: watch::Sender<bool>,
}

struct Candidate {
    config: Config,
    tls: MakeRustlsConnect,
    shown: String,
    process: String,
    epoch: Arc<AtomicI64>,
    lead: watch::Sender<bool>,
    news: watch::Sender<u64>,
    resigned: watch::Receiver<bool>,
}

impl Seat {
    /// Stands for the lead from now on.
    pub fn take(link: &Link, process: i64, epoch: &Arc<AtomicI64>) -> Result<Self, StoreError> {
        let (lead, leads) = watch::channel(false);
        let (news, heard) = watch::channel(0);
        let (resign, resigned) = watch::channel(false);
        let candidate = Candidate {
            config: link.config.clone(),
            tls: link.tls.clone(),
            shown: link.shown.clone(),
            process: process.to_string(),
            epoch: epoch.clone(),
            lead,
            news,
            resigned,
        };
        link.handle()?.spawn(candidate.stand());
        Ok(Self { lead: leads, news: heard, resign })
    }
}

impl Candidate {
    async fn stand(mut self) {
        let mut told = false;
        while !*self.resigned.borrow() {
            let term = self.term().await;
            self.epoch.store(0, Ordering::Release);
            let led = self.lead.send_replace(false);
            match term {
                Ok(()) => return,
                Err(why) if led => tracing::warn!(%why, "this replica no longer leads"),
                Err(why) if told => tracing::debug!(%why, "the database does not answer"),
                Err(why) => tracing::warn!(%why, "the database does not answer; it is tried until it does"),
            }
            told = !led;
            tokio::select! {
                () = sleep(BEAT) => {}
                () = until(&mut self.resigned) => return,
            }
        }
    }

    /// From one connection: follows, leads, and ends with an error, or when another is to lead.
    async fn term(&mut self) -> Result<(), String> {
        let explain = |why: &tokio_postgres::Error| super::address::explain(why, &self.config);
        let connected = timeout(2 * ANSWER, self.config.connect(self.tls.clone())).await;
        let late = || format!("PostgreSQL at {} does not answer", self.shown);
        let (client, mut connection) = connected.map_err(|_| late())?.map_err(|why| explain(&why))?;
        let (news, own) = (self.news.clone(), self.process.clone());
        let messages = tokio::spawn(async move {
            while let Some(Ok(message)) = std::future::poll_fn(|context| connection.poll_message(context)).await {
                if matches!(&message, AsyncMessage::Notification(told) if told.payload() != own) {
                    news.send_modify(|count| *count += 1);
                }
            }
        });
        let ended = self.hold(&client).await.map_err(|why| why.map_or_else(late, |why| explain(&why)));
        messages.abort();
        ended
    }

    async fn hold(&self, client: &Client) -> Result<(), Option<tokio_postgres::Error>> {
        let mut resigned = self.resigned.clone();
        soon(introduce(client)).await?;
        soon(client.batch_execute(LISTEN)).await?;
        // What was told before somebody listened.
        self.news.send_modify(|count| *count += 1);
        while !soon(client.query_one(TRY, &[])).await?.get::<_, bool>(0) {
            tokio::select! {
                () = sleep(BEAT) => {}
                () = until(&mut resigned) => return Ok(()),
            }
        }
        let rise = async {
            client.batch_execute(BEGIN).await?;
            let row = client.query_one(RISE, &[]).await?;
            client.batch_execute("COMMIT").await?;
            Ok(row.get::<_, i64>(0))
        };
        let epoch = timeout(RISING, rise).await.map_err(|_| None)?.map_err(Some)?;
        self.epoch.store(epoch, Ordering::Release);
        self.lead.send_replace(true);
        tracing::info!(epoch, "this replica leads");
        loop {
            tokio::select! {
                () = sleep(BEAT) => {}
                () = until(&mut resigned) => {
                    self.epoch.store(0, Ordering::Release);
                    soon(client.batch_execute(LET_GO)).await?;
                    return Ok(());
                }
            }
            soon(client.simple_query("")).await?;
        }
    }
}

/// Waits until another is to lead.
async fn until(resigned: &mut watch::Receiver<bool>) {
    let gone = resigned.wait_for(|resigned| *resigned).await.is_err();
    // With the store itself, which ends this too.
    if gone {
        std::future::pending::<()>().await;
    }
}

/// An answer in time.
async fn soon<T>(
    asked: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, Option<tokio_postgres::Error>> {
    timeout(ANSWER, asked).await.map_err(|_| None)?.map_err(Some)
}

#[async_trait]
impl Replicas for Seat {
    fn leads(&self) -> bool {
        *self.lead.borrow()
    }

    async fn leading(&self, leads: bool) {
        // Its other end lives as long as the store; then there is nothing to wait for.
        let ended = self.lead.clone().wait_for(|now| *now == leads).await.is_err();
        if ended && leads {
            std::future::pending::<()>().await;
        }
    }

    async fn news(&self, known: u64) -> u64 {
        let heard = self.news.clone().wait_for(|count| *count != known).await.map(|count| *count);
        match heard {
            Ok(count) => count,
            Err(_) => std::future::pending().await,
        }
    }

    async fn resign(&self) {
        self.resign.send_replace(true);
        self.leading(false).await;
    }
}
