//! Manifests and locks of repositories, by every editor that pins packages.

use super::input::{check_sentences, cut, files, text};
use ci_rescue::domain::edit::{Edit, Edited, Source};
use ci_rescue::ecosystems::edit::PinEditor;
use ci_rescue::ecosystems::editors;
use ci_rescue::edit::draft::Manifests;

/// What is asked of an editor, and of what.
struct Case<'a> {
    editor: &'static dyn PinEditor,
    package: &'a str,
    version: &'a str,
    files: Vec<Source>,
    earlier: Vec<Source>,
    /// Of the whole input, in bytes.
    size: usize,
}

/// The files with an edit made; it is of files that were given, and changes each of them.
fn applied(files: &[Source], edit: &Edit) -> Vec<Source> {
    let mut now = files.to_vec();
    for new in &edit.files {
        let old = now.iter_mut().find(|file| file.path == new.path).expect("an edited file is one of the given");
        assert_ne!(old.text, new.text, "{} does not change", new.path);
        old.text.clone_from(&new.text);
    }
    now
}

/// Line ends that no tool of our time writes.
fn has_lone_returns(file: &Source) -> bool {
    file.text.replace("\r\n", "").contains('\r')
}

impl Case<'_> {
    fn pin(&self, files: &[Source]) -> Edited {
        self.editor.pin(Manifests { files, earlier: &self.earlier }, self.package, self.version)
    }

    fn unpin(&self, files: &[Source], earlier: &[Source]) -> Edited {
        self.editor.unpin(Manifests { files, earlier }, self.package)
    }

    fn is_lock(&self, file: &Source) -> bool {
        // What pip reads may be a lock, and is written by people.
        self.editor.id() != "pip" && self.editor.is_lock(&file.path)
    }

    /// What an edit says and writes is bounded by what there was.
    fn check_size(&self, edit: &Edit) {
        check_sentences(&edit.because, self.size);
        check_sentences(&edit.warnings, self.size);
        let written: usize = edit.files.iter().map(|file| file.text.len()).sum();
        assert!(written <= 4 * self.size + 20_000, "{written} bytes of {}", self.size);
    }

    fn check(&self) {
        let is_ours = self.files.iter().any(|file| file.text.contains("ci-rescue"));
        let nothing = self.unpin(&self.files, &self.earlier);
        assert!(is_ours || !matches!(nothing, Edited::Ready(_)), "nothing of ours is there: {nothing:?}");
        match self.pin(&self.files) {
            Edited::Ready(edit) => {
                self.check_size(&edit);
                let pinned = applied(&self.files, &edit);
                if !is_ours && !self.files.iter().any(has_lone_returns) {
                    self.check_way_back(&pinned);
                }
            }
            Edited::Refused(reasons) => check_sentences(&reasons, self.size),
            _ => {}
        }
    }

    /// The same pin again changes nothing, and taking it back gives every manifest its bytes. Locks are taken from earlier
    /// ones as far as these know.
    fn check_way_back(&self, pinned: &[Source]) {
        let id = self.editor.id();
        // uv itself wants this table.
        if id == "uv" && self.files.iter().all(|file| !file.text.contains("[project]")) {
            return;
        }
        let again = self.pin(pinned);
        if let Edited::Ready(edit) = &again {
            let texts = |files: &[Source]| files.iter().map(|file| file.text.clone()).collect::<Vec<_>>();
            assert_eq!(texts(&applied(pinned, edit)), texts(pinned), "{id}: pinned again");
        }
        let mut both = self.files.iter().zip(pinned);
        if both.all(|(before, after)| self.is_lock(before) || before == after) {
            return;
        }
        let locks = pinned.iter().chain(&self.files).filter(|file| self.editor.is_lock(&file.path));
        let history: Vec<Source> = locks.chain(&self.earlier).cloned().collect();
        let undone = self.unpin(pinned, &history);
        let Edited::Ready(undo) = undone else { panic!("{id}: not taken back: {undone:?}\n{pinned:#?}") };
        let back = applied(pinned, &undo);
        for (before, after) in self.files.iter().zip(&back).filter(|(before, _)| !self.is_lock(before)) {
            assert_eq!(before.text, after.text, "{id}: {} is not as before", before.path);
        }
    }
}

/// `PACKAGE VERSION` on the first line, then files, each behind `==== path`; former contents of locks are below `earlier/`.
fn pins(ids: &[&str], data: &[u8]) {
    let text = text(data);
    let (asked, rest) = cut(&text);
    let mut words = asked.split_whitespace();
    let (package, version) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let all: Vec<Source> = files(rest).into_iter().filter(|file| !file.path.contains(char::is_control)).collect();
    let former = |file: &Source| file.path.strip_prefix("earlier/").map(|path| (path.to_owned(), file.text.clone()));
    let earlier: Vec<Source> = all.iter().filter_map(former).map(|(path, text)| Source { path, text }).collect();
    for editor in editors().into_iter().filter(|editor| ids.contains(&editor.id())) {
        let followed = editor.follows(&all);
        let reads = |file: &&Source| editor.reads(&file.path) || followed.contains(&file.path);
        let now = all.iter().filter(|file| !file.path.starts_with("earlier/")).filter(reads);
        let earlier = earlier.iter().filter(|file| editor.is_lock(&file.path));
        let (files, earlier) = (now.cloned().collect(), earlier.cloned().collect());
        Case { editor, package, version, files, earlier, size: data.len() }.check();
    }
}

/// npm, pnpm and Yarn.
pub fn pins_script(data: &[u8]) {
    pins(&["npm", "pnpm", "yarn"], data);
}

/// pip, uv and Poetry.
pub fn pins_python(data: &[u8]) {
    pins(&["pip", "uv", "poetry"], data);
}

/// Maven and Gradle.
pub fn pins_jvm(data: &[u8]) {
    pins(&["maven", "gradle"], data);
}

/// Managers with one manifest and one lock.
pub fn pins_listed(data: &[u8]) {
    pins(&["cargo", "go", "bundler", "composer", "nuget"], data);
}

/// What is named where it is used: actions, images, hooks.
pub fn pins_places(data: &[u8]) {
    pins(&["github-actions", "docker", "pre-commit"], data);
}
