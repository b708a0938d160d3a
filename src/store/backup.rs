//! The format of a backup: newline-delimited JSON, a head, a line for each row and file, and an end with checksums.
//!
//! ```text
//! {"ci_rescue_backup":1,"version":"0.1.0","turn":41,"rows":120}
//! {"key":"n:000000000000002a","json":{…}}          a value that is JSON, byte for byte
//! {"key":"i:0000000000000001","bytes":"…"}         any other, in base64
//! {"file":"<digest>","bytes":"…"}                  a content file
//! {"lost":"<digest>"}                              one that was lost before the backup
//! {"end":{"rows":120,"files":3,"lost":0,"tally":"…","sha256":"…"}}
//! ```
//!
//! A key is its table's letter and the rest in hex. The last line's `sha256` is that of all lines before it.

use super::content;
use super::reading::Part;
use super::tally::{Tally, hex};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Head {
    ci_rescue_backup: u32,
    version: String,
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
    pub fn begin(tally: &Tally) -> Self {
        let mut writer = Self { piece: Vec::new(), hash: Context::new(&SHA256), lost: 0 };
        let version = env!("CARGO_PKG_VERSION").into();
        writer.line(&Head { ci_rescue_backup: FORMAT, version, turn: tally.turn, rows: tally.rows() });
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
    Head { rows: u64 },
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
        Self { hash, state: State::Start, tally: Tally::default(), files: 0, lost: 0, line: 0 }
    }
}

impl Reader {
    /// # Errors
    /// A sentence: the backup is damaged, or is none.
    pub fn line(&mut self, bytes: &[u8]) -> Result<Line, String> {
        self.line += 1;
        let line = match self.state {
            State::Start => self.head(bytes)?,
            State::Middle => self
                .middle(bytes)
                .ok_or_else(|| format!("the backup is damaged: line {} cannot be read", self.line))??,
            State::End => return Err("the backup is damaged: there is more after its end".into()),
        };
        self.hash.update(bytes);
        Ok(line)
    }

    fn head(&mut self, bytes: &[u8]) -> Result<Line, String> {
        let head: Head = serde_json::from_slice(bytes).map_err(|_| "this is no backup of CI Rescue".to_owned())?;
        if head.ci_rescue_backup != FORMAT {
            return Err(format!(
                "the backup was made by CI Rescue {}, in a format that is not read here",
                head.version
            ));
        }
        self.state = State::Middle;
        Ok(Line::Head { rows: head.rows })
    }

    fn middle(&mut self, bytes: &[u8]) -> Option<Result<Line, String>> {
        if !bytes.ends_with(b"\n") {
            return Some(Err("the backup is damaged: it breaks off".into()));
        }
        if bytes.starts_with(b"{\"key\"") {
            let row: Row<'_> = serde_json::from_slice(bytes).ok()?;
            let (key, value) = (unhex_key(&row.key)?, value_of(&row)?);
            self.tally.add(&key, &value);
            return Some(Ok(Line::Row(key, value)));
        }
        if bytes.starts_with(b"{\"file\"") {
            let file: Content = serde_json::from_slice(bytes).ok()?;
            let content = STANDARD.decode(&file.bytes).ok()?;
            if !content::is_name(&file.file) || !content::is_whole(&file.file, &content) {
                return None;
            }
            self.files += 1;
            return Some(Ok(Line::File(file.file, content)));
        }
        if bytes.starts_with(b"{\"lost\"") {
            let lost: Lost = serde_json::from_slice(bytes).ok()?;
            self.lost += 1;
            return Some(Ok(Line::Lost(lost.lost)));
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
        let mut writer = Writer::begin(&tally);
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
