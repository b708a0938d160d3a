//! git over HTTPS, where only the configured authority vouches for the origin.

use super::code::broken;
use crate::world::{REPO, listener};
use async_trait::async_trait;
use ci_rescue::adapters::git::Rooms;
use ci_rescue::domain::ids::Repo;
use ci_rescue::ports::{Git, GitOrigin, Origins, PortError};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

struct At(SocketAddr);

#[async_trait]
impl Origins for At {
    async fn origin(&self, repo: &Repo) -> Result<GitOrigin, PortError> {
        Ok(GitOrigin { url: format!("https://localhost:{}/{repo}.git", self.0.port()), token: None })
    }
}

/// A certificate for localhost that vouches for itself, and its key; `None` where openssl is missing.
fn certificate(dir: &Path) -> Option<(PathBuf, PathBuf)> {
    let (certificate, key) = (dir.join("certificate.pem"), dir.join("key.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output();
    made.ok().filter(|made| made.status.success()).map(|_| (certificate, key))
}

/// Takes TLS off before the forge.
pub async fn front(forge: SocketAddr, certificate: &Path, key: &Path) -> SocketAddr {
    let certificate = CertificateDer::from_pem_file(certificate).unwrap();
    let key = PrivateKeyDer::from_pem_file(key).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (listener, at) = listener().await;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut outside) = acceptor.accept(stream).await else { return };
                let mut inside = TcpStream::connect(forge).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
            });
        }
    });
    at
}

#[tokio::test(flavor = "multi_thread")]
async fn git_trusts_the_authority_of_the_configuration_and_no_other() {
    let (world, repo) = broken().await;
    let Some((certificate, key)) = certificate(world.rooms.path()) else {
        world.end().await;
        return println!("skipped: there is no openssl to make a certificate with");
    };
    let at = front(world.forge_at, &certificate, &key).await;
    let head = repo.git(&["rev-parse", "main"]);
    let name: Repo = REPO.parse().unwrap();
    for (ca_file, trusted) in [(None, false), (Some(certificate), true)] {
        let dir = world.rooms.path().join(format!("trusted-{trusted}"));
        let rooms = Rooms::new(dir, Arc::new(At(at)), ca_file);
        let read = rooms.files(&name, &head, |path| path == "lines.txt").await;
        match read {
            Ok((_, texts)) => assert!(trusted && texts[0].text.contains("trois"), "{texts:?}"),
            Err(why) => assert!(!trusted && why.why().contains("certificate"), "{why}"),
        }
    }
    world.end().await;
}
