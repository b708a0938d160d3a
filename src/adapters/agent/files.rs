//! The files of a directory as texts, there and back.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// What is sent at most: of one file, and of all, in bytes.
const FILE_MAX: u64 = 1 << 20;
const ALL_MAX: u64 = 8 << 20;
/// What is read at most to find out which files are texts, in bytes; and files that are looked at.
const READ_MAX: u64 = 64 << 20;
const SEEN_MAX: usize = 50_000;
/// Files that one answer may change.
const CHANGED_MAX: usize = 100;

/// Its text files by path, and whether some were left out for their size. Links and binary files are not sent.
pub(super) fn collect(place: &Path) -> io::Result<(BTreeMap<String, String>, bool)> {
    let (mut files, mut left, mut room) = (BTreeMap::new(), false, ALL_MAX);
    let (mut seen, mut unread) = (0, READ_MAX);
    let mut dirs = vec![place.to_owned()];
    while let Some(dir) = dirs.pop() {
        let mut entries: Vec<fs::DirEntry> = fs::read_dir(dir)?.collect::<io::Result<_>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            seen += 1;
            if seen > SEEN_MAX {
                return Ok((files, true));
            }
            let (path, kind) = (entry.path(), entry.file_type()?);
            if kind.is_dir() {
                dirs.push(path);
                continue;
            }
            let size = entry.metadata()?.len();
            let name = path.strip_prefix(place).ok().and_then(Path::to_str);
            let (true, Some(name)) = (kind.is_file(), name) else { continue };
            if size > FILE_MAX.min(room).min(unread) {
                left = true;
                continue;
            }
            unread -= size;
            if let Some(text) = String::from_utf8(fs::read(&path)?).ok().filter(|text| !text.contains('\0')) {
                room -= size;
                files.insert(name.to_owned(), text);
            }
        }
    }
    Ok((files, left))
}

/// Writes texts, and deletes what is `None`; all within the directory, or nothing at all.
///
/// # Errors
/// A path leads elsewhere, or cannot be written: a sentence.
pub(super) fn write(place: &Path, files: &BTreeMap<String, Option<String>>) -> Result<(), String> {
    if files.len() > CHANGED_MAX {
        return Err(format!("its answer changes {} files; at most {CHANGED_MAX} are taken", files.len()));
    }
    let mut checked = Vec::new();
    for (name, text) in files {
        let path =
            within(place, name).ok_or_else(|| format!("its answer names a path that may not be written: {name}"))?;
        checked.push((path, text));
    }
    for (path, text) in checked {
        put(&path, text.as_deref()).map_err(|why| format!("its answer cannot be written: {why}"))?;
    }
    Ok(())
}

fn put(path: &Path, text: Option<&str>) -> io::Result<()> {
    let Some(text) = text else {
        return match fs::remove_file(path) {
            Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        };
    };
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(path, text)
}

/// The path, if it leads to a place within the directory, through no link.
fn within(place: &Path, name: &str) -> Option<PathBuf> {
    let mut path = place.to_owned();
    let mut depth = 0;
    for part in Path::new(name).components() {
        let Component::Normal(part) = part else { return None };
        if part.eq_ignore_ascii_case(".git") {
            return None;
        }
        path.push(part);
        depth += 1;
        if fs::symlink_metadata(&path).is_ok_and(|meta| meta.file_type().is_symlink()) {
            return None;
        }
    }
    (depth > 0 && !name.contains('\0')).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one(name: &str, text: Option<&str>) -> BTreeMap<String, Option<String>> {
        [(name.to_owned(), text.map(str::to_owned))].into()
    }

    #[test]
    fn texts_go_there_and_back_and_links_do_not() {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("repository");
        fs::create_dir_all(place.join("src")).unwrap();
        fs::write(place.join("src/a.rs"), "a").unwrap();
        fs::write(place.join("logo.bin"), [0xff, 0xfe]).unwrap();
        fs::write(place.join("large.txt"), "x".repeat(2 << 20)).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", place.join("link")).unwrap();
        std::os::unix::fs::symlink(dir.path(), place.join("out")).unwrap();
        let (files, left) = collect(&place).unwrap();
        assert_eq!((files.keys().map(String::as_str).collect::<Vec<_>>(), left), (vec!["src/a.rs"], true));
        write(&place, &one("src/new/b.rs", Some("b"))).unwrap();
        write(&place, &one("src/a.rs", None)).unwrap();
        assert_eq!(fs::read_to_string(place.join("src/new/b.rs")).unwrap(), "b");
        assert!(!place.join("src/a.rs").exists());
        for name in ["../x", "/tmp/x", "link", "out/x", ".git/config", "src/../../x", "", ".", "a/.GIT/x", "a\0b"] {
            assert!(write(&place, &one(name, Some("x"))).is_err(), "{name:?}");
            assert!(write(&place, &one(name, None)).is_err(), "{name:?}");
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing was written beside it");
    }

    proptest! {
        /// Whatever a path is, what is written lies in the directory.
        #[test]
        fn nothing_is_written_elsewhere(name in "([a-c./\\\\~ ]|\\.\\.|link|out){1,12}") {
            let dir = tempfile::tempdir().unwrap();
            let place = dir.path().join("in");
            fs::create_dir_all(&place).unwrap();
            fs::write(dir.path().join("outside"), "kept").unwrap();
            std::os::unix::fs::symlink("..", place.join("out")).unwrap();
            std::os::unix::fs::symlink("../outside", place.join("link")).unwrap();
            let _ = write(&place, &one(&name, Some("x")));
            let _ = write(&place, &one(&name, None));
            prop_assert_eq!(fs::read_to_string(dir.path().join("outside")).unwrap(), "kept");
            prop_assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
        }
    }
}
