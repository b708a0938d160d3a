//! Deadlines, output and what a tool gets to see, with tools of our own.

use std::time::Duration;

use super::moves::{CARGO_LOCK, CARGO_PART, CARGO_ROOT, NPM_LOCK};
use super::world::World;
use ci_rescue::adapters::resolver::{Request, ResolveError};

fn cargo(world: &World) -> Request {
    let files = [
        ("Cargo.toml", CARGO_ROOT),
        ("Cargo.lock", CARGO_LOCK),
        ("crates/core-part/Cargo.toml", CARGO_PART),
        ("build.rs", "fn main() {}"),
        (".cargo/config.toml", ""),
    ];
    world.request("cargo", "itoa", "1.0.9", &files)
}

#[tokio::test]
async fn the_whole_group_is_killed_in_the_end() {
    let world = World::new();
    world.tool("cargo", "(sleep 3; touch @CANARY@) & \n (sleep 3; touch @CANARY@) & wait");
    let began = tokio::time::Instant::now();
    let answer = world.resolver().with_deadline(Duration::from_millis(500)).resolve(cargo(&world)).await;
    assert!(matches!(&answer, Err(ResolveError::Failed { is_passing: true, .. })), "{answer:?}");
    assert!(began.elapsed() < Duration::from_millis(2500));
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert!(!world.canary().exists() && world.no_room_is_left());
}

#[tokio::test]
async fn a_caller_who_gives_up_leaves_nothing_running() {
    let world = World::new();
    world.tool("cargo", "sleep 2; touch @CANARY@");
    let resolver = world.resolver();
    let answer = tokio::time::timeout(Duration::from_millis(300), resolver.resolve(cargo(&world))).await;
    assert!(answer.is_err());
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(!world.canary().exists());
}

#[tokio::test]
async fn much_output_is_cut_and_endless_output_ends() {
    let world = World::new();
    world.tool("cargo", "echo 'error: first words' >&2; head -c 5000000 /dev/zero | tr '\\0' x; echo last; exit 1");
    let answer = world.resolver().resolve(cargo(&world)).await;
    let Err(ResolveError::Failed { why, output, is_passing: false }) = answer else { panic!("{answer:?}") };
    assert!(why.len() < 300 && output.raw().len() <= 64 << 10, "{why}");
    assert!(why.contains("first words") && output.raw().ends_with("last\n"), "{why}");
    world.tool("cargo", "exec yes");
    let answer = world.resolver().with_deadline(Duration::from_secs(1)).resolve(cargo(&world)).await;
    assert!(matches!(&answer, Err(ResolveError::Failed { is_passing: true, .. })), "{answer:?}");
}

#[tokio::test]
async fn a_tool_sees_manifests_alone_and_no_secrets() {
    let world = World::new();
    world.tool("cargo", "find . -type f; env; exit 1");
    let answer = world.resolver().resolve(cargo(&world)).await;
    let Err(ResolveError::Failed { output, .. }) = answer else { panic!("{answer:?}") };
    let printed = output.raw();
    let mut files: Vec<&str> = printed.lines().filter(|line| line.starts_with("./")).collect();
    files.sort_unstable();
    assert_eq!(files, ["./Cargo.lock", "./Cargo.toml", "./crates/core-part/Cargo.toml"]);
    let mut names: Vec<&str> = printed.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    names.retain(|name| !["PWD", "OLDPWD", "SHLVL", "_"].contains(name));
    let may = |name: &str| {
        let ours = ["PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "CI", "NO_COLOR"];
        let starts = ["CARGO_", "RUSTUP_", "SSL_CERT_", "npm_config_"];
        ours.contains(&name)
            || starts.iter().any(|start| name.starts_with(start)) && !name.contains("TOKEN")
            || name.to_ascii_lowercase().ends_with("_proxy")
    };
    assert!(names.iter().all(|name| may(name)), "{names:?}");
    assert!(printed.contains("CARGO_HOME=") && !printed.contains("HOME=/root\n"), "{printed}");
}

#[tokio::test]
async fn npm_sees_scripts_nowhere() {
    let world = World::new();
    world.tool("npm", "cat package.json; echo; find . -type f; exit 1");
    let manifest =
        r#"{"scripts":{"install":"touch x","test":"x"},"packageManager":"yarn@1","devDependencies":{"ms":"2.1.1"}}"#;
    let files = [("package.json", manifest), ("package-lock.json", NPM_LOCK), (".npmrc", "x"), ("a/package.json", "{")];
    let answer = world.resolver().resolve(world.request("npm", "ms", "2.1.1", &files)).await;
    let Err(ResolveError::Failed { output, .. }) = answer else { panic!("{answer:?}") };
    let printed = output.raw();
    let seen: String = printed.split("\n\n").next().unwrap_or_default().split_whitespace().collect();
    assert_eq!(seen, r#"{"devDependencies":{"ms":"2.1.1"},"scripts":{"install":"true"}}"#, "{printed}");
    assert_eq!(printed.lines().filter(|line| line.starts_with("./")).count(), 2, "{printed}");
}

#[tokio::test]
async fn what_a_tool_leaves_is_not_trusted() {
    let world = World::new();
    for (script, words) in [
        ("rm Cargo.lock; ln -s /etc/passwd Cargo.lock", "as a regular file"),
        ("rm Cargo.lock", "removed the lock file"),
        ("truncate -s 20M Cargo.lock", "as a regular file"),
        ("true", "did not move"),
    ] {
        world.tool("cargo", script);
        let answer = world.resolver().resolve(cargo(&world)).await;
        assert!(
            matches!(&answer, Err(ResolveError::Failed { why, .. }) if why.contains(words)),
            "{script}: {answer:?}"
        );
    }
    world.tool("cargo", "sed -i s/1.0.11/1.0.9/ Cargo.lock; echo evil > Cargo.toml; echo x > .npmrc");
    let found = world.resolver().resolve(cargo(&world)).await.unwrap();
    assert_eq!(found.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["Cargo.lock"]);
}

#[tokio::test]
async fn a_missing_tool_is_named() {
    let world = World::new();
    let answer = world.resolver_with(false).resolve(cargo(&world)).await;
    assert_eq!(answer, Err(ResolveError::Missing("cargo")));
}
