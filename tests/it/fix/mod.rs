//! The templates over samples of workflows: `data/fix/<template>/<sample>.txt`.

mod action_major;
mod build_flag;
mod cache_key_bump;
mod guards;
mod hostile;
mod tool_pin;

use ci_rescue::domain::edit::{Edit, Edited, Editing, Source};
use ci_rescue::remedies::templates::{Fix, Hint, by_id};

/// What a person or the evidence says in a row.
#[derive(Clone, Copy, Default)]
pub struct Said {
    pub workflow: &'static str,
    pub job: &'static str,
    pub step: &'static str,
    pub line: &'static str,
    pub words: &'static str,
}

/// What has to come of a row.
#[derive(Clone, Copy)]
pub enum Want {
    /// The lines that go and come, with their blanks.
    Diff(&'static [&'static str]),
    /// A piece of a refusal.
    Refused(&'static str),
    Already(&'static str),
    Absent,
}

/// One row: the sample, what is said, what has to come of it.
pub type Row = (&'static str, Said, Want);

pub const NOTHING: Said = Said { workflow: "", job: "", step: "", line: "", words: "" };

pub const fn said_words(words: &'static str) -> Said {
    Said { words, ..NOTHING }
}

pub const fn said_line(line: &'static str) -> Said {
    Said { line, ..NOTHING }
}

impl Said {
    pub fn hint(self) -> Hint {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Hint {
            workflow: some(self.workflow),
            job: some(self.job),
            step: some(self.step),
            lines: self.line.split('\n').filter(|line| !line.is_empty()).map(str::to_owned).collect(),
            words: self.words.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect(),
        }
    }
}

/// The files of a sample, each behind a line `==== path`.
pub fn sample(template: &str, name: &str) -> Vec<Source> {
    let path = format!("{}/tests/data/fix/{template}/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut files = Vec::new();
    for part in text.split("==== ").skip(1) {
        let (path, text) = part.split_once('\n').expect("a path stands on its line");
        files.push(Source { path: path.trim().to_owned(), text: text.to_owned() });
    }
    assert!(!files.is_empty(), "{path} has no file");
    files
}

pub fn apply(template: &str, files: &[Source], hint: Hint) -> Edited {
    Fix::new(template, hint).expect("the template is known").edit(files, &[])
}

/// Walks over a table, and tells every row that fails.
pub fn walk(template: &str, rows: &[Row]) {
    let fails = |row: &&Row| std::panic::catch_unwind(|| walk_row(template, row)).is_err();
    let failed: Vec<&str> = rows.iter().filter(fails).map(|(name, ..)| *name).collect();
    assert!(failed.is_empty(), "{template}: {failed:?}");
}

fn walk_row(template: &str, (name, said, want): &Row) {
    let files = sample(template, name);
    let at = format!("{template}/{name}");
    let edited = apply(template, &files, said.hint());
    match (&edited, want) {
        (Edited::Ready(edit), Want::Diff(lines)) => {
            assert_eq!(diff(&files, edit), *lines, "{at}");
            check_ready(template, &at, &files, edit, *said);
        }
        (Edited::Refused(why), Want::Refused(piece)) => {
            for sentence in why {
                check_sentence(&at, sentence);
            }
            assert!(why.iter().any(|why| why.contains(piece)), "{at}: {why:?}");
        }
        (Edited::Already(why), Want::Already(piece)) => {
            check_sentence(&at, why);
            assert!(why.contains(piece), "{at}: {why}");
        }
        (Edited::Absent, Want::Absent) => {}
        (edited, _) => panic!("{at}: {edited:?}"),
    }
}

fn check_sentence(at: &str, sentence: &str) {
    assert!(sentence.ends_with(['.', '!', '?']) && sentence.len() < 700, "{at}: {sentence}");
    assert!(!sentence.chars().any(char::is_control) && !sentence.contains(".."), "{at}: {sentence}");
}

/// What holds for every edit.
fn check_ready(template: &str, at: &str, files: &[Source], edit: &Edit, said: Said) {
    assert_eq!(edit.files.len(), 1, "{at}: one workflow changes");
    assert!(!edit.because.is_empty(), "{at}: it says why");
    edit.because.iter().chain(&edit.warnings).for_each(|sentence| check_sentence(at, sentence));
    let after = merged(files, edit);
    match apply(template, &after, said.hint()) {
        Edited::Already(_) if template != "cache_key_bump" => {}
        Edited::Ready(_) if template == "cache_key_bump" => {
            assert!(edit.because.iter().any(|why| why.contains("Applying it again")), "{at}");
        }
        again => panic!("{at}, applied again: {again:?}"),
    }
    // Line ends and a byte order mark stay.
    let dressed = |text: &str| format!("\u{feff}{}", text.replace('\n', "\r\n"));
    let dress = |files: &[Source]| -> Vec<Source> {
        files.iter().map(|file| Source { path: file.path.clone(), text: dressed(&file.text) }).collect()
    };
    let Edited::Ready(windows) = apply(template, &dress(files), said.hint()) else {
        panic!("{at}, with Windows' line ends: {:?}", apply(template, &dress(files), said.hint()))
    };
    assert_eq!(windows.files, dress(&edit.files), "{at}, with Windows' line ends");
    // A missing line end at the end of the file stays missing.
    let mut short = files.to_vec();
    for file in &mut short {
        file.text.truncate(file.text.trim_end().len());
    }
    let Edited::Ready(cut) = apply(template, &short, said.hint()) else { panic!("{at}, without the last line end") };
    assert_eq!(cut.files[0].text.trim_end(), edit.files[0].text.trim_end(), "{at}, without the last line end");
}

pub fn merged(files: &[Source], edit: &Edit) -> Vec<Source> {
    let new = |file: &Source| edit.files.iter().find(|new| new.path == file.path).unwrap_or(file).clone();
    files.iter().map(new).collect()
}

/// The lines that differ.
pub fn diff(files: &[Source], edit: &Edit) -> Vec<String> {
    let mut out = Vec::new();
    for new in &edit.files {
        let old = files.iter().find(|file| file.path == new.path).expect("no file is new");
        let (a, b): (Vec<&str>, Vec<&str>) = (old.text.split('\n').collect(), new.text.split('\n').collect());
        let mut common = vec![vec![0_usize; b.len() + 1]; a.len() + 1];
        for i in (0..a.len()).rev() {
            for j in (0..b.len()).rev() {
                common[i][j] =
                    if a[i] == b[j] { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
            }
        }
        let (mut i, mut j) = (0, 0);
        while i < a.len() || j < b.len() {
            if i < a.len() && j < b.len() && a[i] == b[j] {
                (i, j) = (i + 1, j + 1);
            } else if i < a.len() && (j == b.len() || common[i + 1][j] >= common[i][j + 1]) {
                out.push(format!("-{}", a[i]));
                i += 1;
            } else {
                out.push(format!("+{}", b[j]));
                j += 1;
            }
        }
    }
    out
}

#[test]
fn every_sample_is_in_a_table() {
    let tables = [
        ("action_major_back", action_major::BACK),
        ("action_major_forward", action_major::FORWARD),
        ("build_flag", build_flag::ROWS),
        ("cache_key_bump", cache_key_bump::ROWS),
        ("tool_pin", tool_pin::ROWS),
    ];
    for (template, rows) in tables {
        assert!(by_id(template).is_some());
        let folder = format!("{}/tests/data/fix/{template}", env!("CARGO_MANIFEST_DIR"));
        let names: Vec<String> = std::fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{folder}: {error}"))
            .map(|entry| {
                entry.expect("it can be read").file_name().to_string_lossy().trim_end_matches(".txt").to_owned()
            })
            .collect();
        assert!(names.len() >= 10, "{template} has {} samples", names.len());
        for name in names {
            assert!(rows.iter().any(|(sample, ..)| *sample == name), "{template}/{name} is in no table");
        }
    }
}
