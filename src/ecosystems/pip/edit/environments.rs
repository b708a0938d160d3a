//! Lines of one package for different environments: which of them a version is for.

use std::collections::BTreeSet;

use crate::edit::places::Place;
use crate::edit::version::pep440::admits;

/// The releases of Python that requirements tell apart, with a patch that none has reached.
const PYTHONS: [&str; 19] = [
    "2.7", "3.4", "3.5", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15", "3.16", "3.17",
    "3.18", "3.19", "3.20", "4.0",
];
const LAST_PATCH: &str = ".99";

/// The places that a version is for: all, where they are for the same environments or all admit it; else those that are
/// still in use, as `requires` (the project's `requires-python`) says, and that admit it.
///
/// # Errors
/// Why that cannot be told, as the end of a sentence.
pub(super) fn meant(mut places: Vec<Place>, version: &str, requires: Option<&str>) -> Result<Vec<Place>, String> {
    let conditions: BTreeSet<&str> = places.iter().map(|place| place.condition.as_str()).collect();
    if conditions.len() < 2 {
        return Ok(places);
    }
    let told = conditions.iter().map(|one| if one.is_empty() { "any" } else { *one }).collect::<Vec<_>>().join(", ");
    if let Some(requires) = requires {
        places.retain(|place| place.done || !is_past(&place.condition, requires));
    }
    let live: BTreeSet<&str> = places.iter().map(|place| place.condition.as_str()).collect();
    let fits = |place: &Place| place.done || admits(&place.old, version) == Some(true);
    if live.len() > 1 && !places.iter().all(fits) {
        places.retain(fits);
    }
    if places.is_empty() {
        return Err(format!(
            "it is required differently for different environments ({told}), and {version} meets none of them: change the \
             right line by hand"
        ));
    }
    Ok(places)
}

/// Whether places of different environments, which share one lock, all admit a version.
pub(crate) fn agree(places: &[Place], version: &str) -> bool {
    let same = places.windows(2).all(|pair| pair[0].condition == pair[1].condition);
    let spec = |place: &Place| place.old.trim().trim_matches(['"', '\'']).to_owned();
    same || places.iter().all(|place| place.done || admits(&spec(place), version) == Some(true))
}

/// Whether no release of Python that the project supports meets a marker. What is not about the release is not judged.
fn is_past(marker: &str, requires: &str) -> bool {
    if marker.is_empty() || marker.contains('(') || marker.split_whitespace().any(|word| word == "or") {
        return false;
    }
    let clauses: Option<Vec<String>> = marker.split(" and ").map(release).collect();
    let Some(clauses) = clauses else { return false };
    let supported = PYTHONS.iter().filter(|release| admits(requires, &format!("{release}{LAST_PATCH}")) == Some(true));
    let mut all = supported.peekable();
    all.peek().is_some() && !all.any(|release| clauses.iter().all(|clause| admits(clause, release) != Some(false)))
}

/// A clause on `python_version`, as a specifier.
fn release(clause: &str) -> Option<String> {
    let clause: String = clause.chars().filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\'')).collect();
    if let Some(specifier) = clause.strip_prefix("python_version") {
        return specifier.starts_with(['<', '>', '=', '!', '~']).then(|| specifier.to_owned());
    }
    let rest = clause.strip_suffix("python_version")?;
    let number = rest.find(['<', '>', '=', '!'])?;
    let turned = match &rest[number..] {
        "<" => ">",
        "<=" => ">=",
        ">" => "<",
        ">=" => "<=",
        same @ ("==" | "!=") => same,
        _ => return None,
    };
    Some(format!("{turned}{}", &rest[..number]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(lines: &[(&str, &str)]) -> Vec<Place> {
        let place = |(spec, condition): &(&str, &str)| Place {
            condition: (*condition).to_owned(),
            ..Place::new(spec, 0..spec.len(), String::new(), false)
        };
        lines.iter().map(place).collect()
    }

    #[test]
    fn lines_are_told_apart_or_refused() {
        let (new, old) = ("python_version >= \"3.8\"", "python_version<'3.8'");
        for (lines, version, requires, meant_for) in [
            (&[("==1.22.4", new), ("==1.21.6", old)][..], "1.22.3", None, None),
            (&[("==1.22.4", new), ("==1.21.6", old)], "1.22.3", Some(">=3.8"), Some(vec![new])),
            (&[("==1.22.4", new), ("==1.21.6", old)], "1.20.0", Some(">=3.6,<3.8"), Some(vec![old])),
            (&[(">=1.20", new), (">=1.18,<1.20", old)], "1.19.5", None, Some(vec![old])),
            (&[(">=1.20", new), (">=1.18", old)], "1.21", None, Some(vec![new, old])),
            (&[("==1", new), ("==2", new)], "3", None, Some(vec![new, new])),
            (&[("==1", "sys_platform == 'win32'"), ("==2", "")], "3", Some(">=3.8"), None),
            (&[("==1", "'3.8' > python_version"), ("==2", "")], "3", Some(">=3.8"), Some(vec![""])),
            (&[("==1", "python_version < '3.8' or extra == 'x'"), ("==2", "")], "3", Some(">=3.8"), None),
        ] {
            let found = meant(places(lines), version, requires).ok();
            let found = found.map(|all| all.into_iter().map(|place| place.condition).collect::<Vec<_>>());
            assert_eq!(found, meant_for.map(|all| all.into_iter().map(str::to_owned).collect()), "{lines:?} {version}");
        }
    }
}
