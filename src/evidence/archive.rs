//! What a file holds: a plain log, a compressed one, or an archive of a run's logs and reports. Nothing is written to
//! disk, so that names in archives reach no file system.

use super::redact;
use crate::frameworks::reports::{self, Cleaner, Format, Item, Report};
use flate2::read::MultiGzDecoder;
use std::cell::Cell;
use std::collections::HashSet;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::sync::Arc;
use zip::ZipArchive;
use zip::result::ZipError;

/// Reads a report of tests or lint, with its secrets masked.
///
/// # Errors
/// Says what is wrong with the document, or that it is no report.
pub fn report(source: impl BufRead) -> Result<Report, String> {
    let mut report = Report::default();
    items(source, &mut |item| report.add(item))?;
    Ok(report)
}

/// The same, item by item. What came before a fault was handed over.
///
/// # Errors
/// Says what is wrong with the document, or that it is no report.
pub fn items(mut source: impl BufRead, each: &mut dyn FnMut(Item)) -> Result<(), String> {
    let head = source.fill_buf().map_err(|why| why.to_string())?;
    let format = reports::of(head).ok_or("not a report of tests or lint that is known here")?;
    let name = |text: &str| redact::test_name(text).into_owned();
    let text = |text: &str| redact::text(text, &mut redact::Counts::new()).into_owned();
    format.read(source, Cleaner { name: &name, text: &text }, each)
}

/// What an archive may hold.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes after expansion, of all entries together.
    pub expanded: u64,
    pub entries: usize,
    /// Archives within archives.
    pub nesting: u32,
}

impl Default for Limits {
    /// 8 GiB in 10,000 entries, and archives within an archive.
    fn default() -> Self {
        Self { expanded: 8 << 30, entries: 10_000, nesting: 1 }
    }
}

/// What is left of the limits while something is read.
struct Budget {
    expanded: Cell<u64>,
    entries: Cell<usize>,
}

impl Budget {
    fn new(limits: Limits) -> Self {
        Self { expanded: limits.expanded.into(), entries: limits.entries.into() }
    }

    fn expand(&self, bytes: u64) -> io::Result<()> {
        let left = self.expanded.get().checked_sub(bytes).ok_or_else(|| io::Error::other(BOMB))?;
        self.expanded.set(left);
        Ok(())
    }

    fn hold(&self, entries: usize) -> Result<(), String> {
        self.entries.set(self.entries.get().checked_sub(entries).ok_or(TOO_MANY)?);
        Ok(())
    }
}

const BOMB: &str = "expands beyond the limit: is it an archive bomb?";
const TOO_MANY: &str = "zip: more entries than the limit: is it an archive bomb?";

/// What entries of an archive took of its limits.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spent {
    /// In bytes.
    expanded: u64,
    /// Of archives within it.
    entries: usize,
    /// Of the archive itself, however many of them were read.
    own: usize,
}

impl Spent {
    /// With what one more entry took.
    ///
    /// # Errors
    /// Together they are beyond the limits.
    pub fn add(&mut self, one: Self, limits: Limits) -> Result<(), String> {
        self.expanded += one.expanded;
        self.entries += one.entries;
        self.own = one.own;
        if self.expanded > limits.expanded {
            return Err(BOMB.into());
        }
        if self.own + self.entries > limits.entries { Err(TOO_MANY.into()) } else { Ok(()) }
    }
}

/// A nested archive is held in memory up to this size, in bytes.
const NESTED_MAX: u64 = 64 << 20;
/// Longer names are cut, in characters.
const NAME_MAX: usize = 300;

/// What stands in a file, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Gzip,
    Zip,
    /// A report of tests or lint, or other XML.
    Report,
    /// A report that is written line by line: a log, too.
    Lines,
    Plain,
}

/// Tells by the first bytes.
#[must_use]
pub fn kind(head: &[u8]) -> Kind {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    match head {
        [0x1f, 0x8b, ..] => Kind::Gzip,
        [b'P', b'K', 3 | 5, 4 | 6, ..] => Kind::Zip,
        _ => match reports::of(text) {
            Some(Format { is_log: true, .. }) => Kind::Lines,
            Some(_) => Kind::Report,
            None if text.starts_with(b"<?xml") => Kind::Report,
            None => Kind::Plain,
        },
    }
}

/// One thing to read: its name within the archive (empty for the file itself), its kind, its bytes.
pub type Each<'a> = dyn FnMut(&str, Kind, &mut dyn Read) -> Result<(), String> + 'a;

/// Counts what is expanded, and stops at the limit.
struct Counted<'c, R> {
    inner: R,
    budget: &'c Budget,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.budget.expand(n as u64)?;
        Ok(n)
    }
}

/// Hands over what is in a stream that is no zip archive.
///
/// # Errors
/// Says what could not be read.
pub fn stream(source: impl Read, limits: Limits, each: &mut Each<'_>) -> Result<(), String> {
    plain_or_gzip("", source, &Budget::new(limits), each)
}

fn plain_or_gzip(name: &str, source: impl Read, budget: &Budget, each: &mut Each<'_>) -> Result<(), String> {
    const CHUNK: usize = 256 << 10;
    let mut source = BufReader::with_capacity(CHUNK, source);
    let head = source.fill_buf().map_err(|why| why.to_string())?;
    match kind(head) {
        Kind::Gzip => {
            let inner = Tolerant { inner: MultiGzDecoder::new(source), any: false, fault: None };
            let mut inner = BufReader::with_capacity(CHUNK, Counted { inner, budget });
            let kind = kind(
                inner.fill_buf().map_err(|why| damage(&why).map_or_else(|| format!("gzip: {why}"), str::to_owned))?,
            );
            if matches!(kind, Kind::Gzip | Kind::Zip) {
                return Err("compressed twice: decompress it once first".into());
            }
            each(name, kind, &mut inner).map_err(|why| format!("gzip: {why}"))?;
            inner.get_ref().inner.fault.map_or(Ok(()), |fault| Err(format!("{fault}; what came before was read")))
        }
        kind => each(name, kind, &mut Counted { inner: source, budget }),
    }
}

/// What is wrong with a gzip stream, in words.
fn damage(why: &io::Error) -> Option<&'static str> {
    match why.kind() {
        io::ErrorKind::UnexpectedEof => Some("truncated: the gzip data ends early"),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => Some("damaged: the gzip data is corrupt"),
        _ => None,
    }
}

/// A log is often cut off: what came before is good, and the fault is told afterwards. Some tools leave garbage after
/// the last member, which is no fault.
struct Tolerant<R> {
    inner: R,
    any: bool,
    fault: Option<&'static str>,
}

/// What flate2 says where a further member would begin.
const NO_MEMBER: &str = "invalid gzip header";

impl<R: Read> Read for Tolerant<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.inner.read(buffer) {
            Ok(n) => {
                self.any |= n > 0;
                Ok(n)
            }
            Err(why) if self.any && why.to_string() == NO_MEMBER => Ok(0),
            Err(why) if self.any && damage(&why).is_some() => {
                self.fault = damage(&why);
                Ok(0)
            }
            Err(why) => Err(why),
        }
    }
}

/// Hands over the entries of a zip archive, in order. Names that differ only in what comes before them (`../x`, `/x`)
/// are given as they stand, cleaned: nothing is extracted.
///
/// # Errors
/// Says which entry could not be read and why; entries before it were handed over.
pub fn zip(source: impl Read + Seek, limits: Limits, each: &mut Each<'_>) -> Result<(), String> {
    let mut zip = Zip::open(source, limits)?;
    let budget = Budget::new(limits);
    budget.hold(zip.entries())?;
    zip.read_all(&budget, each)
}

/// A zip archive whose entries are read one by one; by several threads, where each has a clone.
#[derive(Clone)]
pub struct Zip<R> {
    archive: ZipArchive<R>,
    /// Before the names of what is in an archive within an archive.
    prefix: Arc<str>,
    /// Jobs whose whole log is an entry.
    jobs: Arc<HashSet<String>>,
    limits: Limits,
}

impl<R: Read + Seek> Zip<R> {
    /// # Errors
    /// It is no zip archive, or holds more entries than the limit.
    pub fn open(source: R, limits: Limits) -> Result<Self, String> {
        let zip = Self::within("", source, limits)?;
        if zip.entries() > limits.entries { Err(TOO_MANY.into()) } else { Ok(zip) }
    }

    fn within(prefix: &str, source: R, limits: Limits) -> Result<Self, String> {
        let archive = ZipArchive::new(source).map_err(|why| match why {
            ZipError::InvalidArchive(_) => "zip: truncated: the archive has no directory at its end".to_owned(),
            why => format!("zip: {why}"),
        })?;
        let names = archive.file_names().flatten();
        let jobs = names.filter_map(|name| job(&name).map(str::to_owned)).collect();
        Ok(Self { archive, prefix: prefix.into(), jobs: Arc::new(jobs), limits })
    }

    /// How many entries there are; not each is one to read.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.archive.len()
    }

    /// Hands over what is in the entry of this number, which may take as much as the limits allow for all. Answers what it
    /// took.
    ///
    /// # Errors
    /// Says which entry could not be read and why.
    pub fn read(&mut self, at: usize, each: &mut Each<'_>) -> Result<Spent, String> {
        let budget = Budget::new(self.limits);
        self.entry(at, &budget, each)?;
        let (expanded, entries) = (budget.expanded.get(), budget.entries.get());
        let entries = self.limits.entries - entries;
        Ok(Spent { expanded: self.limits.expanded - expanded, entries, own: self.entries() })
    }

    fn read_all(&mut self, budget: &Budget, each: &mut Each<'_>) -> Result<(), String> {
        (0..self.entries()).try_for_each(|at| self.entry(at, budget, each))
    }

    fn entry(&mut self, at: usize, budget: &Budget, each: &mut Each<'_>) -> Result<(), String> {
        let entry = self.archive.by_index(at).map_err(|why| format!("zip entry {}: {why}", at + 1))?;
        let own = entry.name().map_err(|why| format!("zip entry {}: {why}", at + 1))?.into_owned();
        let whole_name = format!("{}{own}", self.prefix);
        let name = redact::text(&whole_name, &mut redact::Counts::new());
        let name = crate::domain::text::clean_line(&name, NAME_MAX);
        // GitHub's archives hold each job's log whole, and again by step in a folder.
        let again = own.ends_with(".txt") && own.split_once('/').is_some_and(|(folder, _)| self.jobs.contains(folder));
        if !entry.is_file() || again {
            return Ok(());
        }
        let mut entry = BufReader::new(entry);
        let head = entry.fill_buf().map_err(|why| format!("{name}: {why}"))?;
        if kind(head) != Kind::Zip {
            return plain_or_gzip(&name, entry, budget, each).map_err(|why| format!("{name}: {why}"));
        }
        let nesting = self.limits.nesting.checked_sub(1);
        let nesting =
            nesting.ok_or_else(|| format!("{name}: archives nested more than two levels deep are not read"))?;
        let inner = io::Cursor::new(nested(&name, entry, budget)?);
        let mut inner = Zip::within(&format!("{name}/"), inner, Limits { nesting, ..self.limits })?;
        budget.hold(inner.entries())?;
        inner.read_all(budget, each)
    }
}

/// The job whose whole log this is: `3_build.txt` is `build`'s.
fn job(name: &str) -> Option<&str> {
    let (number, rest) = name.split_once('_')?;
    let job = rest.strip_suffix(".txt")?;
    (number.bytes().all(|b| b.is_ascii_digit()) && !job.contains('/')).then_some(job)
}

/// The bytes of an archive within an archive.
fn nested(name: &str, entry: impl Read, budget: &Budget) -> Result<Vec<u8>, String> {
    let mut inner = Vec::new();
    let mut counted = Counted { inner: entry, budget }.take(NESTED_MAX + 1);
    counted.read_to_end(&mut inner).map_err(|why| format!("{name}: {why}"))?;
    if inner.len() as u64 > NESTED_MAX {
        return Err(format!("{name}: a nested archive of more than {} MiB", NESTED_MAX >> 20));
    }
    Ok(inner)
}
