//! Files of logs, read by as many threads as there are cores. What comes of them is handed over in order.

use ci_rescue::evidence::archive::{self, Kind, Limits, Spent, Zip};
use ci_rescue::evidence::{Analyzer, Baseline, Reading, input};
use ci_rescue::frameworks::reports::Report;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

/// Large enough for a bar to be worth it, in bytes.
const BAR: u64 = 32 << 20;
const CHUNK: usize = 256 << 10;
/// Logs that a thread may be ahead of those that are shown: each holds memory.
const AHEAD: usize = 4;
/// More threads would hold more memory than most machines want to spare: an archive within an archive is held whole.
const THREADS_MAX: usize = 8;
/// Too many files are open, here or on the machine (errno.h, the same on Linux and macOS).
const TOO_MANY_OPEN: [i32; 2] = [24, 23];

/// What was found in a file.
pub enum Thing {
    Log(Box<Reading>),
    Report(Report),
}

/// By its name within the file; empty for the file itself.
type Found = (String, Thing);
type Each<'e> = dyn FnMut(&str, Thing) -> Result<(), String> + 'e;

/// A file to read.
pub struct Input {
    pub path: PathBuf,
    /// Of those that belong together, there is no other: a report that is a log, too, is the log.
    pub alone: bool,
}

/// A file whose readers, one a thread, each have a place of their own.
#[derive(Clone)]
struct Shared {
    file: Arc<File>,
    size: u64,
    at: u64,
    bar: ProgressBar,
    /// Nobody wants to know any more.
    over: Arc<AtomicBool>,
}

impl Read for Shared {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.over.load(Ordering::Relaxed) {
            return Err(io::Error::other("nobody wants it"));
        }
        let n = self.file.read_at(buffer, self.at)?;
        self.at += n as u64;
        self.bar.inc(n as u64);
        Ok(n)
    }
}

impl Seek for Shared {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.size.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

/// What one thread reads.
enum Part {
    File(Box<Shared>),
    Entry(Box<Zip<Shared>>, usize),
    /// What comes when it comes: opened and read by one thread.
    Pipe(PathBuf),
}

/// The parts of a file: the entries of an archive are read apart from each other.
fn parts(path: &Path, bar: &ProgressBar, over: &Arc<AtomicBool>) -> io::Result<Result<Vec<Part>, String>> {
    let is_file = path.as_os_str() != "-" && std::fs::metadata(path)?.is_file();
    if !is_file {
        return Ok(Ok(vec![Part::Pipe(path.to_owned())]));
    }
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    let (file, over) = (Arc::new(file), Arc::clone(over));
    if size < BAR {
        return Ok(opened(Shared { file, size, at: 0, bar: ProgressBar::hidden(), over }));
    }
    if bar.is_hidden() {
        bar.set_draw_target(ProgressDrawTarget::stderr());
    }
    bar.inc_length(size);
    Ok(opened(Shared { file, size, at: 0, bar: bar.clone(), over }))
}

fn opened(mut file: Shared) -> Result<Vec<Part>, String> {
    let mut head = [0; 4];
    let n = read_some(&mut file, &mut head).map_err(|why| why.to_string())?;
    file.at = 0;
    if archive::kind(&head[..n]) != Kind::Zip {
        return Ok(vec![Part::File(Box::new(file))]);
    }
    let zip = Zip::open(file, Limits::default())?;
    Ok((0..zip.entries()).map(|at| Part::Entry(Box::new(zip.clone()), at)).collect())
}

/// An archive cannot be read from a pipe: its table stands at the end.
fn piped(path: &Path, each: &mut archive::Each<'_>) -> Result<(), String> {
    let said = |why: io::Error| why.to_string();
    let mut input: Box<dyn Read> =
        if path.as_os_str() == "-" { Box::new(io::stdin()) } else { Box::new(File::open(path).map_err(said)?) };
    let mut head = [0; 4];
    let n = read_some(&mut input, &mut head).map_err(said)?;
    let whole = io::Cursor::new(head).take(n as u64).chain(input);
    if archive::kind(&head[..n]) != Kind::Zip {
        return archive::stream(whole, Limits::default(), each);
    }
    let mut spool = tempfile::tempfile().map_err(said)?;
    io::copy(&mut whole.take(Limits::default().expanded), &mut spool).map_err(said)?;
    spool.rewind().map_err(said)?;
    archive::zip(spool, Limits::default(), each)
}

fn read_some(source: &mut (impl Read + ?Sized), buffer: &mut [u8]) -> io::Result<usize> {
    let mut n = 0;
    while n < buffer.len() {
        match source.read(&mut buffer[n..])? {
            0 => break,
            more => n += more,
        }
    }
    Ok(n)
}

impl Part {
    fn each(self, each: &mut archive::Each<'_>) -> Result<Spent, String> {
        match self {
            Self::File(source) => archive::stream(source, Limits::default(), each).map(|()| Spent::default()),
            Self::Entry(mut zip, at) => zip.read(at, each),
            Self::Pipe(path) => piped(&path, each).map(|()| Spent::default()),
        }
    }
}

/// What is in a log or a report; nothing where it is neither, as archives hold other files, too.
fn thing(
    name: &str,
    kind: Kind,
    source: &mut dyn Read,
    alone: bool,
    green: &Baseline,
) -> Result<Option<Thing>, String> {
    // A report that is the only file may be the log, too.
    let is_log = kind == Kind::Plain || (kind == Kind::Lines && alone && name.is_empty());
    if !is_log {
        return match archive::report(BufReader::new(source)) {
            Ok(found) => Ok(Some(Thing::Report(found))),
            Err(_) if !name.is_empty() => Ok(None),
            Err(why) => Err(why),
        };
    }
    let mut analyzer = Analyzer::default().with_baseline(green.clone());
    let mut report = Report::default();
    if kind == Kind::Lines {
        archive::items(BufReader::new(Tee { source, analyzer: &mut analyzer }), &mut |item| report.add(item))?;
    } else if let Some(why) = drain(&mut analyzer, source)? {
        return if name.is_empty() { Err(why.into()) } else { Ok(None) };
    }
    Ok(Some(Thing::Log(Box::new(analyzer.finish().with_report(&report)))))
}

/// Hands what is read to the analyzer, too.
struct Tee<'t> {
    source: &'t mut dyn Read,
    analyzer: &'t mut Analyzer,
}

impl Read for Tee<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.source.read(buffer)?;
        self.analyzer.feed(&buffer[..n]);
        Ok(n)
    }
}

/// Reads all of it; or says why it is no log.
fn drain(analyzer: &mut Analyzer, source: &mut dyn Read) -> Result<Option<&'static str>, String> {
    let mut chunk = vec![0; CHUNK];
    let n = read_some(source, &mut chunk[..input::HEAD]).map_err(|why| why.to_string())?;
    let fault = if n == 0 { Some("empty") } else { input::fault(&chunk[..n]) };
    if fault.is_some() {
        return Ok(fault);
    }
    analyzer.feed(&chunk[..n]);
    loop {
        match source.read(&mut chunk) {
            Ok(0) => return Ok(None),
            Ok(n) => analyzer.feed(&chunk[..n]),
            Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
            Err(why) => return Err(why.to_string()),
        }
    }
}

/// The log of a passing run.
///
/// # Errors
/// Says what could not be read.
pub fn baseline(path: &Path) -> Result<Baseline, String> {
    let mut analyzer = Analyzer::of_baseline();
    let parts = parts(path, &ProgressBar::hidden(), &Arc::default()).map_err(|why| why.to_string())?;
    for part in parts? {
        part.each(&mut |name, kind, source| match kind {
            Kind::Plain | Kind::Lines => match drain(&mut analyzer, source)? {
                Some(why) if name.is_empty() => Err(why.into()),
                _ => Ok(()),
            },
            _ => Ok(()),
        })?;
    }
    Ok(analyzer.into_baseline())
}

/// What a thread tells.
enum Told {
    Found(Found),
    Ended(Result<Spent, String>),
}

/// A file's part at work.
struct Working {
    /// The file's number.
    file: usize,
    told: Receiver<Told>,
    /// Stops it.
    over: Arc<AtomicBool>,
}

type Task = Box<dyn FnOnce() + Send>;

/// Reads ahead of whoever takes what was read.
pub struct Files {
    tasks: Sender<Task>,
    threads: usize,
    green: Baseline,
    inputs: Vec<Input>,
    /// Files that were handed over.
    taken: usize,
    /// The next file to begin, and what is left of the one before.
    next: usize,
    parts: std::vec::IntoIter<Part>,
    /// Of the file that was begun last.
    over: Arc<AtomicBool>,
    working: VecDeque<Working>,
    bar: ProgressBar,
}

/// So many threads as can be had, up to one a core; each does the next task there is.
fn threads(tasks: Receiver<Task>) -> Result<usize, String> {
    let tasks = Arc::new(Mutex::new(tasks));
    let wanted = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
    let mut had = 0;
    for _ in 0..wanted {
        let tasks = Arc::clone(&tasks);
        let next = move || tasks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let begun = std::thread::Builder::new().spawn(move || {
            while let Ok(task) = next() {
                task();
            }
        });
        match begun {
            Ok(_) => had += 1,
            Err(why) if had == 0 => return Err(format!("no thread can be started: {why}")),
            Err(_) => break,
        }
    }
    Ok(had)
}

impl Files {
    /// # Errors
    /// No thread can be had.
    pub fn new(inputs: Vec<Input>, green: Option<&Baseline>) -> Result<Self, String> {
        let (tasks, queue) = channel();
        Ok(Self {
            tasks,
            threads: threads(queue)?,
            green: green.cloned().unwrap_or_default(),
            inputs,
            taken: 0,
            next: 0,
            parts: Vec::new().into_iter(),
            over: Arc::default(),
            working: VecDeque::new(),
            bar: bar(),
        })
    }

    /// What is printed while a bar may be shown has to suspend it.
    pub fn bar(&self) -> ProgressBar {
        self.bar.clone()
    }

    /// Hands over what is in the next file.
    ///
    /// # Errors
    /// Says what could not be read; what came before it was handed over.
    pub fn take(&mut self, each: &mut Each<'_>) -> Result<(), String> {
        let file = self.taken;
        self.taken += 1;
        let mut spent = Spent::default();
        loop {
            self.fill();
            let Some(working) = self.working.pop_front_if(|working| working.file == file) else { return Ok(()) };
            let ended = working.hear(each);
            // In the order of the entries, so that it does not depend on the threads where the limit is.
            if let Err(why) = ended.and_then(|one| spent.add(one, Limits::default())) {
                working.over.store(true, Ordering::Relaxed);
                self.leave(file);
                return Err(why);
            }
        }
    }

    /// After a fault, the rest of an archive is not read.
    fn leave(&mut self, file: usize) {
        self.working.retain(|working| working.file != file);
        if self.next == file + 1 {
            self.parts = Vec::new().into_iter();
        }
    }

    fn fill(&mut self) {
        while self.working.len() < AHEAD * self.threads {
            if let Some(part) = self.parts.next() {
                self.begin(part);
                continue;
            }
            let Some(input) = self.inputs.get(self.next) else { return };
            self.over = Arc::default();
            let why = match parts(&input.path, &self.bar, &self.over) {
                // Those before it will be closed.
                Err(why) if !self.working.is_empty() && is_crowded(&why) => return,
                Ok(Ok(parts)) => {
                    self.next += 1;
                    self.parts = parts.into_iter();
                    continue;
                }
                Ok(Err(why)) => why,
                Err(why) => why.to_string(),
            };
            let (tell, told) = sync_channel(1);
            // It has room for one.
            let _ = tell.send(Told::Ended(Err(why)));
            self.working.push_back(Working { file: self.next, told, over: Arc::clone(&self.over) });
            self.next += 1;
        }
    }

    fn begin(&mut self, part: Part) {
        let file = self.next - 1;
        let (alone, green) = (self.inputs[file].alone, self.green.clone());
        let (tell, told) = sync_channel(AHEAD);
        // The threads live as long as there are tasks.
        let _ = self.tasks.send(Box::new(move || work(part, alone, &green, &tell)));
        self.working.push_back(Working { file, told, over: Arc::clone(&self.over) });
    }
}

fn is_crowded(why: &io::Error) -> bool {
    why.raw_os_error().is_some_and(|code| TOO_MANY_OPEN.contains(&code))
}

impl Drop for Files {
    /// Whoever has seen enough waits for nothing.
    fn drop(&mut self) {
        self.bar.finish_and_clear();
        self.working.iter().for_each(|working| working.over.store(true, Ordering::Relaxed));
    }
}

fn work(part: Part, alone: bool, green: &Baseline, tell: &SyncSender<Told>) {
    let ended = part.each(&mut |name, kind, source| match thing(name, kind, source, alone, green)? {
        Some(thing) => tell.send(Told::Found((name.to_owned(), thing))).map_err(|_| "nobody wants it".into()),
        None => Ok(()),
    });
    let _ = tell.send(Told::Ended(ended));
}

impl Working {
    fn hear(&self, each: &mut Each<'_>) -> Result<Spent, String> {
        loop {
            match self.told.recv() {
                Ok(Told::Found((name, thing))) => each(&name, thing)?,
                Ok(Told::Ended(ended)) => return ended,
                Err(_) => return Err("reading it broke off: this is a bug in ci-rescue".into()),
            }
        }
    }
}

/// A bar on a terminal for what takes a while: it is shown from the first large file on.
fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta} left");
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
