//! Where the database is, and what to do when it cannot be used.

use secrecy::{ExposeSecret, SecretString};
use std::error::Error;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;
use tokio_postgres::config::{Host, TargetSessionAttrs};
use tokio_postgres::error::SqlState;

/// An address that does not answer for this long is tried again later, or the next one is.
const CONNECT: Duration = Duration::from_secs(4);
/// Bytes that nobody acknowledges for this long: the connection is dead.
const UNANSWERED: Duration = Duration::from_secs(8);
const IDLE: Duration = Duration::from_secs(5);

/// Which database, and whose certificates it is believed by.
#[derive(Clone)]
pub struct Address {
    /// `postgres://user:password@host:port/database`.
    pub url: SecretString,
    /// Authorities in PEM, besides the public ones.
    pub ca_file: Option<PathBuf>,
}

/// Whether a text is the address of a PostgreSQL database.
#[must_use]
pub fn is_address(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

/// The address without anything secret, for people.
#[must_use]
pub fn shown(config: &tokio_postgres::Config) -> String {
    let host = |(at, host): (usize, &Host)| {
        let ports = config.get_ports();
        let port = ports.get(at).or(ports.first()).copied().unwrap_or(5432);
        match host {
            Host::Tcp(name) if name.contains(':') => format!("[{name}]:{port}"),
            Host::Tcp(name) => format!("{name}:{port}"),
            Host::Unix(dir) => format!("{}:{port}", dir.display()),
        }
    };
    let hosts: Vec<String> = config.get_hosts().iter().enumerate().map(host).collect();
    format!("{}/{}", hosts.join(","), config.get_dbname().or(config.get_user()).unwrap_or("postgres"))
}

/// Reads an address.
///
/// # Errors
/// What is wrong with it, without the address: it holds a password.
pub fn read(url: &SecretString) -> Result<tokio_postgres::Config, String> {
    const SHAPE: &str = "must be postgres://USER:PASSWORD@HOST:PORT/DATABASE";
    let text = url.expose_secret().trim();
    if !is_address(text) {
        return Err(SHAPE.into());
    }
    // A certificate is always checked in full, so these ask for nothing more than `require` does.
    let text = text.replace("sslmode=verify-full", "sslmode=require").replace("sslmode=verify-ca", "sslmode=require");
    if text.contains("sslrootcert=") {
        return Err("holds sslrootcert: set store.ca_file instead".into());
    }
    // Its own words may quote the address.
    let mut config = tokio_postgres::Config::from_str(&text).map_err(|why| match why.source() {
        Some(what) if what.to_string().starts_with("unknown option") => format!("has an {what}"),
        _ => format!("{SHAPE}; percent-encode special characters of the password"),
    })?;
    if config.get_hosts().is_empty() {
        return Err(format!("{SHAPE}: it names no host"));
    }
    if config.get_user().is_none() {
        return Err(format!("{SHAPE}: it names no user"));
    }
    if config.get_hosts().len() > 1 {
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    }
    config.application_name("ci-rescue");
    config.connect_timeout(CONNECT).tcp_user_timeout(UNANSWERED);
    config.keepalives_idle(IDLE).keepalives_interval(Duration::from_secs(1)).keepalives_retries(3);
    Ok(config)
}

/// Why the database cannot be used, with what to do.
#[must_use]
pub fn explain(why: &tokio_postgres::Error, config: &tokio_postgres::Config) -> String {
    let at = shown(config);
    let user = config.get_user().unwrap_or("postgres");
    let database = config.get_dbname().unwrap_or(user);
    let Some(said) = why.as_db_error() else { return format!("PostgreSQL at {at} cannot be reached: {}", cause(why)) };
    let code = said.code();
    if [SqlState::INVALID_PASSWORD, SqlState::INVALID_AUTHORIZATION_SPECIFICATION].contains(code) {
        return format!(
            "PostgreSQL at {at} refuses the user {user}: {}. Check the user and the password in store.url, and \
             pg_hba.conf on the server",
            said.message()
        );
    }
    if *code == SqlState::INVALID_CATALOG_NAME {
        return format!("PostgreSQL at {at} has no database {database}. Make it: createdb --owner {user} {database}");
    }
    if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        return format!(
            "PostgreSQL at {at}: {}. Let the user own the database: ALTER DATABASE {database} OWNER TO {user}",
            said.message()
        );
    }
    if *code == SqlState::TOO_MANY_CONNECTIONS {
        return format!(
            "PostgreSQL at {at}: {}. Raise max_connections on the server: each replica opens up to {} connections",
            said.message(),
            super::link::CONNECTIONS + 1
        );
    }
    format!("PostgreSQL at {at}: {}", said.message())
}

/// The innermost reason, in its own words.
fn cause(why: &tokio_postgres::Error) -> String {
    let mut inner: &(dyn Error + 'static) = why;
    loop {
        // I/O errors hold one another, and what they hold is not their source.
        let held = inner.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let Some(next) = held.map(|held| held as &(dyn Error + 'static)).or_else(|| inner.source()) else { break };
        inner = next;
    }
    inner.downcast_ref::<rustls::Error>().map_or_else(|| inner.to_string(), untrusted)
}

/// What is wrong with the way to the server, with what to do.
fn untrusted(why: &rustls::Error) -> String {
    use rustls::{CertificateError as Bad, Error as Tls};
    const OWN: &str = "or add ?sslmode=disable to store.url where the network is your own";
    match why {
        Tls::InvalidCertificate(Bad::UnknownIssuer) => format!(
            "its certificate is not trusted (unknown authority). Set store.ca_file to its authority's certificate in \
             PEM, {OWN}"
        ),
        Tls::InvalidCertificate(Bad::Expired | Bad::ExpiredContext { .. }) => {
            "its certificate has expired: renew it on the server, or check this machine's clock".into()
        }
        Tls::InvalidCertificate(Bad::NotValidForName | Bad::NotValidForNameContext { .. }) => {
            "its certificate names other hosts: use one of them in store.url".into()
        }
        // webpki's own errors cannot be named here.
        Tls::InvalidCertificate(Bad::Other(other)) if format!("{other:?}").contains("CaUsedAsEndEntity") => format!(
            "its certificate is its own authority: give the server one that an authority signed, and set store.ca_file \
             to the authority's, {OWN}"
        ),
        other => format!("{other}, {OWN}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str) -> Result<String, String> {
        read(&SecretString::from(url)).map(|config| shown(&config))
    }

    #[test]
    fn addresses_are_read_and_shown_without_their_secret() {
        for (url, want) in [
            ("postgres://bot:pass-word@db.example:5433/rescue", "db.example:5433/rescue"),
            ("postgresql://bot:pass-word@db.example/rescue?sslmode=verify-full", "db.example:5432/rescue"),
            ("postgres://bot@a,b/rescue", "a:5432,b:5432/rescue"),
            ("postgres://bot@[::1]:5/rescue", "[::1]:5/rescue"),
            ("postgres://bot@%2Frun%2Fpostgresql/rescue", "/run/postgresql:5432/rescue"),
            ("postgres://bot@h", "h:5432/bot"),
        ] {
            assert_eq!(of(url).as_deref(), Ok(want), "{url}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_without_the_address() {
        for (url, want) in [
            ("mysql://bot:pass-word@h/d", "must be postgres://"),
            ("postgres://bot:pass-word@h:port/d", "must be postgres://"),
            ("postgres://bot:pass-word@/d", "no host"),
            ("postgres://h/d", "no user"),
            ("postgres://bot:pass-word@h/d?sslrootcert=/ca", "store.ca_file"),
            ("postgres://bot:pass-word@h/d?colour=red", "unknown option"),
        ] {
            let why = of(url).unwrap_err();
            assert!(why.contains(want), "{url}: {why}");
            assert!(!why.contains("pass-word"), "{why}");
        }
    }
}
