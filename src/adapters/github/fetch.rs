//! Following a redirect to a log without our token, and to nowhere inside our own network.

use crate::ports::{LogStream, PortError};
use futures::StreamExt;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use url::{Host, Url};

/// A client for addresses that others gave us. Private addresses are only reached where `api` itself is one.
pub fn client(api: &Url, ca_pem: Option<&[u8]>) -> Result<reqwest::Client, String> {
    let mut builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10))
        .read_timeout(Duration::from_secs(60))
        .no_proxy();
    if !is_inside(api) {
        builder = builder.dns_resolver(Arc::new(PublicOnly));
    }
    for certificate in ca_pem
        .map(reqwest::Certificate::from_pem_bundle)
        .transpose()
        .map_err(|why| why.to_string())?
        .into_iter()
        .flatten()
    {
        builder = builder.add_root_certificate(certificate);
    }
    builder.build().map_err(|why| why.to_string())
}

/// Names are resolved once, and addresses inside are dropped: a name that changes its mind gains nothing.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| !is_private(address.ip())).collect();
            if public.is_empty() {
                return Err("the name leads to no public address".into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Loopback, private, link-local and the like.
fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => private_v4(ip),
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(ip) => private_v4(ip),
            None => private_v6(ip),
        },
    }
}

fn private_v4(ip: Ipv4Addr) -> bool {
    let [a, b, ..] = ip.octets();
    ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified() || ip.is_broadcast() || ip.is_multicast()
        || a == 0
        // Carrier-grade NAT, RFC 6598.
        || (a == 100 && (64..128).contains(&b))
}

fn private_v6(ip: Ipv6Addr) -> bool {
    let head = ip.segments()[0];
    ip.is_loopback()
        || ip.is_unspecified()
        || ip.is_multicast()
        || (head & 0xfe00) == 0xfc00
        || (head & 0xffc0) == 0xfe80
}

/// Whether an address is one of our own network's.
fn is_inside(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => private_v4(ip),
        Some(Host::Ipv6(ip)) => is_private(IpAddr::V6(ip)),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            name == "localhost" || name.ends_with(".localhost")
        }
        None => true,
    }
}

/// Whether a log may be fetched from there.
pub fn allowed(api: &Url, location: &Url) -> Result<(), String> {
    let inside = is_inside(api);
    match location.scheme() {
        "https" => {}
        "http" if inside => {}
        other => return Err(format!("a {other} address is not fetched from")),
    }
    if !location.username().is_empty() || location.password().is_some() {
        return Err("the address carries a password".into());
    }
    if is_inside(location) && !inside {
        return Err("the address leads into our own network".into());
    }
    Ok(())
}

/// The body, as a stream. Our token is not sent.
pub async fn stream(client: &reqwest::Client, location: Url) -> Result<LogStream, PortError> {
    let response = client
        .get(location)
        .send()
        .await
        .map_err(|why| PortError::transient(format!("the file's host: {}", why.without_url())))?;
    let status = response.status();
    if !status.is_success() {
        // Its address lives for a minute: asking GitHub again gives a new one.
        return Err(PortError::transient(format!("the file's host answered {}", status.as_u16())));
    }
    let body = response.bytes_stream().map(|chunk| match chunk {
        Ok(bytes) => Ok(bytes.to_vec()),
        Err(why) => Err(PortError::transient(format!("the file broke off: {}", why.without_url()))),
    });
    Ok(body.boxed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threat_087_logs_are_not_fetched_from_inside() {
        let public = Url::parse("https://api.github.com").unwrap();
        for bad in [
            "http://127.0.0.1/x",
            "https://127.0.0.1/x",
            "https://[::1]/x",
            "https://169.254.169.254/latest",
            "https://0x7f000001/",
            "https://2130706433/",
            "https://localhost./",
            "https://a.localhost/",
            "https://10.1.2.3/",
            "https://[::ffff:127.0.0.1]/",
            "file:///etc/passwd",
            "gopher://x/",
            "http://example.org/",
            "https://u:p@example.org/",
            "https://[fd00::1]/",
            "https://100.64.0.1/",
        ] {
            assert!(allowed(&public, &Url::parse(bad).unwrap()).is_err(), "{bad}");
        }
        assert!(allowed(&public, &Url::parse("https://results.blob.example.net/log?sig=1").unwrap()).is_ok());
        let loopback = Url::parse("http://127.0.0.1:9000/api").unwrap();
        assert!(allowed(&loopback, &Url::parse("http://127.0.0.1:9001/log").unwrap()).is_ok());
        assert!(allowed(&loopback, &Url::parse("file:///etc/passwd").unwrap()).is_err());
    }
}
