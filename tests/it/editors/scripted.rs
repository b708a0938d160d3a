//! The editors of `RSpec`, `PHPUnit`, xUnit and `NUnit`: each walks over its table `data/<id>/cases.txt`.

use std::fs;
use std::path::PathBuf;

use ci_rescue::domain::edit::{Edit, Edited, Mark, Source};
use ci_rescue::frameworks::edit::Editor;

struct Case {
    file: String,
    name: String,
    outcome: String,
    piece: String,
    warning: String,
}

fn folder(id: &str) -> PathBuf {
    super::data(id)
}

fn cases(id: &str) -> Vec<Case> {
    let table = fs::read_to_string(folder(id).join("cases.txt")).unwrap();
    let rows = table.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    rows.map(|row| {
        let row = row.replace("\\|", "\u{1}");
        let mut cells = row.split(" | ").map(|cell| cell.trim().trim_end_matches(" |").replace('\u{1}', "|"));
        let mut next = || cells.next().unwrap_or_default();
        Case { file: next(), name: next(), outcome: next().replace(" |", ""), piece: next(), warning: next() }
    })
    .collect()
}

fn source(id: &str, file: &str) -> Source {
    let path = if id == "rspec" { format!("spec/{file}") } else { format!("tests/{file}") };
    Source { path, text: fs::read_to_string(folder(id).join(file)).unwrap() }
}

fn mark(id: &str) -> Mark {
    Mark::new(id, "2031-02-03", "flaky on CI: it's \"slow\"")
}

fn ready(edited: Edited, case: &Case) -> Edit {
    match edited {
        Edited::Ready(edit) => edit,
        other => panic!("{} | {}: {other:?}", case.file, case.name),
    }
}

/// The file as other people keep it: ends of lines, byte order mark, tabs, no last end of line.
fn variants(text: &str) -> Vec<String> {
    vec![
        text.to_owned(),
        text.replace('\n', "\r\n"),
        format!("\u{feff}{text}"),
        format!("\u{feff}{}", text.replace('\n', "\r\n")),
        text.trim_end().to_owned(),
        text.replace("    ", "\t"),
        text.replace("    ", "  "),
    ]
}

fn walk(editor: &dyn Editor) {
    let id = editor.id();
    let cases = cases(id);
    let mut files: Vec<&str> = cases.iter().map(|case| case.file.as_str()).collect();
    files.dedup();
    assert!(files.len() >= 12, "{id} has only {} samples", files.len());
    for case in &cases {
        let source = source(id, &case.file);
        let label = format!("{id}: {} | {}", case.file, case.name);
        match (case.outcome.as_str(), editor.quarantine(&source, &case.name, &mark("q-1"))) {
            ("skip", edited) => {
                skipped(editor, &source, case, &ready(edited, case), &label);
                for text in variants(&source.text) {
                    round(editor, &Source { path: source.path.clone(), text }, case, &label);
                }
            }
            ("absent", edited) => assert_eq!(edited, Edited::Absent, "{label}"),
            ("already", Edited::Already(by)) => assert!(by.contains(&case.piece), "{label}: {by}"),
            ("refused", Edited::Refused(reasons)) => assert!(reasons[0].contains(&case.piece), "{label}: {reasons:?}"),
            (wished, edited) => panic!("{label}: {wished}, but {edited:?}"),
        }
    }
    for pair in cases.iter().filter(|case| case.outcome == "skip").collect::<Vec<_>>().windows(2) {
        if pair[0].file == pair[1].file {
            both(editor, &source(id, &pair[0].file), pair[0], pair[1]);
            both(editor, &source(id, &pair[0].file), pair[1], pair[0]);
        }
    }
}

/// The edited line is the one that the table says, and the rest is as it was.
fn skipped(editor: &dyn Editor, source: &Source, case: &Case, edit: &Edit, label: &str) {
    let text = &edit.files[0].text;
    assert!(source.text.contains(&editor.needle(&case.name)), "{label}: {}", editor.needle(&case.name));
    let words = mark("q-1").words();
    let lines: Vec<String> = (1..)
        .zip(text.lines().map(str::trim))
        .filter(|(_, line)| line.contains(&words))
        .map(|(number, line)| format!("{number}: {line}"))
        .collect();
    assert_eq!(lines.len(), 1, "{label}");
    let wished = case.piece.replace("\"@\"", &format!("\"{words}\"")).replace("'@'", &format!("'{words}'"));
    assert_eq!(lines[0], wished, "{label}");
    assert_eq!(edit.because.len(), 1, "{label}");
    match case.warning.as_str() {
        "-" => assert!(edit.warnings.is_empty(), "{label}: {:?}", edit.warnings),
        warning => assert!(edit.warnings.iter().any(|had| had.contains(warning)), "{label}: {:?}", edit.warnings),
    }
}

/// Quarantined, quarantined again, released.
fn round(editor: &dyn Editor, source: &Source, case: &Case, label: &str) {
    let edit = ready(editor.quarantine(source, &case.name, &mark("q-1")), case);
    let edited = &edit.files[0];
    let stray = |text: &str| text.contains("\r\n") && text.replace("\r\n", "").contains('\n');
    assert!(!stray(&edited.text), "{label}: mixed ends of lines");
    match editor.quarantine(edited, &case.name, &mark("q-2")) {
        Edited::Already(by) => assert!(by.contains("id=q-1"), "{label}: {by}"),
        other => panic!("{label}: {other:?}"),
    }
    assert_eq!(editor.release(edited, "q-1").as_ref(), Some(&source.text), "{label}");
    assert_eq!(editor.release(edited, "q"), None, "{label}");
    assert_eq!(editor.release(source, "q-1"), None, "{label}");
}

/// Two tests of a file, released in either order.
fn both(editor: &dyn Editor, source: &Source, first: &Case, second: &Case) {
    let label = format!("{}: {} and {}", first.file, first.name, second.name);
    let one = ready(editor.quarantine(source, &first.name, &mark("a-1")), first).files.remove(0);
    let two = match editor.quarantine(&one, &second.name, &mark("a-12")) {
        Edited::Ready(mut edit) => edit.files.remove(0),
        Edited::Already(_) => return,
        other => panic!("{label}: {other:?}"),
    };
    for (earlier, later) in [("a-1", "a-12"), ("a-12", "a-1")] {
        let text = editor.release(&two, earlier).unwrap_or_else(|| panic!("{label}: {earlier}\n{}", two.text));
        let last = editor.release(&Source { path: two.path.clone(), text }, later);
        assert_eq!(last.as_ref(), Some(&source.text), "{label}");
    }
}

#[test]
fn rspec() {
    walk(super::editor("rspec"));
}

#[test]
fn phpunit() {
    walk(super::editor("phpunit"));
}

#[test]
fn xunit() {
    walk(super::editor("xunit"));
}

#[test]
fn nunit() {
    walk(super::editor("nunit"));
}
