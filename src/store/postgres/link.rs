//! Connections, and how code that waits for a row asks for it.
//!
//! The logic of the store is not asynchronous. It runs on threads of its own, and the connections on a runtime of
//! their own, so that whoever waits blocks no connection, in whatever runtime the caller lives.

use super::address::{self, Address};
use super::session::Session;
use crate::ports::StoreError;
use crate::store::OpenError;
use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Timeouts};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Handle, Runtime};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Connections for reading and writing.
pub const CONNECTIONS: usize = 12;
/// Waiting for one of them.
const PATIENCE: Duration = Duration::from_secs(8);
/// How often a transaction is tried again that did not happen: its connection was lost, or somebody else was first.
pub const TRIES: u32 = 4;
/// The oldest server with `idle_session_timeout` and `client_connection_check_interval`.
const OLDEST: i32 = 140_000;

/// A process that stands still, or that nobody hears any more, must not hold up the others: the server ends its
/// sessions. `client_connection_check_interval` ends a statement whose client is gone.
const SESSION: &str = "SET search_path = ci_rescue; SET lock_timeout = '20s'; \
    SET idle_in_transaction_session_timeout = '5s'; \
    DO $$ BEGIN SET client_connection_check_interval = '2s'; EXCEPTION WHEN OTHERS THEN NULL; END $$; \
    SET tcp_keepalives_idle = 4; SET tcp_keepalives_interval = 1; SET tcp_keepalives_count = 3; \
    SET tcp_user_timeout = '8s'";

pub struct Link {
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
    pub pool: Pool,
    pub config: tokio_postgres::Config,
    pub tls: MakeRustlsConnect,
    pub shown: String,
}

fn tls(address: &Address) -> Result<MakeRustlsConnect, String> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(file) = &address.ca_file {
        let cannot = |why: String| format!("store.ca_file: {}: {why}", file.display());
        let certificates = CertificateDer::pem_file_iter(file).map_err(|why| cannot(why.to_string()))?;
        let mut any = false;
        for certificate in certificates {
            let certificate = certificate.map_err(|why| cannot(why.to_string()))?;
            roots.add(certificate).map_err(|why| cannot(why.to_string()))?;
            any = true;
        }
        if !any {
            return Err(cannot("holds no certificate in PEM".into()));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = versions.map_err(|why| why.to_string())?.with_root_certificates(roots).with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// What every session is told first.
pub async fn introduce(client: &tokio_postgres::Client) -> Result<(), tokio_postgres::Error> {
    client.batch_execute(SESSION).await
}

impl Link {
    /// Nothing is connected yet.
    pub fn new(address: &Address) -> Result<Self, OpenError> {
        let failed = |why: String| OpenError::Failed(why);
        let config = address::read(&address.url).map_err(|why| failed(format!("store.url {why}")))?;
        let tls = tls(address).map_err(failed)?;
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(config.clone(), tls.clone(), recycling);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("store")
            .enable_all()
            .build()
            .map_err(|why| failed(why.to_string()))?;
        let patience = Timeouts { wait: Some(PATIENCE), create: Some(PATIENCE), recycle: Some(PATIENCE) };
        let pool = Pool::builder(manager)
            .max_size(CONNECTIONS)
            .timeouts(patience)
            .runtime(deadpool_postgres::Runtime::Tokio1)
            .post_create(Hook::async_fn(|client, _| {
                Box::pin(async move { introduce(client).await.map_err(HookError::Backend) })
            }))
            .build()
            .map_err(|why| failed(why.to_string()))?;
        Ok(Self { runtime: Some(runtime), pool, shown: address::shown(&config), config, tls })
    }

    pub fn handle(&self) -> Result<Handle, StoreError> {
        let runtime = self.runtime.as_ref().ok_or_else(|| StoreError::Broken("it is closed".into()))?;
        Ok(runtime.handle().clone())
    }

    /// Refuses a server that cannot do what we ask of it.
    pub fn check(self: &Arc<Self>) -> Result<(), OpenError> {
        let session = self.session()?;
        let version = session.ask("SELECT current_setting('server_version_num')::int, version()", Vec::new())?;
        let row = version.first().ok_or_else(|| OpenError::Failed("PostgreSQL does not say its version".into()))?;
        let (number, words): (i32, String) = (row.get(0), row.get(1));
        if number < OLDEST {
            let words = words.split(" on ").next().unwrap_or_default().to_owned();
            let why = format!("{words} at {} is too old: CI Rescue needs PostgreSQL 14 or newer", self.shown);
            return Err(OpenError::Failed(why));
        }
        Ok(())
    }

    /// A connection of one's own, for a while.
    pub fn session(self: &Arc<Self>) -> Result<Session, StoreError> {
        let pool = self.pool.clone();
        let got = wait(&self.handle()?, async move { pool.get().await })?;
        match got {
            Ok(client) => Ok(Session::new(client, self.clone())),
            Err(why) => Err(StoreError::Broken(self.explain(&why))),
        }
    }

    pub fn explain(&self, why: &PoolError) -> String {
        match why {
            PoolError::Backend(why) | PoolError::PostCreateHook(HookError::Backend(why)) => {
                address::explain(why, &self.config)
            }
            PoolError::Timeout(_) => format!("PostgreSQL at {} does not answer", self.shown),
            other => format!("PostgreSQL at {}: {other}", self.shown),
        }
    }

    /// Does something that may be done again when the connection is lost in between.
    pub fn repeat<T>(self: &Arc<Self>, work: impl Fn(&Session) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut tried = 0;
        loop {
            tried += 1;
            let session = self.session()?;
            let done = work(&session);
            if done.is_ok() || !session.may_repeat() || tried >= TRIES {
                return done;
            }
        }
    }

    /// The same on a thread of the store's own.
    pub async fn apart<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Arc<Self>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let this = self.clone();
        let done = self.handle()?.spawn_blocking(move || work(&this)).await;
        done.unwrap_or_else(|why| Err(StoreError::Broken(format!("a step of the store panicked: {why}"))))
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // Connections that are left end with it.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Blocks until the connections' runtime has an answer.
pub fn wait<T: Send + 'static>(
    handle: &Handle,
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, StoreError> {
    let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    handle.spawn(async move {
        // Nobody waits any more only when the process ends.
        let _ = sender.send(work.await);
    });
    receiver.recv().map_err(|_| StoreError::Broken("it is closed".into()))
}
