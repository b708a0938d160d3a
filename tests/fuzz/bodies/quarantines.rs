//! Test sources of repositories, by every editor that skips tests.

use super::input::{check_sentences, cut, text};
use ci_rescue::domain::edit::{Edited, Mark, Source};
use ci_rescue::frameworks::edit::{Around, Editor};
use ci_rescue::frameworks::editors;

const ID: &str = "q-1";
/// A skip and its mark are shorter, in bytes.
const WRITTEN_MAX: usize = 4_000;

/// Whether the text was only added to: what stood on one line may stand on several.
fn is_within(old: &str, new: &str) -> bool {
    let mut rest = new.chars();
    old.chars().filter(|c| !c.is_whitespace()).all(|c| rest.any(|other| other == c))
}

/// A skip is only put in, and comes out again to the byte; nothing else is taken for it.
fn check(editor: &dyn Editor, source: &Source, name: &str) {
    let _ = (editor.reads(&source.path), editor.file_of(name), editor.needle(name));
    let _ = editor.leave_out(&[name.to_owned()]);
    if let Some(released) = editor.release(source, ID) {
        assert!(source.text.contains(&Mark::needle(ID)) && released.len() < source.text.len(), "{released}");
    }
    let mark = Mark::new(ID, "2031-02-03", "fails at night: \"timeout\" // #77");
    let around = Around { sources: &[], named: false };
    match editor.quarantine_among(source, name, &mark, around) {
        Edited::Ready(edit) => {
            check_sentences(&edit.because, source.text.len() + name.len());
            let [new] = edit.files.as_slice() else { panic!("one file changes: {edit:?}") };
            assert!(new.path == source.path && is_within(&source.text, &new.text), "{}", new.text);
            assert!(new.text.len() <= source.text.len() + WRITTEN_MAX && new.text.contains(&mark.words()));
            if !source.text.contains("ci-rescue id=") {
                assert_eq!(editor.release(new, ID).as_deref(), Some(source.text.as_str()), "{}", editor.id());
            }
        }
        Edited::Refused(reasons) => check_sentences(&reasons, source.text.len() + name.len()),
        _ => {}
    }
}

/// The test's name on the first line, the file's path on the second, then the source. Editors are those of the file's
/// ending, or all of these.
fn quarantine(endings: &[&str], data: &[u8]) {
    let text = text(data);
    let (name, rest) = cut(&text);
    let (path, source) = cut(rest);
    let source = Source { path: path.trim().to_owned(), text: source.to_owned() };
    let own = source.path.rsplit('.').next().filter(|ending| endings.contains(ending));
    let wanted: Vec<&str> = own.map_or_else(|| endings.to_vec(), |ending| vec![ending]);
    for editor in editors() {
        if editor.endings().iter().any(|ending| wanted.contains(ending)) {
            check(editor, &source, name);
        }
    }
}

pub fn quarantine_python(data: &[u8]) {
    quarantine(&["py"], data);
}

/// Jest, Vitest, Mocha and Playwright.
pub fn quarantine_script(data: &[u8]) {
    quarantine(&["js", "ts", "jsx", "tsx"], data);
}

pub fn quarantine_compiled(data: &[u8]) {
    quarantine(&["go", "rs", "java", "kt"], data);
}

pub fn quarantine_scripted(data: &[u8]) {
    quarantine(&["rb", "php", "cs"], data);
}
