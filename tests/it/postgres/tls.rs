//! The way to the database through TLS: whose certificate is believed, and what is said of the others.

use super::server::{NOBODY, PASSWORD, Server, is_root};
use crate::conformance::delivery;
use crate::operations::tls::{expired, openssl, pair};
use ci_rescue::ports::{Put, Store};
use ci_rescue::store::{Address, Postgres};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

/// A server that shows a certificate, on two addresses of which it names one.
async fn server(certificate: &Path, key: &Path) -> Option<Server> {
    std::fs::set_permissions(key, PermissionsExt::from_mode(0o600)).unwrap();
    if is_root() {
        for path in [key, certificate, certificate.parent().unwrap()] {
            chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }
    let (certificate, key) =
        (format!("ssl_cert_file={}", certificate.display()), format!("ssl_key_file={}", key.display()));
    Server::begin(&["-F", "-c", "ssl=on", "-c", &certificate, "-c", &key, "-h", "127.0.0.1,127.0.0.2"]).await
}

fn open(server: &Server, host: &str, mode: &str, ca_file: Option<PathBuf>) -> Result<Postgres, String> {
    let url = format!("postgres://bot:{PASSWORD}@{host}:{}/rescue?sslmode={mode}", server.port);
    Postgres::open(&Address { url: url.into(), ca_file }).map_err(|why| why.to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trusted_certificate_opens_an_encrypted_way() {
    let dir = tempfile::tempdir().unwrap();
    let Some((certificate, key)) = pair(dir.path(), "database", "30") else {
        return eprintln!("skipped: openssl is not installed");
    };
    let Some(server) = server(&certificate, &key).await else {
        return eprintln!("skipped: PostgreSQL is not installed");
    };
    // What verifies in full is what other clients call so.
    for mode in ["require", "verify-full", "prefer"] {
        let store = open(&server, "127.0.0.1", mode, Some(certificate.clone())).unwrap_or_else(|why| panic!("{why}"));
        store.replicas().unwrap().unwrap().leading(true).await;
        assert_eq!(store.put_delivery(delivery(mode)).await, Ok(Put::New));
        let ways = "SELECT s.ssl FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) WHERE a.application_name = 'ci-rescue'";
        let rows = server.client().await.query(ways, &[]).await.unwrap();
        assert!(rows.len() > 1 && rows.iter().all(|row| row.get(0)), "{mode}: {} connections", rows.len());
    }
    let cases = [
        ("127.0.0.1", None, &["is not trusted", "store.ca_file"][..]),
        ("127.0.0.2", Some(certificate.clone()), &["names other hosts", "store.url"]),
        ("127.0.0.1", Some(dir.path().join("none.pem")), &["store.ca_file", "none.pem"]),
        ("127.0.0.1", Some(key), &["store.ca_file", "database.key"]),
    ];
    for (host, ca_file, words) in cases {
        let why = open(&server, host, "require", ca_file).err().expect("it is refused");
        assert!(words.iter().all(|word| why.contains(word)) && !why.contains(PASSWORD), "{why}");
    }
}

/// As PostgreSQL's own manual makes one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_is_its_own_authority_is_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let (certificate, key) = (at("server.crt"), at("server.key"));
    let quick = ["req", "-new", "-x509", "-days", "30", "-nodes", "-subj", "/CN=localhost", "-out"];
    if !openssl(&[&quick[..], &[&certificate, "-keyout", &key]].concat()) {
        return eprintln!("skipped: openssl is not installed");
    }
    let Some(server) = server(certificate.as_ref(), key.as_ref()).await else {
        return eprintln!("skipped: PostgreSQL is not installed");
    };
    let why = open(&server, "127.0.0.1", "require", Some(certificate.into())).err().expect("it is refused");
    assert!(why.contains("is its own authority") && why.contains("store.ca_file"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_certificate_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let Some((certificate, key)) = expired(dir.path()) else {
        return eprintln!("skipped: openssl is not installed");
    };
    let Some(server) = server(&certificate, &key).await else {
        return eprintln!("skipped: PostgreSQL is not installed");
    };
    let why = open(&server, "127.0.0.1", "require", Some(certificate)).err().expect("it is refused");
    assert!(why.contains("has expired") && why.contains("renew") && !why.contains("ca_file"), "{why}");
}
