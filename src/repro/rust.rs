//! Rust: cargo test.

use super::manifest::{toml_entries, toml_text};
use super::preamble::Helper;
use super::recipe::Recipe;
use super::version::{self, Found};
use super::writer::Packages;

/// Crates that are linked with a library of the system.
const LIBRARIES: [(&str, &str, Packages); 4] = [
    (
        "openssl-sys",
        "pkg-config --exists openssl",
        Packages {
            apt: "pkg-config libssl-dev",
            dnf: "pkgconf openssl-devel",
            apk: "pkgconf openssl-dev",
            brew: "pkg-config openssl@3",
        },
    ),
    (
        "prost-build",
        "have protoc",
        Packages { apt: "protobuf-compiler", dnf: "protobuf-compiler", apk: "protoc protobuf-dev", brew: "protobuf" },
    ),
    (
        "bindgen",
        "have clang",
        Packages { apt: "clang libclang-dev", dnf: "clang-devel", apk: "clang-dev", brew: "llvm" },
    ),
    (
        "libdbus-sys",
        "pkg-config --exists dbus-1",
        Packages { apt: "pkg-config libdbus-1-dev", dnf: "pkgconf dbus-devel", apk: "pkgconf dbus-dev", brew: "dbus" },
    ),
];

const RUSTUP: &str = r#"if ! have rustup; then
  say 'rustup from rust-lang.org, because it installs the right toolchain'
  download https://sh.rustup.rs "$tools/rustup.sh"
  sh "$tools/rustup.sh" -y -q --profile minimal --default-toolchain none --no-modify-path
fi
rustup run "$RUSTUP_TOOLCHAIN" cargo --version >/dev/null 2>&1 ||
  rustup toolchain install --profile minimal "$RUSTUP_TOOLCHAIN""#;

/// Writes the part of the script for Rust.
pub(super) fn write(recipe: &mut Recipe) {
    recipe.choose_directory(&|name| name == "Cargo.toml");
    recipe.enter();
    recipe.writer.need(
        "cc",
        "Rust links with it",
        Packages { apt: "gcc libc6-dev make", dnf: "gcc make", apk: "gcc musl-dev make", brew: "gcc" },
    );
    libraries(recipe);
    toolchain(recipe);
    let locked = recipe.repository.upwards(&recipe.directory, &["Cargo.lock"]).is_some();
    if locked {
        recipe.writer.say("Crates from Cargo.lock, to match the job");
        recipe.writer.lines("cargo fetch -q --locked");
    } else {
        recipe.writer.say("Newest matching crates, because there is no Cargo.lock");
        recipe.writer.lines("cargo fetch -q");
    }
    if !recipe.run_command() {
        tests(recipe, locked);
    }
}

fn libraries(recipe: &mut Recipe) {
    let lock =
        recipe.repository.text_upwards(&recipe.directory, "Cargo.lock").map(|(_, text)| text).unwrap_or_default();
    for (name, test, packages) in LIBRARIES {
        if lock.contains(&format!("name = \"{name}\"")) {
            recipe.writer.need_unless(test, &format!("A system library, because {name} needs it"), packages);
        }
    }
}

fn toolchain(recipe: &mut Recipe) {
    let keys = ["toolchain", "rust", "rust-version", "rust-toolchain", "channel"];
    let found = version::from_matrix(&recipe.wanted.matrix, &keys).or_else(|| from_files(recipe));
    let writer = &mut recipe.writer;
    writer.uses(Helper::Download);
    writer.lines("export PATH=\"${CARGO_HOME:-$HOME/.cargo}/bin:$PATH\"");
    if let Some(found) = found {
        writer.say(&format!("Rust {}, because {}", found.value, found.because));
        let channel = writer.quoted(&found.value);
        writer.lines(&format!("export RUSTUP_TOOLCHAIN={channel}\n{RUSTUP}"));
    } else {
        writer.say("Installed or stable Rust, because the repository specifies no toolchain");
        let indented = RUSTUP.replace('\n', "\n  ");
        writer.lines(&format!(
            "if ! cargo --version >/dev/null 2>&1; then\n  export RUSTUP_TOOLCHAIN=stable\n  {indented}\nfi"
        ));
    }
    components(recipe);
}

/// The channel that `rust-toolchain.toml` or `rust-toolchain` names.
fn from_files(recipe: &Recipe) -> Option<Found> {
    ["rust-toolchain.toml", "rust-toolchain"].into_iter().find_map(|name| {
        let (path, text) = recipe.repository.text_upwards(&recipe.directory, name)?;
        let plain = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
        Found::new(toml_text(text, "toolchain", "channel").or(plain)?, &path)
    })
}

/// Clippy and rustfmt are no part of the minimal profile.
fn components(recipe: &mut Recipe) {
    let command = recipe.wanted.command.as_deref().unwrap_or_default();
    for (word, component) in [("clippy", "clippy"), ("fmt", "rustfmt")] {
        if command.starts_with("cargo") && command.contains(word) {
            recipe.writer.say(&format!("{component}, because the failing command needs it"));
            recipe.writer.lines(&format!("cargo {word} --version >/dev/null 2>&1 || rustup component add {component}"));
        }
    }
}

fn tests(recipe: &mut Recipe, locked: bool) {
    let manifest = recipe.repository.text(&recipe.directory, "Cargo.toml").unwrap_or_default();
    let is_workspace = manifest.contains("[workspace]") || toml_entries(manifest, "workspace").next().is_some();
    let mut program = "cargo test".to_owned();
    for (flag, wanted) in [(" --workspace", is_workspace), (" --locked", locked), (" --no-fail-fast", true)] {
        if wanted {
            program.push_str(flag);
        }
    }
    let names: Vec<String> = recipe.tests().into_iter().filter_map(|test| test.name).collect();
    // Documentation tests are named `src/lib.rs - name (line 3)` and run on their own.
    let (documentation, plain): (Vec<_>, Vec<_>) = names.into_iter().partition(|name| name.contains(" (line "));
    for (flag, names) in [("", &plain), (" --doc", &documentation)] {
        if names.is_empty() && !(flag.is_empty() && documentation.is_empty()) {
            continue;
        }
        let words: Vec<String> = names.iter().map(|name| recipe.writer.operand(name)).collect();
        let filter = if words.is_empty() { String::new() } else { format!(" -- --exact {}", words.join(" ")) };
        recipe.run(&format!("{program}{flag}{filter}"));
    }
}
