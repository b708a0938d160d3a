//! Every editor of a JavaScript framework against its samples: `data/<framework>/table.tsv` says for each sample which
//! name is skipped and what must come of it.

use std::collections::BTreeMap;
use std::fs;

use ci_rescue::domain::edit::{Edited, Mark, Source};
use ci_rescue::frameworks::edit::Editor;

/// One line of a table.
#[derive(Clone)]
struct Row {
    sample: String,
    /// `skip`, `already`, `refused` or `absent`.
    outcome: String,
    /// How many tests are skipped more than before; with `?` where the source does not say.
    count: String,
    name: String,
    /// A line of the edited text, or a piece of the answer. `MARK` stands for the words of the mark.
    expected: String,
}

fn rows(framework: &str) -> Vec<Row> {
    let table = fs::read_to_string(super::data(framework).join("table.tsv")).expect("the table is there");
    let row = |line: &str| {
        let mut cells = line.split('\t').map(str::to_owned);
        let mut cell = || cells.next().unwrap_or_default();
        let (sample, outcome, count, name) = (cell(), cell(), cell(), cell());
        Row { sample, outcome, count, name, expected: cells.collect::<Vec<_>>().join("\t") }
    };
    table.lines().map(row).collect()
}

fn mark(id: &str) -> Mark {
    Mark::new(id, "2031-01-31", "fails now and then, see https://example.com/1 */ `'\" ci-rescue id=x")
}

/// The sample as other editors and systems would have written it.
fn variants(text: &str) -> Vec<String> {
    let tabs: Vec<String> = text
        .lines()
        .map(|line| {
            let rest = line.trim_start_matches(' ');
            format!("{}{rest}", "\t".repeat((line.len() - rest.len()).div_ceil(2)))
        })
        .collect();
    vec![
        text.to_owned(),
        text.replace('\n', "\r\n"),
        format!("\u{feff}{text}"),
        format!("\u{feff}{}", text.replace('\n', "\r\n")),
        text.trim_end().to_owned(),
        tabs.join("\n"),
    ]
}

fn quarantined(editor: &dyn Editor, source: &Source, name: &str, id: &str) -> Option<Source> {
    match editor.quarantine(source, name, &mark(id)) {
        Edited::Ready(edit) => edit.files.into_iter().next(),
        _ => None,
    }
}

fn check(editor: &dyn Editor, row: &Row, source: &Source, literal: bool) -> Option<String> {
    let outcome = editor.quarantine(source, &row.name, &mark("q-1"));
    let (was, said) = match &outcome {
        Edited::Ready(_) => ("skip", String::new()),
        Edited::Already(by) => ("already", by.clone()),
        Edited::Refused(why) => ("refused", why.join(" ")),
        Edited::Unresolved(_) | Edited::Absent => ("absent", String::new()),
    };
    if was != row.outcome {
        return Some(format!("is {outcome:?}"));
    }
    let Edited::Ready(edit) = outcome else {
        return (!said.contains(&row.expected)).then(|| format!("says {said:?}"));
    };
    let after = &edit.files[0];
    let expected = row.expected.replace("MARK", &mark("q-1").words());
    let has = |text: &str| text.lines().any(|line| line.trim_start_matches('\u{feff}') == expected);
    if literal && (!has(&after.text) || has(&source.text)) {
        return Some(format!("gives\n{}", after.text));
    }
    let warnings = edit.warnings.join(" ");
    let counted = match (row.count.as_str(), row.count.strip_suffix('?')) {
        (_, Some(_)) => warnings.contains("not known"),
        ("0" | "1", _) => !warnings.contains("skipped") || warnings.contains("1 test."),
        (count, _) => warnings.contains(&format!(" {count} tests.")),
    };
    if !counted {
        return Some(format!("warns {warnings:?}"));
    }
    if after.text.matches(&Mark::needle("q-1")).count() != 1 {
        return Some("does not hold one mark".to_owned());
    }
    if source.text.contains("\r\n") && after.text.replace("\r\n", "").contains('\n') {
        return Some("mixes line ends".to_owned());
    }
    let needle = editor.needle(&row.name);
    if needle.is_empty() || !source.text.contains(&needle) {
        return Some(format!("has the needle {needle:?}"));
    }
    match editor.quarantine(after, &row.name, &mark("q-2")) {
        Edited::Already(by) if by.contains("q-1") => {}
        other => return Some(format!("is then {other:?}")),
    }
    if editor.release(after, "q-2").is_some() || editor.release(source, "q-1").is_some() {
        return Some("releases what is not there".to_owned());
    }
    (editor.release(after, "q-1").as_ref() != Some(&source.text))
        .then(|| format!("is released as {:?}", editor.release(after, "q-1")))
}

/// Two tests of one file, released in either order.
fn check_pair(editor: &dyn Editor, first: &Row, second: &Row, source: &Source) -> Option<String> {
    let one = quarantined(editor, source, &first.name, "a-1")?;
    let both = quarantined(editor, &one, &second.name, "b-22")?;
    for order in [["a-1", "b-22"], ["b-22", "a-1"]] {
        let mut now = both.clone();
        for id in order {
            match editor.release(&now, id) {
                Some(text) => now.text = text,
                None => return Some(format!("with {:?}: {id} is not released from\n{}", second.name, now.text)),
            }
        }
        if now.text != source.text {
            return Some(format!("with {:?} in the order {order:?} leaves\n{}", second.name, now.text));
        }
    }
    None
}

fn walk(editor: &dyn Editor) {
    let rows = rows(editor.id());
    let mut samples: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in &rows {
        samples.entry(&row.sample).or_default().push(row);
    }
    assert!(samples.len() >= 12, "{} has {} samples", editor.id(), samples.len());
    let mut wrong = Vec::new();
    for (sample, rows) in samples {
        let path = format!("data/{}/{sample}", editor.id());
        assert!(editor.reads(&path), "{path}");
        let text = fs::read_to_string(super::data(editor.id()).join(sample)).expect("the sample is there");
        for (number, text) in variants(&text).into_iter().enumerate() {
            let source = Source { path: path.clone(), text };
            for row in &rows {
                if let Some(what) = check(editor, row, &source, number == 0) {
                    wrong.push(format!("{sample} ({number}): {:?} {what}", row.name));
                }
                // Pairs in the plainest and in the oddest variant.
                for other in rows.iter().filter(|other| [0, 3].contains(&number) && other.name > row.name) {
                    if let Some(what) = check_pair(editor, row, other, &source) {
                        wrong.push(format!("{sample} ({number}): {:?} {what}", row.name));
                    }
                }
            }
        }
    }
    let shown: Vec<&str> = wrong.iter().take(20).map(String::as_str).collect();
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), shown.join("\n"));
}

#[test]
fn jest() {
    walk(super::editor("jest"));
}

#[test]
fn vitest() {
    walk(super::editor("vitest"));
}

#[test]
fn mocha() {
    walk(super::editor("mocha"));
}

#[test]
fn playwright() {
    walk(super::editor("playwright"));
}

fn all() -> [&'static dyn Editor; 4] {
    [super::editor("jest"), super::editor("vitest"), super::editor("mocha"), super::editor("playwright")]
}

#[test]
fn hostile_sources_do_no_harm() {
    let deep = 1_000;
    let sources = [
        "(".repeat(100_000),
        "[".repeat(100_000),
        "{".repeat(deep),
        "`${".repeat(100_000),
        format!("it('x', () => {{}});{}", "(".repeat(deep)),
        "describe('a', () => {".repeat(1_000),
        "it('x', () => {})\n".repeat(1_000),
        "it('x', () => {\n".repeat(1_000),
        "a.".repeat(deep),
        "a()".repeat(deep),
        format!("it{}", "()".repeat(deep)),
        format!("it('x' + {} 'y', f)", "'a' + ".repeat(deep)),
        format!("it(`{}`, f)", "${x} ".repeat(deep)),
        format!("it.each(['{}'])('{}', f)", "a".repeat(deep), "%s".repeat(deep)),
        "it('x', f);".repeat(deep),
        "/* ci-rescue id=q-1 */ it.skip('x', f);".repeat(deep),
        "it('x\0y', () => {})\0".to_owned(),
        "it(`x, () => {})".to_owned(),
        "/* it('x', () => {})".to_owned(),
        "it('x', /[/]it('/)".to_owned(),
        "\u{feff}".to_owned(),
        "\\u{".repeat(1000),
        "it('\\u{110000}\\uD800\\x', () => {})".to_owned(),
        "// ci-rescue id=q-1 \n// ci-rescue id=q-1 \nit.skip('x')".to_owned(),
        "test.skip(true, 'ci-rescue id=q-1 ');".to_owned(),
        String::new(),
    ];
    let huge = "x ".repeat(1 << 20);
    let names = ["x", "", " › ", "a a a", "[a] › x:1:2 › \0", &huge];
    for editor in all() {
        for name in names {
            editor.needle(name);
            editor.file_of(name);
        }
        for text in &sources {
            let source = Source { path: "a.test.ts".to_owned(), text: text.clone() };
            for name in names {
                if let Some(after) = quarantined(editor, &source, name, "q-9") {
                    assert_eq!(editor.release(&after, "q-9").as_ref(), Some(text), "{name:?}");
                }
            }
            editor.release(&source, "q-1");
        }
    }
}

#[test]
fn files_are_chosen_by_their_paths() {
    let yes = [
        "src/a.test.ts",
        "a.spec.js",
        "b-test.mjs",
        "c_test.cts",
        "x.e2e.ts",
        "x.cy.js",
        "src/__tests__/a.jsx",
        "test/a.js",
    ];
    let no = [
        "src/a.ts",
        "node_modules/a.test.js",
        "dist/a.test.js",
        "types/a.test.d.ts",
        "tests/a.py",
        "test/__snapshots__/a.test.js.snap",
    ];
    for editor in all() {
        for path in yes {
            assert!(editor.reads(path), "{path}");
        }
        for path in no {
            assert!(!editor.reads(path), "{path}");
        }
    }
}

#[test]
fn what_people_changed_is_left_alone() {
    let source = |text: &str| Source { path: "a.test.js".to_owned(), text: text.to_owned() };
    let mark = "// ci-rescue id=q-1 until=2031-01-31: why\n";
    let released = |text: &str| super::editor("jest").release(&source(text), "q-1");
    assert_eq!(released(&format!("{mark}it.skip('x', f);\n")).as_deref(), Some("it('x', f);\n"));
    // The skip is gone, or stands elsewhere, or the mark was copied.
    assert_eq!(released(&format!("{mark}it('x', f);\n")), None);
    assert_eq!(released(&format!("{mark}\nit.skip('x', f);\n")), None);
    assert_eq!(released(&format!("{mark}xit('x', f);\n")), None);
    assert_eq!(released(&format!("{mark}it.skip('x', f);\n{mark}it.skip('y', f);\n")), None);
    assert_eq!(released(&format!("const text = `\n{mark}`; it.skip('x', f);\n")), None);
}
