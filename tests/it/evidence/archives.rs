//! E: archives and hostile bytes (threats 90 to 93 and 96).

use super::{read, read_in};
use ci_rescue::evidence::archive::{self, Kind, Limits};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

const LOG: &[u8] =
    b"error[E0433]: failed to resolve: use of undeclared crate `x`\n##[error]Process completed with exit code 101.\n";

fn packed(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, SimpleFileOptions::default().compression_method(CompressionMethod::Deflated)).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Names, kinds and sizes of what an archive hands over, and how it ended.
type Listed = (Vec<(String, Kind, u64)>, Result<(), String>);

fn listed(bytes: Vec<u8>, limits: Limits) -> Listed {
    let mut seen = Vec::new();
    let done = archive::zip(Cursor::new(bytes), limits, &mut |name, kind, source| {
        let size = std::io::copy(source, &mut std::io::sink()).map_err(|why| why.to_string())?;
        seen.push((name.to_owned(), kind, size));
        Ok(())
    });
    (seen, done)
}

#[test]
fn threat_090_names_in_archives_reach_no_file_system() {
    let names = ["../../etc/cron.d/x", "/etc/passwd", "C:\\windows\\x", "..\\..\\x", "a\u{202e}b\nc"];
    let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (*name, LOG)).collect();
    let before = std::fs::read_dir("/etc").unwrap().count();
    let (seen, done) = listed(packed(&entries), Limits::default());
    assert_eq!((seen.len(), done), (names.len(), Ok(())));
    assert!(seen.iter().all(|(name, _, _)| !name.contains(['\n', '\u{202e}'])), "{seen:?}");
    assert_eq!(std::fs::read_dir("/etc").unwrap().count(), before);
}

#[test]
fn threat_091_archive_bombs_are_cut_with_a_clear_error() {
    let zeros = vec![b'a'; 4 << 20];
    let limits = Limits { expanded: 1 << 20, entries: 10, nesting: 1 };
    let (seen, done) = listed(packed(&[("small.txt", LOG), ("bomb.txt", &zeros)]), limits);
    assert_eq!(seen.len(), 1, "what came before the bomb is read");
    let why = done.unwrap_err();
    assert!(why.contains("bomb.txt") && why.contains("limit"), "{why}");

    let many: Vec<(String, &[u8])> = (0..11).map(|n| (format!("{n}.txt"), LOG)).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    assert!(listed(packed(&many), limits).1.unwrap_err().contains("more entries"));

    let inner = packed(&[("deep.txt", LOG)]);
    let middle = packed(&[("inner.zip", &inner)]);
    let (seen, done) = listed(middle.clone(), limits);
    assert_eq!((seen[0].0.as_str(), done), ("inner.zip/deep.txt", Ok(())));
    let outer = packed(&[("middle.zip", &middle)]);
    assert!(listed(outer, limits).1.unwrap_err().contains("nested more than two levels"));
}

#[test]
fn threat_091_damaged_and_lying_archives_are_told() {
    let good = packed(&[("a.txt", &LOG.repeat(50))]);
    for at in [0, 10, 20, good.len() / 2, good.len() - 10] {
        for bit in [1, 0x80] {
            let mut bad = good.clone();
            bad[at] ^= bit;
            // Whatever it is taken for, nothing panics and nothing is larger than it may be.
            let (seen, _) = listed(bad, Limits::default());
            assert!(seen.iter().map(|(_, _, size)| size).sum::<u64>() < 1 << 20);
        }
    }
    let mut flipped = good.clone();
    let middle = good.len() / 3;
    flipped[middle] ^= 0xff;
    assert!(listed(flipped, Limits::default()).1.is_err(), "a checksum that is wrong is told");
    assert!(listed(good[..good.len() - 5].to_vec(), Limits::default()).1.unwrap_err().starts_with("zip:"));
    let twice = packed(&[("a.txt", LOG)]);
    assert_eq!(listed(twice, Limits::default()).0.len(), 1);
}

#[test]
fn a_runs_archive_holds_each_job_once() {
    let (seen, done) = listed(
        packed(&[
            ("0_build.txt", LOG),
            ("build/1_Set up job.txt", LOG),
            ("build/2_Test.txt", LOG),
            ("1_lint.txt", LOG),
        ]),
        Limits::default(),
    );
    let names: Vec<&str> = seen.iter().map(|(name, _, _)| name.as_str()).collect();
    assert_eq!((names, done), (vec!["0_build.txt", "1_lint.txt"], Ok(())));
    let xml = b"<?xml version=\"1.0\"?><testsuite/>";
    let (seen, _) = listed(packed(&[("results/junit.xml", xml)]), Limits::default());
    assert_eq!(seen[0].1, Kind::Report);
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn expanded(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    read_into(bytes, &mut out)?;
    Ok(out)
}

fn read_into(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    archive::stream(bytes, Limits { expanded: 1 << 20, ..Limits::default() }, &mut |_, _, source| {
        source.read_to_end(out).map(|_| ()).map_err(|why| why.to_string())
    })
}

#[test]
fn threat_092_garbage_after_gzip_is_left_alone() {
    let whole = gzip(LOG);
    assert_eq!(expanded(&whole).unwrap(), LOG);
    assert_eq!(expanded(&[whole.clone(), b"garbage garbage".to_vec()].concat()).unwrap(), LOG);
    assert_eq!(expanded(&[whole.clone(), whole.clone()].concat()).unwrap(), LOG.repeat(2));
    let long: Vec<u8> = (0..20_000).flat_map(|n: u32| format!("line {n}\n").into_bytes()).collect();
    let cut = gzip(&long);
    let mut some = Vec::new();
    let why = read_into(&cut[..cut.len() / 2], &mut some).unwrap_err();
    assert!(!some.is_empty() && long.starts_with(&some), "what was there is read");
    assert!(why.contains("truncated"), "and the rest is missed: {why}");
    assert!(expanded(&gzip(&vec![0; 2 << 20])).unwrap_err().contains("limit"));
    assert!(expanded(&[0x1f, 0x8b, 1, 2, 3]).is_err());
}

#[test]
fn threat_093_any_bytes_are_read() {
    let boom = "error[E0433]: failed to resolve";
    let utf16 = |mark: [u8; 2], of: fn(u16) -> [u8; 2]| {
        [mark.to_vec(), format!("ok\n{boom}\n").encode_utf16().flat_map(of).collect()].concat()
    };
    for log in [
        utf16([0xff, 0xfe], u16::to_le_bytes),
        utf16([0xfe, 0xff], u16::to_be_bytes),
        [&b"\xef\xbb\xbf"[..], boom.as_bytes()].concat(),
        [b"10%\r50%\r", boom.as_bytes(), b"\r\n"].concat(),
        [b"\xff\xfe\xfd bad\n\0\0\0\n".to_vec(), boom.as_bytes().to_vec()].concat()[1..].to_vec(),
        [vec![b'x'; 3 << 20], b"\n".to_vec(), boom.as_bytes().to_vec()].concat(),
        format!("\x1b[31m{}\x1b[0m{}", &boom[..7], &boom[7..]).into_bytes(),
        format!("^[[31m{boom}^[[0m").into_bytes(),
    ] {
        let evidence = read(&log);
        assert!(evidence.errors.iter().any(|error| error.text.raw().contains(boom)), "{:?}", &log[..40.min(log.len())]);
    }
    // The two halves of a character that UTF-16 writes in two units, and the mark itself, in two chunks.
    let wide = utf16([0xff, 0xfe], u16::to_le_bytes);
    let wide = [wide, "error: 🦀 boom".encode_utf16().flat_map(u16::to_le_bytes).collect()].concat();
    let whole = read_in(&wide, wide.len());
    for chunk in 1..8 {
        assert_eq!(read_in(&wide, chunk).evidence, whole.evidence, "{chunk}");
    }
    assert!(whole.excerpt.contains("🦀"));
    // One line without an end, and only carriage returns: read, cut, and no larger than others.
    let mb = std::env::var("CI_RESCUE_LINE_MB").ok().and_then(|mb| mb.parse().ok()).unwrap_or(20_usize);
    for (log, lines) in [(vec![b'e'; mb << 20], 1), (b"error: a\r".repeat(mb << 17), (mb as u64) << 17)] {
        let reading = read_in(&log, 64 << 10);
        assert!(reading.excerpt.len() < 4_096);
        assert_eq!(reading.evidence.lines, lines);
    }
}

#[test]
fn threat_096_a_secret_cut_by_a_chunks_border_is_found() {
    let token = "ghp_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC2dF4hJ6";
    let log = format!("error: the token {token} is bad\nerror: more\n");
    for at in 1..log.len() {
        let mut analyzer = ci_rescue::evidence::Analyzer::default();
        analyzer.feed(&log.as_bytes()[..at]);
        analyzer.feed(&log.as_bytes()[at..]);
        let reading = analyzer.finish();
        let all = format!("{:?} {}", reading.evidence, reading.excerpt);
        assert!(!all.contains("aB3dE5gH7j"), "{at}: {all}");
        assert_eq!(reading.evidence.redactions.values().sum::<u64>(), 1);
    }
}
