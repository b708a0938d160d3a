//! A syslog daemon, by RFC 5424: a message an entry, as JSON. Over TCP each is counted (RFC 6587, section 3.4.1), over UDP
//! and a local socket each is a datagram. Syslog acknowledges nothing: what was sent counts as taken.

use crate::ports::{AuditLog, Trail};
use async_trait::async_trait;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpStream, UdpSocket, UnixDatagram};
use tokio::sync::Mutex;

/// Facility 13, "log audit", and severity 6, "informational" (RFC 5424, section 6.2.1).
const PRIORITY: u8 = 13 * 8 + 6;
/// What every daemon should take in one datagram (RFC 5424, section 6.1).
const DATAGRAM: usize = 2_048;
const PATIENCE: Duration = Duration::from_secs(10);
/// A message's kind (RFC 5424, section 6): letters.
const KIND: usize = 32;
/// Between two looks whether a text is short enough, in letters.
const CUT: usize = 64;

/// Where it listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    Unix(PathBuf),
    /// `host:port`.
    Udp(String),
    Tcp(String),
}

impl Address {
    /// From `unix:/dev/log`, `udp://host:514` or `tcp://host:601`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(path) = text.strip_prefix("unix:") {
            return path.starts_with('/').then(|| Self::Unix(path.into()));
        }
        let (scheme, at) = text.split_once("://")?;
        let (host, port) = at.rsplit_once(':')?;
        if host.is_empty() || host.contains('/') || port.parse::<u16>().is_err() {
            return None;
        }
        match scheme {
            "udp" => Some(Self::Udp(at.to_owned())),
            "tcp" => Some(Self::Tcp(at.to_owned())),
            _ => None,
        }
    }
}

pub struct Syslog {
    address: Address,
    host: String,
    /// Kept while it works.
    stream: Mutex<Option<TcpStream>>,
}

impl Syslog {
    /// `host` is this machine's name.
    #[must_use]
    pub fn new(address: Address, host: &str) -> Self {
        let printable = |c: &char| c.is_ascii_graphic();
        let host: String = host.chars().filter(printable).take(255).collect();
        let host = if host.is_empty() { "-".to_owned() } else { host };
        Self { address, host, stream: Mutex::default() }
    }

    fn message(&self, entry: &Trail) -> String {
        let mut message = String::new();
        let kind: String = entry.action.chars().filter(char::is_ascii_graphic).take(KIND).collect();
        let kind = if kind.is_empty() { "-" } else { &kind };
        let json = serde_json::to_string(entry).unwrap_or_default();
        let (at, host, id) = (&entry.at, &self.host, std::process::id());
        // Infallible: it is a string.
        let _ = write!(message, "<{PRIORITY}>1 {at} {host} ci-rescue {id} {kind} - {json}");
        message
    }

    /// The same within a datagram: the text is cut.
    fn datagram(&self, entry: &Trail) -> String {
        let mut entry = entry.clone();
        loop {
            let message = self.message(&entry);
            let letters = entry.text.chars().count();
            if message.len() <= DATAGRAM || letters == 0 {
                return message;
            }
            entry.text = entry.text.chars().take(letters.saturating_sub(CUT)).collect();
        }
    }

    async fn by_udp(&self, at: &str, entries: &[Trail]) -> std::io::Result<()> {
        let mut known = tokio::net::lookup_host(at).await?;
        let to = known.next().ok_or_else(|| std::io::Error::other("the name has no address"))?;
        let own = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let socket = UdpSocket::bind(own).await?;
        socket.connect(to).await?;
        for entry in entries {
            socket.send(self.datagram(entry).as_bytes()).await?;
        }
        Ok(())
    }

    async fn by_tcp(&self, at: &str, entries: &[Trail]) -> std::io::Result<()> {
        let mut kept = self.stream.lock().await;
        // A connection that the other side has closed takes the first message all the same.
        let open = kept.take().filter(is_open);
        let mut stream = match open {
            Some(stream) => stream,
            None => TcpStream::connect(at).await?,
        };
        for entry in entries {
            let message = self.message(entry);
            stream.write_all(format!("{} {message}", message.len()).as_bytes()).await?;
        }
        stream.flush().await?;
        *kept = Some(stream);
        Ok(())
    }
}

/// A daemon sends nothing: what can be read is its end.
fn is_open(stream: &TcpStream) -> bool {
    let read = stream.try_read(&mut [0; 1]);
    read.is_err_and(|why| why.kind() == std::io::ErrorKind::WouldBlock)
}

#[async_trait]
impl AuditLog for Syslog {
    fn name(&self) -> &'static str {
        "syslog"
    }

    async fn take(&self, entries: &[Trail]) -> Result<(), String> {
        let sent = async {
            match &self.address {
                Address::Unix(path) => {
                    let socket = UnixDatagram::unbound()?;
                    socket.connect(path)?;
                    for entry in entries {
                        socket.send(self.datagram(entry).as_bytes()).await?;
                    }
                    Ok(())
                }
                Address::Udp(at) => self.by_udp(at, entries).await,
                Address::Tcp(at) => self.by_tcp(at, entries).await,
            }
        };
        let sent = tokio::time::timeout(PATIENCE, sent).await;
        let sent = sent.unwrap_or_else(|_| Err(std::io::Error::other("it did not take them in time")));
        sent.map_err(|why| format!("syslog: {why}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(text: &str) -> Trail {
        let (at, by, action) = ("2026-01-01T12:00:00.000Z".into(), Some("ada".into()), "approved".into());
        Trail { n: 7, at, by, action, repo: Some("acme/shop".into()), incident: 42, entry: 3, text: text.into() }
    }

    #[test]
    fn addresses() {
        for (text, want) in [
            ("unix:/dev/log", Some(Address::Unix("/dev/log".into()))),
            ("udp://logs.example.org:514", Some(Address::Udp("logs.example.org:514".into()))),
            ("tcp://[::1]:601", Some(Address::Tcp("[::1]:601".into()))),
            ("unix:dev/log", None),
            ("tcp://logs.example.org", None),
            ("tcp://:601", None),
            ("udp://logs/x:514", None),
            ("tls://logs.example.org:6514", None),
            ("/dev/log", None),
        ] {
            assert_eq!(Address::parse(text), want, "{text}");
        }
    }

    #[test]
    fn a_message_is_as_the_standard_wants_it_and_fits_a_datagram() {
        let syslog = Syslog::new(Address::Udp("x:1".into()), "host \u{e9}1\n");
        let message = syslog.message(&entry("approved by ada"));
        let head = format!("<110>1 2026-01-01T12:00:00.000Z host1 ci-rescue {} approved - ", std::process::id());
        let json = message.strip_prefix(&head).unwrap_or_else(|| panic!("{message}"));
        assert_eq!(serde_json::from_str::<Trail>(json).unwrap(), entry("approved by ada"));
        for text in ["x".repeat(5_000), "\u{1f980}\"\\".repeat(2_000)] {
            let message = syslog.datagram(&entry(&text));
            assert!(message.len() <= DATAGRAM, "{}", message.len());
            let json = &message[message.find('{').unwrap()..];
            let cut: Trail = serde_json::from_str(json).unwrap();
            assert!(text.starts_with(&cut.text) && cut.n == 7 && !cut.text.is_empty());
        }
    }
}
