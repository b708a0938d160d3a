//! How fast a log is read, as a ratio to `grep` and ripgrep, how much memory a gigabyte takes, and what a second core adds
//! where there are several logs.
//!
//! `cargo bench --bench analyze [-- FILE]`. One thread, but for several logs. Without a file, 100 MB are made of the lines that builds print,
//! the same each time. Each figure is the median of five turns.

#![allow(clippy::disallowed_methods, reason = "a benchmark measures")]

use ci_rescue::evidence::lines::{Splitter, clean};
use ci_rescue::evidence::{Analyzer, is_heard, redact};
use std::fmt::Write as _;
use std::fs::File;
use std::hint::black_box;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

const BYTES: usize = 100_000_000;
const TURNS: usize = 5;
const CHUNK: usize = 256 << 10;

fn main() {
    let given = std::env::args().skip(1).find(|arg| !arg.starts_with("--")).map(PathBuf::from);
    let dir = tempfile::tempdir().expect("a folder");
    let file = given.unwrap_or_else(|| made(dir.path()));
    memory(&file);
    let log = std::fs::read(&file).expect("the log");
    println!("\n{} bytes, {} lines", log.len(), memchr::memchr_iter(b'\n', &log).count());
    stages(&log);
    hostile();
    ratios(&file, log.len());
    several(&log);
}

/// A directory and an archive of eight logs, on one core and on all.
fn several(log: &[u8]) {
    const LOGS: usize = 8;
    let dir = tempfile::tempdir().expect("a folder");
    let (folder, archive) = (dir.path().join("logs"), dir.path().join("run.zip"));
    std::fs::create_dir(&folder).expect("a folder");
    let mut zip = zip::ZipWriter::new(File::create(&archive).expect("an archive"));
    let piece = &log[..log.len().min(BYTES / 4)];
    for n in 0..LOGS {
        std::fs::write(folder.join(format!("{n}_job.txt")), piece).expect("a log");
        zip.start_file(format!("{n}_job.txt"), zip::write::SimpleFileOptions::default()).expect("an entry");
        zip.write_all(piece).expect("an entry");
    }
    zip.finish().expect("an archive");
    let binary = env!("CARGO_BIN_EXE_ci-rescue");
    for (what, path) in [("a directory", &folder), ("an archive", &archive)] {
        let command = format!("'{binary}' analyze --json '{}' > /dev/null", path.display());
        let one = median(|| shell(&format!("taskset -c 0 {command}")));
        let all = median(|| shell(&command));
        say(&format!("{what} of {LOGS} logs"), LOGS * piece.len(), all);
        println!("ratio to one core: {:.2}", one / all);
    }
}

/// Lines that patterns with repetitions could stumble over: twice the length takes twice the time, not four times.
fn hostile() {
    for piece in [
        "a://",
        "error ",
        "token=",
        "eyJa.",
        "at x.py:1 ",
        "Test ",
        "(",
        "a.b > ",
        "Z2hwX",
        "1) ",
        "://@",
        "\u{e9}fail ",
    ] {
        let speed = |bytes: usize| {
            let line = piece.repeat(bytes / piece.len()) + "\n";
            let log = line.repeat(2_000_000 / line.len());
            let seconds = median(|| whole(log.as_bytes()));
            log.len() as f64 / 1e6 / seconds
        };
        let (short, long) = (speed(8_000), speed(16_000));
        println!("lines of {piece:<12?} {short:>7.1} MB/s at 8 kB, {long:>7.1} at 16 kB");
    }
}

/// A gigabyte, in one pass.
fn memory(file: &Path) {
    const GIGABYTE: u64 = 1_000_000_000;
    let mut analyzer = Analyzer::default();
    let mut chunk = vec![0; CHUNK];
    let (mut fed, started) = (0, Instant::now());
    while fed < GIGABYTE {
        let mut source = File::open(file).expect("the log");
        loop {
            let n = source.read(&mut chunk).expect("the log");
            if n == 0 {
                break;
            }
            analyzer.feed(&chunk[..n]);
            fed += n as u64;
        }
    }
    let evidence = analyzer.finish().evidence;
    let peak = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = peak.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("unknown").trim().to_owned();
    println!(
        "{} bytes, {} lines: {:.1} s, peak resident memory {peak}",
        evidence.bytes,
        evidence.lines,
        started.elapsed().as_secs_f64()
    );
}

fn median(mut turn: impl FnMut()) -> f64 {
    let mut all: Vec<f64> = (0..TURNS)
        .map(|_| {
            let started = Instant::now();
            turn();
            started.elapsed().as_secs_f64()
        })
        .collect();
    all.sort_by(f64::total_cmp);
    all[TURNS / 2]
}

fn say(what: &str, bytes: usize, seconds: f64) {
    println!("{what:<44} {:>7.0} MB/s", bytes as f64 / 1e6 / seconds);
}

fn each_line(log: &[u8], each: &mut dyn FnMut(&[u8])) {
    let mut splitter = Splitter::default();
    let mut all = |lines: &[&[u8]]| lines.iter().for_each(|line| each(line));
    log.chunks(CHUNK).for_each(|chunk| splitter.feed(chunk, &mut all));
    splitter.finish(&mut all);
}

/// What each stage takes, with those before it.
fn stages(log: &[u8]) {
    let stage = |what: &str, each: &mut dyn FnMut(&[u8])| {
        say(what, log.len(), median(|| each_line(log, each)));
    };
    stage("lines", &mut |line| {
        black_box(line);
    });
    stage("clean lines", &mut |line| {
        black_box(clean(line));
    });
    stage("clean lines, words heard", &mut |line| {
        black_box(is_heard(&clean(line).text));
    });
    let mut counts = redact::Counts::new();
    stage("clean lines, redacted alone", &mut |line| {
        black_box(redact::text(&clean(line).text, &mut counts));
    });
    say("whole analysis", log.len(), median(|| whole(log)));
}

fn whole(log: &[u8]) {
    let mut analyzer = Analyzer::default();
    log.chunks(CHUNK).for_each(|chunk| analyzer.feed(chunk));
    black_box(analyzer.finish());
}

/// Whole processes beside each other, in turns, so that the machine's mood is the same for all.
fn ratios(file: &Path, bytes: usize) {
    let binary = env!("CARGO_BIN_EXE_ci-rescue");
    let path = file.display();
    let ours = median(|| shell(&format!("'{binary}' analyze --json '{path}' > /dev/null")));
    say("ci-rescue analyze --json", bytes, ours);
    for (name, command) in [
        ("grep", format!("LC_ALL=C grep -anE 'error|fail' '{path}' | cat > /dev/null")),
        ("rg", format!("rg -a -j1 -n 'error|fail' '{path}' | cat > /dev/null")),
    ] {
        let found = Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        if found.is_err() {
            println!("{name} is not installed");
            continue;
        }
        let theirs = median(|| shell(&command));
        say(name, bytes, theirs);
        println!("ratio to {name}: {:.3}", theirs / ours);
    }
}

fn shell(command: &str) {
    assert!(Command::new("sh").args(["-c", command]).status().expect("a shell").success());
}

/// What builds print, mostly quiet, with a few words of woe and a failure at the end.
fn made(dir: &Path) -> PathBuf {
    const LINES: [&str; 16] = [
        "Downloading from central: https://repo.maven.apache.org/maven2/org/acme/lib-{n}/1.{n}/lib-{n}-1.{n}.pom",
        "   Compiling crate-{n} v0.{n}.1 (/home/runner/work/shop/shop/crates/crate-{n})",
        "test store::tests::keeps_order_{n} ... ok",
        "\u{1b}[32m  ✓\u{1b}[39m src/components/Button{n}.test.tsx \u{1b}[2m(4 tests)\u{1b}[22m 12ms",
        "tests/unit/test_orders.py::TestOrders::test_total[{n}-eur] PASSED                 [ 41%]",
        "ok  \tgithub.com/acme/shop/internal/pkg{n}\t0.{n}s",
        "[INFO] Tests run: 12, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 0.{n} s - in com.acme.Shop{n}Test",
        "added 1,{n} packages, and audited 1,{n} packages in 21s",
        "[ {n}%] Building CXX object src/CMakeFiles/shop.dir/orders_{n}.cpp.o",
        "remote: Counting objects: {n}% (12/{n}), done.",
        "> Task :core:compileKotlin{n} UP-TO-DATE",
        "##[group]Run actions/setup-node@v4",
        "##[endgroup]",
        "2026-01-01 12:00:01,{n} DEBUG c.a.s.OrderService - order {n} placed by customer 77 in 12 ms",
        "src/orders/total.ts(14,{n}): warning: 'sum' is deprecated, use 'fold'",
        "npm warn deprecated glob@7.{n}: an error-prone version is no longer supported",
    ];
    let path = dir.join("made.log");
    let mut out = std::io::BufWriter::new(File::create(&path).expect("the log"));
    let (mut written, mut n, mut line) = (0, 7_u64, String::new());
    while written < BYTES {
        // A linear congruential generator (Knuth's MMIX): the same lines each time.
        n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let shape = LINES[usize::try_from(n >> 40).unwrap_or(0) % LINES.len()];
        line.clear();
        let number = (n >> 33) % 1_000;
        let _ = write!(line, "2026-01-01T12:{:02}:{:02}.{:07}Z ", n % 60, (n >> 8) % 60, n % 10_000_000);
        line.push_str(&shape.replace("{n}", &number.to_string()));
        line.push('\n');
        out.write_all(line.as_bytes()).expect("the log");
        written += line.len();
    }
    out.write_all(b"2026-01-01T13:00:00.0000000Z FAILED tests/test_a.py::test_b - AssertionError\n").expect("the log");
    out.flush().expect("the log");
    path
}
