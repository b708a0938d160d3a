//! The manifest: a small file beside the database that says how far it was saved.
//!
//! sled takes damage for a torn tail and forgets what came after it without a word. So what was flushed is written down
//! here before anybody is told that it is safe: a database that is behind its manifest has lost something. Two slots
//! take turns, so that a write that is cut short leaves the one before.

use super::tally::{Tally, hex};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

pub const NAME: &str = "manifest";
/// Apart by more than a block of any disk.
const APART: u64 = 4096;
const SLOT: usize = 512;
const SYNC_EVERY: u32 = 64;
/// Of everything in a store. It rises when an older program would misread what a newer one wrote.
pub const FORMAT: u32 = 1;

/// What was saved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    #[serde(default = "first_format")]
    format: u32,
    /// The newest of two slots.
    seq: u64,
    pub id: String,
    /// 0 before the first.
    pub turn: u64,
    pub rows: u64,
    pub tally: String,
    /// Hash of the database's files, from closing the store to opening it.
    pub seal: Option<String>,
}

/// Stores from before there were formats.
fn first_format() -> u32 {
    1
}

/// As much as any program can read of any manifest.
#[derive(Deserialize)]
struct Format {
    #[serde(default = "first_format")]
    format: u32,
}

pub enum Found {
    Absent,
    Unreadable,
    /// A newer program wrote it, in this format.
    Newer(u32),
    Saved(Saved),
}

pub struct Manifest {
    file: File,
    saved: Saved,
    /// Notes since the last sync.
    unsynced: u32,
}

pub fn read(dir: &Path) -> io::Result<Found> {
    let bytes = match std::fs::read(dir.join(NAME)) {
        Ok(bytes) => bytes,
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(Found::Absent),
        Err(why) => return Err(why),
    };
    let slots = [0, usize::try_from(APART).unwrap_or_default()].map(|at| bytes.get(at..).and_then(read_slot));
    let formats = slots.iter().flatten().filter_map(|json| serde_json::from_slice::<Format>(json).ok());
    if let Some(newer) = formats.map(|it| it.format).filter(|format| *format > FORMAT).max() {
        return Ok(Found::Newer(newer));
    }
    let saved = slots.into_iter().flatten().filter_map(|json| serde_json::from_slice::<Saved>(json).ok());
    Ok(saved.max_by_key(|saved| saved.seq).map_or(Found::Unreadable, Found::Saved))
}

/// The JSON of a slot that is whole.
fn read_slot(bytes: &[u8]) -> Option<&[u8]> {
    let bytes = &bytes[..bytes.len().min(SLOT)];
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let (json, sum) = (lines.next()?, lines.next()?);
    (hex(digest(&SHA256, json).as_ref()).as_bytes() == sum).then_some(json)
}

fn slot(saved: &Saved) -> io::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(saved)?;
    let sum = hex(digest(&SHA256, &bytes).as_ref());
    bytes.push(b'\n');
    bytes.extend(sum.as_bytes());
    bytes.push(b'\n');
    if bytes.len() > SLOT {
        return Err(io::Error::other("the manifest outgrew its slot"));
    }
    bytes.resize(SLOT, b' ');
    Ok(bytes)
}

impl Manifest {
    /// A new one, for the store named `id`: it appears whole or not at all.
    pub fn create(dir: &Path, id: &str) -> io::Result<Self> {
        let saved = Saved { format: FORMAT, id: id.to_owned(), ..Saved::default() };
        let mut file = tempfile::NamedTempFile::new_in(dir)?;
        let mut bytes = slot(&saved)?;
        bytes.resize(usize::try_from(APART).unwrap_or_default() + SLOT, b' ');
        file.write_all(&bytes)?;
        file.as_file().sync_all()?;
        let file = file.persist(dir.join(NAME)).map_err(|why| why.error)?;
        File::open(dir)?.sync_all()?;
        Ok(Self { file, saved, unsynced: 0 })
    }

    pub fn open(dir: &Path, saved: Saved) -> io::Result<Self> {
        Ok(Self { file: File::options().write(true).open(dir.join(NAME))?, saved, unsynced: 0 })
    }

    pub fn saved(&self) -> &Saved {
        &self.saved
    }

    /// After each flush: what is written here outlives the process at once. A power cut may take the newest of it, and
    /// leaves an older turn that the database is no less ahead of, so that a sync for each would buy little: it would
    /// cost as much as the flush itself.
    pub fn note(&mut self, tally: &Tally) -> io::Result<()> {
        self.write(self.next(tally, None))?;
        self.unsynced += 1;
        if self.unsynced >= SYNC_EVERY { self.sync() } else { Ok(()) }
    }

    /// When the store is opened and closed: returns after it is on disk.
    pub fn save(&mut self, tally: &Tally, seal: Option<String>) -> io::Result<()> {
        self.write(self.next(tally, seal))?;
        self.sync()
    }

    /// Before the database is opened, and so changed.
    pub fn unseal(&mut self) -> io::Result<()> {
        if self.saved.seal.is_none() {
            return Ok(());
        }
        self.write(Saved { seq: self.saved.seq + 1, seal: None, ..self.saved.clone() })?;
        self.sync()
    }

    fn next(&self, tally: &Tally, seal: Option<String>) -> Saved {
        Saved {
            format: FORMAT,
            seq: self.saved.seq + 1,
            id: tally.id.clone(),
            turn: tally.turn,
            rows: tally.rows(),
            tally: tally.digest(),
            seal,
        }
    }

    fn write(&mut self, saved: Saved) -> io::Result<()> {
        self.file.write_all_at(&slot(&saved)?, saved.seq % 2 * APART)?;
        self.saved = saved;
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.unsynced = 0;
        self.file.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(dir: &Path) -> Option<u64> {
        match read(dir).unwrap() {
            Found::Saved(saved) => Some(saved.turn),
            Found::Absent | Found::Unreadable | Found::Newer(_) => None,
        }
    }

    #[test]
    fn an_older_manifest_is_read_and_a_newer_one_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let mut manifest = Manifest::create(dir.path(), "id").unwrap();
        let write = |json: serde_json::Value| {
            let mut bytes = json.to_string().into_bytes();
            let sum = hex(digest(&SHA256, &bytes).as_ref());
            bytes.extend(format!("\n{sum}\n").bytes());
            std::fs::write(dir.path().join(NAME), bytes).unwrap();
        };
        manifest.save(&Tally::new("id".into()), Some("0".repeat(64))).unwrap();
        let mut json = serde_json::to_value(manifest.saved()).unwrap();
        json.as_object_mut().unwrap().remove("format");
        json["turn"] = 7.into();
        write(json);
        assert_eq!(turn(dir.path()), Some(7), "from before there were formats");
        write(serde_json::json!({"format": FORMAT + 1, "whatever": [1, 2]}));
        assert!(matches!(read(dir.path()).unwrap(), Found::Newer(format) if format == FORMAT + 1));
    }

    #[test]
    fn a_write_that_was_cut_short_leaves_the_one_before() {
        let dir = tempfile::tempdir().unwrap();
        let mut manifest = Manifest::create(dir.path(), "id").unwrap();
        let mut tally = Tally::new("id".into());
        for n in 1..=3 {
            tally.turn = n;
            manifest.note(&tally).unwrap();
            assert_eq!(turn(dir.path()), Some(n));
        }
        let whole = std::fs::read(dir.path().join(NAME)).unwrap();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            std::fs::write(dir.path().join(NAME), bytes).unwrap();
            assert!(matches!(turn(dir.path()), Some(2 | 3)), "byte {at}");
        }
        std::fs::write(dir.path().join(NAME), b"").unwrap();
        assert_eq!(turn(dir.path()), None);
    }
}
