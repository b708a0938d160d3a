//! `--log-format json`: whatever the program says is an object a line, from the first line to the last.

use super::{Place, Program, command, said};

#[tokio::test]
async fn a_life_is_objects_alone() {
    let place = Place::new().await;
    let config = place.configure("", "", "");
    let mut command = command(&["serve", "--log-format", "json"], &config);
    let mut program = Program::spawn({
        command.env("RUST_LOG", "ci_rescue=never");
        command
    });
    let (public, console) = program.addresses().await;
    assert!(public.starts_with("127.0.0.1:") && console.starts_with("http://127.0.0.1:"), "{public} {console}");
    program.signal("-TERM").await;
    let (status, out, lines) = program.end().await;
    assert_eq!((status, out.as_str()), (Some(0), ""), "{lines:#?}");
    for line in &lines {
        let has = |key: &str| line[key].as_str().is_some_and(|text| !text.is_empty());
        assert!(has("timestamp") && has("level") && has("target") && !said(line).is_empty(), "{line}");
    }
    assert!(said(&lines[0]).starts_with("RUST_LOG is ignored: "), "{lines:#?}");
    assert_eq!(said(lines.last().unwrap()), "stopped; everything accepted is on disk");
    let text = format!("{lines:?}");
    assert!(!text.contains("it-is-a-secret") && !text.contains("forge-token") && !text.contains(super::CONSOLE_TOKEN));
}

#[tokio::test]
async fn why_it_does_not_start_is_one_object_too() {
    let place = Place::new().await;
    let token = "ghp_0123456789abcdefghijklmnopqrstuvwxyzAB";
    let broken = place.configure("", "", &format!("verdict_check = \"{token}\"\nbranch = 1"));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let text = format!(
        "[server]\nlisten = \"{}\"\n[store]\npath = \"{}\"",
        taken.local_addr().unwrap(),
        place.path("s").display()
    );
    let taken_port = place.write("taken.toml", &text);
    for (config, want) in [(&broken, "invalid configuration: 2 problems"), (&taken_port, "Address already in use")] {
        // Nobody asked for silence about this.
        let mut command = command(&["serve"], config);
        command.env("CI_RESCUE_LOG", "json").env("RUST_LOG", "off");
        let (status, out, lines) = Program::spawn(command).end().await;
        assert_eq!((status, out.as_str(), lines.len()), (Some(2), "", 1), "{lines:#?}");
        assert!(lines[0]["level"] == "ERROR" && said(&lines[0]).contains(want), "{lines:#?}");
        assert!(!lines[0].to_string().contains(token), "{lines:#?}");
    }
}

#[tokio::test]
async fn without_it_the_log_is_text_and_a_wrong_format_is_told() {
    let place = Place::new().await;
    let broken = place.configure("", "", "branch = 1");
    let done = command(&["serve"], &broken).output().await.unwrap();
    assert!(String::from_utf8(done.stderr).unwrap().starts_with("ci-rescue: invalid configuration\n"));
    let done = command(&["serve", "--log-format", "xml"], &broken).output().await.unwrap();
    let told = String::from_utf8(done.stderr).unwrap();
    assert!(done.status.code() == Some(2) && told.contains("[possible values: text, json]"), "{told}");
}
