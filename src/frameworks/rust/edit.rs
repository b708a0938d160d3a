//! Rust tests are skipped by `#[ignore = "…"]` below the attribute that makes them tests.

use super::find::{Place, Test, find};
use super::layout::{self, Layout};
use super::name::{documented, parse as parse_name};
use crate::domain::edit::{Edited, Mark, Source};
use crate::domain::text::short;
use crate::frameworks::edit::{Around, Editor};
use crate::frameworks::marking::{Draft, NAME_MAX, already, checked, line_number, lines, only_mark, refused};
use crate::frameworks::syntax::{Insertion, first_in_line, indent, insert, line_end, line_start, next_line, parse};
use tree_sitter::Language;

pub struct RustEditor;

const OPEN: &str = "#[ignore = \"";
const CLOSE: &str = "\"]";

fn language() -> Language {
    tree_sitter_rust::LANGUAGE.into()
}

impl Editor for RustEditor {
    fn id(&self) -> &'static str {
        "rust"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["rs"]
    }

    fn reads(&self, path: &str) -> bool {
        path.ends_with(".rs")
    }

    fn file_of(&self, name: &str) -> Option<String> {
        documented(name).map(str::to_owned)
    }

    fn needle(&self, name: &str) -> String {
        let Some(name) = parse_name(name) else {
            return name.trim().to_owned();
        };
        // The last segment of rstest's `tests::foo::case_1` is not in the source.
        let mut segments = name.segments.iter().rev().skip_while(|segment| segment.starts_with("case_"));
        let segment = segments.next().or(name.segments.last()).map_or("", String::as_str);
        segment.strip_prefix("r#").unwrap_or(segment).to_owned()
    }

    fn quarantine(&self, source: &Source, name: &str, mark: &Mark) -> Edited {
        self.quarantine_among(source, name, mark, Around { sources: &[], named: false })
    }

    fn reads_beside(&self, path: &str) -> bool {
        layout::reads(path)
    }

    fn needles_beside(&self) -> &'static [&'static str] {
        layout::NEEDLES
    }

    fn quarantine_among(&self, source: &Source, name: &str, mark: &Mark, around: Around<'_>) -> Edited {
        if name.len() > NAME_MAX {
            return Edited::Absent;
        }
        if let Some(file) = documented(name) {
            if source.path != file && !source.path.ends_with(&format!("/{file}")) {
                return Edited::Absent;
            }
            return refused("This is a documentation test; add `ignore` after the opening ``` of its example by hand.");
        }
        let Some(name) = parse_name(name) else {
            return Edited::Absent;
        };
        let text = source.text.as_str();
        // Most files do not hold the name: they need no parsing. A row's own name is in none.
        let mut last = name.segments.iter().rev().take(3);
        if !last.any(|segment| text.contains(segment.trim_start_matches("r#"))) {
            return Edited::Absent;
        }
        let Some(tree) = parse(&language(), text) else {
            return refused("The file is too large to edit safely; skip the test by hand.");
        };
        let layout = Layout::read(around.sources);
        let place = Place { path: &source.path, layout: &layout, named: around.named };
        let (tests, is_row) = find(text, tree.root_node(), &name, place);
        let test = match &tests[..] {
            [] => return Edited::Absent,
            [test] => test,
            several => {
                let nodes = several.iter().map(|test| test.node).collect::<Vec<_>>();
                let found = lines(text, &nodes);
                return refused(format!("This name occurs more than once, on lines {found}; rename one of them."));
            }
        };
        if let Some(ignored) = test.ignored(text) {
            return already(text, ignored.node);
        }
        let function = short(&test.name);
        if is_row {
            return refused(format!(
                "The name is one row of {function}, and rows cannot be skipped alone; name {function} to skip all rows."
            ));
        }
        if test.node.has_error() || test.attributes.iter().any(|attribute| attribute.node.has_error()) {
            return refused("The test does not parse, so it cannot be edited safely; fix its syntax first.");
        }
        let line = line_number(text, test.node.start_byte());
        let because = vec![
            format!("{function} is the test function on line {line}."),
            "Skipped with #[ignore]; `cargo test -- --ignored` still runs it.".to_owned(),
        ];
        let text = ignore(text, test, &mark.words());
        let draft = Draft { text, because, warnings: warnings(&source.text, test) };
        checked(self, &language(), source, &tree, &mark.id, draft)
    }

    /// For the test binaries, behind `--`: with `--exact`, a `--skip` leaves out this test alone.
    fn leave_out(&self, names: &[String]) -> Option<String> {
        let skips = names.iter().map(|name| format!("--skip={name}\n"));
        Some(std::iter::once("--exact\n".to_owned()).chain(skips).collect())
    }

    fn release(&self, source: &Source, id: &str) -> Option<String> {
        let text = source.text.as_str();
        let at = only_mark(text, id)?;
        let start = at - text[..at].ends_with(OPEN).then_some(OPEN.len())?;
        let end = at + text[at..next_line(text, at)].find(CLOSE)? + CLOSE.len();
        let tree = parse(&language(), text)?;
        let literal = tree.root_node().descendant_for_byte_range(at, at + 1)?;
        if !literal.kind().starts_with("string_") || literal.end_byte() + 2 < end {
            return None;
        }
        let rest = &text[end..next_line(text, end)];
        if first_in_line(text, start) && rest.trim().is_empty() {
            return Some(format!("{}{}", &text[..line_start(text, start)], &text[next_line(text, end)..]));
        }
        Some(format!("{}{}", text[..start].strip_suffix(' ')?, &text[end..]))
    }
}

/// The text with the test ignored: below what makes it a test and below its rows, since rstest takes an attribute above
/// a row for that row alone.
fn ignore(text: &str, test: &Test<'_>, words: &str) -> String {
    let mut makers = test.attributes.iter().filter(|attribute| attribute.makes_test(text) || attribute.is_row(text));
    let (start, end) = makers.next_back().map_or((0, 0), |attribute| (attribute.start, attribute.end));
    let attribute = format!("{OPEN}{words}{CLOSE}");
    let rest = text[end..next_line(text, end)].trim();
    let insertion = if rest.is_empty() || rest.starts_with("//") {
        let line = format!("{}{attribute}{}", indent(text, start), line_end(text));
        Insertion { at: next_line(text, end), text: line }
    } else {
        Insertion { at: end, text: format!(" {attribute}") }
    };
    insert(text, vec![insertion])
}

fn warnings(text: &str, test: &Test<'_>) -> Vec<String> {
    let mut warnings = Vec::new();
    match (test.rows(text), test.has_more_rows(text)) {
        (0, false) => {}
        (1, false) => warnings.push("This skips its one row.".to_owned()),
        (rows, false) => warnings.push(format!("This skips all {rows} rows of the test.")),
        (_, true) => warnings.push("This skips all rows of the test; how many is not known.".to_owned()),
    }
    if test.attributes.iter().any(|attribute| attribute.path(text).ends_with("wasm_bindgen_test")) {
        let old = "Versions of wasm-bindgen-test before 2023 do not support #[ignore]; check after a run.";
        warnings.push(old.to_owned());
    }
    warnings
}
