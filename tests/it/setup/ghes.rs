//! GitHub Enterprise Server with a certificate that only `github.ca_file` vouches for.

use super::{GITHUB_TOKEN, Place, browser};
use crate::flows::certificates::front;
use serde_json::json;
use std::path::Path;
use std::process::Command;

/// Makes an authority, `ca.pem`, and a certificate for localhost that it vouches for; whether there is an openssl.
fn certify(dir: &Path) -> bool {
    let openssl = |args: &str| {
        let made = Command::new("openssl").args(args.split(' ')).current_dir(dir).output();
        made.is_ok_and(|made| made.status.success())
    };
    openssl("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca-key.pem -out ca.pem")
        && openssl(
            "req -x509 -CA ca.pem -CAkey ca-key.pem -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
             -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE -keyout key.pem -out certificate.pem",
        )
}

/// As `openssl req -x509` makes them: the same certificate is the server's and the authority.
fn certify_itself(dir: &Path) {
    let args = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost";
    let mut openssl = Command::new("openssl");
    let made = openssl.args(args.split(' ')).args(["-keyout", "key.pem", "-out", "certificate.pem"]);
    assert!(made.current_dir(dir).output().unwrap().status.success());
}

/// Its address, and the file of its authority; `None` where there is no openssl.
async fn server(place: &Place) -> Option<(String, String)> {
    let dir = place.dir.path();
    if !certify(dir) {
        println!("skipped: there is no openssl to make a certificate with");
        return None;
    }
    let at = front(place.github, &dir.join("certificate.pem"), &dir.join("key.pem")).await;
    Some((format!("https://localhost:{}", at.port()), place.inside("ca.pem")))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_checked_by_the_authority_of_the_answers_and_no_other() {
    let place = Place::new().await;
    let Some((api, ca)) = server(&place).await else { return };
    let token = place.write("github-token", GITHUB_TOKEN);
    let answers = |ca: &str| {
        format!(
            "[github]\napi_url = \"{api}\"\n{ca}token = {{file = \"{token}\"}}\nrepositories = [\"acme/shop\"]\n\
             [store]\npath = \"{}\"\n[server]\nlisten = \"127.0.0.1:0\"\n[console]\nlisten = \"127.0.0.1:0\"\n\
             [admin]\ngithub = \"ada\"\n",
            place.inside("store")
        )
    };
    let said = place.answer(&answers("")).await;
    assert!(said.code != 0 && said.flat().contains("Set github.ca_file to its certificate in PEM"), "{}", said.flat());
    assert!(!place.config().exists(), "nothing was written");
    // The server's own certificate is no authority.
    let own = place.inside("certificate.pem");
    let said = place.answer(&answers(&format!("ca_file = \"{own}\"\n"))).await;
    assert!(said.code != 0 && !place.config().exists(), "{}", said.flat());
    let said = place.answer(&answers("ca_file = \"no-such-file.pem\"\n")).await;
    assert!(said.code != 0 && said.flat().contains("github.ca_file"), "{}", said.flat());
    let said = place.answer(&answers(&format!("ca_file = \"{ca}\"\n"))).await;
    assert_eq!(said.code, 0, "{}", said.flat());
    assert!(said.flat().contains("github: signed in as sandbox-bot"), "{}", said.flat());
    assert!(place.text().contains(&format!("ca_file = \"{ca}\"")), "{}", place.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_its_own_authority_is_refused_with_what_to_do() {
    let place = Place::new().await;
    let dir = place.dir.path().to_owned();
    if !certify(&dir) {
        return;
    }
    certify_itself(&dir);
    let at = front(place.github, &dir.join("certificate.pem"), &dir.join("key.pem")).await;
    let answers = place
        .answers()
        .replace(&format!("http://{}", place.github), &format!("https://localhost:{}", at.port()))
        .replace("[github]\n", &format!("[github]\nca_file = \"{}\"\n", place.inside("certificate.pem")));
    let said = place.answer(&answers).await;
    assert!(said.code != 0 && said.flat().contains("Give it one that an authority signed"), "{}", said.flat());
    assert!(!place.config().exists(), "nothing was written");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_is_made_there() {
    let place = Place::new().await;
    let Some((api, ca)) = server(&place).await else { return };
    let answers = browser::answers(&place, "")
        .replace(&format!("http://{}", place.github), &api)
        .replace("create = true", &format!("ca_file = \"{ca}\"\ncreate = true"));
    let setup = browser::begin(&place, &answers).await;
    let http = reqwest::Client::new();
    let html = http.get(&setup.page).send().await.unwrap().text().await.unwrap();
    assert!(html.contains("organizations"), "{html}");
    let state = html.split("state=").nth(1).unwrap().split('"').next().unwrap();
    let code = "a180b1a3d263c81bc6441d7b990bae27d4c10670";
    place.web.codes.lock().unwrap().insert(code.into(), json!({"hook_attributes": {"active": false}}));
    let back = http.get(format!("{}created?code={code}&state={state}", setup.page)).send().await.unwrap();
    assert_eq!(back.status(), 200, "{}", back.text().await.unwrap());
    let (code, out) = setup.end().await;
    browser::made(&place, code, &out);
}
