//! The site that is made of the documents: every page is in its contents, every picture can be shown, and the commands
//! that need nothing do what the page says.

use super::{Document, beside, command, document, documents, root};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const CONTENTS: &str = "docs/SUMMARY.md";

/// Pages that the contents do not name, or name twice, and those that they name in vain.
fn astray(contents: &Document, pages: &BTreeSet<PathBuf>) -> Vec<PathBuf> {
    let named: Vec<PathBuf> = contents.links.iter().map(|link| beside(&contents.path, link)).collect();
    let once: BTreeSet<PathBuf> = named.iter().cloned().collect();
    let mut astray: Vec<PathBuf> = pages.symmetric_difference(&once).cloned().collect();
    astray.extend(once.into_iter().filter(|page| named.iter().filter(|name| *name == page).count() > 1));
    astray
}

#[test]
fn every_page_is_in_the_contents() {
    let mut pages: BTreeSet<PathBuf> = documents().into_iter().map(|document| document.path).collect();
    assert!(pages.remove(Path::new(CONTENTS)) && pages.len() > 30, "{pages:?}");
    assert_eq!(astray(&document(CONTENTS), &pages), Vec::<PathBuf>::new());
    // A page too many and one too few are noticed.
    let planted = PathBuf::from("docs/planted.md");
    pages.insert(planted.clone());
    let lost = PathBuf::from("docs/judgement.md");
    pages.remove(&lost);
    assert_eq!(astray(&document(CONTENTS), &pages), [lost, planted]);
}

#[test]
fn pictures_are_small_and_say_what_they_show() {
    const BYTES_MAX: u64 = 150_000;
    const WORDS_MIN: usize = 5;
    let (mut shown, mut wrong) = (BTreeSet::new(), Vec::new());
    for document in documents() {
        for (to, said) in &document.pictures {
            let path = root().join(beside(&document.path, to));
            let fits = fs::metadata(&path).is_ok_and(|file| file.len() <= BYTES_MAX);
            if !fits || said.split_whitespace().count() < WORDS_MIN {
                wrong.push(document.says(to));
            }
            shown.extend(path.file_name().map(ToOwned::to_owned));
        }
    }
    let taken = fs::read_dir(root().join("docs/pictures")).unwrap().flatten();
    wrong.extend(
        taken
            .map(|file| file.file_name())
            .filter(|name| !shown.contains(name))
            .map(|name| format!("{name:?}: not shown")),
    );
    assert!(shown.len() > 5 && wrong.is_empty(), "{} pictures:\n{}", shown.len(), wrong.join("\n"));
}

/// Commands that need neither a configuration nor anybody's account.
const ALONE: &[&str] = &["analyze", "completions", "manifest", "route"];

const RED: &str = "npm error code ECONNRESET\n##[error]Process completed with exit code 1.\n";

#[test]
fn commands_that_need_nothing_run() {
    let here = tempfile::tempdir().unwrap();
    let own = documents().into_iter().find(|one| one.path.ends_with("known-issue.md")).expect("the page");
    let own = own.blocks("toml known-issues").next().expect("its example").to_owned();
    for (name, text) in [("build.log", RED), ("red.log", RED), ("green.log", "added 12 packages\n"), ("own.toml", &own)]
    {
        fs::write(here.path().join(name), text).unwrap();
    }
    let program = Path::new(env!("CARGO_BIN_EXE_ci-rescue")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let (mut tried, mut wrong) = (BTreeSet::new(), Vec::new());
    for document in documents() {
        for line in document.blocks("sh").flat_map(str::lines) {
            let piped = line.starts_with("echo ") && line.contains("| ci-rescue route");
            let line = if piped { line } else { command(line) };
            let name = line.split("ci-rescue ").nth(1).and_then(|rest| rest.split_whitespace().next());
            let Some(name) = name.filter(|name| ALONE.contains(name)) else { continue };
            if !piped && !line.starts_with("ci-rescue ") {
                continue;
            }
            tried.insert(name.to_owned());
            let output =
                Command::new("sh").args(["-c", line]).current_dir(here.path()).env("PATH", &path).output().unwrap();
            if !output.status.success() || output.stdout.is_empty() {
                wrong.push(document.says(&format!("{line}: {}", String::from_utf8_lossy(&output.stderr))));
            }
        }
    }
    assert_eq!(tried.into_iter().collect::<Vec<_>>(), ALONE);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
