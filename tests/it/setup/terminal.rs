//! The questions on a terminal, through `script`, which gives the program one of its own.

use super::{APP_TOKEN, BOT_TOKEN, CHANNEL, GITHUB_TOKEN, Place, root};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

const PATIENCE: Duration = Duration::from_secs(60);
const CTRL_C: &str = "\u{3}";

/// Somebody at a terminal.
struct Terminal {
    child: Child,
    keys: ChildStdin,
    screen: ChildStdout,
    seen: String,
    /// What was looked at already.
    at: usize,
}

impl Terminal {
    /// `None` where there is no `script`, or another program is tried.
    fn open(place: &Place) -> Option<Self> {
        if !std::path::Path::new("/usr/bin/script").exists() || root().is_some() {
            println!("skipped: no /usr/bin/script (bsdutils)");
            return None;
        }
        // It waits at the end: `script` may drop what is written just before its child is gone.
        let then = "code=$?; echo status $code; stty -a; echo over; read -r _; exit $code";
        // A shell without bash's manners dies of the ^C that its child took.
        let line = format!("trap : INT; {} setup; {then}", env!("CARGO_BIN_EXE_ci-rescue"));
        let mut child = Command::new("script")
            .args(["-qec", &line, "/dev/null"])
            .current_dir(place.dir.path())
            .env("NO_COLOR", "1")
            .env("TERM", "xterm")
            .env_remove("COLUMNS")
            .env_remove("CI_RESCUE_CONFIG")
            .env_remove("CREDENTIALS_DIRECTORY")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (keys, screen) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Some(Self { child, keys, screen, seen: String::new(), at: 0 })
    }

    /// Waits until these words appear after those before.
    async fn sees(&mut self, words: &str) {
        let wait = async {
            loop {
                if let Some(found) = self.seen[self.at..].find(words) {
                    self.at += found + words.len();
                    return;
                }
                let mut bytes = [0; 4096];
                let count = self.screen.read(&mut bytes).await.unwrap();
                assert!(count > 0, "it ended before {words:?}: {}", self.seen);
                self.seen.push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
        };
        let came = tokio::time::timeout(PATIENCE, wait).await;
        assert!(came.is_ok(), "{words:?} never came: {}", self.seen);
    }

    async fn types(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).await.unwrap();
        self.keys.flush().await.unwrap();
    }

    async fn answers(&mut self, question: &str, keys: &str) {
        self.sees(question).await;
        self.types(keys).await;
    }

    /// Its exit status, and all that was seen.
    async fn end(mut self) -> (i32, String) {
        self.answers("over", "\r").await;
        let _ = self.screen.read_to_string(&mut self.seen).await;
        let status = self.child.wait().await.unwrap();
        (status.code().unwrap(), self.seen)
    }
}

/// Where the services are; the rest is asked.
fn begin(place: &Place) -> String {
    let text = format!(
        "# by hand\n[github]\napi_url = \"http://{}\"\n\n[slack]\napi_url = \"http://{}/api\"\n\n[server]\nlisten = \"127.0.0.1:0\"\n\n[store]\npath = \"store\"\n",
        place.github, place.slack.at
    );
    std::fs::write(place.config(), &text).unwrap();
    text
}

#[tokio::test]
async fn somebody_answers_and_sees_a_card() {
    let place = Place::new().await;
    begin(&place);
    let Some(mut terminal) = Terminal::open(&place) else { return };
    terminal.answers("Set up GitHub?", "y\r").await;
    terminal.answers("How?", "3\r").await;
    // A wrong one is refused, and asked for again.
    let fault = |path: &str| ci_rescue::demo::Fault {
        method: "GET".into(),
        path: path.into(),
        status: 401,
        headers: Vec::new(),
        after: false,
    };
    place.forge.lock().faults.push(fault("/user"));
    terminal.answers("Token", "ghp_wrongwrongwrong\r").await;
    terminal.answers("Try again?", "y\r").await;
    terminal.answers("Token", &format!("{GITHUB_TOKEN}\r")).await;
    terminal.answers("Repositories", "shop\r").await;
    terminal.answers("shop has no owner", "acme/shop, acme/wrb\u{7f}\u{7f}eb\r").await;
    terminal.answers("Set up Slack?", "y\r").await;
    terminal.sees("\"socket_mode_enabled\": true").await;
    terminal.sees("https://api.slack.com/apps?new_app=1&manifest_json=%7B%22").await;
    terminal.answers("Bot token", &format!("{BOT_TOKEN}\r")).await;
    terminal.answers("App-level token", &format!("{APP_TOKEN}\r")).await;
    terminal.answers("Channel ID", &format!("{CHANNEL}\r")).await;
    terminal.answers("Set up Discord?", "n\r").await;
    terminal.answers("web console", "y\r").await;
    terminal.answers("GitHub login", "ada\r").await;
    terminal.answers("Slack member ID", "\r").await;
    terminal.answers("Write it?", "y\r").await;
    terminal.sees("posted a test card to slack C0BUILDS").await;
    let (code, seen) = terminal.end().await;
    assert_eq!(code, 0, "{seen}");
    place.hides(&seen);
    let text = place.text();
    assert!(text.starts_with("# by hand\n[github]\n"), "{text}");
    assert!(text.contains("repositories = [\"acme/shop\", \"acme/web\"]"), "{text}");
    assert_eq!(text.matches("[[subscriptions]]").count(), 2);
    assert_eq!(place.slack.cards().len(), 1);

    // A second time, everything is kept.
    let Some(mut terminal) = Terminal::open(&place) else { return };
    terminal.answers("Change GitHub?", "n\r").await;
    terminal.answers("Change Slack?", "n\r").await;
    terminal.answers("Set up Discord?", "n\r").await;
    terminal.answers("Write it?", "y\r").await;
    terminal.sees("Everything is there already").await;
    let (code, seen) = terminal.end().await;
    assert_eq!((code, place.text()), (0, text), "{seen}");
}

#[tokio::test]
async fn ctrl_c_at_any_question_changes_nothing_and_leaves_the_terminal_as_it_was() {
    let place = Place::new().await;
    let text = begin(&place);
    let steps: &[(&str, &str)] = &[("Set up GitHub?", "y\r"), ("How?", "3\r"), ("Token", "")];
    for last in 0..steps.len() {
        let Some(mut terminal) = Terminal::open(&place) else { return };
        for (question, keys) in &steps[..last] {
            terminal.answers(question, keys).await;
        }
        terminal.answers(steps[last].0, CTRL_C).await;
        terminal.sees("cancelled: nothing was changed").await;
        terminal.sees("status 130").await;
        let (_, seen) = terminal.end().await;
        let settings = seen.split("status 130").nth(1).unwrap();
        let words: Vec<&str> = settings.split_whitespace().collect();
        assert!(words.contains(&"echo") && words.contains(&"icanon"), "{settings}");
        assert_eq!(place.text(), text);
        assert!(!place.dir.path().join("secrets").exists());
    }
    let left: Vec<_> = std::fs::read_dir(place.dir.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left.len(), 1, "{left:?}");
}
