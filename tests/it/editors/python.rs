//! Walks over `data/pytest/cases.txt` and `data/unittest/cases.txt`.

use std::path::PathBuf;

use ci_rescue::domain::edit::{Edited, Mark, Source};
use ci_rescue::frameworks::edit::Editor;

struct Case {
    source: Source,
    name: String,
    outcome: String,
    detail: String,
}

fn folder(framework: &str) -> PathBuf {
    super::data(framework)
}

fn cases(framework: &str) -> Vec<Case> {
    let table = std::fs::read_to_string(folder(framework).join("cases.txt")).unwrap();
    let mut cases = Vec::new();
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<&str> = line.split('|').collect();
        let [file, name, outcome, detail] = columns.as_slice() else { panic!("four columns: {line}") };
        let text = std::fs::read_to_string(folder(framework).join(file.trim())).unwrap();
        cases.push(Case {
            source: Source { path: format!("tests/{}", file.trim()), text },
            name: name.trim().replace("\\\\", "\\"),
            outcome: outcome.trim().to_owned(),
            detail: unescape(detail.trim()),
        });
    }
    cases
}

fn unescape(detail: &str) -> String {
    let kept = detail.replace("\\\\", "\0");
    kept.replace("\\n", "\n").replace("\\r", "\r").replace("\\t", "\t").replace('\0', "\\")
}

fn mark(id: &str) -> Mark {
    Mark::new(id, "2030-01-31", "flaky since Monday: \"times out\"")
}

fn edited(editor: &dyn Editor, source: &Source, name: &str, id: &str) -> Option<Source> {
    match editor.quarantine(source, name, &mark(id)) {
        Edited::Ready(edit) => edit.files.into_iter().next(),
        _ => None,
    }
}

/// What the table says of a case, and that the edit can be taken back and is not made twice.
fn check(editor: &dyn Editor, case: &Case) {
    let label = format!("{} {}", case.source.path, case.name);
    let found = editor.quarantine(&case.source, &case.name, &mark("q-1"));
    let (outcome, answer) = match &found {
        Edited::Ready(edit) => ("ready", format!("{}\nwarning: {}", edit.files[0].text, edit.warnings.join(" "))),
        Edited::Already(reason) => ("already", reason.clone()),
        Edited::Refused(reasons) => ("refused", reasons.join(" ")),
        Edited::Unresolved(_) | Edited::Absent => ("absent", String::new()),
    };
    assert_eq!(outcome, case.outcome.split(' ').next().unwrap(), "{label}: {answer}");
    let answer = match case.detail.strip_prefix("warning: ") {
        Some(_) => answer.split_once("\nwarning: ").unwrap().1,
        None => answer.as_str(),
    };
    assert!(answer.contains(case.detail.trim_start_matches("warning: ")), "{label}: {:?} in {answer}", case.detail);
    let Edited::Ready(edit) = found else { return };
    assert_eq!(edit.files.len(), 1, "{label}");
    assert!(!edit.because.is_empty(), "{label}");
    let file = edit.files.into_iter().next().unwrap();
    assert_eq!(file.path, case.source.path, "{label}");
    assert_eq!(editor.release(&file, "q-1").as_ref(), Some(&case.source.text), "{label}: released");
    assert_eq!(editor.release(&file, "q"), None, "{label}: another id");
    let again = editor.quarantine(&file, &case.name, &mark("q-2"));
    // A file that names an id twice would lose both.
    let Edited::Already(reason) = again else { panic!("{label}: quarantined twice: {again:?}") };
    assert!(reason.contains("ci-rescue id=q-1"), "{label}: {reason}");
}

/// Two tests of one file, released in either order.
fn check_pairs(editor: &dyn Editor, cases: &[Case]) -> usize {
    let mut pairs = 0;
    // Each case with the next ones: those of a file stand together.
    let next = |at: usize| cases[at + 1..].iter().take(4);
    for (first, second) in cases.iter().enumerate().flat_map(|(at, first)| next(at).map(move |second| (first, second)))
    {
        if first.source.path != second.source.path {
            continue;
        }
        let Some(one) = edited(editor, &first.source, &first.name, "q-1") else { continue };
        let Some(both) = edited(editor, &one, &second.name, "q-2") else { continue };
        for order in [["q-1", "q-2"], ["q-2", "q-1"]] {
            let path = both.path.clone();
            let half = Source { path, text: editor.release(&both, order[0]).expect("the first is released") };
            let whole = editor.release(&half, order[1]);
            assert_eq!(whole.as_ref(), Some(&first.source.text), "{} and {}, {order:?}", first.name, second.name);
        }
        pairs += 1;
    }
    pairs
}

fn walk(editor: &dyn Editor, pairs: usize) {
    let cases = cases(editor.id());
    for case in &cases {
        check(editor, case);
    }
    assert!(check_pairs(editor, &cases) >= pairs);
}

#[test]
fn pytest_samples() {
    walk(super::editor("pytest"), 150);
}

#[test]
fn unittest_samples() {
    walk(super::editor("unittest"), 20);
}
