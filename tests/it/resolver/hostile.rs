//! Repositories that want to run something: nothing runs, whatever else comes of it.

use std::fs;
use std::process::Command;

use super::moves::{CARGO_LOCK, CARGO_PART, CARGO_ROOT, NPM_LOCK};
use super::world::{World, is_installed, reached};
use ci_rescue::adapters::resolver::ResolveError;

/// Files that other tools would run or obey, in every case beside the manifests.
const BAIT: &[(&str, &str)] = &[
    (
        ".npmrc",
        "ignore-scripts=false\nscript-shell=/bin/sh\nregistry=http://127.0.0.1:9/\ngit=@CANARY@.sh\nnode-options=--require ./evil.js\n",
    ),
    (".yarnrc.yml", "yarnPath: ./evil.js\nplugins:\n  - ./evil.js\n"),
    (".yarnrc", "yarn-path \"./evil.js\"\n"),
    (".pnpmfile.cjs", "require('fs').writeFileSync('@CANARY@', '')\n"),
    ("evil.js", "require('fs').writeFileSync('@CANARY@', '')\n"),
    ("node_modules/ms/package.json", "{\"name\":\"ms\",\"scripts\":{\"install\":\"touch @CANARY@\"}}"),
    ("setup.py", "open('@CANARY@', 'w')\n"),
    ("Gemfile", "File.write('@CANARY@', '')\n"),
    ("build.gradle", "new File('@CANARY@').createNewFile()\n"),
    ("settings.gradle.kts", "java.io.File(\"@CANARY@\").createNewFile()\n"),
    ("build.rs", "fn main() { std::fs::write(\"@CANARY@\", \"\").unwrap(); }\n"),
    ("crates/core-part/build.rs", "fn main() { std::fs::write(\"@CANARY@\", \"\").unwrap(); }\n"),
    (
        ".cargo/config.toml",
        "[build]\nrustc = \"@CANARY@.sh\"\nrustc-wrapper = \"@CANARY@.sh\"\n[alias]\nupdate = \"!@CANARY@.sh\"\n[registry]\nglobal-credential-providers = [\"@CANARY@.sh\"]\n[source.crates-io]\nreplace-with = \"x\"\n[source.x]\nregistry = \"sparse+http://127.0.0.1:9/\"\n[net]\ngit-fetch-with-cli = true\n",
    ),
    ("rust-toolchain.toml", "[toolchain]\npath = \"./evil-toolchain\"\n"),
    ("rust-toolchain", "nightly-2020-01-01\n"),
    ("go.work", "go 1.18\nuse ./evil\n"),
    (
        "main.go",
        "package main\n//go:generate touch @CANARY@\n// #cgo LDFLAGS: -fplugin=./evil.so\nimport \"C\"\nfunc main() {}\n",
    ),
    ("vendor/example.com/lib/go.mod", "module example.com/lib\n"),
    ("Makefile", "all:\n\ttouch @CANARY@\n"),
];

/// What may come of a case besides that nothing runs.
#[derive(Clone, Copy)]
enum Want {
    Moved,
    Refused(&'static str),
    /// Whatever this version of the tool makes of it.
    Any,
}
use Want::{Any, Moved, Refused};

type Case<'a> = (&'a str, &'a str, &'a str, &'a str, Vec<(&'a str, &'a str)>, Want);

async fn check((name, ecosystem, package, version, files, want): Case<'_>) {
    if !is_installed(ecosystem) {
        return;
    }
    let world = World::new();
    world.modules();
    // What bait names as a program is one, and would leave the canary.
    let script = world.dir().join("canary.sh");
    fs::write(&script, world.filled("#!/bin/sh\ntouch @CANARY@\n")).unwrap();
    fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let files: Vec<_> = files.into_iter().chain(BAIT.iter().copied()).collect();
    let answer = world.resolver().resolve(world.request(ecosystem, package, version, &files)).await;
    assert!(!world.canary().exists(), "{name}: something ran: {answer:?}");
    assert!(world.no_room_is_left(), "{name}: a room is left");
    let Some(answer) = reached(answer) else { return };
    match want {
        Moved => {
            let found = answer.unwrap_or_else(|why| panic!("{name}: {why:?}"));
            let is_lock =
                |path: &str| ["Cargo.lock", "package-lock.json", "go.mod"].iter().any(|lock| path.ends_with(lock));
            assert!(found.iter().any(|file| is_lock(&file.path) && file.text.contains(version)), "{name}: {found:?}");
            assert!(found.iter().all(|file| !file.text.contains("127.0.0.1:9")), "{name}: {found:?}");
        }
        Refused(words) => {
            assert!(matches!(&answer, Err(ResolveError::Refused(why)) if why.contains(words)), "{name}: {answer:?}");
        }
        Any => {}
    }
}

#[tokio::test]
async fn threat_119_npm_runs_nothing_of_a_repository() {
    let scripts = r#"{"name":"app","version":"1.0.0","packageManager":"yarn@4.1.0+sha224.x",
        "devEngines":{"packageManager":{"name":"yarn","onFail":"error"},"runtime":{"name":"deno","onFail":"download"}},
        "scripts":{"preinstall":"touch @CANARY@","install":"touch @CANARY@","postinstall":"touch @CANARY@",
        "prepare":"touch @CANARY@","prepublish":"touch @CANARY@","dependencies":"touch @CANARY@","preprepare":"touch @CANARY@"},
        "config":{"git":"@CANARY@.sh"},"engines":{"node":">=99"},
        "dependencies":{"debug":"^4.3.0"},"devDependencies":{"ms":"~2.1.0"}}"#;
    let lock = ("package-lock.json", NPM_LOCK);
    let workspaces = r#"{"name":"app","version":"1.0.0","workspaces":["w/*"],"dependencies":{"debug":"^4.3.0"}}"#;
    let workspace = r#"{"name":"w1","version":"1.0.0","scripts":{"install":"touch @CANARY@","prepare":"touch @CANARY@"},"gypfile":true,"dependencies":{"ms":"~2.1.0"}}"#;
    let with = |spec: &str| format!(r#"{{"name":"app","dependencies":{{"ms":"~2.1.0","evil":"{spec}"}}}}"#);
    let (git, tarball, folder, short) = (
        with("git+file://@CANARY@/evil.git"),
        with("https://127.0.0.1:9/evil.tgz"),
        with("file:../../../evil"),
        with("evil/evil#semver:^1"),
    );
    let local = with("file:evil");
    let evil = r#"{"name":"evil","version":"1.0.0","scripts":{"prepare":"touch @CANARY@","install":"touch @CANARY@"}}"#;
    let redirected = NPM_LOCK.replace("registry.npmjs.org/ms", "127.0.0.1:9/ms");
    let git_lock =
        NPM_LOCK.replace("https://registry.npmjs.org/ms/-/ms-2.1.2.tgz", "git+ssh://git@127.0.0.1/ms.git#abc");
    let overrides =
        r#"{"name":"app","dependencies":{"ms":"~2.1.0"},"overrides":{"debug":{"ms":"git+https://127.0.0.1:9/x.git"}}}"#;
    for case in [
        ("scripts", "npm", "ms", "2.1.1", vec![("package.json", scripts), lock], Moved),
        (
            "workspaces",
            "npm",
            "ms",
            "2.1.1",
            vec![("package.json", workspaces), ("w/1/package.json", workspace), lock],
            Moved,
        ),
        (
            "a folder with scripts",
            "npm",
            "ms",
            "2.1.1",
            vec![("package.json", &local), ("evil/package.json", evil), lock],
            Moved,
        ),
        ("git", "npm", "ms", "2.1.1", vec![("package.json", git.as_str()), lock], Refused("from outside")),
        ("tarball", "npm", "ms", "2.1.1", vec![("package.json", tarball.as_str()), lock], Refused("from outside")),
        (
            "folder outside",
            "npm",
            "ms",
            "2.1.1",
            vec![("package.json", folder.as_str()), lock],
            Refused("from outside"),
        ),
        ("short for git", "npm", "ms", "2.1.1", vec![("package.json", short.as_str()), lock], Refused("from outside")),
        ("override", "npm", "ms", "2.1.1", vec![("package.json", overrides), lock], Refused("from outside")),
        (
            "lock elsewhere",
            "npm",
            "ms",
            "2.1.1",
            vec![("package.json", scripts), ("package-lock.json", &redirected)],
            Refused("from outside"),
        ),
        (
            "lock with git",
            "npm",
            "ms",
            "2.1.1",
            vec![("package.json", scripts), ("package-lock.json", &git_lock)],
            Refused("from outside"),
        ),
        (
            "an option as name",
            "npm",
            "--scripts-prepend",
            "2.1.1",
            vec![("package.json", scripts), lock],
            Refused("not a package name"),
        ),
        (
            "an address as version",
            "npm",
            "ms",
            "git+https://x/1",
            vec![("package.json", scripts), lock],
            Refused("plain version"),
        ),
    ] {
        check(case).await;
    }
}

#[tokio::test]
async fn threat_119_cargo_runs_nothing_of_a_repository() {
    let lock = ("Cargo.lock", CARGO_LOCK);
    let part = ("crates/core-part/Cargo.toml", CARGO_PART);
    let root = CARGO_ROOT.replace(
        "edition = \"2021\"\n",
        "edition = \"2021\"\nbuild = \"build.rs\"\nlinks = \"z\"\ndefault-run = \"x\"\n[package.metadata.x]\nrun = \"touch @CANARY@\"\n\
         [profile.release]\nlto = true\n[[test]]\nname = \"t\"\npath = \"/nowhere.rs\"\n",
    );
    let git = CARGO_ROOT.replace("itoa = \"1\"", "itoa = { git = \"file://@CANARY@/x.git\" }");
    let patch = format!("{CARGO_ROOT}\n[patch.crates-io]\nitoa = {{ path = \"crates/core-part\" }}\n");
    let registry = CARGO_ROOT
        .replace("itoa = \"1\"", "itoa = { version = \"1\", registry-index = \"sparse+http://127.0.0.1:9/\" }");
    let outside = CARGO_ROOT.replace("crates/core-part\"", "../../../core-part\"");
    let nightly = format!("cargo-features = [\"script\"]\n{CARGO_ROOT}");
    let git_lock = CARGO_LOCK.replacen(
        "registry+https://github.com/rust-lang/crates.io-index",
        "git+file://@CANARY@/x.git#abc",
        1,
    );
    for case in [
        ("build scripts", "cargo", "itoa", "1.0.9", vec![("Cargo.toml", root.as_str()), part, lock], Moved),
        ("nightly features", "cargo", "itoa", "1.0.9", vec![("Cargo.toml", nightly.as_str()), part, lock], Moved),
        ("git", "cargo", "itoa", "1.0.9", vec![("Cargo.toml", git.as_str()), part, lock], Refused("from outside")),
        (
            "patch",
            "cargo",
            "itoa",
            "1.0.9",
            vec![("Cargo.toml", patch.as_str()), part, lock],
            Refused("replaces packages"),
        ),
        (
            "registry",
            "cargo",
            "itoa",
            "1.0.9",
            vec![("Cargo.toml", registry.as_str()), part, lock],
            Refused("from outside"),
        ),
        (
            "outside",
            "cargo",
            "itoa",
            "1.0.9",
            vec![("Cargo.toml", outside.as_str()), part, lock],
            Refused("outside the repository"),
        ),
        (
            "lock with git",
            "cargo",
            "itoa",
            "1.0.9",
            vec![("Cargo.toml", CARGO_ROOT), part, ("Cargo.lock", &git_lock)],
            Refused("from outside"),
        ),
        (
            "an option as name",
            "cargo",
            "--config",
            "1.0.9",
            vec![("Cargo.toml", CARGO_ROOT), part, lock],
            Refused("not a package name"),
        ),
        (
            "a way out",
            "cargo",
            "itoa",
            "1.0.9",
            vec![("Cargo.toml", CARGO_ROOT), part, lock, ("../Cargo.toml", "")],
            Refused("not a usable file path"),
        ),
    ] {
        check(case).await;
    }
}

#[tokio::test]
async fn threat_119_go_runs_nothing_of_a_repository() {
    let plain = "module example.com/app\n\ngo 1.18\n\nrequire example.com/lib v1.0.0\n";
    let toolchain = "module example.com/app\n\ngo 1.21\n\ntoolchain go1.99.7\n\nrequire example.com/lib v1.0.0\n";
    let new = "module example.com/app\n\ngo 1.99\n\nrequire example.com/lib v1.0.0\n";
    let outside = format!("{plain}\nreplace example.com/deep => ../../etc\n");
    let quoted = format!("{plain}\nreplace example.com/deep => \"../../etc\"\n");
    // Not in the proxy: `direct` would ask this host, and start a program for version control.
    let elsewhere = format!("{plain}\nrequire 127.0.0.1.example/evil.git v1.0.0\n");
    let tool = "module example.com/app\n\ngo 1.24\n\ntool example.com/lib/cmd\n\nrequire example.com/lib v1.0.0\n";
    for case in [
        ("generators and cgo", "go", "example.com/lib", "v1.1.0", vec![("go.mod", plain)], Moved),
        ("toolchain", "go", "example.com/lib", "v1.1.0", vec![("go.mod", toolchain)], Any),
        ("newer go", "go", "example.com/lib", "v1.1.0", vec![("go.mod", new)], Any),
        ("tool", "go", "example.com/lib", "v1.1.0", vec![("go.mod", tool)], Any),
        (
            "outside",
            "go",
            "example.com/lib",
            "v1.1.0",
            vec![("go.mod", outside.as_str())],
            Refused("replaces a module"),
        ),
        (
            "outside, quoted",
            "go",
            "example.com/lib",
            "v1.1.0",
            vec![("go.mod", quoted.as_str())],
            Refused("replaces a module"),
        ),
        ("elsewhere", "go", "example.com/lib", "v1.1.0", vec![("go.mod", elsewhere.as_str())], Any),
        ("an option as name", "go", "-toolexec=x", "v1.1.0", vec![("go.mod", plain)], Refused("not a package name")),
    ] {
        check(case).await;
    }
}

#[tokio::test]
async fn what_has_no_resolver_is_refused() {
    let world = World::new();
    for ecosystem in ["pip", "bundler", "gradle", "yarn", "pnpm", "../cargo"] {
        let files: Vec<_> = BAIT.to_vec();
        let answer = world.resolver().resolve(world.request(ecosystem, "x", "1.0.0", &files)).await;
        assert!(matches!(&answer, Err(ResolveError::Refused(why)) if why.contains("has no resolver")), "{answer:?}");
    }
    assert!(!world.canary().exists());
}

/// That the bait bites where nobody minds: otherwise the tests above would prove nothing.
#[test]
fn the_bait_bites() {
    let world = World::new();
    let lay = |name: &str, files: &[(&str, &str)]| {
        let dir = world.dir().join(name);
        for file in world.files(files) {
            fs::create_dir_all(dir.join(&file.path).parent().unwrap()).unwrap();
            fs::write(dir.join(&file.path), file.text).unwrap();
        }
        dir
    };
    let ran = |command: &mut Command| {
        let _ = command.output();
        fs::remove_file(world.canary()).is_ok()
    };
    if is_installed("npm") {
        let dir = lay("npm", &[("package.json", r#"{"name":"a","scripts":{"preinstall":"touch @CANARY@"}}"#)]);
        assert!(ran(Command::new("npm").args(["install", "--offline"]).current_dir(dir)));
    }
    if is_installed("cargo") {
        let build = ("build.rs", "fn main() { std::fs::write(\"@CANARY@\", \"\").unwrap(); }\n");
        let manifest = ("Cargo.toml", "[package]\nname = \"a\"\nedition = \"2021\"\n[workspace]\n");
        let dir = lay("cargo", &[manifest, build, ("src/lib.rs", "")]);
        assert!(ran(Command::new("cargo").args(["build", "--offline"]).current_dir(dir)));
    }
    if is_installed("go") {
        let source = ("main.go", "package main\n//go:generate touch @CANARY@\nfunc main() {}\n");
        let dir = lay("go", &[("go.mod", "module example.com/a\n\ngo 1.18\n"), source]);
        assert!(ran(Command::new("go").arg("generate").env("GOFLAGS", "").current_dir(dir)));
    }
}
