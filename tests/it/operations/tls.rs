//! TLS of the listeners' own: who is shown what, what does not fit, and handshakes that never end.

use super::{CONSOLE_TOKEN, Place, Program, command, said};
use crate::world::listener;
use axum::Router;
use axum::routing::get;
use ci_rescue::domain::Time;
use ci_rescue::domain::time::DAY_MS;
use ci_rescue::ports::Clock;
use ci_rescue::server::{Bounds, Certificate, Front, Tls, Unfit, serve_behind};
use reqwest::{StatusCode, Version, tls};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

pub fn openssl(args: &[&str]) -> bool {
    Command::new("openssl").args(args).output().is_ok_and(|made| made.status.success())
}

/// A certificate that vouches for itself, by name, for so many days from now, and its key. `None` without openssl.
pub fn pair(dir: &Path, name: &str, days: &str) -> Option<(PathBuf, PathBuf)> {
    let path = |what: &str| dir.join(format!("{name}.{what}"));
    let (key, request, certificate, names) = (path("key"), path("csr"), path("pem"), path("names"));
    std::fs::write(&names, "subjectAltName=DNS:localhost,DNS:rescue.example.org,IP:127.0.0.1").unwrap();
    let [key_at, request_at, certificate_at, names_at] =
        [&key, &request, &certificate, &names].map(|p| p.to_str().unwrap());
    let new =
        ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost"];
    let signed = ["x509", "-req", "-in", request_at, "-signkey", key_at, "-days", days, "-extfile", names_at];
    let made = openssl(&[&new[..], &["-keyout", key_at, "-out", request_at]].concat())
        && openssl(&[&signed[..], &["-out", certificate_at]].concat());
    made.then_some((certificate, key))
}

/// One that expired long ago, and its key.
pub fn expired(dir: &Path) -> Option<(PathBuf, PathBuf)> {
    let (_, key) = pair(dir, "old", "2")?;
    let at = |name: &str| dir.join(name).to_str().unwrap().to_owned();
    let authority = format!(
        "[ca]\ndefault_ca = own\n[own]\ndatabase = {0}/index\nserial = {0}/serial\nnew_certs_dir = {0}\ndefault_md = sha256\n\
         policy = any\nx509_extensions = names\n[any]\ncommonName = supplied\n[names]\nsubjectAltName = DNS:localhost\n",
        dir.display()
    );
    std::fs::write(dir.join("ca.cnf"), authority).unwrap();
    std::fs::write(dir.join("index"), "").unwrap();
    std::fs::write(dir.join("serial"), "01\n").unwrap();
    let (config, request, out) = (at("ca.cnf"), at("old.csr"), at("expired.pem"));
    let then = ["-startdate", "20200101000000Z", "-enddate", "20200201000000Z"];
    let own = ["ca", "-batch", "-notext", "-selfsign", "-config", &config, "-in", &request, "-out", &out];
    openssl(&[&own[..], &["-keyfile", key.to_str().unwrap()], &then].concat()).then(|| (out.into(), key))
}

pub fn keys(certificate: &Path, key: &Path) -> String {
    format!("tls_cert_file = \"{}\"\ntls_key_file = \"{}\"\n", certificate.display(), key.display())
}

/// Trusts this certificate alone.
pub fn client(certificate: &Path) -> reqwest::ClientBuilder {
    let root = reqwest::Certificate::from_pem(&std::fs::read(certificate).unwrap()).unwrap();
    reqwest::Client::builder().tls_built_in_root_certs(false).add_root_certificate(root).no_proxy()
}

fn now() -> Time {
    ci_rescue::app::SystemClock.now()
}

#[tokio::test]
async fn both_listeners_speak_tls_and_the_commands_find_the_server() {
    let place = Place::new().await;
    let (Some((public, public_key)), Some((private, private_key))) =
        (pair(place.dir.path(), "public", "20"), pair(place.dir.path(), "private", "3"))
    else {
        return println!("skipped: there is no openssl to make a certificate with");
    };
    // A port of its own: the commands read it from the configuration.
    let at = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let console = keys(&private, &private_key) + "url = \"https://rescue.example.org\"\n";
    let more = "[api]\nread_token = \"read-token-of-some-length\"\nact_token = \"act-token-of-some-length\"";
    let config = place.configure(&(keys(&public, &public_key) + "proxies = [\"127.0.0.1\"]"), &console, more);
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replacen("127.0.0.1:0", &at.to_string(), 1)).unwrap();
    let mut program = Program::start(&config);
    let soon = program.until("expires in").await;
    assert_eq!(said(&soon), "console.tls_cert_file: the certificate expires in 2 days: renew it, then send SIGHUP");
    let (public_at, console_at) = program.addresses().await;
    assert!(public_at == at.to_string() && console_at.starts_with("https://127.0.0.1:"), "{console_at}");
    for version in [tls::Version::TLS_1_2, tls::Version::TLS_1_3] {
        let http = client(&public).min_tls_version(version).max_tls_version(version).build().unwrap();
        let answer = http.get(format!("https://{public_at}/health")).send().await.unwrap();
        assert_eq!((answer.status(), answer.version()), (StatusCode::OK, Version::HTTP_11), "{version:?}");
    }
    let plain = reqwest::Client::builder().no_proxy().build().unwrap();
    assert!(plain.get(format!("http://{public_at}/health")).send().await.is_err(), "nothing is told in the clear");
    let strange = client(&private).build().unwrap();
    assert!(strange.get(format!("https://{public_at}/health")).send().await.is_err(), "each has its own");
    by_the_console(&console_at, &private).await;
    for (args, want) in [
        (vec!["incident", "list"], ""),
        (vec!["store", "verify"], ""),
        (vec!["doctor"], "running server: tries again now"),
    ] {
        let done = command(&args, &config).output().await.unwrap();
        let told = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
        let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(args == ["doctor"] || done.status.success(), "{args:?}: {told}");
        assert!(told.contains(want), "{args:?}: {told}");
        if args == ["doctor"] {
            assert!(told.contains("certificate: server: the certificate is good for 19 days"), "{told}");
            assert!(told.contains("warning certificate: ") && told.contains("expires in 2 days"), "{told}");
        }
    }
    program.signal("-TERM").await;
    assert_eq!(program.end().await.0, Some(0));
}

/// Cookies that never travel without TLS, browsers that never come without, and proxies that are believed as before.
async fn by_the_console(console_at: &str, certificate: &Path) {
    let at: SocketAddr = console_at.trim_start_matches("https://").parse().unwrap();
    let http = client(certificate).resolve("rescue.example.org", at).redirect(reqwest::redirect::Policy::none());
    let http = http.build().unwrap();
    let named = format!("https://rescue.example.org:{}", at.port());
    for (url, host, stays) in [
        (format!("https://localhost:{}", at.port()), format!("localhost:{}", at.port()), false),
        (named.clone(), "rescue.example.org".into(), true),
    ] {
        let answer = http.get(format!("{url}/sign-in")).header("host", host).send().await.unwrap();
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        assert!(answer.status().is_success() && cookie.ends_with("; SameSite=Strict; Secure"), "{url} {cookie}");
        assert_eq!(answer.headers().contains_key("strict-transport-security"), stays, "{url}");
    }
    let tried = |client: &'static str, token: &'static str| {
        let (http, named) = (http.clone(), named.clone());
        async move {
            let page = http.get(format!("{named}/sign-in")).header("host", "rescue.example.org").send().await.unwrap();
            let cookie = page.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
            let csrf = cookie.split_once('=').unwrap().1.to_owned();
            let form = [("csrf", csrf.as_str()), ("back", "/"), ("token", token)];
            let request = http.post(format!("{named}/sign-in")).header("host", "rescue.example.org");
            let request = request.header("cookie", &cookie).header("x-forwarded-for", client).form(&form);
            request.send().await.unwrap().status()
        }
    };
    let mut last = StatusCode::UNAUTHORIZED;
    while last == StatusCode::UNAUTHORIZED {
        last = tried("203.0.113.1", "wrong").await;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(tried("203.0.113.2", "wrong").await, StatusCode::UNAUTHORIZED, "another client behind the proxy");
    assert_eq!(tried("203.0.113.2", CONSOLE_TOKEN).await, StatusCode::SEE_OTHER);
}

#[test]
fn what_does_not_fit_is_told_with_its_file() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let (Some((certificate, key)), Some((_, other))) = (pair(dir.path(), "a", "2"), pair(dir.path(), "b", "2")) else {
        return println!("skipped: there is no openssl to make a certificate with");
    };
    let (expired, expired_key) = expired(dir.path()).unwrap();
    let (odd, odd_key) = pair(dir.path(), "odd", "-1").unwrap();
    let text = std::fs::read_to_string(&key).unwrap();
    let locked = at("locked.key");
    let aes = ["pkey", "-aes128", "-passout", "pass:secret-word", "-in", key.to_str().unwrap(), "-out"];
    assert!(openssl(&[&aes[..], &[locked.to_str().unwrap()]].concat()));
    std::fs::write(at("empty.pem"), "").unwrap();
    std::fs::write(at("cut.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n").unwrap();
    std::fs::write(at("strange.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    std::fs::write(at("large.pem"), vec![b'#'; (1 << 20) + 1]).unwrap();
    let day = now().plus_ms(DAY_MS);
    assert_eq!(Certificate::read(&certificate, &key, now()).map(|good| good.expires > day), Ok(true));
    let bad = |path: &Path, why: &str| Unfit::Certificate(format!("{}: {why}", path.display()));
    let bad_key = |path: &Path, why: &str| Unfit::Key(format!("{}: {why}", path.display()));
    for (certificate, key, now, want) in [
        (&at("none.pem"), &key, now(), bad(&at("none.pem"), "No such file or directory")),
        (&certificate, &at("none.key"), now(), bad_key(&at("none.key"), "No such file or directory")),
        (&at("empty.pem"), &key, now(), bad(&at("empty.pem"), "no certificate is in it: a PEM file has")),
        (&key, &key, now(), bad(&key, "no certificate is in it: a PEM file has")),
        (&at("cut.pem"), &key, now(), bad(&at("cut.pem"), "it is no well-formed PEM file")),
        (&at("strange.pem"), &key, now(), bad(&at("strange.pem"), "it is no certificate of X.509")),
        (&at("large.pem"), &key, now(), bad(&at("large.pem"), "it is larger than 1024 KiB: name a PEM file")),
        (&certificate, &certificate, now(), bad_key(&certificate, "no private key is in it: a PEM file has a line")),
        (&certificate, &locked, now(), bad_key(&locked, "the key is encrypted, and nobody is there to type")),
        (&certificate, &other, now(), bad_key(&other, "the key is not the certificate's: name the pair")),
        (&expired, &expired_key, now(), bad(&expired, "renew it: it expired at 2020-02-01T00:00:00Z")),
        (&odd, &odd_key, now(), bad(&odd, "it ends before it begins: have it made anew")),
        (&certificate, &key, now().plus_ms(3 * DAY_MS), bad(&certificate, "renew it: it expired at 20")),
        (&certificate, &key, now().plus_ms(-DAY_MS), bad(&certificate, "it is not valid before 20")),
    ] {
        let have = Certificate::read(certificate, key, now).map(|_| ()).unwrap_err();
        let ((Unfit::Certificate(have), Unfit::Certificate(want)) | (Unfit::Key(have), Unfit::Key(want))) =
            (&have, &want)
        else {
            panic!("{have:?} is not {want:?}")
        };
        assert!(have.starts_with(want.as_str()), "{have:?} is not {want:?}");
        let secret = text.lines().nth(1).unwrap();
        assert!(!have.contains(secret) && !have.contains("secret-word"), "{have}");
    }
}

#[tokio::test]
async fn it_does_not_start_with_one_and_says_which_key_to_mend() {
    let place = Place::new().await;
    let Some((certificate, key)) = expired(place.dir.path()) else {
        return println!("skipped: there is no openssl to make a certificate with");
    };
    let config = place.configure("", &keys(&certificate, &key), "");
    let (status, _, lines) = Program::start(&config).end().await;
    let told = said(lines.last().unwrap());
    assert!(status == Some(2) && told.contains("console.tls_cert_file"), "{told}");
    assert!(told.contains(&format!("{}: renew it: it expired at 2020", certificate.display())), "{told}");
    let done = command(&["doctor"], &config).output().await.unwrap();
    let told = String::from_utf8_lossy(&done.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(done.status.code() == Some(1) && told.contains("problem certificate: "), "{told}");
    let half = place.configure("tls_key_file = \"x.key\"", "", "");
    let (status, _, lines) = Program::start(&half).end().await;
    assert!(
        status == Some(2) && said(&lines[0]).contains("server.tls_key_file needs server.tls_cert_file"),
        "{lines:#?}"
    );
}

/// Listens with TLS and these bounds.
async fn serving(dir: &Path, bounds: Bounds) -> Option<(SocketAddr, reqwest::Client, CancellationToken)> {
    let (certificate, key) = pair(dir, "served", "2")?;
    let tls = Tls::new(&Certificate::read(&certificate, &key, now()).unwrap()).unwrap();
    let (listener, at) = listener().await;
    let stop = CancellationToken::new();
    let router = Router::new().route("/", get(|| async { "here" }));
    tokio::spawn(serve_behind(listener, router, Front { bounds, tls: Some(tls), ..Front::default() }, stop.clone()));
    Some((at, client(&certificate).build().unwrap(), stop))
}

/// The beginning of a handshake whose rest never comes.
const HALF: &[u8] = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";

#[tokio::test]
async fn half_a_handshake_is_cut() {
    let dir = tempfile::tempdir().unwrap();
    let bounds = Bounds { patience: Duration::from_millis(100), ..Bounds::default() };
    let Some((at, _, stop)) = serving(dir.path(), bounds).await else {
        return println!("skipped: there is no openssl to make a certificate with");
    };
    for sent in [b"".as_slice(), HALF, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"] {
        let mut socket = TcpStream::connect(at).await.unwrap();
        socket.write_all(sent).await.unwrap();
        let mut told = Vec::new();
        // Ends as soon as the connection does.
        let _ = socket.read_to_end(&mut told).await;
        assert!(!told.starts_with(b"HTTP"), "{sent:?}");
    }
    stop.cancel();
}

#[tokio::test]
async fn half_handshakes_hold_nobody_up() {
    const PLACES: usize = 8;
    let dir = tempfile::tempdir().unwrap();
    // Nobody is cut for being slow: what makes place is that somebody else comes.
    let bounds = Bounds { all: PLACES, of_one: PLACES, patience: Duration::from_secs(3_600) };
    let Some((at, http, stop)) = serving(dir.path(), bounds).await else {
        return println!("skipped: there is no openssl to make a certificate with");
    };
    let mut held = Vec::new();
    for turn in 0..3 * PLACES {
        let mut socket = TcpStream::connect(at).await.unwrap();
        let _ = socket.write_all(if turn % 2 == 0 { b"" } else { HALF }).await;
        held.push(socket);
    }
    let answer = http.get(format!("https://localhost:{}/", at.port())).send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "here");
    // Those that had to go are closed, and no more than there are places is open.
    let mut closed = 0;
    for socket in &mut held[..2 * PLACES] {
        closed += usize::from(matches!(socket.read(&mut [0; 1]).await, Ok(0) | Err(_)));
    }
    assert_eq!(closed, 2 * PLACES);
    drop(held);
    stop.cancel();
}
