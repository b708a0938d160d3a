//! The format of a backup, which is that of an export too: newline-delimited JSON, a head, a line for each row and file,
//! and an end with checksums.
//!
//! ```text
//! {"ci_rescue_backup":1,"version":"0.1.0","store":1,"installation":"…","turn":41,"rows":120}
//! {"key":"n:000000000000002a","json":{…}}          a value that is JSON, byte for byte
//! {"key":"i:0000000000000001","bytes":"…"}         any other, in base64
//! {"file":"<digest>","bytes":"…"}                  a content file
//! {"lost":"<digest>"}                              one that was lost before the backup
//! {"end":{"rows":120,"files":3,"lost":0,"tally":"…","sha256":"…"}}
//! ```
//!
//! `store` is the store's format, `installation` what names it in markers. A key is its table's letter and the rest in
//! hex. Rows come in the order of their keys, then files in that of their names, each once. The last line's `sha256` is
//! that of all lines before it.

use super::content;
use super::manifest;
use super::reading::Part;
use super::tally::{Tally, hex};
use crate::domain::text::clean_line;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

const FORMAT: u32 = 1;
/// No store of ours comes that far: what is beyond it was made up.
const TURN_MAX: u64 = 1 << 62;
/// Of a version, in characters.
const VERSION_MAX: usize = 40;

#[derive(Serialize, Deserialize)]
struct Head {
    ci_rescue_backup: u32,
    version: String,
    /// Backups from before it was said are of the first format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    store: Option<u32>,
    /// Absent before the first start of the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    installation: Option<String>,
    turn: u64,
    rows: u64,
}

#[derive(Serialize, Deserialize)]
struct Row<'a> {
    key: String,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    json: Option<&'a RawValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bytes: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Content {
    file: String,
    bytes: String,
}

#[derive(Serialize, Deserialize)]
struct Lost {
    lost: String,
}

#[derive(Serialize, Deserialize)]
struct End {
    end: Sums,
}

#[derive(Serialize, Deserialize)]
struct Sums {
    rows: u64,
    files: u64,
    lost: u64,
    tally: String,
    sha256: String,
}

/// Turns a reading into lines.
pub struct Writer {
    /// Whole lines that were not taken yet.
    pub piece: Vec<u8>,
    hash: Context,
    lost: u64,
}

impl Writer {
    pub fn begin(tally: &Tally, installation: Option<String>) -> Self {
        let mut writer = Self { piece: Vec::new(), hash: Context::new(&SHA256), lost: 0 };
        writer.line(&Head {
            ci_rescue_backup: FORMAT,
            version: env!("CARGO_PKG_VERSION").into(),
            store: Some(manifest::FORMAT),
            installation,
            turn: tally.turn,
            rows: tally.rows(),
        });
        writer
    }

    pub fn put(&mut self, part: &Part<'_>) {
        match part {
            Part::Row(key, value) => self.row(key, value),
            Part::File(name, bytes) => {
                self.line(&Content { file: (*name).to_owned(), bytes: STANDARD.encode(bytes) });
            }
            Part::Lost(name, _) => {
                self.lost += 1;
                self.line(&Lost { lost: (*name).to_owned() });
            }
            Part::End { tally, files } => {
                let sha256 = hex(self.hash.clone().finish().as_ref());
                let (rows, files, lost) = (tally.rows(), *files, self.lost);
                self.line(&End { end: Sums { rows, files, lost, tally: tally.digest(), sha256 } });
            }
        }
    }

    fn row(&mut self, key: &[u8], value: &[u8]) {
        let (table, rest) = key.split_at(key.len().min(1));
        let key = format!("{}:{}", String::from_utf8_lossy(table), hex(rest));
        let json = one_line(value);
        let bytes = json.is_none().then(|| STANDARD.encode(value));
        self.line(&Row { key, json, bytes });
    }

    fn line(&mut self, line: &impl Serialize) {
        let start = self.piece.len();
        // Into memory, and of strings and numbers: it cannot fail.
        let _ = serde_json::to_writer(&mut self.piece, line);
        self.piece.push(b'\n');
        self.hash.update(&self.piece[start..]);
    }
}

/// The value as JSON, where that gives the same bytes back.
fn one_line(value: &[u8]) -> Option<&RawValue> {
    let json: &RawValue = serde_json::from_slice(value).ok()?;
    (json.get().len() == value.len() && !value.contains(&b'\n')).then_some(json)
}

/// A line that was read.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    Head { turn: u64, rows: u64 },
    Row(Vec<u8>, Vec<u8>),
    File(String, Vec<u8>),
    Lost(String),
    End { rows: u64, files: u64, lost: u64 },
}

/// Reads a backup line by line, and believes nothing: it is whole when [`Reader::finish`] says so.
pub struct Reader {
    hash: Context,
    state: State,
    tally: Tally,
    files: u64,
    lost: u64,
    line: u64,
    /// What the line before was about: a row by its key, then files by their names.
    last: Option<Place>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Row(Vec<u8>),
    File(String),
}

#[derive(PartialEq)]
enum State {
    Start,
    Middle,
    End,
}

impl Default for Reader {
    fn default() -> Self {
        let hash = Context::new(&SHA256);
        Self { hash, state: State::Start, tally: Tally::default(), files: 0, lost: 0, line: 0, last: None }
    }
}

impl Reader {
    /// # Errors
    /// A sentence: the backup is damaged, or is none.
    pub fn line(&mut self, bytes: &[u8]) -> Result<Line, String> {
        self.line += 1;
        let line = match self.state {
            State::Start => self.head(bytes)?,
            State::Middle => {
                let line = self.middle(bytes);
                line.ok_or_else(|| format!("the backup is damaged: line {} cannot be read", self.line))??
            }
            State::End => return Err("the backup is damaged: there is more after its end".into()),
        };
        self.hash.update(bytes);
        Ok(line)
    }

    fn head(&mut self, bytes: &[u8]) -> Result<Line, String> {
        let head: Head = serde_json::from_slice(bytes).map_err(|_| "this is no backup of CI Rescue".to_owned())?;
        let store = head.store.unwrap_or(1);
        if head.ci_rescue_backup != FORMAT || store > manifest::FORMAT {
            return Err(format!(
                "the backup was made by CI Rescue {}, in a format that is not read here (backup {}, store {store}): \
                 run that version or a newer one",
                clean_line(&head.version, VERSION_MAX),
                head.ci_rescue_backup
            ));
        }
        if head.turn > TURN_MAX {
            return Err("the backup is damaged: line 1 cannot be read".into());
        }
        self.state = State::Middle;
        Ok(Line::Head { turn: head.turn, rows: head.rows })
    }

    /// Lines that stand twice, or were moved, were not written by us.
    fn follows(&mut self, place: Place) -> Result<(), String> {
        if self.last.as_ref().is_some_and(|last| *last >= place) {
            return Err(format!("the backup is damaged: line {} stands twice, or out of order", self.line));
        }
        self.last = Some(place);
        Ok(())
    }

    fn middle(&mut self, bytes: &[u8]) -> Option<Result<Line, String>> {
        if !bytes.ends_with(b"\n") {
            return Some(Err("the backup is damaged: it breaks off".into()));
        }
        if bytes.starts_with(b"{\"key\"") {
            let row: Row<'_> = serde_json::from_slice(bytes).ok()?;
            let (key, value) = (unhex_key(&row.key)?, value_of(&row)?);
            self.tally.add(&key, &value);
            return Some(self.follows(Place::Row(key.clone())).map(|()| Line::Row(key, value)));
        }
        if bytes.starts_with(b"{\"file\"") {
            let file: Content = serde_json::from_slice(bytes).ok()?;
            let content = STANDARD.decode(&file.bytes).ok()?;
            if !content::is_name(&file.file) || !content::is_whole(&file.file, &content) {
                return None;
            }
            self.files += 1;
            return Some(self.follows(Place::File(file.file.clone())).map(|()| Line::File(file.file, content)));
        }
        if bytes.starts_with(b"{\"lost\"") {
            let lost: Lost = serde_json::from_slice(bytes).ok()?;
            self.lost += 1;
            return Some(self.follows(Place::File(lost.lost.clone())).map(|()| Line::Lost(lost.lost)));
        }
        let End { end } = serde_json::from_slice(bytes).ok()?;
        self.state = State::End;
        Some(self.check(&end))
    }

    fn check(&self, end: &Sums) -> Result<Line, String> {
        let whole = end.rows == self.tally.rows()
            && end.files == self.files
            && end.lost == self.lost
            && end.tally == self.tally.digest()
            && end.sha256 == hex(self.hash.clone().finish().as_ref());
        if whole {
            Ok(Line::End { rows: end.rows, files: end.files, lost: end.lost })
        } else {
            Err("the backup is damaged: its checksums do not match".into())
        }
    }

    /// What was read, if all of it was.
    ///
    /// # Errors
    /// The backup breaks off.
    pub fn finish(self) -> Result<Tally, String> {
        match self.state {
            State::End => Ok(self.tally),
            State::Start => Err("the backup is empty".into()),
            State::Middle => Err("the backup is damaged: it breaks off".into()),
        }
    }
}

fn value_of(row: &Row<'_>) -> Option<Vec<u8>> {
    match (row.json, &row.bytes) {
        (Some(json), None) => Some(json.get().as_bytes().to_vec()),
        (None, Some(bytes)) => STANDARD.decode(bytes).ok(),
        _ => None,
    }
}

fn unhex_key(text: &str) -> Option<Vec<u8>> {
    let (table, rest) = text.split_once(':').filter(|(table, _)| table.len() == 1)?;
    let mut key = table.as_bytes().to_vec();
    let rest = rest.as_bytes();
    if rest.len() % 2 != 0 {
        return None;
    }
    for pair in rest.chunks_exact(2) {
        key.push(u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?);
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::Digest;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

    fn written(rows: &Rows, content: &[u8]) -> Vec<u8> {
        let mut tally = Tally::default();
        for (key, value) in rows {
            tally.add(key, value);
        }
        let mut writer = Writer::begin(&tally, Some("here".into()));
        for (key, value) in rows {
            writer.put(&Part::Row(key, value));
        }
        writer.put(&Part::File(Digest::of([content]).as_str(), content));
        writer.put(&Part::End { tally: &tally, files: 1 });
        writer.piece
    }

    fn read(bytes: &[u8]) -> Result<Rows, String> {
        let mut reader = Reader::default();
        let mut rows = Rows::new();
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            if let Line::Row(key, value) = reader.line(line)? {
                rows.insert(key, value);
            }
        }
        reader.finish().map(|_| rows)
    }

    fn sample() -> Rows {
        let json: &[u8] = br#"{"b":1,"a":[1.50,"\u00e9"]}"#;
        [(b"n12".to_vec(), json.to_vec()), (b"i1".to_vec(), vec![0, 255, 10]), (b"O".to_vec(), vec![])].into()
    }

    proptest! {
        #[test]
        fn rows_come_back_byte_for_byte(rows in prop::collection::btree_map(
            ("[a-z#]", prop::collection::vec(any::<u8>(), 0..9)).prop_map(|(t, rest)| [t.into_bytes(), rest].concat()),
            prop_oneof![prop::collection::vec(any::<u8>(), 0..40), "[ \\[\\]0-9,\n\"]{0,12}".prop_map(String::into_bytes)],
            0..20,
        )) {
            prop_assert_eq!(read(&written(&rows, b"log")), Ok(rows));
        }

        #[test]
        fn reading_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }
    }

    #[test]
    fn values_that_are_json_can_be_read_by_people() {
        let bytes = written(&sample(), b"log");
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(text.contains(r#"{"key":"n:3132","json":{"b":1,"a":[1.50,"\u00e9"]}}"#), "{text}");
        assert_eq!(read(&bytes), Ok(sample()));
    }

    /// With checksums that are right again, so that nothing but the line itself gives it away.
    fn sealed(lines: &[&str]) -> Vec<u8> {
        let text: String = lines.join("\n") + "\n";
        let mut reader = Reader::default();
        for line in text.split_inclusive('\n') {
            let _ = reader.line(line.as_bytes());
        }
        let sums = Sums {
            rows: reader.tally.rows(),
            files: reader.files,
            lost: reader.lost,
            tally: reader.tally.digest(),
            sha256: hex(ring::digest::digest(&SHA256, text.as_bytes()).as_ref()),
        };
        format!("{text}{}\n", serde_json::to_string(&End { end: sums }).unwrap()).into_bytes()
    }

    #[test]
    fn lines_that_stand_twice_or_elsewhere_and_what_others_wrote_are_told() {
        let whole = String::from_utf8(written(&sample(), b"log")).unwrap();
        let lines: Vec<&str> = whole.lines().collect();
        let [head, first, second, third, file, _] = lines[..] else { panic!("{whole}") };
        assert_eq!(read(&sealed(&[head, first, second, third, file])), Ok(sample()));
        for (what, lines, want) in [
            ("a row twice", vec![head, first, first, second, third, file], "line 3 stands twice"),
            ("a file twice", vec![head, first, file, file], "line 4 stands twice"),
            ("two rows swapped", vec![head, second, first, third, file], "line 3 stands twice, or out of order"),
            ("a row after a file", vec![head, first, file, second], "line 4 stands twice, or out of order"),
            ("another head", vec![head, head], "line 2 cannot be read"),
            ("no head", vec![first, second], "this is no backup of CI Rescue"),
        ] {
            let why = read(&sealed(&lines)).unwrap_err();
            assert!(why.contains(want), "{what}: {why}");
        }
        for (from, to, want) in [
            ("\"ci_rescue_backup\":1", "\"ci_rescue_backup\":9", "run that version or a newer one"),
            ("\"store\":1", "\"store\":2", "(backup 1, store 2): run that version or a newer one"),
            ("\"turn\":0", "\"turn\":18446744073709551615", "line 1 cannot be read"),
        ] {
            assert!(head.contains(from), "{head}");
            let why = read(&sealed(&[&head.replace(from, to)])).unwrap_err();
            assert!(why.contains(want), "{to}: {why}");
        }
        let old = head.replace("\"store\":1,\"installation\":\"here\",", "");
        assert_ne!(old, head);
        assert_eq!(read(&sealed(&[&old, first, second, third])), Ok(sample()), "from before the head said more");
    }

    #[test]
    fn any_cut_and_any_flipped_byte_is_noticed() {
        let whole = written(&sample(), b"log");
        for end in 0..whole.len() {
            assert!(read(&whole[..end]).is_err(), "cut at {end}");
        }
        for at in 0..whole.len() {
            for mask in [1, 0x20, 0x80] {
                let mut bytes = whole.clone();
                bytes[at] ^= mask;
                // The last line's own letters are its checksums.
                assert!(read(&bytes).is_err(), "byte {at} of {}", whole.len());
            }
        }
    }
}
