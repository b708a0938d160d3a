//! The SMTP server, and what its answers mean.

use crate::domain::barrier::Barrier;
use crate::domain::text::clean_line;
use crate::ports::PortError;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

/// Each step of a conversation may take this long.
const STEP: Duration = Duration::from_secs(20);
/// A whole letter may: afterwards nobody knows whether it was taken.
const LETTER: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// Plain at first, TLS before anything is said.
    StartTls,
    /// TLS from the first byte.
    Tls,
    None,
}

impl Security {
    /// The port that is usual for it.
    #[must_use]
    pub fn port(self) -> u16 {
        match self {
            Self::StartTls => 587,
            Self::Tls => 465,
            Self::None => 25,
        }
    }
}

pub struct Server {
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

impl Server {
    /// `domain` is how we introduce ourselves; `ca_pem` a certificate authority besides the public ones.
    ///
    /// # Errors
    /// TLS cannot be set up: a sentence.
    pub fn new(
        (host, port, security): (&str, Option<u16>, Security),
        login: Option<(&str, &SecretString)>,
        ca_pem: Option<&[u8]>,
        domain: &str,
    ) -> Result<Self, String> {
        let tls = || -> Result<TlsParameters, String> {
            let mut builder = TlsParameters::builder(host.to_owned()).certificate_store(CertificateStore::WebpkiRoots);
            if let Some(pem) = ca_pem {
                let ca = Certificate::from_pem(pem).map_err(|why| format!("email.ca_file: {}", said(&why)))?;
                builder = builder.add_root_certificate(ca);
            }
            builder.build_rustls().map_err(|why| said(&why))
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(port.unwrap_or(security.port()))
            .timeout(Some(STEP))
            .hello_name(ClientId::Domain(domain.to_owned()))
            .tls(match security {
                Security::StartTls => Tls::Required(tls()?),
                Security::Tls => Tls::Wrapper(tls()?),
                Security::None => Tls::None,
            });
        if let Some((user, password)) = login {
            builder = builder.credentials(Credentials::new(user.to_owned(), password.expose_secret().to_owned()));
        }
        Ok(Self { transport: builder.build() })
    }

    /// # Errors
    /// A refusal (5xx) is for the operator to mend; a 4xx passes by itself; with no answer, nobody knows whether the letter went.
    pub async fn send(&self, message: Message) -> Result<(), PortError> {
        match tokio::time::timeout(LETTER, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(why)) => Err(judge(&why)),
            Err(_) => Err(PortError::ambiguous("the mail server did not answer in time (timeout)")),
        }
    }

    /// Connects, signs in, and says nothing else.
    ///
    /// # Errors
    /// As for a letter.
    pub async fn try_out(&self) -> Result<(), PortError> {
        match self.transport.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err(PortError::transient("it does not take mail now")),
            Err(why) => Err(judge(&why)),
        }
    }
}

fn said(why: &Error) -> String {
    clean_line(&why.to_string(), 200)
}

/// 4xx passes; 5xx on a sign-in or a sender is the operator's to fix, on a recipient it is the address (RFC 4954,
/// RFC 5321 section 4.2.3). Where no answer came, the letter may have been taken: it goes again under the same Message-ID.
fn judge(why: &Error) -> PortError {
    let words = said(why);
    let Some(code) = why.status() else {
        return if why.is_client() {
            PortError::fixable(Barrier::Credentials, words)
        } else {
            PortError::ambiguous(words)
        };
    };
    match u16::from(code) {
        530 | 534 | 535 | 538 | 502..=504 => PortError::fixable(Barrier::Credentials, words),
        552 => PortError::permanent(words),
        500.. => PortError::fixable(Barrier::Other, words),
        _ => PortError::transient(words),
    }
}
