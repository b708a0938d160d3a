//! Where the store is: on the disk, or behind the running server that holds it.

use super::progress::Progress;
use super::{ConfigArg, Failed, own};
use ci_rescue::config::Config;
use ci_rescue::ports::{Store, StoreError};
use ci_rescue::store::{Address, Ledger, OpenError, Postgres, Sled};
use futures::StreamExt;
use futures::stream::BoxStream;
use rustix::fs::Mode;
use rustix::process::umask;
use secrecy::ExposeSecret;
use serde_json::Value;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(clap::Args)]
pub struct At {
    /// The store's directory; else store.path of the configuration
    #[arg(long = "store", value_name = "DIRECTORY")]
    path: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigArg,
}

pub const DAMAGE: u8 = 1;
pub const INPUT: u8 = 2;
pub const SERVER: u8 = 3;

/// What to say, and the exit status.
pub struct Failure(pub u8, pub String);

impl From<String> for Failure {
    fn from(why: String) -> Self {
        Self(INPUT, why)
    }
}

impl From<OpenError> for Failure {
    fn from(why: OpenError) -> Self {
        Self(if matches!(why, OpenError::Damaged(_)) { DAMAGE } else { INPUT }, why.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(why: StoreError) -> Self {
        Self(if matches!(why, StoreError::Damaged(_)) { DAMAGE } else { INPUT }, why.to_string())
    }
}

/// Opens the store, with a bar where that takes a while.
pub fn open(path: &Path) -> Result<Ledger<Sled>, OpenError> {
    Ledger::open(disk(path)?).map_err(OpenError::from)
}

/// The same without reading what is in it.
pub fn disk(path: &Path) -> Result<Sled, OpenError> {
    // What is made from here on, the database's own files too, is for this account alone.
    umask(Mode::RWXG | Mode::RWXO);
    let mut progress = Progress::new("checking the store");
    Sled::open_watched(path, &mut |done, of| progress.at(done, of))
}

/// The database that a configuration names.
pub fn address(config: &Config) -> Option<Address> {
    let url = config.store.url.clone()?;
    Some(Address { url, ca_file: config.store.ca_file.clone() })
}

/// A store wherever the configuration says.
pub fn configured(config: &Config) -> Result<Arc<dyn Store>, OpenError> {
    match address(config) {
        Some(address) => Ok(Arc::new(Postgres::open(&address)?)),
        None => Ok(Arc::new(open(&config.store.path)?)),
    }
}

/// Where a store is.
pub enum Place {
    Directory(PathBuf),
    Database(Address),
}

impl Place {
    /// The store, made where there is none, unless a running server holds it. Others may use a database meanwhile.
    pub fn open(&self) -> Result<Option<Arc<dyn Store>>, OpenError> {
        let opened = match self {
            Self::Database(address) => return Ok(Some(Arc::new(Postgres::open(address)?))),
            Self::Directory(path) => open(path),
        };
        match opened {
            Ok(store) => Ok(Some(Arc::new(store))),
            Err(OpenError::InUse(_)) => Ok(None),
            Err(why) => Err(why),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => path.display().fmt(f),
            Self::Database(address) => match Postgres::shown(address) {
                Ok(shown) => write!(f, "PostgreSQL at {shown}"),
                Err(why) => write!(f, "PostgreSQL, whose store.url {why}"),
            },
        }
    }
}

/// Lines as they come.
pub type Lines = BoxStream<'static, Result<Vec<u8>, Failure>>;

impl From<Failure> for Failed {
    fn from(Failure(status, why): Failure) -> Self {
        Self { status, why }
    }
}

impl At {
    pub fn place(&self) -> Result<Place, Failure> {
        if let Some(path) = &self.path {
            return Ok(Place::Directory(path.clone()));
        }
        let config = self.config.load()?;
        Ok(address(&config).map_or(Place::Directory(config.store.path), Place::Database))
    }

    pub fn config(&self) -> Result<Config, Failure> {
        Ok(self.config.load()?)
    }

    /// The store, unless a running server holds it.
    pub fn open(&self) -> Result<Option<Arc<dyn Store>>, Failure> {
        let place = self.place()?;
        if let Place::Directory(path) = &place
            && !path.exists()
        {
            return Err(Failure(INPUT, format!("no store at {}: set store.path or pass --store", path.display())));
        }
        Ok(place.open()?)
    }

    /// What the running server answers, line by line.
    pub async fn ask(&self, path: &str) -> Result<Lines, Failure> {
        self.send(path, None).await
    }

    /// The same for a request with a body.
    pub async fn send(&self, path: &str, body: Option<Vec<u8>>) -> Result<Lines, Failure> {
        let config = self.config.load()?;
        let token = config.api.act_token.as_ref();
        let token = token.ok_or_else(|| {
            Failure(INPUT, "a running server holds the store: set api.act_token in its configuration".into())
        })?;
        let broken = |why: reqwest::Error| Failure(SERVER, format!("the running server: {}", why.without_url()));
        let (client, at) = own::server(&config)?;
        let (client, url) = (client.build().map_err(broken)?, format!("{at}{path}"));
        let request = match body {
            Some(body) => client.post(url).body(body),
            None => client.get(url),
        };
        let answer = request.bearer_auth(token.expose_secret()).send().await.map_err(broken)?;
        let status = answer.status();
        if !status.is_success() {
            let body: Value = answer.json().await.unwrap_or_default();
            let why = body.get("error").and_then(Value::as_str).map_or_else(|| status.to_string(), str::to_owned);
            return Err(Failure(SERVER, format!("the running server refused: {why}")));
        }
        Ok(lines(answer.bytes_stream().map(move |piece| piece.map(Vec::from).map_err(broken)).boxed()))
    }
}

/// Pieces cut into lines. A server's last words are its error.
pub fn lines(pieces: Lines) -> Lines {
    let state = (pieces, Vec::new(), std::collections::VecDeque::<Vec<u8>>::new());
    let cut = |(mut pieces, mut rest, mut ready): (BoxStream<'static, _>, Vec<u8>, std::collections::VecDeque<_>)| async {
        loop {
            if let Some(line) = ready.pop_front() {
                return Some((said(line), (pieces, rest, ready)));
            }
            match pieces.next().await {
                Some(Ok(piece)) => {
                    let piece: Vec<u8> = piece;
                    rest.extend(piece);
                    let end = rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
                    let left = rest.split_off(end);
                    ready.extend(rest.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec));
                    rest = left;
                }
                Some(Err(why)) => return Some((Err(why), (pieces, rest, ready))),
                None if rest.is_empty() => return None,
                None => ready.push_back(std::mem::take(&mut rest)),
            }
        }
    };
    futures::stream::unfold(state, cut).boxed()
}

fn said(line: Vec<u8>) -> Result<Vec<u8>, Failure> {
    for (key, status) in [("damaged", DAMAGE), ("error", SERVER)] {
        if line.starts_with(format!("{{\"{key}\":").as_bytes()) {
            let value: Value = serde_json::from_slice(&line).unwrap_or_default();
            return Err(Failure(status, value[key].as_str().unwrap_or("the running server failed").to_owned()));
        }
    }
    Ok(line)
}
