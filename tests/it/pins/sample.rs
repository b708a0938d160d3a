//! Samples and what must come of them.

use std::path::Path;

use ci_rescue::domain::edit::{Edited, Source};
use ci_rescue::ecosystems::edit::PinEditor;
use ci_rescue::edit::draft::Manifests;

/// What must come of a pin.
pub enum Want {
    /// These files have these texts afterwards; nothing has to be said.
    Edits(&'static [(&'static str, &'static str)]),
    /// The same, with a warning that has these words.
    Warns(&'static str, &'static [(&'static str, &'static str)]),
    Refused(&'static str),
    Absent,
    Already,
}

/// Sample, package, version, and what must come of it.
pub type Case = (&'static str, &'static str, &'static str, Want);

/// A sample's files and its earlier locks.
pub fn load(ecosystem: &str, name: &str) -> (Vec<Source>, Vec<Source>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/pin").join(ecosystem).join(format!("{name}.txt"));
    let bundle = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let (mut files, mut earlier) = (Vec::new(), Vec::new());
    for part in bundle.split("==== ").skip(1) {
        let (head, text) = part.split_once('\n').expect("a head");
        let source = |path: &str| Source { path: path.to_owned(), text: text.to_owned() };
        match head.strip_prefix("earlier ") {
            Some(path) => earlier.push(source(path)),
            None => files.push(source(head)),
        }
    }
    (files, earlier)
}

/// The files after an edit.
pub fn after(files: &[Source], edited: &Edited) -> Vec<Source> {
    let mut files = files.to_vec();
    if let Edited::Ready(edit) = edited {
        for new in &edit.files {
            let file = files.iter_mut().find(|file| file.path == new.path).expect("an edit of a file there is");
            file.text.clone_from(&new.text);
        }
    }
    files
}

/// Walks over a table.
pub fn walk(editor: &dyn PinEditor, cases: &[Case]) {
    for (name, package, version, want) in cases {
        let what = format!("{}/{name} {package} {version}", editor.id());
        let (files, earlier) = load(editor.id(), name);
        let pinned = editor.pin(Manifests { files: &files, earlier: &earlier }, package, version);
        match want {
            Want::Refused(words) => {
                let Edited::Refused(reasons) = &pinned else { panic!("{what}: {pinned:#?}") };
                assert!(reasons.iter().any(|reason| reason.contains(words)), "{what}: {reasons:#?}");
            }
            Want::Absent => assert_eq!(pinned, Edited::Absent, "{what}"),
            Want::Already => assert!(matches!(pinned, Edited::Already(_)), "{what}: {pinned:#?}"),
            Want::Edits(texts) | Want::Warns(_, texts) => {
                let Edited::Ready(edit) = &pinned else { panic!("{what}: {pinned:#?}") };
                check(&what, edit, want);
                let now = after(&files, &pinned);
                for (path, text) in *texts {
                    let file = now.iter().find(|file| file.path == *path).expect("a file of the sample");
                    assert!(file.text.contains(text), "{what}: {path} lacks {text}:\n{}", file.text);
                }
                again_and_back(editor, &what, (&files, &now), package, version, matches!(want, Want::Warns(..)));
            }
        }
    }
}

fn check(what: &str, edit: &ci_rescue::domain::edit::Edit, want: &Want) {
    assert!(!edit.because.is_empty(), "{what}: no reason is given");
    match want {
        Want::Warns(words, _) => {
            assert!(edit.warnings.iter().any(|warning| warning.contains(words)), "{what}: {:#?}", edit.warnings);
        }
        _ => assert!(edit.warnings.is_empty(), "{what}: {:#?}", edit.warnings),
    }
}

/// A second pin finds nothing to do; an unpin gives the bytes of before, as the lock of before is an earlier one then.
fn again_and_back(
    editor: &dyn PinEditor,
    what: &str,
    (before, now): (&[Source], &[Source]),
    package: &str,
    version: &str,
    warned: bool,
) {
    let again = editor.pin(Manifests { files: now, earlier: before }, package, version);
    let nothing = matches!(again, Edited::Already(_)) || warned && matches!(again, Edited::Refused(_));
    assert!(nothing, "{what} again: {again:#?}");
    let back = editor.unpin(Manifests { files: now, earlier: before }, package);
    assert!(matches!(back, Edited::Ready(_)), "{what} back: {back:#?}");
    for (old, new) in before.iter().zip(after(now, &back)) {
        assert_eq!(old.text, new.text, "{what} back: {}", old.path);
    }
    // As former versions wrote the mark: in people's repositories for ever.
    let once: Vec<Source> = now.iter().map(|file| former(file)).collect();
    let back = editor.unpin(Manifests { files: &once, earlier: before }, package);
    assert_eq!(before, after(&once, &back), "{what} back from a former mark");
    let twice = editor.unpin(Manifests { files: before, earlier: before }, package);
    assert_eq!(twice, Edited::Absent, "{what} back twice");
}

fn former(file: &Source) -> Source {
    let mark = |line: &str| {
        if line.contains("# ci-rescue pin was ") { line.replace("; locked ", " locked ") } else { line.to_owned() }
    };
    Source { path: file.path.clone(), text: file.text.split_inclusive('\n').map(mark).collect() }
}
