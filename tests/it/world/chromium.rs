//! A real browser, where one is installed: Debian's chromium and chromium-driver.

use fantoccini::{Client, ClientBuilder};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// It takes a free port for IPv4, and ends where another process has the same one for IPv6.
const TRIES: u32 = 5;

/// A driver that listens, and its port.
async fn driver() -> (Child, String) {
    for _ in 0..TRIES {
        let mut driver = Command::new("/usr/bin/chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("a driver");
        let mut lines = BufReader::new(driver.stdout.take().expect("its output")).lines();
        while let Some(line) = lines.next_line().await.expect("a line") {
            if let Some((_, port)) = line.split_once("successfully on port ") {
                let port = port.trim_end_matches('.').to_owned();
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                return (driver, port);
            }
        }
    }
    panic!("chromedriver does not start");
}

pub struct Browser {
    pub page: Client,
    driver: Child,
    driver_at: String,
}

impl Browser {
    /// `None`, with a word, where there is no browser.
    pub async fn open(dark: bool, size: (u32, u32)) -> Option<Self> {
        Self::with(dark, size, true).await
    }

    /// With or without JavaScript on the pages.
    pub async fn with(dark: bool, size: (u32, u32), script: bool) -> Option<Self> {
        if !Path::new("/usr/bin/chromedriver").exists() {
            println!("skipped: no /usr/bin/chromedriver; .ci/run installs chromium-driver");
            return None;
        }
        let (driver, port) = driver().await;
        let mut args = vec![
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ]
        .into_iter()
        .map(str::to_owned)
        .collect::<Vec<_>>();
        args.push(format!("--window-size={},{}", size.0, size.1));
        if dark {
            args.push("--blink-settings=preferredColorScheme=0".into());
        }
        let mut options = serde_json::json!({"args": args});
        if !script {
            options["prefs"] = serde_json::json!({"profile.managed_default_content_settings.javascript": 2});
        }
        let caps = serde_json::json!({"browserName": "chrome", "goog:chromeOptions": options});
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())
            .expect("tls")
            .https_or_http()
            .enable_http1()
            .build();
        let page = ClientBuilder::new(connector)
            .capabilities(serde_json::from_value(caps).expect("capabilities"))
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("a session");
        Some(Self { page, driver, driver_at: format!("http://127.0.0.1:{port}") })
    }

    /// Keeps a picture under `target/screenshots`, to be looked at.
    pub async fn picture(&self, name: &str) {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screenshots");
        std::fs::create_dir_all(&dir).expect("a directory");
        std::fs::write(dir.join(format!("{name}.png")), self.page.screenshot().await.expect("a picture"))
            .expect("a file");
    }

    /// The page's own size, which a window's least width does not bound.
    pub async fn resize(&self, width: u32, height: u32) {
        let metrics =
            serde_json::json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    async fn devtools(&self, command: &str, parameters: serde_json::Value) {
        let session = self.page.session_id().await.expect("a session").expect("a session");
        let url = format!("{}/session/{session}/goog/cdp/execute", self.driver_at);
        let body = serde_json::json!({"cmd": command, "params": parameters});
        let answer = reqwest::Client::new().post(url).json(&body).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{command}: {}", answer.text().await.unwrap_or_default());
    }

    /// Waits until nothing matches.
    pub async fn gone(&self, css: &str) {
        let script = "return document.querySelector(arguments[0]) === null;";
        let wait = async {
            while self.page.execute(script, vec![css.into()]).await.expect("a script") != true {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        assert!(tokio::time::timeout(Duration::from_secs(60), wait).await.is_ok(), "{css} stayed");
    }

    /// Waits until the page's own words contain these.
    pub async fn until(&self, css: &str, words: &str) {
        let script = "const found = document.querySelector(arguments[0]); return found ? found.textContent : '';";
        let wait = async {
            loop {
                let text = self.page.execute(script, vec![css.into()]).await.expect("a script");
                if text.as_str().unwrap_or_default().contains(words) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        assert!(
            tokio::time::timeout(Duration::from_secs(60), wait).await.is_ok(),
            "{css} never said {words}: {}",
            self.page.source().await.unwrap_or_default()
        );
    }

    pub async fn close(mut self) {
        let _ = self.page.clone().close().await;
        let _ = self.driver.kill().await;
    }
}

impl Drop for Browser {
    /// A test that failed leaves no browser behind: killing the driver alone would.
    fn drop(&mut self) {
        let at = self.driver_at.trim_start_matches("http://");
        let Ok(mut driver) = TcpStream::connect(at) else { return };
        let _ = driver.set_read_timeout(Some(Duration::from_secs(10)));
        let _ =
            driver.write_all(format!("GET /shutdown HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\r\n").as_bytes());
        let _ = driver.read_to_end(&mut Vec::new());
    }
}
