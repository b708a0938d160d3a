//! Names of Rust tests: what libtest and nextest print, and which files such a name may come from.

use super::layout::Layout;

/// A test's name in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The binary by nextest's id: `crate`, `crate::bin/x`, `crate::integration_test`.
    pub binary: Option<String>,
    /// Modules, then the function: `a::tests::foo`.
    pub segments: Vec<String>,
}

/// Reads a name; None when it is no path of identifiers.
pub fn parse(name: &str) -> Option<Name> {
    let mut name = name.trim();
    for prefix in ["test ", "---- ", "--exact "] {
        name = name.strip_prefix(prefix).unwrap_or(name).trim_start();
    }
    for suffix in [" ... ", " stdout ----", " stderr ----", " - should panic"] {
        name = name.find(suffix).map_or(name, |at| &name[..at]);
    }
    name = name.strip_suffix(": test").or(name.strip_suffix(": bench")).unwrap_or(name).trim_end();
    let mut words = name.rsplit(char::is_whitespace).filter(|word| !word.is_empty());
    let segments = words.next()?.split("::").map(str::to_owned).collect::<Vec<_>>();
    let binary = words.next().filter(|word| word.starts_with(|c: char| c.is_alphabetic())).map(str::to_owned);
    // In front of the binary only nextest's `FAIL [ 0.1s]` and `(3/9)` may stand.
    let plain = words.next().is_none_or(|word| word.ends_with([']', ')']));
    (plain && segments.iter().all(|segment| is_identifier(segment))).then_some(Name { binary, segments })
}

fn is_identifier(segment: &str) -> bool {
    let bare = segment.strip_prefix("r#").unwrap_or(segment);
    !bare.is_empty() && bare.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// The file of a documentation test: `src/lib.rs - foo (line 3)`.
pub fn documented(name: &str) -> Option<&str> {
    let name = name.trim();
    let (file, item) = name.strip_prefix("test ").unwrap_or(name).split_once(" - ")?;
    (file.ends_with(".rs") && item.contains("(line ")).then_some(file)
}

impl Name {
    /// Whether the modules before the inline ones may be those of the file of this path, by what is written down of it
    /// or by the usual places.
    pub fn agrees(&self, outer: &[String], path: &str, layout: &Layout) -> bool {
        layout.of(path).iter().any(|at| {
            let given = self.binary.as_deref().and_then(|binary| binary.split_once("::")).map(|(_, target)| target);
            let binary =
                given.is_none_or(|given| at.target.as_deref().is_none_or(|own| given.rsplit('/').next() == Some(own)));
            binary && at.modules == outer
        }) || self.agrees_by_place(outer, path)
    }

    fn agrees_by_place(&self, outer: &[String], path: &str) -> bool {
        let parts = path.strip_suffix(".rs").unwrap_or(path).split('/').collect::<Vec<_>>();
        let root = root(&parts);
        let integration = root.is_some_and(|at| parts[at] != "src");
        if !self.binary_agrees(&parts, root, integration) {
            return false;
        }
        let outer = outer.iter().map(String::as_str).collect::<Vec<_>>();
        let package = root.and_then(|at| at.checked_sub(1)).map(|at| parts[at].replace('-', "_"));
        modules(&parts, root, integration).iter().any(|modules| {
            let with_package = outer
                .split_first()
                .is_some_and(|(first, after)| package.as_deref() == Some(*first) && after == modules.as_slice());
            outer == *modules || with_package
        })
    }

    fn binary_agrees(&self, parts: &[&str], root: Option<usize>, integration: bool) -> bool {
        let Some(binary) = &self.binary else {
            return true;
        };
        match binary.split_once("::") {
            None => !integration,
            Some((_, kind)) if kind.starts_with("bin/") => !integration,
            Some((_, target)) => {
                let target = target.rsplit('/').next().unwrap_or(target);
                integration && root.is_some_and(|at| parts.get(at + 1) == Some(&target))
            }
        }
    }
}

/// The module paths that a file has in the usual places.
pub fn places(path: &str) -> Vec<Vec<String>> {
    let parts = path.strip_suffix(".rs").unwrap_or(path).split('/').collect::<Vec<_>>();
    let root = root(&parts);
    let integration = root.is_some_and(|at| parts[at] != "src");
    let owned = |modules: Vec<&str>| modules.into_iter().map(str::to_owned).collect();
    modules(&parts, root, integration).into_iter().map(owned).collect()
}

/// Where the folder of the crate's sources stands in a path.
fn root(parts: &[&str]) -> Option<usize> {
    let folders = &parts[..parts.len() - 1];
    let source = folders.iter().rposition(|part| *part == "src");
    source.or_else(|| folders.iter().position(|part| matches!(*part, "tests" | "benches" | "examples")))
}

/// The module paths that a file of this path may have in its crate.
fn modules<'a>(parts: &[&'a str], root: Option<usize>, integration: bool) -> Vec<Vec<&'a str>> {
    let mut inside = &parts[root.map_or(parts.len() - 1, |at| at + 1)..];
    let binary = inside.len() > 1 && inside[0] == "bin" && !integration;
    if binary {
        inside = &inside[1..];
    }
    let (file, folders) = inside.split_last().map_or(("", &[][..]), |(file, folders)| (*file, folders));
    let whole = match file {
        "mod" => folders.to_vec(),
        "lib" | "main" if folders.is_empty() => Vec::new(),
        _ => inside.to_vec(),
    };
    if !integration && !binary {
        return vec![whole];
    }
    // Every file at the top is a crate of its own, and so is a folder with a `main.rs`.
    let own_crate = if folders.is_empty() || (folders.len() == 1 && file == "main") { Some(Vec::new()) } else { None };
    let below = (!folders.is_empty() && !whole.is_empty()).then(|| whole[1..].to_vec());
    own_crate.into_iter().chain(below).chain([whole]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_shape() {
        let table = [
            ("tests::foo", None, "tests::foo"),
            ("test a::b::tests::foo ... FAILED", None, "a::b::tests::foo"),
            ("test tests::foo - should panic ... ok", None, "tests::foo"),
            ("---- tests::foo stdout ----", None, "tests::foo"),
            ("my-crate tests::foo", Some("my-crate"), "tests::foo"),
            ("        FAIL [   0.005s] (1/9) my-crate::bin/x tests::foo", Some("my-crate::bin/x"), "tests::foo"),
            ("FAIL [   0.005s] my-crate::api foo", Some("my-crate::api"), "foo"),
            ("tests::foo: test", None, "tests::foo"),
        ];
        for (name, binary, segments) in table {
            let read = parse(name).unwrap();
            assert_eq!((read.binary.as_deref(), read.segments.join("::").as_str()), (binary, segments), "{name}");
        }
        for name in ["", "a b c d", "src/lib.rs - foo (line 3)", "foo()", "::"] {
            assert_eq!(parse(name), None, "{name}");
        }
        assert_eq!(documented("test src/lib.rs - foo (line 3)"), Some("src/lib.rs"));
    }

    #[test]
    fn paths_have_modules() {
        let table = [
            ("src/lib.rs", "", true),
            ("src/main.rs", "", true),
            ("src/a/b.rs", "a::b", true),
            ("src/a/b/mod.rs", "a::b", true),
            ("crates/my-y/src/a.rs", "a", true),
            ("crates/my-y/src/a.rs", "my_y::a", true),
            ("src/a.rs", "a::b", false),
            ("src/a/b.rs", "", false),
            ("src/bin/x.rs", "", true),
            ("src/bin/x/part.rs", "part", true),
            ("tests/api.rs", "", true),
            ("tests/api/main.rs", "", true),
            ("tests/api/users.rs", "users", true),
            ("tests/api/users.rs", "api::users", true),
            ("tests/common/mod.rs", "common", true),
            ("lib.rs", "", true),
            ("rs", "", false),
        ];
        for (path, outer, agrees) in table {
            let outer = outer.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>();
            let name = Name { binary: None, segments: Vec::new() };
            assert_eq!(name.agrees(&outer, path, &Layout::default()), agrees, "{path} {outer:?}");
        }
        let of_binary = |binary: &str, path: &str| {
            Name { binary: Some(binary.to_owned()), segments: Vec::new() }.agrees(&[], path, &Layout::default())
        };
        assert!(of_binary("c::api", "tests/api.rs") && !of_binary("c::web", "tests/api.rs"));
        assert!(of_binary("c", "src/lib.rs") && !of_binary("c", "tests/api.rs"));
        assert!(of_binary("c::bin/x", "src/bin/x.rs") && !of_binary("c::api", "src/lib.rs"));
    }
}
