//! The listeners' certificates, from their files.

use crate::config::Config;
use crate::domain::time::{DAY_MS, SECOND_MS, Time};
use crate::server::{Certificate, Tls, Unfit};
use metrics::gauge;
use std::path::Path;

/// A certificate that has this long to go should have been renewed: authorities' programs do it a month before.
const SOON_MS: i64 = 14 * DAY_MS;

/// A listener that has a certificate, by its section.
pub const LISTENERS: [&str; 2] = ["server", "console"];

/// What each of the [`LISTENERS`] shows; `None` where it speaks plain HTTP.
pub type Certificates = [Option<Certificate>; 2];

/// Both files of a listener.
fn files<'c>(config: &'c Config, section: &str) -> Option<(&'c Path, &'c Path)> {
    let (certificate, key) = match section {
        "server" => (&config.server.tls_cert_file, &config.server.tls_key_file),
        _ => (&config.console.tls_cert_file, &config.console.tls_key_file),
    };
    Some((certificate.as_deref()?, key.as_deref()?))
}

/// # Errors
/// What is wrong with this listener's files.
pub fn of(config: &Config, section: &str, now: Time) -> Result<Option<Certificate>, String> {
    let Some((certificate, key)) = files(config, section) else { return Ok(None) };
    let read = Certificate::read(certificate, key, now).map_err(|unfit| {
        let (key, why) = match unfit {
            Unfit::Certificate(why) => ("tls_cert_file", why),
            Unfit::Key(why) => ("tls_key_file", why),
        };
        format!("{}: {why}", config.name(&format!("{section}.{key}")))
    });
    read.map(Some)
}

/// # Errors
/// What is wrong with a listener's files, a line each.
pub fn read(config: &Config, now: Time) -> Result<Certificates, String> {
    match LISTENERS.map(|section| of(config, section, now)) {
        [Ok(server), Ok(console)] => Ok([server, console]),
        all => Err(all.into_iter().filter_map(Result::err).collect::<Vec<_>>().join("\n")),
    }
}

/// Notes when they expire, and says so in the log where that is soon.
pub fn tell(certificates: &Certificates, now: Time) {
    for (section, certificate) in LISTENERS.iter().zip(certificates) {
        if let Some(certificate) = certificate {
            told(section, certificate, now);
        }
    }
}

/// The same of one.
pub fn told(section: &'static str, certificate: &Certificate, now: Time) {
    let seconds = (certificate.expires.0 / SECOND_MS) as f64;
    gauge!("ci_rescue_certificate_expires_timestamp_seconds", "listener" => section).set(seconds);
    if let Some(why) = soon(certificate, now) {
        tracing::warn!("{section}.tls_cert_file: {why}");
    }
}

fn soon(certificate: &Certificate, now: Time) -> Option<String> {
    let left = certificate.expires.ms_since(now);
    let days = left / DAY_MS;
    (left < SOON_MS).then(|| format!("the certificate expires in {days} days: renew it, then send SIGHUP"))
}

/// Ready to be listened with.
///
/// # Errors
/// TLS cannot be set up.
pub fn listeners(certificates: &Certificates) -> Result<[Option<Tls>; 2], String> {
    let [server, console] = certificates.each_ref().map(|one| one.as_ref().map(Tls::new).transpose());
    Ok([server?, console?])
}

/// What is to be said of a certificate.
#[derive(Debug, PartialEq, Eq)]
pub enum Told {
    Good(String),
    /// It works, and not for long.
    Soon(String),
    Wrong(String),
}

/// Of each listener that has one.
#[must_use]
pub fn state(config: &Config, now: Time) -> Vec<Told> {
    let each = |section: &&str| match of(config, section, now) {
        Ok(None) => None,
        Ok(Some(certificate)) => {
            let days = certificate.expires.ms_since(now) / DAY_MS;
            let name = config.name(&format!("{section}.tls_cert_file"));
            Some(match soon(&certificate, now) {
                Some(why) => Told::Soon(format!("{name}: {why}")),
                None => Told::Good(format!("{section}: the certificate is good for {days} days")),
            })
        }
        Err(why) => Some(Told::Wrong(why)),
    };
    LISTENERS.iter().filter_map(each).collect()
}
