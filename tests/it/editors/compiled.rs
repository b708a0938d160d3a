//! Each framework's samples: what becomes of a name, in every line end, and that release leads back to the same bytes.

use ci_rescue::domain::edit::{Edited, Mark, Source};
use ci_rescue::frameworks::edit::Editor;
use std::fs;

struct Row {
    path: String,
    name: String,
    outcome: String,
    expected: String,
}

fn rows(id: &str) -> Vec<Row> {
    let table = fs::read_to_string(super::data(id).join("table.tsv")).unwrap();
    let lines = table.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let row = |line: &str| {
        let mut cells = line.splitn(4, '\t').map(str::to_owned);
        let mut cell = || cells.next().unwrap_or_default();
        Row { path: cell(), name: cell(), outcome: cell(), expected: cell() }
    };
    lines.map(row).collect()
}

fn mark(id: &str) -> Mark {
    Mark::new(id, "2031-04-05", "fails at night: \"timeout\" // #77")
}

/// The sample as committed, and with other line ends, a byte order mark, no final newline.
fn variants(id: &str, path: &str) -> Vec<(&'static str, Source)> {
    let text = fs::read_to_string(super::data(id).join(path)).unwrap();
    let source = |text: String| Source { path: path.to_owned(), text };
    vec![
        ("as it is", source(text.clone())),
        ("CRLF", source(text.replace('\n', "\r\n"))),
        ("BOM", source(format!("\u{feff}{text}"))),
        ("no final newline", source(text.trim_end().to_owned())),
    ]
}

fn check(editor: &dyn Editor, row: &Row, variant: &str, source: &Source) {
    let at = format!("{} {} ({variant})", row.path, row.name);
    let mark = mark("q-1");
    let edited = editor.quarantine(source, &row.name, &mark);
    let (outcome, words) = match &edited {
        Edited::Ready(edit) => ("ready", edit.warnings.join(" ")),
        Edited::Already(by) => ("already", by.clone()),
        Edited::Refused(reasons) => ("refused", reasons.join(" ")),
        Edited::Unresolved(_) | Edited::Absent => ("absent", String::new()),
    };
    assert_eq!(outcome, row.outcome, "{at}: {edited:?}");
    let Edited::Ready(edit) = edited else {
        assert!(words.contains(&row.expected), "{at}: {words}");
        return;
    };
    let (line, warning) = row.expected.split_once("##").unwrap_or((&row.expected, ""));
    let (number, line) = line.split_once(':').unwrap();
    let text = &edit.files[0].text;
    let found =
        text.lines().nth(number.parse::<usize>().unwrap() - 1).unwrap_or("").trim_start_matches('\u{feff}').trim();
    assert_eq!(found, line.replace("{mark}", &mark.words()), "{at}\n{text}");
    assert!(words.contains(warning) && words.is_empty() == warning.is_empty(), "{at}: {words}");
    assert!(source.text.contains(&editor.needle(&row.name)), "{at}: {}", editor.needle(&row.name));
    assert!(editor.reads(&row.path), "{at}");
    assert!(editor.file_of(&row.name).is_none_or(|file| row.path.ends_with(&file)), "{at}");
    let again = editor.quarantine(&edit.files[0], &row.name, &mark_of_other());
    assert!(matches!(&again, Edited::Already(by) if by.contains("id=q-1 ")), "{at}: {again:?}");
    assert_eq!(editor.release(&edit.files[0], "q-1").as_deref(), Some(source.text.as_str()), "{at}");
    assert_eq!(editor.release(&edit.files[0], "q"), None, "{at}");
    if variant == "CRLF" {
        assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "{at}");
    }
}

fn mark_of_other() -> Mark {
    mark("q-2")
}

/// Both tests quarantined, then released in either order; when the second is skipped by the first, nothing is to do.
fn check_pair(editor: &dyn Editor, source: &Source, first: &str, second: &str) {
    let at = format!("{}: {first}, then {second}", source.path);
    let Edited::Ready(one) = editor.quarantine(source, first, &mark("q-1")) else { panic!("{at}") };
    let two = match editor.quarantine(&one.files[0], second, &mark("q-2")) {
        Edited::Ready(two) => two,
        Edited::Already(by) if by.contains("id=q-1 ") => return,
        other => panic!("{at}: {other:?}"),
    };
    for (earlier, later) in [("q-1", "q-2"), ("q-2", "q-1")] {
        let text = editor.release(&two.files[0], earlier).unwrap_or_else(|| panic!("{at}: {earlier}"));
        let between = Source { path: source.path.clone(), text };
        assert_eq!(editor.release(&between, later).as_deref(), Some(source.text.as_str()), "{at}: {earlier} first");
    }
}

/// Walks over the samples of a folder.
fn walk(folder: &str, editor: &dyn Editor) {
    let rows = rows(folder);
    for row in &rows {
        for (variant, source) in variants(folder, &row.path) {
            check(editor, row, variant, &source);
        }
    }
    for row in rows.iter().filter(|row| row.outcome == "ready") {
        let others = rows.iter().filter(|other| other.path == row.path && other.outcome == "ready");
        for other in others {
            for (_, source) in variants(folder, &row.path).into_iter().take(2) {
                check_pair(editor, &source, &row.name, &other.name);
            }
        }
    }
}

/// Text that no one would write: it may be refused or absent, and must not take long or end the program.
fn hostile(editor: &dyn Editor, path: &str, head: &str, name: &str) {
    let (many, some) = (20_000, 5_000);
    let texts = [
        format!("{head}{}", "(".repeat(many)),
        format!("{head}{}", "{".repeat(some)),
        format!("{}{head}", "[{(".repeat(some / 3)),
        format!("{head}{}", "\"".repeat(some + 1)),
        format!("{head}\u{0}\u{0}{head}"),
        format!("{head}{}", "é\r".repeat(some)),
        head.repeat(100),
        String::new(),
    ];
    let names =
        [name.to_owned(), name.repeat(5_000), "(".repeat(many), "/".repeat(1000), "\u{0}é ".to_owned(), String::new()];
    for text in texts {
        let source = Source { path: path.to_owned(), text };
        for name in &names {
            let _ = editor.needle(name);
            let _ = editor.file_of(name);
            let edited = editor.quarantine(&source, name, &mark("q-1"));
            if let Edited::Ready(edit) = edited {
                assert_eq!(editor.release(&edit.files[0], "q-1").as_deref(), Some(source.text.as_str()));
            }
            let _ = editor.release(&source, "q-1");
        }
        let marked = Source { path: path.to_owned(), text: format!("{}\"ci-rescue id=q-1 until=x", source.text) };
        assert_eq!(editor.release(&marked, "q-1"), None);
    }
}

#[test]
fn go() {
    walk("go", super::editor("go"));
    hostile(
        super::editor("go"),
        "a_test.go",
        "package a\nfunc TestA(t *testing.T) { t.Run(\"a\", func(t *testing.T) {",
        "TestA/a",
    );
}

#[test]
fn rust() {
    walk("rust", super::editor("rust"));
    hostile(super::editor("rust"), "src/lib.rs", "mod tests { #[test] fn a() { x! { #[test] fn b(", "tests::a");
}

#[test]
fn junit() {
    walk("junit", super::editor("junit"));
    hostile(super::editor("junit"), "A.java", "import org.junit.Test; class A { @Test void a() { b(", "A.a");
}

#[test]
fn kotlin() {
    let editors = ci_rescue::frameworks::editors();
    let editor = *editors.iter().find(|editor| editor.reads("ATest.kt")).expect("an editor");
    walk("kotlin", editor);
    hostile(editor, "A.kt", "import org.junit.Test\nclass A { @Test fun a() { b(", "A.a");
    hostile(editor, "A.kt", "import io.kotest.core.spec.style.*\nclass A : FunSpec({ test(\"a\") { \"${", "A > a");
}
