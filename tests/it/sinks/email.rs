//! One thread of letters for each incident and address.

use super::{Sinks, TEAM, UNKNOWN, subscribed};
use crate::world::smtp::{Fault, PASSWORD, SmtpDouble, USER, authority};
use crate::world::{HandClock, REPO, spec};
use std::collections::HashSet;

#[tokio::test]
async fn a_letter_at_first_and_one_at_the_end_and_none_for_what_lies_between() {
    let sinks = Sinks::new().await;
    sinks.fails("success").await;
    let letters = sinks.mail.letters();
    assert_eq!(letters.len(), 1);
    let first = &letters[0];
    assert_eq!((first.from.as_str(), first.to.as_str()), ("ci@example.org", TEAM));
    let (subject, plain, html) = first.read();
    assert!(subject.contains("shop@1a2b3c4 failed: test: error: the frobnicator said no"), "{subject}");
    assert!(plain.contains("the frobnicator said no") && plain.contains("Run: http"), "{plain}");
    assert!(html.contains("<code>") && html.contains("prefers-color-scheme: dark"), "{html}");
    for (name, want) in [
        ("Auto-Submitted", "auto-generated"),
        ("List-Id", "CI Rescue <ci-rescue.example.org>"),
        ("From", "\"CI Rescue\" <ci@example.org>"),
        ("To", TEAM),
    ] {
        assert_eq!(first.header(name).as_deref(), Some(want), "{name}");
    }
    assert!(first.header("Date").is_some_and(|date| date.starts_with("Thu, 01 Jan 2026 12:0")), "the bot's clock");
    let ben = sinks.world.sit("ben").await;
    ben.say(&sinks.world, "ack 1").await;
    ben.say(&sinks.world, "snooze 1 2h").await;
    assert_eq!(sinks.mail.letters().len(), 1, "what people do meanwhile is no news");
    sinks.again().await;
    let letters = sinks.mail.letters();
    assert_eq!(letters.len(), 2);
    let last = &letters[1];
    assert_eq!(last.header("In-Reply-To"), Some(first.id()));
    assert_eq!(last.header("References"), Some(first.id()));
    let (again, plain, _) = last.read();
    assert_eq!(again, format!("Re: {subject}"), "one thread has one subject");
    assert!(plain.starts_with("Over: resolved."), "{plain}");
    sinks.world.end().await;
}

#[tokio::test]
async fn mail_is_sent_by_tls_alone_and_to_a_server_that_the_authority_vouches_for() {
    let dir = tempfile::tempdir().unwrap();
    let Some((ca, certificate)) = authority(dir.path()) else {
        return println!("skipped: there is no openssl to make a certificate with");
    };
    for (trusted, security) in [(true, "starttls"), (false, "starttls"), (false, "tls")] {
        let clock = HandClock::new();
        let mail = SmtpDouble::start(&clock, Some(&certificate)).await;
        let ca_file = if trusted { format!("ca_file = \"{}\"\n", ca.display()) } else { String::new() };
        let section = format!(
            "\n[email]\nserver = \"localhost\"\nport = {}\nsecurity = \"{security}\"\nusername = \"{USER}\"\npassword = \"{PASSWORD}\"\nfrom = \"ci@example.org\"\n{ca_file}",
            mail.at.port()
        );
        let world = Sinks::world(section + &subscribed("email", TEAM, REPO), clock).await;
        let id = world.forge.start(spec(UNKNOWN, "failure"));
        world.forge.finish(id);
        for hook in world.forge.take_hooks() {
            let body = hook.body.replace("{web}", &format!("http://{}", world.forge_at));
            world.hook(hook.event, &hook.id, &body).await;
        }
        if trusted {
            world.settle().await;
            assert!(mail.letters().len() == 1 && mail.letters()[0].secure);
        } else {
            crate::sinks::rounds(&world, 1_200).await;
            assert!(mail.conversations() > 0 && mail.letters().is_empty(), "{security}");
            let status = crate::sinks::status(&world).await;
            assert!(status["troubles"][0]["why"].as_str().is_some(), "{status}");
        }
        world.end().await;
    }
}

/// Whatever goes wrong passes: then the letter is there, and under one name.
#[tokio::test]
async fn nothing_is_lost_and_nothing_comes_twice_whatever_the_server_says() {
    let faults = [
        Fault::Greets("421 4.3.2 shutting down"),
        Fault::Greets("554 5.3.2 not here"),
        Fault::Says("MAIL", "451 4.3.0 try again"),
        Fault::Says("RCPT", "450 4.2.1 busy"),
        Fault::Says("RCPT", "550 5.1.1 no such user"),
        Fault::Says("AUTH", "535 5.7.8 who are you"),
        Fault::Says("AUTH", "454 4.7.0 later"),
        Fault::Says("DATA", "421 4.3.2 shutting down"),
        Fault::Says("END", "452 4.3.1 disk full"),
        Fault::HangsUp("EHLO"),
        Fault::HangsUp("RCPT"),
        Fault::HangsUp("DATA"),
        Fault::Forgets,
    ];
    for fault in faults {
        let sinks = Sinks::new().await;
        sinks.mail.fail(&[fault.clone(), fault.clone()]);
        sinks.fails("success").await;
        sinks.again().await;
        let letters = sinks.mail.letters();
        let names: HashSet<String> = letters.iter().map(crate::world::smtp::Letter::id).collect();
        // What was forgotten is sent again under its name.
        let more = if fault == Fault::Forgets { 2 } else { 0 };
        assert_eq!((names.len(), letters.len()), (2, 2 + more), "{fault:?}");
        assert!(crate::sinks::status(&sinks.world).await["troubles"].as_array().unwrap().is_empty(), "{fault:?}");
        sinks.world.end().await;
    }
}

#[tokio::test]
async fn an_address_that_is_refused_is_told_to_the_operator() {
    let sinks = Sinks::new().await;
    sinks.mail.fail(&vec![Fault::Says("RCPT", "550 5.1.1 no such user"); 3]);
    let id = sinks.world.forge.start(spec(UNKNOWN, "failure"));
    sinks.world.forge.finish(id);
    for hook in sinks.world.forge.take_hooks() {
        let body = hook.body.replace("{web}", &format!("http://{}", sinks.world.forge_at));
        sinks.world.hook(hook.event, &hook.id, &body).await;
    }
    crate::sinks::rounds(&sinks.world, 60).await;
    let status = crate::sinks::status(&sinks.world).await;
    assert_eq!(
        (&status["troubles"][0]["platform"], &status["troubles"][0]["channel"]),
        (&"email".into(), &TEAM.into())
    );
    assert!(status["troubles"][0]["why"].as_str().unwrap().contains("no such user"), "{status}");
    assert!(!status.to_string().contains(PASSWORD));
    sinks.world.settle().await;
    assert_eq!(sinks.mail.letters().len(), 1, "and it is tried again");
    sinks.world.end().await;
}

#[tokio::test]
async fn hostile_words_are_neither_headers_nor_markup_nor_links() {
    for words in crate::threats::HOSTILE {
        let sinks = Sinks::new().await;
        let mut run = spec(
            &format!(
                "##[group]Run {words}\nerror: {words} broke\r\nBcc: x@evil.example\n##[error]Process completed with exit code 1.\n"
            ),
            "failure",
        );
        run.branch = format!("topic/{words}");
        (run.message, run.sender, run.workflow) = (words.into(), words.into(), words.into());
        run.jobs[0].name = format!("{words}\r\nBcc: x@evil.example");
        run.jobs[0].step = words.into();
        let id = sinks.world.forge.start(run);
        sinks.world.forge.finish(id);
        sinks.world.deliver().await;
        let letters = sinks.mail.letters();
        assert_eq!(letters.len(), 1, "{words}");
        let letter = &letters[0];
        assert_eq!((letter.to.as_str(), letter.header("Bcc")), (TEAM, None), "{words}");
        assert!(letter.data.is_ascii() && letter.data.lines().all(|line| line.len() <= 998));
        let (subject, _, html) = letter.read();
        assert!(!subject.contains(['\r', '\n']) && subject.chars().count() <= 150, "{subject}");
        for dead in ["<img", "<script", "<details", "href=\"https://evil", "href=\"//evil", "href=\"http://evil"] {
            assert!(!html.contains(dead), "{dead} in {html}");
        }
        sinks.world.end().await;
    }
}

#[test]
fn what_cannot_work_is_told_with_what_to_do() {
    let section = mail_section_text();
    for (from, to, want) in [
        (
            "server = \"127.0.0.1\"",
            "server = \"smtp.example.org\"",
            "email.security \"none\" sends mail and password in the clear",
        ),
        ("security = \"none\"", "security = \"ssl\"", "email.security must be \"starttls\", \"tls\" or \"none\""),
        ("from = \"ci@example.org\"\n", "", "email.server needs email.from"),
        ("from = \"ci@example.org\"", "from = \"ci\"", "email.from must be an address"),
        ("password = \"p\"\n", "", "email.username needs email.password"),
        ("channel = \"team@example.org\"", "channel = \"a@b.c, d@e.f\"", "must be one mail address"),
        ("repo = \"a/b\"", "repo = \"a/b\"\nrole = \"responder\"", "needs a chat"),
    ] {
        let text = section.replace(from, to);
        let why = ci_rescue::config::parse(&text, &[]).err().unwrap_or_else(|| panic!("{text}")).to_string();
        assert!(why.contains(want), "{want}: {why}");
    }
    assert!(ci_rescue::config::parse(&section, &[]).is_ok());
    let said = section.replace("server = \"127.0.0.1\"", "server = \"smtp.example.org\"\nallow_plaintext = true");
    assert!(ci_rescue::config::parse(&said, &[]).is_ok());
}

fn mail_section_text() -> String {
    "[email]\nserver = \"127.0.0.1\"\nsecurity = \"none\"\nusername = \"u\"\npassword = \"p\"\nfrom = \"ci@example.org\"\n\
     [[subscriptions]]\nplatform = \"email\"\nchannel = \"team@example.org\"\nrepo = \"a/b\"\n"
        .to_owned()
}

/// A server that others wrote: `aiosmtpd` of Python, where `CI_RESCUE_AIOSMTPD` says where it is installed.
#[tokio::test]
async fn another_server_takes_the_letters_and_another_library_reads_them() {
    let Some(path) = std::env::var_os("CI_RESCUE_AIOSMTPD") else {
        return println!("skipped: no aiosmtpd; .ci/run installs it and sets CI_RESCUE_AIOSMTPD");
    };
    let dir = tempfile::tempdir().unwrap();
    let Some((ca, _)) = authority(dir.path()) else {
        return println!("skipped: there is no openssl to make a certificate with");
    };
    let mut server = std::process::Command::new("python3")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/.ci/mail.py"))
        .arg(dir.path())
        .env("PYTHONPATH", path)
        .env("MAIL_USER", USER)
        .env("MAIL_PASSWORD", PASSWORD)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("python");
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(server.stdout.take().unwrap()));
    let port = lines.next().expect("a port").unwrap();
    let clock = HandClock::new();
    let section = format!(
        "\n[email]\nserver = \"localhost\"\nport = {port}\nusername = \"{USER}\"\npassword = \"{PASSWORD}\"\nfrom = \"Régie <ci@example.org>\"\nca_file = \"{}\"\n",
        ca.display()
    );
    let world = Sinks::world(section + &subscribed("email", TEAM, REPO), clock).await;
    let mut run = spec(UNKNOWN, "success");
    run.message = "Zähle die Lieferungen 🚚".into();
    let id = world.forge.start(run);
    world.deliver().await;
    world.forge.finish(id);
    world.deliver().await;
    world.sit("ben").await.say(&world, "resolve 1").await;
    server.kill().unwrap();
    let _ = server.wait();
    let read = |n: u32| -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(dir.path().join(format!("{n}.json"))).unwrap()).unwrap()
    };
    let (first, last) = (read(1), read(2));
    assert_eq!((&first["defects"], &last["defects"]), (&serde_json::json!([]), &serde_json::json!([])));
    assert_eq!(last["in_reply_to"], first["message_id"]);
    assert_eq!((&first["to"], &first["tls"]), (&TEAM.into(), &true.into()));
    assert!(first["from"].as_str().unwrap().contains("Régie"), "{first}");
    assert!(first["plain"].as_str().unwrap().contains("Zähle die Lieferungen 🚚"), "{first}");
    assert!(first["html"].as_str().unwrap().contains("Zähle die Lieferungen 🚚"), "{first}");
    assert!(!dir.path().join("3.json").exists());
    world.end().await;
}
