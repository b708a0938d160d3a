//! A mail server: SMTP as RFC 5321 has it, with STARTTLS and AUTH PLAIN, mailboxes, and ways to fail.

use super::{HandClock, listener};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ci_rescue::ports::Clock;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

pub const USER: &str = "bot";
pub const PASSWORD: &str = "correct horse battery";

/// What goes wrong with one conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// This is the first word, and the last.
    Greets(&'static str),
    /// The answer to a command that begins so.
    Says(&'static str, &'static str),
    /// The connection is closed at a command that begins so.
    HangsUp(&'static str),
    /// The letter is kept, and the connection is closed before anybody learns of it.
    Forgets,
}

#[derive(Clone, Debug)]
pub struct Letter {
    pub from: String,
    pub to: String,
    pub data: String,
    pub secure: bool,
    /// The bot's clock.
    pub at: i64,
}

impl Letter {
    /// A header's whole value, unfolded.
    pub fn header(&self, name: &str) -> Option<String> {
        let (head, _) = self.data.split_once("\r\n\r\n")?;
        let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let wanted = format!("{}:", name.to_lowercase());
        let line = head.split("\r\n").find(|line| line.to_lowercase().starts_with(&wanted))?;
        Some(line[wanted.len()..].trim().to_owned())
    }

    pub fn id(&self) -> String {
        self.header("Message-ID").expect("a name")
    }

    /// Subject, plain text and HTML, decoded by another library than the one that wrote them.
    pub fn read(&self) -> (String, String, String) {
        let message = mail_parser::MessageParser::default().parse(self.data.as_bytes()).expect("a message");
        let part = |body: Option<std::borrow::Cow<'_, str>>| body.expect("a part").replace("\r\n", "\n");
        (message.subject().unwrap_or_default().to_owned(), part(message.body_text(0)), part(message.body_html(0)))
    }
}

#[derive(Default)]
struct State {
    letters: Vec<Letter>,
    faults: VecDeque<Fault>,
    conversations: usize,
    /// The bot's password, where it is not the usual one.
    password: Option<String>,
    refused: usize,
}

/// Stateful; a clone is the same server.
#[derive(Clone)]
pub struct SmtpDouble {
    state: Arc<Mutex<State>>,
    clock: Arc<HandClock>,
    tls: Option<Arc<ServerConfig>>,
    pub at: SocketAddr,
}

impl SmtpDouble {
    /// With a certificate and its key it offers STARTTLS, and takes no mail before.
    pub async fn start(clock: &Arc<HandClock>, certificate: Option<&(PathBuf, PathBuf)>) -> Self {
        let (listener, at) = listener().await;
        let tls = certificate.map(|(certificate, key)| Arc::new(server_config(certificate, key)));
        let double = Self { state: Arc::default(), clock: clock.clone(), tls, at };
        let this = double.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let this = this.clone();
                tokio::spawn(async move { this.serve(stream).await });
            }
        });
        double
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("a lock")
    }

    pub fn letters(&self) -> Vec<Letter> {
        self.lock().letters.clone()
    }

    pub fn conversations(&self) -> usize {
        self.lock().conversations
    }

    /// Another password is refused from now on.
    pub fn expect(&self, password: &str) {
        self.lock().password = Some(password.to_owned());
    }

    /// How often somebody was not let in for the password.
    pub fn refused(&self) -> usize {
        self.lock().refused
    }

    /// The next conversations go wrong so, one after the other.
    pub fn fail(&self, faults: &[Fault]) {
        self.lock().faults.extend(faults.iter().cloned());
    }

    async fn serve(&self, stream: TcpStream) {
        let fault = {
            let mut state = self.lock();
            state.conversations += 1;
            state.faults.pop_front()
        };
        let mut talk =
            Talk { double: self, fault, secure: false, from: String::new(), to: String::new(), known: false };
        let mut plain = BufReader::new(stream);
        let first = match &talk.fault {
            Some(Fault::Greets(words)) => words,
            _ => "220 double ESMTP",
        };
        if say(&mut plain, first).await.is_err() || matches!(talk.fault, Some(Fault::Greets(_))) {
            return;
        }
        if talk.listen(&mut plain).await == Next::Tls
            && let Some(tls) = &self.tls
            && let Ok(stream) = TlsAcceptor::from(tls.clone()).accept(plain.into_inner()).await
        {
            talk.secure = true;
            talk.listen(&mut BufReader::new(stream)).await;
        }
    }
}

#[derive(PartialEq, Eq)]
enum Next {
    Tls,
    End,
}

struct Talk<'a> {
    double: &'a SmtpDouble,
    fault: Option<Fault>,
    secure: bool,
    known: bool,
    from: String,
    to: String,
}

async fn say<S: AsyncWrite + Unpin>(stream: &mut S, words: &str) -> std::io::Result<()> {
    stream.write_all(format!("{words}\r\n").as_bytes()).await?;
    stream.flush().await
}

impl Talk<'_> {
    async fn listen<S: AsyncRead + AsyncWrite + Unpin>(&mut self, stream: &mut BufReader<S>) -> Next {
        let mut line = String::new();
        loop {
            line.clear();
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return Next::End;
            }
            let command = line.trim_end().to_owned();
            let answer = match self.fault.clone() {
                Some(Fault::HangsUp(at)) if command.starts_with(at) => return Next::End,
                Some(Fault::Says(at, words)) if command.starts_with(at) => {
                    self.fault = None;
                    words.to_owned()
                }
                _ if command == "DATA" && !self.to.is_empty() => {
                    if say(stream, "354 go on").await.is_err() {
                        return Next::End;
                    }
                    let Some(data) = self.data(stream).await else { return Next::End };
                    if let Some(Fault::Says("END", words)) = self.fault.clone() {
                        self.fault = None;
                        words.to_owned()
                    } else {
                        self.keep(data);
                        if self.fault == Some(Fault::Forgets) {
                            return Next::End;
                        }
                        "250 kept".to_owned()
                    }
                }
                _ => self.answer(&command),
            };
            if say(stream, &answer).await.is_err() || answer.starts_with("221") || answer.starts_with("421") {
                return Next::End;
            }
            if answer == "220 go ahead" {
                return Next::Tls;
            }
        }
    }

    fn answer(&mut self, command: &str) -> String {
        let needs_tls = self.double.tls.is_some() && !self.secure;
        match command.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" if needs_tls => "250-double\r\n250 STARTTLS".into(),
            "EHLO" => "250-double\r\n250-AUTH PLAIN\r\n250 8BITMIME".into(),
            "STARTTLS" if needs_tls => "220 go ahead".into(),
            "AUTH" => {
                let given = command.rsplit(' ').next().unwrap_or_default();
                let mut state = self.double.lock();
                let password = state.password.as_deref().unwrap_or(PASSWORD);
                self.known = given == STANDARD.encode(format!("\0{USER}\0{password}"));
                state.refused += usize::from(!self.known);
                if self.known { "235 welcome".into() } else { "535 5.7.8 who are you".into() }
            }
            "MAIL" if needs_tls => "530 5.7.0 TLS first".into(),
            "MAIL" if !self.known => "530 5.7.0 sign in first".into(),
            "MAIL" => {
                self.from = inner(command);
                "250 ok".into()
            }
            "RCPT" => {
                self.to = inner(command);
                "250 ok".into()
            }
            "NOOP" | "RSET" => "250 ok".into(),
            "QUIT" => "221 bye".into(),
            _ => "502 5.5.1 unknown".into(),
        }
    }

    async fn data<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: &mut BufReader<S>) -> Option<String> {
        let mut text = String::new();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            if line == ".\r\n" {
                return Some(text);
            }
            text.push_str(line.strip_prefix('.').unwrap_or(&line));
        }
    }

    fn keep(&self, data: String) {
        let (from, to) = (self.from.clone(), self.to.clone());
        let letter = Letter { from, to, data, secure: self.secure, at: self.double.clock.now().0 };
        self.double.lock().letters.push(letter);
    }
}

fn inner(command: &str) -> String {
    let inside = command.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map(|(inside, _)| inside.to_owned()).unwrap_or_default()
}

fn server_config(certificate: &Path, key: &Path) -> ServerConfig {
    let certificate = CertificateDer::from_pem_file(certificate).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(key).expect("a key");
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a pair")
}

/// An authority in `ca.pem`, and a certificate of its for localhost with its key; `None` where openssl is missing.
pub fn authority(dir: &Path) -> Option<(PathBuf, (PathBuf, PathBuf))> {
    let run = |args: &str| {
        let done = Command::new("openssl").current_dir(dir).args(args.split_whitespace()).output().ok()?;
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        Some(())
    };
    std::fs::write(dir.join("names"), "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n").expect("a file");
    run("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem")?;
    run("req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout key.pem -out request.pem")?;
    run("x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out cert.pem")?;
    Some((dir.join("ca.pem"), (dir.join("cert.pem"), dir.join("key.pem"))))
}
