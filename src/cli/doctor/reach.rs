//! Why an address does not answer: its name, the port, TLS, or time.

use reqwest::{Certificate, Client, redirect};
use std::error::Error;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use url::Url;

/// Each step may take this long.
pub const STEP: Duration = Duration::from_secs(10);

/// An address that the configuration names.
pub struct Address<'a> {
    pub key: &'a str,
    pub url: &'a str,
    pub ca_pem: Option<&'a [u8]>,
    /// Whether its client goes by the environment's proxy.
    pub proxied: bool,
}

/// What stands in the way, with what to try; none when something answers there.
pub async fn obstacle(address: &Address<'_>, step: Duration) -> Option<String> {
    let url = Url::parse(address.url).ok()?;
    let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default()?;
    let shown = shown(&url);
    let proxy = proxy(&url).filter(|_| address.proxied);
    let told = |why: String| {
        let by = proxy.map(|name| format!(", by the proxy in {name},")).unwrap_or_default();
        Some(format!("{shown}{by} cannot be reached: {why}"))
    };
    if proxy.is_none() {
        let found = match timeout(step, lookup_host((host.as_str(), port))).await {
            Ok(Ok(found)) => found.collect::<Vec<SocketAddr>>(),
            Ok(Err(_)) => {
                return told(format!(
                    "the name {host} does not resolve (DNS). Check {} and this machine's DNS",
                    address.key
                ));
            }
            Err(_) => return told("DNS does not answer. Check this machine's name servers".into()),
        };
        if let Some(why) = refused(&found, port, step, address.key).await {
            return told(why);
        }
    }
    let client = client(address, step).ok()?;
    match client.get(url).send().await {
        Ok(answer) if answer.status().is_server_error() => Some(format!(
            "{shown} answers {}: it has an outage. Look at its status page, and try again",
            answer.status()
        )),
        Ok(_) => None,
        Err(why) => told(explain(&why, address)),
    }
}

/// The address without what may be secret in it.
fn shown(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default())
}

/// The variable that names a proxy for an address.
fn proxy(url: &Url) -> Option<&'static str> {
    let names: &[&'static str] = match url.scheme() {
        "https" => &["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"],
        _ => &["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"],
    };
    names.iter().copied().find(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

fn client(address: &Address<'_>, step: Duration) -> reqwest::Result<Client> {
    let mut builder = Client::builder().redirect(redirect::Policy::none()).timeout(step);
    if !address.proxied {
        builder = builder.no_proxy();
    }
    for certificate in address.ca_pem.map(Certificate::from_pem_bundle).transpose()?.into_iter().flatten() {
        builder = builder.add_root_certificate(certificate);
    }
    builder.build()
}

/// Why nobody listens there.
async fn refused(all: &[SocketAddr], port: u16, step: Duration, key: &str) -> Option<String> {
    let mut last = format!("nothing answers on port {port}");
    for address in all {
        last = match timeout(step, TcpStream::connect(address)).await {
            Ok(Ok(_)) => return None,
            Ok(Err(why)) if why.kind() == ErrorKind::ConnectionRefused => {
                format!("the connection to port {port} was refused. Check {key}, and that the service is running")
            }
            Ok(Err(why)) if matches!(why.kind(), ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable) => {
                format!("there is no route to {}. Check this machine's network", address.ip())
            }
            Ok(Err(why)) => format!("{why}. Check this machine's network"),
            Err(_) => format!("port {port} did not answer (timeout). Check for a firewall, or set HTTPS_PROXY"),
        };
    }
    Some(last)
}

fn explain(why: &reqwest::Error, address: &Address<'_>) -> String {
    if let Some(why) = tls(why) {
        return format!("TLS failed: {}", certificate(&why, address));
    }
    if why.is_timeout() {
        return "it did not answer in time (timeout). Check for a firewall or a proxy in between".into();
    }
    let mut words = String::new();
    let mut cause: Option<&dyn Error> = Some(why);
    while let Some(error) = cause {
        words = error.to_string();
        cause = error.source();
    }
    format!("{words}. Check {} and any proxy in between", address.key)
}

/// The error of TLS inside: I/O errors hold one another, and what they hold is not their source.
fn tls(why: &reqwest::Error) -> Option<rustls::Error> {
    let mut cause: Option<&(dyn Error + 'static)> = Some(why);
    while let Some(error) = cause {
        let mut inner: Option<&(dyn Error + 'static)> = Some(error);
        while let Some(error) = inner {
            if let Some(found) = error.downcast_ref::<rustls::Error>() {
                return Some(found.clone());
            }
            let held = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
            inner = held.map(|held| held as &(dyn Error + 'static));
        }
        cause = error.source();
    }
    None
}

fn certificate(why: &rustls::Error, address: &Address<'_>) -> String {
    use rustls::{CertificateError as Bad, Error as Tls};
    match why {
        Tls::InvalidCertificate(Bad::UnknownIssuer) if address.key == "github.api_url" => {
            "the certificate's authority is unknown here. Set github.ca_file to its certificate in PEM".into()
        }
        Tls::InvalidCertificate(Bad::UnknownIssuer) => {
            "the certificate's authority is unknown. A proxy may have put its own in between".into()
        }
        Tls::InvalidCertificate(Bad::Expired | Bad::ExpiredContext { .. }) => {
            "the certificate has expired. Check this machine's clock".into()
        }
        Tls::InvalidCertificate(Bad::NotValidForName | Bad::NotValidForNameContext { .. }) => {
            format!("the certificate is for another name. Check {}", address.key)
        }
        // webpki's own errors cannot be named here.
        Tls::InvalidCertificate(Bad::Other(other)) if format!("{other:?}").contains("CaUsedAsEndEntity") => {
            "the server shows a certificate that is its own authority. Give it one that an authority signed, and set \
             github.ca_file to the authority's"
                .into()
        }
        Tls::InvalidMessage(_) => format!("this port does not speak TLS. Check {}", address.key),
        other => format!("{other}. Check {}", address.key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    async fn obstacle_at(url: &str, step: Duration) -> Option<String> {
        obstacle(&Address { key: "github.api_url", url, ca_pem: None, proxied: false }, step).await
    }

    /// A server that answers every connection with these bytes, or never.
    async fn server(says: Option<&'static [u8]>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let mut open = Vec::new();
            while let Ok((mut socket, _)) = listener.accept().await {
                if let Some(bytes) = says {
                    let _ = socket.read(&mut [0; 1024]).await;
                    let _ = socket.write_all(bytes).await;
                    let _ = socket.shutdown().await;
                }
                open.push(socket);
            }
        });
        at
    }

    #[tokio::test]
    async fn each_obstacle_is_told_with_its_address_and_what_to_try() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let plain = server(Some(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")).await;
        let down = server(Some(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n")).await;
        let silent = server(None).await;
        let moment = Duration::from_millis(50);
        for (url, step, want) in [
            (
                "https://no-such-host.invalid/api".to_owned(),
                STEP,
                "the name no-such-host.invalid does not resolve (DNS). Check github.api_url",
            ),
            (format!("https://{free}/api"), STEP, "was refused. Check github.api_url"),
            (format!("https://{plain}/api"), STEP, "TLS failed: this port does not speak TLS. Check github.api_url"),
            (format!("http://{silent}/api"), moment, "did not answer in time (timeout)"),
            (format!("http://{down}/api"), STEP, "answers 503 Service Unavailable"),
        ] {
            let why = obstacle_at(&url, step).await.unwrap_or_default();
            let origin = url.trim_end_matches("/api");
            assert!(why.starts_with(origin) && why.contains(want), "{why}");
        }
        assert_eq!(obstacle_at(&format!("http://{plain}/api"), STEP).await, None);
    }
}
