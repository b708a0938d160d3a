//! The bodies of the fuzz targets on their seeds and on drawn changes of them: a short look that every test run has time
//! for. `CI_RESCUE_FUZZ` says how many changes are drawn for each.

#[path = "../fuzz/bodies/mod.rs"]
#[macro_use]
mod bodies;

use fastrand::Rng;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

type Body = fn(&[u8]);

/// Changes that are drawn where nothing else is said.
const ROUNDS: u64 = 300;
/// Longer inputs are cut, in bytes: libFuzzer's own limit where nothing else is said.
const BYTES_MAX: usize = 4_096;
/// Of a piece that is taken out, doubled or put elsewhere, in bytes.
const PIECE_MAX: usize = 64;
/// Changes of one input.
const CHANGES_MAX: usize = 4;

/// What means something to some reader.
const TOKENS: &[&str] = &[
    "\0",
    "\u{202e}",
    "\u{200b}",
    "\u{feff}",
    "é",
    "\u{1f600}",
    "\r\n",
    "\r",
    "\n",
    "\n\n",
    "\t",
    " ",
    "  ",
    "\"",
    "'",
    "`",
    "```",
    "~~~",
    "\\",
    "\\n",
    "\\u0000",
    "\\ud800",
    "/",
    "//",
    "/*",
    "*/",
    "#",
    "# ",
    "<!--",
    "-->",
    "<!",
    "<![CDATA[",
    "<",
    ">",
    "&amp;",
    "&lt;!",
    "@everyone",
    "@here",
    "<@1>",
    "|",
    "||",
    "{{",
    "}}",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    ",",
    ":",
    ": ",
    ";",
    "=",
    "-",
    "--",
    "- ",
    "..",
    "../",
    "%2e",
    "%00",
    "*",
    "**",
    "$(id)",
    "${x}",
    "null",
    "true",
    "-1",
    "0",
    "1e999",
    "18446744073709551616",
    "9999-12-31T23:59:60Z",
];

/// The same once more, by far too much of it.
static RUNS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let runs =
        [("a", 3_000), ("[", 400), ("(", 400), ("{\"a\":", 300), ("<a>", 300), ("- ", 300), ("=", 300), ("1.", 600)];
    runs.iter().map(|(piece, times)| piece.repeat(*times).into_bytes()).collect()
});

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz")
}

/// The names of what is in a folder of `tests/fuzz`, and where it is, in order.
fn entries(folder: &str) -> Vec<(String, PathBuf)> {
    let read = fs::read_dir(root().join(folder)).unwrap_or_else(|why| panic!("{folder}: {why}"));
    let mut all: Vec<PathBuf> = read.flatten().map(|entry| entry.path()).collect();
    all.sort();
    let name = |path: PathBuf| (path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), path);
    all.into_iter().map(name).collect()
}

fn seeds(name: &str) -> Vec<Vec<u8>> {
    entries(&format!("corpus/{name}")).into_iter().map(|(_, path)| fs::read(path).unwrap()).collect()
}

/// A piece of some seed, or a token.
fn drawn(rng: &mut Rng, seeds: &[Vec<u8>]) -> Vec<u8> {
    match rng.u8(..8) {
        0 => RUNS[rng.usize(..RUNS.len())].clone(),
        1 | 2 => {
            let seed = &seeds[rng.usize(..seeds.len())];
            let at = rng.usize(..=seed.len());
            seed[at..(at + rng.usize(..=PIECE_MAX)).min(seed.len())].to_vec()
        }
        _ => TOKENS[rng.usize(..TOKENS.len())].as_bytes().to_vec(),
    }
}

fn change(rng: &mut Rng, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
    let at = rng.usize(..=bytes.len());
    let end = (at + rng.usize(..=PIECE_MAX)).min(bytes.len());
    match rng.u8(..6) {
        0 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << rng.u8(..8);
            }
        }
        1 => drop(bytes.drain(at..end)),
        2 => {
            let piece = bytes[at..end].to_vec();
            drop(bytes.splice(at..at, piece));
        }
        3 => drop(bytes.splice(at..end, drawn(rng, seeds))),
        4 => {
            let other = &seeds[rng.usize(..seeds.len())];
            let from = rng.usize(..=other.len());
            drop(bytes.splice(at.., other[from..].iter().copied()));
        }
        _ => drop(bytes.splice(at..at, drawn(rng, seeds))),
    }
}

/// The same for the same body and round, on every machine.
fn mutated(name: &str, round: u64, seeds: &[Vec<u8>]) -> Vec<u8> {
    let name = name.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let mut rng = Rng::with_seed(name ^ round);
    let mut bytes = seeds[rng.usize(..seeds.len())].clone();
    for _ in 0..rng.usize(1..=CHANGES_MAX) {
        change(&mut rng, &mut bytes, seeds);
    }
    bytes.truncate(BYTES_MAX);
    bytes
}

/// Shows the input that a body did not survive.
struct Shown<'a> {
    name: &'a str,
    from: String,
    input: &'a [u8],
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}, {}: b\"{}\"", self.name, self.from, self.input.escape_ascii());
        }
    }
}

fn run(name: &str, body: Body) {
    let seeds = seeds(name);
    let tried = |from: String, input: &[u8]| {
        let _shown = Shown { name, from, input };
        body(input);
    };
    for (at, seed) in seeds.iter().enumerate() {
        tried(format!("seed {at}"), seed);
    }
    let rounds = std::env::var("CI_RESCUE_FUZZ").ok().and_then(|text| text.parse().ok()).unwrap_or(ROUNDS);
    for round in 0..rounds {
        tried(format!("round {round}"), &mutated(name, round, &seeds));
    }
}

macro_rules! tested {
    ($($name:ident),* $(,)?) => {
        const BODIES: &[(&str, Body)] = &[$((stringify!($name), bodies::$name)),*];

        mod each {
            $(#[test]
            fn $name() {
                super::run(stringify!($name), super::bodies::$name);
            })*
        }
    };
}

each_body!(tested);

#[test]
fn every_body_has_seeds() {
    const SEEDS_MIN: usize = 3;
    let names: BTreeSet<String> = BODIES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(entries("corpus").into_iter().map(|(name, _)| name).collect::<BTreeSet<_>>(), names);
    for name in names {
        assert!(seeds(&name).len() >= SEEDS_MIN, "{name} has too few seeds");
    }
}
