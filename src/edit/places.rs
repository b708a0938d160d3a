//! Places in lines that get a new version, with a mark at the line's end for each: pinning and its way back.

use std::collections::BTreeMap;
use std::ops::Range;

use super::draft::Draft;
use super::lines::Lines;
use super::mark::{self, ABSENT, Found, PIN, Was};
use super::say::by_whom;
use super::splice::{Splice, splice};
use crate::domain::edit::Source;
use crate::domain::text::short;

/// A place where a requirement of the package is written.
#[derive(Clone, Debug)]
pub struct Place {
    /// What is replaced.
    pub part: Range<usize>,
    /// By what.
    pub new: String,
    /// What the mark keeps of what stood there.
    pub old: String,
    /// A byte of the line whose end takes the mark.
    pub line: usize,
    /// Whether it says the wanted version already.
    pub done: bool,
    /// The condition under which it counts, as its language writes it; empty where it always does.
    pub condition: String,
}

impl Place {
    /// A place whose old text is kept as it is, with the mark at the end of its own line.
    pub fn new(text: &str, part: Range<usize>, new: String, done: bool) -> Self {
        let old = text.get(part.clone()).unwrap_or_default().to_owned();
        Self { line: part.end, part, new, old, done, condition: String::new() }
    }
}

/// No repository has more lines that we added for one package.
const ADDED_MAX: usize = 100;

/// How marks are written in a language, and of which package they speak.
#[derive(Clone, Copy)]
pub struct Style<'a> {
    /// What is put before the mark's words, the first of them when writing.
    pub leads: &'a [&'a str],
    /// What the mark says before the old requirement: the package as written in marks, or nothing.
    pub name: &'a str,
}

impl Style<'_> {
    /// What a mark says of our package, without the package's name.
    fn own(&self, found: &Found) -> Option<Was> {
        let rest = found.was.old.strip_prefix(self.name)?;
        let ends = self.name.is_empty() || !rest.starts_with(|c: char| c.is_alphanumeric() || "._-".contains(c));
        ends.then(|| Was { old: rest.to_owned(), locked: found.was.locked.clone() })
    }

    /// The mark, ready to be put at a line's end.
    pub fn write(&self, old: &str, locked: Option<&str>) -> Option<String> {
        let words = Was::new(&format!("{}{old}", self.name), locked).words(PIN)?;
        Some(format!("{}{words}", self.leads.first()?))
    }

    /// The mark of something that was not there before.
    pub fn absent(&self, locked: Option<&str>) -> String {
        let gap = if self.name.is_empty() { "" } else { " " };
        let old = format!("{}{gap}{ABSENT}", self.name);
        let words = [locked, None].into_iter().find_map(|locked| Was::new(&old, locked).words(PIN));
        format!("{}{}", self.leads.first().unwrap_or(&""), words.unwrap_or_default())
    }

    /// The marks of our package in a line.
    pub fn marks(&self, line: &str, base: usize) -> Vec<(Range<usize>, Was)> {
        let found = mark::in_line(line, base, self.leads);
        found.iter().filter_map(|found| Some((found.range.clone(), self.own(found)?))).collect()
    }

    /// Every line with a mark that says that the package was absent.
    pub fn added(&self, text: &str) -> Vec<(Range<usize>, Range<usize>, Was)> {
        let mut out = Vec::new();
        if !text.contains(PIN) {
            return out;
        }
        for (range, line) in Lines::new(text).all() {
            for (mark, was) in self.marks(line, range.start) {
                if was.old.trim() == ABSENT && out.len() < ADDED_MAX {
                    out.push((range.clone(), mark, was));
                }
            }
        }
        out
    }
}

/// What became of the places of a text.
enum Outcome {
    Changed {
        text: String,
        locked: Option<String>,
    },
    /// Every place says so already.
    Same,
    /// The marks and the places do not fit each other, or the old text cannot be kept.
    Unfit(&'static str),
}

const MOVED: &str = "the marked line was changed by hand after the pin: edit it by hand";
const GOES_ON: &str = "its line continues on the next, so it cannot end in a comment: put it on its own line";
const UNSAFE: &str = "the current value cannot be kept in a comment: simplify the requirement first";

fn by_line(lines: &Lines<'_>, places: &[Place]) -> BTreeMap<usize, Vec<Place>> {
    let mut grouped: BTreeMap<usize, Vec<Place>> = BTreeMap::new();
    for place in places {
        grouped.entry(lines.number(place.line)).or_default().push(place.clone());
    }
    grouped
}

/// Writes the new requirement at every place that does not have it yet, with a mark for each.
fn pin(text: &str, places: &[Place], style: Style<'_>, locked: Option<&str>) -> Outcome {
    let lines = Lines::new(text);
    let mut splices: Vec<Splice> = Vec::new();
    for (number, places) in by_line(&lines, places) {
        if places.iter().all(|place| place.done) {
            continue;
        }
        let range = lines.range(number);
        let marks = style.marks(&text[range.clone()], range.start);
        if !marks.is_empty() && marks.len() != places.len() {
            return Outcome::Unfit(MOVED);
        }
        if goes_on(&text[range.clone()]) {
            return Outcome::Unfit(GOES_ON);
        }
        let mut ends = String::new();
        for place in places {
            if marks.is_empty() {
                let Some(words) = style.write(&place.old, locked) else { return Outcome::Unfit(UNSAFE) };
                ends.push_str(&words);
            }
            splices.push((place.part, place.new));
        }
        splices.push((range.end..range.end, ends));
    }
    if splices.is_empty() { Outcome::Same } else { Outcome::Changed { text: splice(text, splices), locked: None } }
}

/// Whether a string of several lines may begin in this line, or a backslash joins it to the next.
pub fn goes_on(line: &str) -> bool {
    line.contains("\"\"\"") || line.contains("'''") || line.trim_end().ends_with('\\')
}

/// Whether every line of these places carries our marks.
pub fn is_ours(text: &str, places: &[Place], style: Style<'_>) -> bool {
    let lines = Lines::new(text);
    !places.is_empty()
        && places.iter().all(|place| {
            let range = lines.around(place.line);
            !style.marks(&text[range.clone()], range.start).is_empty()
        })
}

/// Puts back what the marks keep. `back` gives what to write for a place from what its mark says.
fn unpin(text: &str, places: &[Place], style: Style<'_>, back: &dyn Fn(&Place, &str) -> Option<String>) -> Outcome {
    let lines = Lines::new(text);
    let mut splices: Vec<Splice> = Vec::new();
    let mut locked = None;
    for (number, places) in by_line(&lines, places) {
        let range = lines.range(number);
        let mut marks = style.marks(&text[range.clone()], range.start);
        marks.retain(|(_, was)| was.old.trim() != ABSENT);
        if marks.is_empty() {
            continue;
        }
        if marks.len() != places.len() {
            return Outcome::Unfit(MOVED);
        }
        for (place, (mark, was)) in places.iter().zip(marks) {
            let Some(old) = back(place, &was.old) else {
                return Outcome::Unfit(
                    "no earlier lock file has the previous value: regenerate the lock file with its tool",
                );
            };
            splices.push((place.part.clone(), old));
            splices.push((mark, String::new()));
            locked = locked.or(was.locked);
        }
    }
    if splices.is_empty() { Outcome::Same } else { Outcome::Changed { text: splice(text, splices), locked } }
}

/// A file's text when what a pin added to it is gone, and what its mark said of the lock.
pub struct Base {
    pub text: String,
    pub locked: Option<String>,
}

impl<'a> Draft<'a> {
    /// Lets the places of a file say the version. Gives the text they are in then; none where they cannot, or where they
    /// say it already and something is `missing` for it to hold: the end of a sentence.
    pub fn pin(
        &mut self,
        source: &'a Source,
        places: &[Place],
        style: Style<'_>,
        locked: Option<&str>,
        (package, version): (&str, &str),
        missing: Option<&str>,
    ) -> Option<String> {
        let path = short(&source.path);
        match pin(&source.text, places, style, locked) {
            Outcome::Changed { text, .. } => {
                self.because(format!("{path}: {package} is now at exactly {version}."));
                self.put(source, text.clone());
                Some(text)
            }
            Outcome::Same => {
                let so = match missing {
                    Some(missing) => format!("but {missing}"),
                    None => by_whom(is_ours(&source.text, places, style)).to_owned(),
                };
                self.already(format!("{path} already has exactly {version}, {so}."));
                missing.is_none().then(|| source.text.clone())
            }
            Outcome::Unfit(reason) => {
                self.refuse(format!("{path}: {reason}."));
                None
            }
        }
    }

    /// Takes back what [`Draft::pin`] wrote, and what it added. Gives the text and what the lock had; none where nothing
    /// in the file is ours, or people changed it since.
    pub fn unpin(
        &mut self,
        source: &'a Source,
        base: Base,
        places: &[Place],
        style: Style<'_>,
        back: &dyn Fn(&Place, &str) -> Option<String>,
    ) -> Option<Base> {
        let path = short(&source.path);
        let restored = match unpin(&base.text, places, style, back) {
            Outcome::Changed { text, locked } => Base { text, locked: base.locked.or(locked) },
            Outcome::Same if base.text != source.text => base,
            Outcome::Same => return None,
            Outcome::Unfit(reason) => {
                self.refuse(format!("{path}: {reason}."));
                return None;
            }
        };
        self.because(format!("{path} is restored to its state before the pin."));
        self.put(source, restored.text.clone());
        Some(restored)
    }
}
