//! Patterns of paths, as workspaces name their members.

/// Whether a folder matches a pattern of a workspace's members. Classes and alternatives in a pattern match anything:
/// what is matched is only written out, and the tool decides.
pub fn matches(pattern: &str, folder: &str) -> bool {
    let part = |part: &&str| !part.is_empty() && *part != ".";
    let pattern: Vec<&str> = pattern.split('/').filter(part).collect();
    let parts: Vec<&str> = folder.split('/').filter(part).collect();
    wild(&pattern, &parts, |one| *one == "**", |one, part| component(one, part))
}

fn component(pattern: &str, part: &str) -> bool {
    if pattern.contains(['[', '{', '(']) {
        return true;
    }
    let (pattern, part): (Vec<char>, Vec<char>) = (pattern.chars().collect(), part.chars().collect());
    wild(&pattern, &part, |one| *one == '*', |one, c| *one == '?' || one == c)
}

/// Wildcards over a list: `many` stands for any number of items, `one` says whether an item fits. The last wildcard
/// alone has to be tried again, which keeps this within the product of both lengths.
fn wild<P, T>(pattern: &[P], list: &[T], many: impl Fn(&P) -> bool, one: impl Fn(&P, &T) -> bool) -> bool {
    let (mut at, mut index) = (0, 0);
    let mut again: Option<(usize, usize)> = None;
    while index < list.len() {
        if pattern.get(at).is_some_and(&many) {
            again = Some((at, index));
            at += 1;
        } else if pattern.get(at).is_some_and(|pattern| one(pattern, &list[index])) {
            at += 1;
            index += 1;
        } else if let Some((star, taken)) = again {
            again = Some((star, taken + 1));
            at = star + 1;
            index = taken + 1;
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(many)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_members() {
        for (pattern, folder, does) in [
            ("crates/*", "crates/a", true),
            ("crates/*", "crates/a/b", false),
            ("./crates/*/", "crates/a", true),
            ("**/lib-?", "x/y/lib-a", true),
            ("a/**/b", "a/b", true),
            ("a*c*", "abcd", true),
            ("a*c", "abcd", false),
            ("pkg-[ab]", "pkg-z", true),
            ("*", "", false),
        ] {
            assert_eq!(matches(pattern, folder), does, "{pattern} {folder}");
        }
        let long = "*a".repeat(2000);
        assert!(!matches(&long, &"a".repeat(1000)));
    }
}
