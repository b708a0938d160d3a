//! Whose request it is: the peer's, or the one that a proxy of ours tells of.

use crate::ports::Client;
use axum::http::HeaderMap;
use ipnet::{IpNet, Ipv6Net};
use std::net::IpAddr;
use std::sync::Arc;

/// Addresses of proxies that are believed about where a request comes from. Nobody else's `X-Forwarded-For` is.
#[derive(Clone, Debug, Default)]
pub struct Proxies(Arc<[IpNet]>);

impl Proxies {
    /// From addresses and networks, such as `10.0.0.5` and `10.0.0.0/8`; what is neither is left out.
    pub fn new<'a>(all: impl IntoIterator<Item = &'a str>) -> Self {
        Self(all.into_iter().filter_map(network).collect())
    }

    /// Whether a peer is one of them.
    pub fn has(&self, peer: IpAddr) -> bool {
        self.0.iter().any(|net| net.contains(&peer.to_canonical()))
    }

    /// The nearest address that is not a proxy of ours. What stands left of it in the header, anybody can make up.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Client {
        let told = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
        let told: Vec<&str> = told.flat_map(|line| line.split(',')).collect();
        let mut at = peer;
        for text in told.into_iter().rev() {
            if !self.has(at) {
                break;
            }
            let Ok(before) = text.trim().parse() else { break };
            at = before;
        }
        one(at)
    }
}

/// An address or a network.
pub fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// Who has one IPv6 address has its whole /64.
pub fn one(address: IpAddr) -> Client {
    const PREFIX: u8 = 64;
    Client(match address.to_canonical() {
        IpAddr::V6(six) => Ipv6Net::new(six, PREFIX).map_or(IpAddr::V6(six), |net| net.trunc().addr().into()),
        four @ IpAddr::V4(_) => four,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_proxies_are_believed() {
        let proxies = Proxies::new(["10.0.0.0/8", "192.0.2.7", "nonsense"]);
        for (peer, told, want) in [
            ("198.51.100.1", vec!["203.0.113.9"], "198.51.100.1"),
            ("10.0.0.1", vec![], "10.0.0.1"),
            ("10.0.0.1", vec!["203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", vec!["127.0.0.1, 203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", vec!["203.0.113.9, 192.0.2.7"], "203.0.113.9"),
            ("10.0.0.1", vec!["203.0.113.9", "192.0.2.7"], "203.0.113.9"),
            ("10.0.0.1", vec!["203.0.113.9, unknown"], "10.0.0.1"),
            ("::ffff:10.0.0.1", vec!["2001:db8:1:2:3:4:5:6"], "2001:db8:1:2::"),
            ("2001:db8:1:2:ffff::1", vec![], "2001:db8:1:2::"),
        ] {
            let mut headers = HeaderMap::new();
            for line in &told {
                headers.append("x-forwarded-for", line.parse().unwrap());
            }
            let have = proxies.client(peer.parse().unwrap(), &headers);
            assert_eq!(have, Client(want.parse().unwrap()), "{peer} {told:?}");
        }
    }
}
