//! Paths within a repository, as text.

/// The last part.
pub fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The path without its last part; empty at the root.
pub fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A file or folder in a folder.
pub fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// What is left of a path from a folder on; empty for the folder itself, none outside of it.
pub fn below<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    if folder.is_empty() {
        return Some(path);
    }
    let rest = path.strip_prefix(folder)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}

/// Where a relative path leads from a folder; none when it leads out of the repository, or is not relative.
pub fn joined(folder: &str, relative: &str) -> Option<String> {
    if relative.starts_with(['/', '\\', '~']) || relative.contains(['\0', '\\', ':']) {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_no_beginning_of_a_name() {
        assert_eq!(below("ab/c", "a"), None);
        assert_eq!(below("a/b/c", "a"), Some("b/c"));
        assert_eq!(below("a", "a"), Some(""));
        assert_eq!(below("a/b", ""), Some("a/b"));
    }

    #[test]
    fn a_relative_path_stays_in_the_repository() {
        assert_eq!(joined("a/b", "../c.txt").as_deref(), Some("a/c.txt"));
        assert_eq!(joined("", "./c.txt").as_deref(), Some("c.txt"));
        assert_eq!(joined("a/b", "../c/./d/").as_deref(), Some("a/c/d"));
        assert_eq!(joined("a", "..").as_deref(), Some(""));
        for out in ["../c", "/etc/x", "~/x", "C:\\x", "a\\b", "https://x/y"] {
            assert_eq!(joined("", out), None, "{out}");
        }
    }
}
