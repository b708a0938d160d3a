//! People whom a proxy in front of us has signed in: it says who they are in a header, with every request. Whoever is not
//! that proxy is refused who sends the header.

use super::guard::only;
use super::routes::App;
use super::session::{COOKIE, Who, cookies};
use crate::ports::Peer;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;
use std::net::IpAddr;

const NAME_MAX: usize = 200;
const GROUPS_MAX: usize = 500;

const NOT_FROM_THERE: &str = "Only a proxy may say who you are: open the console by its usual address";
const UNREADABLE: &str = "The proxy does not say clearly who you are: check sign_in.proxy_header";

/// A proxy whose word counts.
#[derive(Clone, Debug)]
pub struct Proxy {
    pub header: HeaderName,
    pub groups: Option<HeaderName>,
    /// Where it speaks from.
    pub from: Vec<IpNet>,
}

impl Proxy {
    /// Who it says they are; `None` where it says nothing.
    fn who(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Result<Option<Who>, &'static str> {
        let from_there = peer.is_some_and(|peer| self.from.iter().any(|net| net.contains(&peer.to_canonical())));
        let named = [Some(&self.header), self.groups.as_ref()];
        if !from_there {
            let said = named.into_iter().flatten().any(|name| headers.contains_key(name));
            return if said { Err(NOT_FROM_THERE) } else { Ok(None) };
        }
        let name = only(headers, &self.header).map_err(|()| UNREADABLE)?.map_or("", str::trim);
        if name.is_empty() {
            return Ok(None);
        }
        if name.len() > NAME_MAX || name.chars().any(char::is_control) {
            return Err(UNREADABLE);
        }
        let groups = self.groups.as_ref().map(|header| only(headers, header)).transpose().map_err(|()| UNREADABLE)?;
        let groups = groups.flatten().unwrap_or_default().split(',').map(str::trim).filter(|group| !group.is_empty());
        let groups = groups.take(GROUPS_MAX).map(str::to_owned).collect();
        Ok(Some(Who { person: format!("proxy:{name}"), name: name.to_owned(), groups, proxied: true }))
    }
}

/// What the proxy says of a request is noted with it, and a session that it does not stand by any more ends.
///
/// # Errors
/// A sentence: somebody else says so.
pub fn told(app: &App, request: &mut Request) -> Result<(), &'static str> {
    let Some(proxy) = &app.proxy else { return Ok(()) };
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0);
    let who = proxy.who(peer, request.headers())?;
    for id in cookies(request.headers(), COOKIE) {
        if app.sessions.get(id).is_some_and(|session| session.who.proxied && Some(&session.who) != who.as_ref()) {
            app.sessions.close(id);
        }
    }
    if let Some(who) = who {
        request.extensions_mut().insert(who);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_listed_proxy_is_believed() {
        let proxy = Proxy {
            header: HeaderName::from_static("remote-user"),
            groups: Some(HeaderName::from_static("remote-groups")),
            from: vec!["10.0.0.0/8".parse().unwrap()],
        };
        let headers = |all: &[(&'static str, &'static str)]| {
            let mut map = HeaderMap::new();
            for (name, value) in all {
                map.append(*name, value.parse().unwrap());
            }
            map
        };
        let at = |peer: &str, all: &[(&'static str, &'static str)]| {
            let who = proxy.who(peer.parse().ok(), &headers(all));
            who.map(|who| who.map(|who| (who.person, who.groups.join("+"))))
        };
        let ada = ("remote-user", "ada");
        let told = |groups: &str| Ok(Some(("proxy:ada".to_owned(), groups.to_owned())));
        assert_eq!(at("10.1.2.3", &[ada]), told(""));
        assert_eq!(at("::ffff:10.1.2.3", &[ada, ("remote-groups", "dev, ops,")]), told("dev+ops"));
        for (peer, all, want) in [
            ("192.0.2.1", vec![ada], Err(NOT_FROM_THERE)),
            ("192.0.2.1", vec![("remote-groups", "ops")], Err(NOT_FROM_THERE)),
            ("nobody", vec![ada], Err(NOT_FROM_THERE)),
            ("10.1.2.3", vec![ada, ("remote-user", "eve")], Err(UNREADABLE)),
            ("192.0.2.1", vec![("x-forwarded-for", "10.1.2.3")], Ok(None)),
            ("10.1.2.3", vec![], Ok(None)),
            ("10.1.2.3", vec![("remote-user", " ")], Ok(None)),
        ] {
            assert_eq!(at(peer, &all), want, "{peer} {all:?}");
        }
    }
}
