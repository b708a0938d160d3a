//! The order of Python versions and what their specifiers admit: as PEP 440 has it, with Poetry's `^` and `~` besides.

use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifier};

/// Whether this is a version by PEP 440.
pub fn is_version(text: &str) -> bool {
    Version::from_str(text).is_ok()
}

/// Whether two texts are the same version.
pub fn same(a: &str, b: &str) -> bool {
    match (Version::from_str(a), Version::from_str(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}

/// The specifier without its brackets and blanks.
fn bare(spec: &str) -> String {
    let spec = spec.trim();
    let spec = spec.strip_prefix('(').and_then(|spec| spec.strip_suffix(')')).unwrap_or(spec);
    spec.chars().filter(|c| !c.is_whitespace()).collect()
}

/// Whether a specifier admits exactly this version.
pub fn is_exactly(spec: &str, version: &str) -> bool {
    let bare = bare(spec);
    let exact = bare.strip_prefix("===").or_else(|| bare.strip_prefix("=="));
    exact.is_some_and(|exact| !exact.contains([',', '*']) && same(exact, version))
}

/// Whether a specifier admits this version. `None`, when it is not understood.
pub fn admits(spec: &str, version: &str) -> Option<bool> {
    let version = Version::from_str(version).ok()?;
    let bare = bare(spec);
    let mut all = true;
    for clause in bare.split(',').filter(|clause| !clause.is_empty() && *clause != "*") {
        all &= clause_admits(clause, &version)?;
    }
    Some(all)
}

fn clause_admits(clause: &str, version: &Version) -> Option<bool> {
    let (operator, text) = clause.split_at(clause.find(|c: char| !"<>=!~^".contains(c))?);
    let kept = |wanted: &Version, length: usize| {
        let part = |of: &Version, index: usize| of.release().get(index).copied().unwrap_or(0);
        *version >= *wanted
            && version.epoch() == wanted.epoch()
            && (0..length).all(|index| part(version, index) == part(wanted, index))
    };
    match operator {
        "^" => {
            let wanted = Version::from_str(text).ok()?;
            let zeros = wanted.release().iter().take_while(|part| **part == 0).count();
            Some(kept(&wanted, (zeros + 1).min(wanted.release().len())))
        }
        "~" => {
            let wanted = Version::from_str(text).ok()?;
            Some(kept(&wanted, wanted.release().len().min(2)))
        }
        _ => {
            let operator = if matches!(operator, "" | "=") { "==" } else { operator };
            Some(VersionSpecifier::from_str(&format!("{operator}{text}")).ok()?.contains(version))
        }
    }
}

/// A specifier as uv writes it into its lock: without blanks, the clauses by version.
pub fn canonical(spec: &str) -> Option<String> {
    let bare = bare(spec);
    let mut clauses = Vec::new();
    for clause in bare.split(',').filter(|clause| !clause.is_empty()) {
        let at = clause.find(|c: char| !"<>=!~".contains(c))?;
        let version = Version::from_str(clause[at..].strip_suffix(".*").unwrap_or(&clause[at..])).ok()?;
        clauses.push((version, clause));
    }
    clauses.sort_by(|a, b| a.0.cmp(&b.0));
    Some(clauses.iter().map(|(_, clause)| *clause).collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specifiers_of_pip_and_poetry() {
        for (spec, version, admitted) in [
            (">=2.28,<3", "2.31.0", Some(true)),
            ("(>= 2.28, < 3)", "3.0", Some(false)),
            ("==1.4.*", "1.4.9", Some(true)),
            ("1.4.*", "1.5", Some(false)),
            ("~=1.4.2", "1.4.9", Some(true)),
            ("<2.0", "2.0rc1", Some(false)),
            ("==1.0", "1.0+cpu", Some(true)),
            ("!=1.5", "1.5.0", Some(false)),
            ("^1.2.3", "1.9", Some(true)),
            ("^0.2.3", "0.3", Some(false)),
            ("^0.0", "0.0.9", Some(true)),
            ("~1.2.3", "1.2.9", Some(true)),
            ("~1.2", "1.3", Some(false)),
            ("1.2", "1.2.0", Some(true)),
            ("*", "9", Some(true)),
            ("latest", "1", None),
            (">=1 || <0", "1", None),
        ] {
            assert_eq!(admits(spec, version), admitted, "{spec} {version}");
        }
        assert!(is_exactly(" == 1.0 ", "1.0.0") && !is_exactly("==1.*", "1.0") && !is_exactly(">=1", "1"));
        assert_eq!(canonical("< 3, >=2.28").as_deref(), Some(">=2.28,<3"));
    }
}
