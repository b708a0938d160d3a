//! A cluster in a directory of its own, and a way to it that can be cut.

#![allow(clippy::disallowed_methods, reason = "the server under test lives in real time")]

use ci_rescue::ports::Store;
use ci_rescue::store::{Address, Postgres};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_postgres::{Client, NoTls};

pub const PASSWORD: &str = "pass-word-of-some-length";
const BEAT: Duration = Duration::from_millis(20);
/// Debian's `nobody`: the server refuses to run as root.
pub const NOBODY: u32 = 65534;

pub struct Server {
    _dir: TempDir,
    child: Child,
    account: String,
    pub port: u16,
}

/// A program of the server's: Debian keeps them beside the path.
fn program(name: &str) -> Option<PathBuf> {
    let mut versions: Vec<PathBuf> =
        std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|one| one.path()).collect();
    versions.sort();
    let all = versions.into_iter().rev().map(|version| version.join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    all.chain(std::env::split_paths(&path)).map(|dir| dir.join(name)).find(|file| file.is_file())
}

pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Runs as an unprivileged account, and ends with this process.
fn command(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "INT"]);
    if is_root() {
        command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]);
    }
    command.arg(program).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).env("LC_ALL", "C");
    command
}

impl Server {
    /// `None` where no server is installed. It does not sync: processes die in tests, and machines do not.
    pub async fn start() -> Option<Self> {
        Self::begin(&["-F"]).await
    }

    /// The same with options of one's own; without `-F`, every commit is synced.
    pub async fn begin(options: &[&str]) -> Option<Self> {
        let (initdb, postgres) = (program("initdb")?, program("postgres")?);
        let dir = tempfile::Builder::new().prefix("ci-rescue-pg").tempdir().unwrap();
        if is_root() {
            std::os::unix::fs::chown(dir.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let secret = dir.path().join("secret");
        std::fs::write(&secret, PASSWORD).unwrap();
        std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
        let made = command(&initdb)
            .args(["--username=bot", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"])
            .arg(format!("--pwfile={}", secret.display()))
            .arg(format!("--pgdata={}", dir.path().join("data").display()))
            .output()
            .unwrap();
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let log = std::fs::File::create(dir.path().join("log")).unwrap();
        let child = command(&postgres)
            .arg("-D")
            .arg(dir.path().join("data"))
            .arg("-k")
            .arg(dir.path())
            .args(["-h", "127.0.0.1", "-p", &port.to_string()])
            .args(options)
            .stderr(log)
            .process_group(0)
            .spawn()
            .unwrap();
        let server = Self { _dir: dir, child, account: format!("bot:{PASSWORD}"), port };
        while server.connect().await.is_err() {
            tokio::time::sleep(BEAT).await;
        }
        server.sql("CREATE DATABASE rescue").await;
        Some(server)
    }

    async fn connect(&self) -> Result<Client, tokio_postgres::Error> {
        let url = format!("postgres://bot:{PASSWORD}@127.0.0.1:{}/postgres", self.port);
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// In the database `postgres`.
    pub async fn sql(&self, sql: &str) {
        self.connect().await.unwrap().batch_execute(sql).await.unwrap();
    }

    /// A connection to the store's database.
    pub async fn client(&self) -> Client {
        let (client, connection) = tokio_postgres::connect(&self.url(self.port), NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    /// The store's database at a port: the server's own, or a [`Way`]'s.
    pub fn url(&self, port: u16) -> String {
        format!("postgres://{}@127.0.0.1:{port}/rescue?sslmode=disable", self.account)
    }

    pub fn address(&self) -> Address {
        address(&self.url(self.port))
    }
}

pub fn address(url: &str) -> Address {
    Address { url: url.to_owned().into(), ca_file: None }
}

/// Opening blocks, as a program's start does.
pub fn open(address: &Address) -> Postgres {
    Postgres::open(address).unwrap_or_else(|why| panic!("{why}"))
}

/// A store that leads.
pub async fn leading(address: &Address) -> Postgres {
    let store = open(address);
    store.replicas().unwrap().unwrap().leading(true).await;
    store
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGINT: at once, and in order.
        let _ = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

/// What a way to the server does with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Mode {
    Open,
    /// Cuts before the next COMMIT reaches the server, once.
    BeforeCommit,
    /// Cuts after the next COMMIT has reached the server, before its answer comes back, once.
    AfterCommit,
    /// Cuts everything, and lets nobody through.
    Closed,
    /// Holds everything back, and says nothing.
    Silent,
}

/// A proxy in front of the server.
#[derive(Clone)]
pub struct Way {
    pub port: u16,
    mode: Arc<AtomicU8>,
    pub cuts: Arc<AtomicUsize>,
    live: Arc<Mutex<Vec<tokio::task::AbortHandle>>>,
}

impl Way {
    pub async fn to(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let way = Self {
            port: listener.local_addr().unwrap().port(),
            mode: Arc::new(AtomicU8::new(Mode::Open as u8)),
            cuts: Arc::default(),
            live: Arc::default(),
        };
        let (own, to) = (way.clone(), server.port);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if own.is(Mode::Closed) {
                    continue;
                }
                let task = tokio::spawn(own.clone().carry(client, to));
                own.live.lock().unwrap().push(task.abort_handle());
            }
        });
        way
    }

    fn is(&self, mode: Mode) -> bool {
        self.mode.load(Ordering::Acquire) == mode as u8
    }

    pub fn set(&self, mode: Mode) {
        self.mode.store(mode as u8, Ordering::Release);
        if mode == Mode::Closed {
            self.live.lock().unwrap().drain(..).for_each(|task| task.abort());
        }
    }

    /// Whether it is this connection that is cut.
    fn takes(&self, mode: Mode) -> bool {
        let (from, to) = (mode as u8, Mode::Open as u8);
        let taken = self.mode.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_ok();
        self.cuts.fetch_add(usize::from(taken), Ordering::AcqRel);
        taken
    }

    async fn carry(self, client: TcpStream, to: u16) {
        let Ok(server) = TcpStream::connect(("127.0.0.1", to)).await else { return };
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_server, mut to_server) = server.into_split();
        let (asking, answering) = (self.clone(), self.clone());
        let ask = async move {
            let mut buffer = vec![0; 64 << 10];
            while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
                asking.while_silent().await;
                let commits = buffer[..read].windows(7).any(|bytes| bytes == b"COMMIT\0");
                if commits && asking.takes(Mode::BeforeCommit) {
                    return;
                }
                let cut = commits && asking.takes(Mode::AfterCommit);
                if to_server.write_all(&buffer[..read]).await.is_err() {
                    return;
                }
                if cut {
                    // The server does it, and its answer reaches nobody.
                    let _ = to_server.shutdown().await;
                    return;
                }
            }
        };
        let answer = async move {
            let mut buffer = vec![0; 64 << 10];
            while let Ok(read @ 1..) = from_server.read(&mut buffer).await {
                answering.while_silent().await;
                if to_client.write_all(&buffer[..read]).await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            () = ask => {}
            () = answer => {}
        }
    }

    async fn while_silent(&self) {
        while self.is(Mode::Silent) {
            tokio::time::sleep(BEAT).await;
        }
    }
}
