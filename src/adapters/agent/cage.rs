//! What an agent is kept in.

use super::Agent;
use super::room::Room;
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// Who an agent is while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sandbox {
    /// In bubblewrap: namespaces of its own, the network shared.
    Bubblewrap,
    /// Another user and group, by number; only root can do that.
    User(u32, u32),
    /// The bot's own user: it can read what the bot can.
    None,
}

/// What no agent may have more of: processes of one user, bytes of one file, core dumps. CPU seconds are bounded by its deadline.
const LIMITS: &[(&str, u64)] = &[("--nproc", 1_024), ("--fsize", 1 << 30), ("--core", 0)];

/// All of its own but the network.
const NAMESPACES: [&str; 5] =
    ["--unshare-user-try", "--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try"];

/// Memory that processes may share by files, in bytes.
const SHARED_MAX: &str = "268435456";

/// Parts of the system that programs need.
const SYSTEM: &[&str] = &[
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/opt",
    "/nix",
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/group",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/etc/pki/ca-trust/extracted",
    "/etc/pki/tls/cert.pem",
    "/etc/pki/tls/certs",
    "/etc/protocols",
    "/etc/resolv.conf",
    "/etc/services",
    "/etc/ssl/cert.pem",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/run/systemd/resolve",
];

/// Whether this sandbox works here: the reason in a sentence where it does not.
///
/// # Errors
/// The sentence.
pub fn check(sandbox: Sandbox, path: Option<&OsStr>) -> Result<(), String> {
    let has = |program: &str| found(program, path);
    match sandbox {
        _ if !has("prlimit") => Err("agents need prlimit, of util-linux".into()),
        Sandbox::Bubblewrap if !has("bwrap") => {
            Err("agents need bubblewrap (bwrap): install it, or set sandbox = \"user\"".into())
        }
        Sandbox::Bubblewrap => tried(path),
        Sandbox::User(..) if !rustix::process::geteuid().is_root() => {
            Err("sandbox = \"user\" needs root; use \"bubblewrap\"".into())
        }
        _ => Ok(()),
    }
}

/// Kernels and containers may forbid what it needs.
fn tried(path: Option<&OsStr>) -> Result<(), String> {
    let mut bwrap = std::process::Command::new("bwrap");
    bwrap.env_clear().envs(path.map(|path| ("PATH", path))).args(NAMESPACES).args([
        "--ro-bind",
        "/",
        "/",
        "--",
        "true",
    ]);
    let output = bwrap.output().map_err(|why| format!("bubblewrap cannot be started: {why}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = crate::domain::text::clean_line(said.lines().next().unwrap_or_default(), 200);
    Err(format!("bubblewrap does not work here ({said}): allow user namespaces, or set sandbox = \"user\""))
}

fn found(program: &str, path: Option<&OsStr>) -> bool {
    which::which_in_global(program, path).is_ok_and(|mut programs| programs.next().is_some())
}

/// The program that is started, with its arguments: the agent's command in its cage.
pub(super) fn caged(agent: &Agent, room: &Room, command: &[String]) -> Vec<OsString> {
    let mut all: Vec<OsString> = vec!["prlimit".into()];
    all.extend(LIMITS.iter().map(|(name, most)| format!("{name}={most}").into()));
    all.push("--".into());
    if agent.sandbox == Sandbox::Bubblewrap {
        all.push("bwrap".into());
        all.extend(NAMESPACES.iter().map(OsString::from));
        all.extend(["--die-with-parent", "--new-session", "--cap-drop", "ALL"].iter().map(OsString::from));
        for part in SYSTEM {
            all.extend(["--ro-bind-try".into(), OsString::from(part), OsString::from(part)]);
        }
        all.extend(
            ["--proc", "/proc", "--dev", "/dev", "--size", SHARED_MAX, "--tmpfs", "/dev/shm"]
                .iter()
                .map(OsString::from),
        );
        all.extend([OsString::from("--bind"), room.scratch().into(), "/tmp".into()]);
        for dir in &agent.readable {
            all.extend([OsString::from("--ro-bind"), dir.into(), dir.into()]);
        }
        for dir in [room.repository(), &room.home(), &room.scratch()] {
            all.extend([OsString::from("--bind"), dir.into(), dir.into()]);
        }
        all.extend([OsString::from("--chdir"), room.repository().into(), "--".into()]);
    }
    all.extend(command.iter().map(OsString::from));
    all
}

/// The arguments of the agent, for this model.
pub(super) fn command(agent: &Agent, model: &str) -> Vec<String> {
    agent.command.iter().map(|word| word.replace("{model}", model)).collect()
}

/// What an agent of another user has to own.
pub(super) fn give(sandbox: Sandbox, room: &Path) -> std::io::Result<()> {
    let Sandbox::User(user, group) = sandbox else { return Ok(()) };
    own(room, user, group)
}

fn own(path: &Path, user: u32, group: u32) -> std::io::Result<()> {
    std::os::unix::fs::lchown(path, Some(user), Some(group))?;
    if std::fs::symlink_metadata(path)?.is_dir() {
        for entry in std::fs::read_dir(path)? {
            own(&entry?.path(), user, group)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::time::Duration;

    #[test]
    fn the_model_is_an_argument_and_never_a_word_of_a_shell() {
        let agent = Agent {
            command: vec!["claude".into(), "--model={model}".into()],
            environment: Vec::new(),
            readable: Vec::new(),
            models: BTreeMap::new(),
            sandbox: Sandbox::None,
            deadline: Duration::from_secs(1),
        };
        assert_eq!(command(&agent, "a b; rm -rf /"), ["claude", "--model=a b; rm -rf /"]);
    }

    #[test]
    fn a_sandbox_that_is_missing_is_told() {
        let empty = tempfile::tempdir().unwrap();
        let why = check(Sandbox::Bubblewrap, Some(empty.path().as_os_str())).unwrap_err();
        assert!(why.contains("prlimit"), "{why}");
        let prlimit = empty.path().join("prlimit");
        std::fs::write(&prlimit, "").unwrap();
        assert!(check(Sandbox::None, Some(empty.path().as_os_str())).is_err(), "it cannot be run");
        std::fs::set_permissions(&prlimit, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let why = check(Sandbox::Bubblewrap, Some(empty.path().as_os_str())).unwrap_err();
        assert!(why.contains("bubblewrap"), "{why}");
        assert_eq!(check(Sandbox::None, Some(empty.path().as_os_str())), Ok(()));
    }
}
