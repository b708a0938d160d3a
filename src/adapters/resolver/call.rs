//! One call of a tool: environment, deadline, limits.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout_at};

use super::ResolveError;
use super::room::Room;
use crate::domain::text::{Untrusted, clean_line};

/// So much of each of its two outputs is kept, in bytes.
const KEPT_MAX: usize = 512 << 10;
/// So much of it is shown, in bytes.
const SHOWN_MAX: usize = 64 << 10;

/// Variables of the operator that every tool may see: certificates and proxies.
const COMMON: &[&str] = &[
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
];
const CARGO: &[&str] = &["CARGO_HTTP_PROXY", "CARGO_HTTP_CAINFO", "RUSTUP_TOOLCHAIN"];
const GO: &[&str] = &["GOSUMDB", "GONOSUMDB", "GOPRIVATE", "GONOPROXY"];
const NPM: &[&str] = &["NODE_EXTRA_CA_CERTS"];

const GO_PROXY: &str = "https://proxy.golang.org";
const NPM_REGISTRY: &str = "https://registry.npmjs.org/";

/// Starts tools in an environment of ours.
pub(super) struct Caller {
    cargo: Vec<(OsString, OsString)>,
    go: Vec<(OsString, OsString)>,
    npm: Vec<(OsString, OsString)>,
    /// Where npm's packages come from.
    pub(super) registry: String,
}

/// What a tool printed and whether it went well.
#[derive(Debug)]
pub(super) struct Printed {
    pub ok: bool,
    pub out: Vec<u8>,
    pub err: Vec<u8>,
}

impl Caller {
    pub(super) fn new(cache: &Path, environment: impl Fn(&str) -> Option<OsString>) -> Self {
        let mut common = taken(COMMON, &environment);
        // A relative part of the path would name tools in the room.
        let path = environment("PATH").unwrap_or_default();
        let parts = std::env::split_paths(&path).filter(|part| part.is_absolute());
        common.push(("PATH".into(), std::env::join_paths(parts).unwrap_or_default()));
        common.extend(set(&[("LC_ALL", "C"), ("LANG", "C"), ("NO_COLOR", "1"), ("CI", "1")]));
        let with = |more: Vec<(OsString, OsString)>| common.iter().cloned().chain(more).collect();

        let mut cargo = taken(CARGO, &environment);
        let rustup = environment("RUSTUP_HOME").map(PathBuf::from);
        let rustup = rustup.or_else(|| environment("HOME").map(|home| PathBuf::from(home).join(".rustup")));
        cargo.extend(rustup.map(|home| ("RUSTUP_HOME".into(), home.into())));
        cargo.push(("CARGO_HOME".into(), cache.join("cargo").into()));
        cargo.extend(set(&[("CARGO_TERM_COLOR", "never"), ("RUSTUP_AUTO_INSTALL", "0")]));

        let mut go = taken(GO, &environment);
        go.push(("GOPROXY".into(), without_direct(environment("GOPROXY")).into()));
        go.push(("GOPATH".into(), cache.join("go/path").into()));
        go.push(("GOCACHE".into(), cache.join("go/build").into()));
        go.extend(set(&[
            ("GOENV", "off"),
            ("GOWORK", "off"),
            ("GOAUTH", "off"),
            ("GO111MODULE", "on"),
            ("GOTOOLCHAIN", "local"),
            ("GOFLAGS", "-mod=mod -modcacherw"),
            // Version control programs are never started, whatever address a module has.
            ("GOVCS", "*:off"),
            ("CGO_ENABLED", "0"),
        ]));

        let registry = environment("NPM_CONFIG_REGISTRY").or_else(|| environment("npm_config_registry"));
        let registry = registry.and_then(|registry| registry.into_string().ok());
        let registry = registry.filter(|registry| !registry.is_empty()).unwrap_or_else(|| NPM_REGISTRY.to_owned());
        let mut npm = taken(NPM, &environment);
        npm.push(("npm_config_cache".into(), cache.join("npm").into()));
        npm.push(("npm_config_registry".into(), registry.clone().into()));
        npm.extend(set(&[
            ("npm_config_ignore_scripts", "true"),
            ("npm_config_package_lock_only", "true"),
            ("npm_config_engine_strict", "false"),
            ("npm_config_audit", "false"),
            ("npm_config_fund", "false"),
            ("npm_config_update_notifier", "false"),
            ("npm_config_logs_max", "0"),
            // Not even dependencies of dependencies may come from elsewhere than the registry.
            ("npm_config_git", "/bin/false"),
            ("npm_config_allow_git", "none"),
            ("npm_config_allow_remote", "none"),
            ("COREPACK_ENABLE_STRICT", "0"),
            ("COREPACK_ENABLE_NETWORK", "0"),
            ("COREPACK_ENABLE_PROJECT_SPEC", "0"),
        ]));
        Self { cargo: with(cargo), go: with(go), npm: with(npm), registry }
    }

    /// Runs a tool in a folder of the room, until a time.
    pub(super) async fn run(
        &self,
        room: &Room,
        folder: &str,
        tool: &'static str,
        args: &[&str],
        until: Instant,
    ) -> Result<Printed, ResolveError> {
        let environment = match tool {
            "cargo" => &self.cargo,
            "go" => &self.go,
            _ => &self.npm,
        };
        let mut command = Command::new(tool);
        command.env_clear().envs(environment.iter().map(|(key, value)| (key, value)));
        command.env("HOME", room.home()).env("TMPDIR", room.scratch());
        command.env("npm_config_userconfig", room.home().join("npmrc"));
        command.env("npm_config_globalconfig", room.home().join("npmrc-global"));
        command.args(args).current_dir(room.repository().join(folder)).process_group(0).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().map_err(|why| match why.kind() {
            std::io::ErrorKind::NotFound => ResolveError::Missing(tool),
            _ => ResolveError::passing(format!("cannot start {tool}: {why}")),
        })?;
        watched(child, tool, until).await
    }

    /// Like [`Caller::run`], for what has to succeed.
    pub(super) async fn succeed(
        &self,
        room: &Room,
        folder: &str,
        tool: &'static str,
        args: &[&str],
        until: Instant,
    ) -> Result<Printed, ResolveError> {
        let printed = self.run(room, folder, tool, args, until).await?;
        if printed.ok { Ok(printed) } else { Err(failure(tool, &printed)) }
    }
}

fn taken(names: &[&str], environment: &impl Fn(&str) -> Option<OsString>) -> Vec<(OsString, OsString)> {
    names.iter().filter_map(|name| Some(((*name).into(), environment(name)?))).collect()
}

fn set(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

/// Go's proxies without `direct`, which would ask whatever host a module's path names.
fn without_direct(proxies: Option<OsString>) -> String {
    let proxies = proxies.and_then(|proxies| proxies.into_string().ok()).unwrap_or_default();
    let mut kept = String::new();
    for proxy in proxies.split_inclusive([',', '|']) {
        let name = proxy.trim_end_matches([',', '|']).trim();
        if !name.is_empty() && name != "direct" {
            kept.push_str(proxy);
        }
    }
    let kept = kept.trim_end_matches([',', '|']).to_owned();
    if kept.is_empty() { GO_PROXY.to_owned() } else { kept }
}

/// Kills the whole group of a process that is not done when it is dropped.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0.take() {
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}

async fn watched(mut child: Child, tool: &'static str, until: Instant) -> Result<Printed, ResolveError> {
    let leader = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    let mut group = Group(leader);
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let reading = async { tokio::join!(kept(stdout), kept(stderr)) };
    // Its outputs end with the last of the group that holds them: until then the leader's number is not given away.
    let Ok((out, err)) = timeout_at(until, reading).await else {
        drop(group);
        let _ = child.wait().await;
        return Err(ResolveError::passing(format!("{tool} took too long and was stopped: try again later")));
    };
    match timeout_at(until, child.wait()).await {
        Ok(Ok(status)) => {
            group.0 = None;
            Ok(Printed { ok: status.success(), out, err })
        }
        Ok(Err(why)) => Err(ResolveError::passing(format!("cannot wait for {tool}: {why}"))),
        Err(_) => {
            drop(group);
            let _ = child.wait().await;
            Err(ResolveError::passing(format!("{tool} took too long and was stopped: try again later")))
        }
    }
}

/// Reads to the end, and keeps the last of it.
async fn kept(stream: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let Some(mut stream) = stream else { return Vec::new() };
    let mut all: Vec<u8> = Vec::new();
    let mut piece = vec![0; 16 << 10];
    while let Ok(length @ 1..) = stream.read(&mut piece).await {
        all.extend_from_slice(&piece[..length]);
        if all.len() > 2 * KEPT_MAX {
            all.drain(..all.len() - KEPT_MAX);
        }
    }
    if all.len() > KEPT_MAX {
        all.drain(..all.len() - KEPT_MAX);
    }
    all
}

/// What went wrong, from what a tool printed.
fn failure(tool: &'static str, printed: &Printed) -> ResolveError {
    const UNREACHED: &[&str] = &[
        "no such host",
        "dial tcp",
        "i/o timeout",
        "ENOTFOUND",
        "EAI_AGAIN",
        "ECONNREFUSED",
        "ECONNRESET",
        "ETIMEDOUT",
        "EHOSTUNREACH",
        "Could not resolve",
        "Couldn't connect",
        "Failed to connect",
        "Timeout was reached",
        "Connection refused",
        "spurious network error",
    ];
    let mut text = String::from_utf8_lossy(&printed.err).into_owned();
    text.push_str(&String::from_utf8_lossy(&printed.out));
    let start = text.len().saturating_sub(SHOWN_MAX);
    let start = (start..=text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len());
    let is_passing = UNREACHED.iter().any(|words| text.contains(words));
    let why = format!("{tool} failed: {}", clean_line(telling(&text), 100));
    ResolveError::Failed { why, output: Untrusted::new(&text[start..]), is_passing }
}

/// The line that tells most.
fn telling(text: &str) -> &str {
    let news = ["go: downloading", "go: upgraded", "go: downgraded", "go: added", "npm error A complete log"];
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let is_error = |line: &&str| {
        ["error", "npm error", "npm ERR!", "go:"].iter().any(|start| line.starts_with(start))
            && !news.iter().any(|start| line.starts_with(start))
    };
    lines().find(is_error).or_else(|| lines().next_back()).unwrap_or("it printed nothing")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_never_asks_hosts_directly() {
        for (given, kept) in [
            (None, GO_PROXY),
            (Some("direct"), GO_PROXY),
            (Some("https://a.example|https://b.example,direct"), "https://a.example|https://b.example"),
            (Some("direct,off"), "off"),
            (Some(""), GO_PROXY),
        ] {
            assert_eq!(without_direct(given.map(OsString::from)), kept);
        }
    }

    #[test]
    fn little_of_the_environment_is_handed_on() {
        let all = |name: &str| Some(OsString::from(format!("/{name}")));
        let caller = Caller::new(Path::new("/cache"), all);
        for (key, _) in caller.cargo.iter().chain(&caller.go).chain(&caller.npm) {
            let key = key.to_string_lossy().to_ascii_lowercase();
            assert!(
                !["token", "auth_token", "netrc", "node_options", "goflags_", "git_"].iter().any(|w| key.contains(w))
            );
        }
        let paths = Caller::new(Path::new("/c"), |name| (name == "PATH").then(|| ":.:bin:/usr/bin".into()));
        assert!(paths.cargo.contains(&("PATH".into(), "/usr/bin".into())));
    }
}
