//! Real logs, where they are at hand: nothing panics, and no excerpt is out of bounds.

use ci_rescue::evidence::Analyzer;
use std::io::Read;
use std::path::Path;

#[test]
fn real_logs_are_read() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/logs");
    let Ok(entries) = std::fs::read_dir(&dir) else {
        println!("skipped: no ../shared/data");
        return;
    };
    let mut read = 0;
    for entry in entries.flatten() {
        let path = entry.path();
        let name = path.to_string_lossy().into_owned();
        let small = entry.metadata().is_ok_and(|meta| meta.len() < 60_000);
        if !small || !(name.ends_with(".log") || name.ends_with(".log.gz")) {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let mut text = Vec::new();
        if name.ends_with(".gz") {
            flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_end(&mut text).unwrap();
        } else {
            text = bytes;
        }
        let mut analyzer = Analyzer::default();
        text.chunks(4_096).for_each(|chunk| analyzer.feed(chunk));
        let reading = analyzer.finish();
        assert!(reading.evidence.errors.len() <= 10);
        assert!(reading.evidence.errors.iter().all(|error| error.text.raw().chars().count() <= 500), "{name}");
        read += 1;
    }
    assert!(read > 50, "{read}");
}
