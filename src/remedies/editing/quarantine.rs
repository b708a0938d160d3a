//! Skip one test, and release it again.

use super::{alternatives, told};
use crate::domain::edit::{Edit, Edited, Editing, Mark, Source};
use crate::domain::text::{clean_line, listing};
use crate::frameworks::edit::{Around, Editor};
use crate::frameworks::{edited, editors};

/// A wish to skip one test.
pub struct Quarantine {
    editors: Vec<&'static dyn Editor>,
    name: String,
    file: Option<String>,
    mark: Mark,
}

/// Names of tests are cut by readers at 500 characters; a longer one is none.
const NAME_MAX: usize = 2_000;

/// Frameworks whose test names tell a class, which is mostly but not always the file's name.
const FILE_IS_A_GUESS: &[&str] = &["junit", "xunit", "nunit", "phpunit"];

impl Quarantine {
    /// `framework` and `file` narrow what is looked at.
    ///
    /// # Errors
    /// The framework is not known, or the name is none; the message says what would be.
    pub fn new(name: &str, framework: Option<&str>, file: Option<&str>, mark: Mark) -> Result<Self, String> {
        let name = name.trim();
        if name.is_empty() || name.len() > NAME_MAX || name.contains(['\0', '\n', '\r']) {
            return Err("a test name must be one line, as the framework prints it".into());
        }
        let all = editors();
        let editors: Vec<_> = all.into_iter().filter(|editor| framework.is_none_or(|id| editor.id() == id)).collect();
        if editors.is_empty() {
            let shown = clean_line(framework.unwrap_or_default(), 40);
            return Err(format!("`{shown}` is not a supported framework: use {}", alternatives(&edited())));
        }
        let file = file.map(|file| file.trim_start_matches("./").to_owned());
        Ok(Self { editors, name: name.to_owned(), file, mark })
    }

    /// Whether a manifest may have to tell which framework is meant.
    fn is_open(&self) -> bool {
        self.editors.iter().filter(|editor| !editor.packages().is_empty()).count() > 1
    }

    fn reads(&self, editor: &dyn Editor, path: &str) -> bool {
        match self.file.as_deref() {
            Some(file) => file == path && is_in_its_language(editor, path),
            None => editor.reads(path),
        }
    }

    /// Whether the name itself says where the test is, and where.
    fn hint(&self, editor: &dyn Editor, path: &str) -> Hint {
        match editor.file_of(&self.name) {
            _ if self.file.is_some() => Hint::None,
            None => Hint::None,
            Some(end) if ends_with(path, &end) => Hint::Here,
            Some(_) if FILE_IS_A_GUESS.contains(&editor.id()) => Hint::Perhaps,
            Some(_) => Hint::Elsewhere,
        }
    }
}

fn ending(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path).rsplit_once('.').map_or("", |(_, ending)| ending)
}

fn is_in_its_language(editor: &dyn Editor, path: &str) -> bool {
    editor.endings().contains(&ending(path))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Hint {
    None,
    Here,
    Perhaps,
    Elsewhere,
}

/// Whether a path ends in whole parts with another.
fn ends_with(path: &str, end: &str) -> bool {
    let end = end.trim_start_matches("./").trim_start_matches('/');
    path.strip_suffix(end).is_some_and(|before| before.is_empty() || before.ends_with('/'))
        // A name printed from a directory above the repository's.
        || end.strip_suffix(path).is_some_and(|before| before.ends_with('/'))
}

/// What the editors found, over all files.
#[derive(Default)]
struct Findings {
    ready: Vec<(String, Edit)>,
    already: Vec<String>,
    refused: Vec<String>,
    /// Reasons that count where nothing else was found.
    others: Vec<String>,
}

impl Findings {
    fn is_empty(&self) -> bool {
        self.ready.is_empty() && self.already.is_empty() && self.refused.is_empty() && self.others.is_empty()
    }

    fn decide(mut self) -> Edited {
        let files: Vec<String> = self.ready.iter().map(|(path, _)| path.clone()).collect();
        match (self.ready.pop(), files.len()) {
            (Some((_, edit)), 1) if self.already.is_empty() && self.refused.is_empty() => Edited::Ready(edit),
            (Some(_), _) if !self.refused.is_empty() => {
                let mut why = vec![format!("the name also matches a test in {}; name the file", listing(&files, 5))];
                why.append(&mut self.refused);
                Edited::Refused(why)
            }
            (Some(_), _) => {
                let mut why = format!("the name matches tests in several files: {}", listing(&files, 5));
                if let Some(already) = self.already.first() {
                    why = format!("{why}; and {already}");
                }
                Edited::Refused(vec![format!("{why}; name the file")])
            }
            _ if !self.refused.is_empty() => Edited::Refused(self.refused),
            _ => match self.already.pop() {
                Some(why) => Edited::Already(why),
                None if !self.others.is_empty() => Edited::Refused(self.others),
                None => Edited::Absent,
            },
        }
    }
}

impl Editing for Quarantine {
    fn wants(&self, path: &str) -> bool {
        let reads = |editor: &dyn Editor| self.reads(editor, path) && self.hint(editor, path) != Hint::Elsewhere;
        self.editors.iter().any(|editor| reads(*editor) || (self.file.is_none() && editor.reads_beside(path)))
            || self.is_open() && told::is_manifest(path)
    }

    fn needles(&self) -> Vec<String> {
        let mut needles: Vec<String> = self.editors.iter().map(|editor| editor.needle(&self.name)).collect();
        if self.file.is_some() || needles.iter().any(|needle| needle.is_empty() || needle.contains('\n')) {
            return Vec::new();
        }
        needles.extend(self.editors.iter().flat_map(|editor| editor.needles_beside()).map(|text| (*text).to_owned()));
        if self.is_open() {
            needles.extend(self.editors.iter().flat_map(|editor| editor.packages()).map(|text| (*text).to_owned()));
        }
        needles.sort();
        needles.dedup();
        needles
    }

    fn edit(&self, sources: &[Source], _earlier: &[Source]) -> Edited {
        // Where the name points to a file, another that holds the same name is not meant.
        for wanted in [Some(Hint::Here), None] {
            let mut found = Findings::default();
            for source in sources {
                let fits = |editor: &dyn Editor| {
                    let hint = self.hint(editor, &source.path);
                    self.reads(editor, &source.path)
                        && hint != Hint::Elsewhere
                        && wanted.is_none_or(|wanted| wanted == hint)
                };
                let around = Around { sources, named: self.file.is_some() };
                self.one(source, self.editors.iter().copied().filter(|editor| fits(*editor)), around, &mut found);
            }
            if !found.is_empty() {
                return found.decide();
            }
        }
        let name = clean_line(&self.name, 100);
        let is_there = |file: &&String| sources.iter().any(|source| source.path == **file);
        if let Some(file) = self.file.as_ref().filter(|file| !is_there(file)) {
            let shown = clean_line(file, 100);
            if !self.editors.iter().any(|editor| is_in_its_language(*editor, file)) {
                return Edited::Refused(vec![self.foreign(&shown)]);
            }
            return Edited::Refused(vec![format!(
                "HEAD has no editable `{shown}`: give the path from the repository root"
            )]);
        }
        if let [one] = self.editors.as_slice()
            && let Some(why) = self.misnamed(*one)
        {
            return Edited::Refused(why);
        }
        Edited::Refused(vec![format!(
            "found no test named `{name}`: give the name as the framework prints it, and the file if needed"
        )])
    }
}

impl Quarantine {
    /// What the editors say of one file: of several that could do it, the one that the file or the name speaks for.
    fn one(
        &self,
        source: &Source,
        editors: impl Iterator<Item = &'static dyn Editor>,
        around: Around<'_>,
        found: &mut Findings,
    ) {
        let mut answers: Vec<(&'static dyn Editor, Edited)> = editors
            .map(|editor| (editor, editor.quarantine_among(source, &self.name, &self.mark, around)))
            .filter(|(editor, edited)| *edited != Edited::Absent && !self.is_about_the_name(*editor, edited))
            .collect();
        told::narrow(&mut answers, &source.path, around.sources);
        answers.sort_by_key(|(editor, edited)| (rank(edited), !self.speaks_for(source, editor.id())));
        let open = told::open(&answers);
        match answers.into_iter().next() {
            Some((_, Edited::Ready(edit))) => match open {
                Ok(note) => {
                    let because = edit.because.into_iter().chain(note).collect();
                    found.ready.push((source.path.clone(), Edit { because, ..edit }));
                }
                Err(why) => found.refused.push(why),
            },
            Some((_, Edited::Already(why))) => found.already.push(why),
            // A test of the same name whose subtests are others' is no second one.
            Some((editor, Edited::Refused(why))) if editor.id() == "go" => found.others.extend(why),
            Some((_, Edited::Refused(why))) => found.refused.extend(why),
            Some((_, Edited::Unresolved(_) | Edited::Absent)) | None => {}
        }
    }

    /// Why a named file is not looked at.
    fn foreign(&self, file: &str) -> String {
        match self.editors.as_slice() {
            [one, rest @ ..] if rest.iter().all(|other| other.id() == one.id()) => {
                let endings = self.editors.iter().flat_map(|editor| editor.endings());
                let endings: Vec<String> = endings.map(|ending| format!(".{ending}")).collect();
                let endings: Vec<&str> = endings.iter().map(String::as_str).collect();
                format!("`{file}` cannot hold a {} test: its files end in {}", one.id(), alternatives(&endings))
            }
            _ => format!("`{file}` is not in a language whose tests can be skipped: see docs/remedies.md"),
        }
    }

    /// Why a framework cannot mean anything by this name, whatever the file holds.
    fn misnamed(&self, editor: &dyn Editor) -> Option<Vec<String>> {
        let nothing = Source { path: String::new(), text: String::new() };
        match editor.quarantine(&nothing, &self.name, &self.mark) {
            Edited::Refused(why) => Some(why),
            _ => None,
        }
    }

    fn is_about_the_name(&self, editor: &dyn Editor, edited: &Edited) -> bool {
        matches!(edited, Edited::Refused(_)) && self.misnamed(editor).is_some()
    }

    /// Python's two frameworks run each other's tests: the file's imports or the form of the name tell which is meant.
    fn speaks_for(&self, source: &Source, framework: &str) -> bool {
        // A dotted name is what unittest takes, also in a file that imports pytest.
        let dotted = self.name.contains('.') && !self.name.contains("::");
        let imports = source.text.contains("import pytest") || source.text.contains("from pytest");
        let pytest = self.name.contains("::") || imports && !dotted;
        match framework {
            "pytest" => pytest,
            "unittest" => !pytest,
            _ => true,
        }
    }
}

/// Who skipped it already is the first to know.
fn rank(edited: &Edited) -> u8 {
    match edited {
        Edited::Already(_) => 0,
        Edited::Ready(_) => 1,
        Edited::Refused(_) | Edited::Unresolved(_) => 2,
        Edited::Absent => 3,
    }
}

/// A wish that a mark names another day.
pub struct Extend {
    release: Release,
    until: String,
}

impl Extend {
    /// # Errors
    /// The id or the day, `YYYY-MM-DD`, is none.
    pub fn new(id: &str, until: &str) -> Result<Self, String> {
        if crate::domain::quarantined::midnight(until).is_none() {
            return Err("a date is written as YYYY-MM-DD".into());
        }
        Ok(Self { release: Release::new(id)?, until: until.to_owned() })
    }

    /// The text with the new day behind every mark of the id; `None` where a mark has no day.
    fn moved(&self, text: &str) -> Option<String> {
        let needle = format!("{}until=", Mark::needle(&self.release.id));
        let mut parts = text.split(&needle);
        let mut out = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let day = part.get(..self.until.len()).filter(|day| crate::domain::quarantined::midnight(day).is_some())?;
            out.push_str(&needle);
            out.push_str(&self.until);
            out.push_str(&part[day.len()..]);
        }
        Some(out)
    }
}

impl Editing for Extend {
    fn wants(&self, path: &str) -> bool {
        self.release.wants(path)
    }

    fn needles(&self) -> Vec<String> {
        self.release.needles()
    }

    fn edit(&self, sources: &[Source], _earlier: &[Source]) -> Edited {
        let needle = Mark::needle(&self.release.id);
        let mut edit = Edit::default();
        let mut found = false;
        for source in sources.iter().filter(|source| source.text.contains(&needle)) {
            found = true;
            let Some(text) = self.moved(&source.text) else {
                let path = &source.path;
                return Edited::Refused(vec![format!("the mark in {path} was edited by hand: change its date there")]);
            };
            if text != source.text {
                edit.files.push(Source { path: source.path.clone(), text });
            }
        }
        match (found, edit.files.is_empty()) {
            (false, _) => Edited::Absent,
            (true, true) => Edited::Already(format!("it already lasts until {}", self.until)),
            _ => {
                let paths: Vec<String> = edit.files.iter().map(|file| file.path.clone()).collect();
                edit.because.push(format!("the mark is in {}", listing(&paths, 5)));
                Edited::Ready(edit)
            }
        }
    }
}

/// A wish to take a mark out again.
pub struct Release {
    editors: Vec<&'static dyn Editor>,
    id: String,
}

/// Longer ids are none of ours.
const ID_MAX: usize = 64;

impl Release {
    /// # Errors
    /// The id is none; the message says where ids stand.
    pub fn new(id: &str) -> Result<Self, String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if id.is_empty() || id.len() > ID_MAX || !id.chars().all(plain) {
            return Err("an id has letters, digits and dashes, as after `ci-rescue id=`".into());
        }
        Ok(Self { editors: editors(), id: id.to_owned() })
    }
}

impl Editing for Release {
    /// A quarantine may stand in a file with an unusual name, where a person named it.
    fn wants(&self, path: &str) -> bool {
        self.editors.iter().any(|editor| is_in_its_language(*editor, path))
    }

    fn needles(&self) -> Vec<String> {
        vec![Mark::needle(&self.id)]
    }

    fn edit(&self, sources: &[Source], _earlier: &[Source]) -> Edited {
        let needle = Mark::needle(&self.id);
        let mut edit = Edit::default();
        let mut stuck = Vec::new();
        for source in sources.iter().filter(|source| source.text.contains(&needle)) {
            let speaks = self.editors.iter().filter(|editor| is_in_its_language(**editor, &source.path));
            match speaks.filter_map(|editor| editor.release(source, &self.id)).find(|text| !text.contains(&needle)) {
                Some(text) => edit.files.push(Source { path: source.path.clone(), text }),
                None => stuck.push(source.path.clone()),
            }
        }
        if !stuck.is_empty() {
            return Edited::Refused(vec![format!(
                "the code around the mark was changed; remove the mark by hand: search for `{}` in {}",
                needle.trim_end(),
                listing(&stuck, 5)
            )]);
        }
        if edit.files.is_empty() {
            return Edited::Absent;
        }
        let paths: Vec<String> = edit.files.iter().map(|file| file.path.clone()).collect();
        edit.because.push(format!("removes quarantine {} from {}", self.id, listing(&paths, 5)));
        Edited::Ready(edit)
    }
}
