//! TLS of our own: a certificate and its key from files, which may be replaced while connections go on.

use crate::domain::time::{SECOND_MS, Time};
use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{Accept, TlsAcceptor};
use webpki::{EndEntityCert, KeyUsage};

/// A chain and its key are a few kilobytes.
const FILE_MAX: u64 = 1 << 20;
/// All that we speak.
const PROTOCOL: &[u8] = b"http/1.1";

/// A certificate chain with its private key, fit to be shown now.
#[derive(Clone, Debug)]
pub struct Certificate {
    key: Arc<CertifiedKey>,
    /// From here on nobody believes it.
    pub expires: Time,
}

/// Which of the two files is wrong, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    Certificate(String),
    Key(String),
}

impl Certificate {
    /// Reads both files, as PEM. The server's own certificate stands first.
    ///
    /// # Errors
    /// A file cannot be read or holds something else, the two do not belong together, or the certificate has expired or
    /// is not valid yet.
    pub fn read(certificate: &Path, key: &Path, now: Time) -> Result<Self, Unfit> {
        let chain = chain(&bytes(certificate).map_err(Unfit::Certificate)?);
        let chain = chain.map_err(|why| Unfit::Certificate(format!("{}: {why}", certificate.display())))?;
        let of_key = |why: &str| Unfit::Key(format!("{}: {why}", key.display()));
        let der = private(&bytes(key).map_err(Unfit::Key)?).map_err(of_key)?;
        let key = rustls::crypto::ring::sign::any_supported_type(&der)
            .map_err(|_| of_key("its kind of key is not supported: use ECDSA, RSA or Ed25519"))?;
        let (from, expires) =
            validity(&chain[0], now).map_err(|why| Unfit::Certificate(format!("{}: {why}", certificate.display())))?;
        let found = CertifiedKey::new(chain, key);
        if matches!(found.keys_match(), Err(rustls::Error::InconsistentKeys(_))) {
            return Err(of_key(
                "the key is not the certificate's: name the pair, the server's own certificate first in its file",
            ));
        }
        let dated =
            |what: &str, at: Time| Unfit::Certificate(format!("{}: {what} {}", certificate.display(), rfc3339(at)));
        if let Some(from) = from {
            return Err(dated("it is not valid before", from));
        }
        if expires <= now {
            return Err(dated("renew it: it expired at", expires));
        }
        Ok(Self { key: Arc::new(found), expires })
    }
}

/// When somebody reads it.
fn rfc3339(at: Time) -> String {
    let at = chrono::DateTime::from_timestamp_millis(at.0);
    at.map_or_else(String::new, |at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
}

fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(FILE_MAX + 1).read_to_end(&mut bytes));
    read.map_err(|why| format!("{}: {why}", path.display()))?;
    if bytes.len() as u64 > FILE_MAX {
        return Err(format!("{}: it is larger than {} KiB: name a PEM file", path.display(), FILE_MAX >> 10));
    }
    Ok(bytes)
}

fn chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, &'static str> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let all = all.map_err(|_| "it is no well-formed PEM file")?;
    if all.is_empty() {
        return Err("no certificate is in it: a PEM file has lines with -----BEGIN CERTIFICATE-----");
    }
    Ok(all)
}

fn private(pem: &[u8]) -> Result<PrivateKeyDer<'static>, &'static str> {
    let encrypted = [b"-----BEGIN ENCRYPTED PRIVATE KEY".as_slice(), b"Proc-Type: 4,ENCRYPTED"];
    if encrypted.iter().any(|mark| memchr::memmem::find(pem, mark).is_some()) {
        return Err("the key is encrypted, and nobody is there to type its password: decrypt it with `openssl pkey`");
    }
    PrivateKeyDer::from_pem_slice(pem).map_err(|why| match why {
        PemError::NoItemsFound => "no private key is in it: a PEM file has a line with PRIVATE KEY-----",
        _ => "it is no well-formed PEM file",
    })
}

/// When it becomes valid, if that is yet to come, and when it expires. webpki tells both only as what is wrong at a time.
fn validity(certificate: &CertificateDer<'_>, now: Time) -> Result<(Option<Time>, Time), &'static str> {
    use webpki::Error::{CertExpired, CertNotValidYet, InvalidCertValidity};
    const UNREADABLE: &str = "it is no certificate of X.509 version 3, as browsers want it";
    let parsed = EndEntityCert::try_from(certificate).map_err(|_| UNREADABLE)?;
    let at = |seconds: u64| {
        let time = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        parsed.verify_for_usage(&[], &[], &[], time, KeyUsage::server_auth(), None, None).err()
    };
    let ms = |time: UnixTime| Time(i64::try_from(time.as_secs()).unwrap_or(i64::MAX).saturating_mul(SECOND_MS));
    let not_after = match at(u64::MAX) {
        Some(CertExpired { not_after, .. }) => not_after,
        Some(InvalidCertValidity) => return Err("it ends before it begins: have it made anew"),
        _ => return Err(UNREADABLE),
    };
    let from = match at(u64::try_from(now.0 / SECOND_MS).unwrap_or_default()) {
        Some(CertNotValidYet { not_before, .. }) => Some(ms(not_before)),
        _ => None,
    };
    Ok((from, ms(not_after)))
}

/// What a listener shows. Clones are one.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ServerConfig>,
    shown: Arc<Shown>,
}

#[derive(Debug)]
struct Shown(ArcSwap<CertifiedKey>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

impl Tls {
    /// # Errors
    /// The cryptography offers no version of TLS, which does not happen.
    pub fn new(certificate: &Certificate) -> Result<Self, String> {
        let shown = Arc::new(Shown(ArcSwap::new(Arc::clone(&certificate.key))));
        let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|why| why.to_string())?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&shown) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        Ok(Self { config: Arc::new(config), shown })
    }

    /// Whoever connects from now on sees this one; connections that are open go on.
    pub fn show(&self, certificate: &Certificate) {
        self.shown.0.store(Arc::clone(&certificate.key));
    }

    /// The handshake. Whoever calls bounds its time.
    pub(super) fn accept<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S) -> Accept<S> {
        TlsAcceptor::from(Arc::clone(&self.config)).accept(stream)
    }
}
