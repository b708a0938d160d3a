//! Which commit or package version is likeliest to have broken it.

mod names;
mod points;
mod words;

use crate::domain::evidence::{Evidence, Resolved};
use crate::domain::suspect::{Landed, Moved, Suspect, SuspectFacts, Suspicion, pull_of};
use points::Scored;
use std::collections::BTreeMap;

/// Kept of each kind.
const KEPT: usize = 5;

/// The commits with the reasons that speak against each, most suspicious first.
#[must_use]
pub fn ranked(evidence: Option<&Evidence>, commits: &[Landed]) -> Vec<Suspect> {
    let scored = match evidence {
        Some(evidence) => points::scored(evidence, commits),
        None => commits.iter().map(|_| Scored::default()).collect(),
    };
    let mut all: Vec<(f64, Suspect)> =
        commits.iter().zip(scored).map(|(commit, scored)| (scored.weight(), suspect(commit, scored))).collect();
    // Of equals, the newest stands first, as it did.
    all.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    all.into_iter().map(|(_, suspect)| suspect).collect()
}

/// What is suspected: the commits by their overlap with the evidence, and the packages that moved.
#[must_use]
pub fn suspects(evidence: Option<&Evidence>, red: &str, facts: &SuspectFacts) -> Suspicion {
    let mut suspects = ranked(evidence, &facts.commits);
    suspects.truncate(KEPT);
    Suspicion {
        red: red.to_owned(),
        green: facts.green.as_ref().map(|(_, sha)| sha.clone()),
        commits: facts.commits.len(),
        more: facts.more,
        suspects,
        moved: evidence.map_or_else(Vec::new, |evidence| moved(&facts.resolved, evidence)),
    }
}

fn suspect(commit: &Landed, scored: Scored) -> Suspect {
    Suspect {
        sha: commit.sha.clone(),
        subject: commit.subject.clone(),
        author: commit.author.clone(),
        pull: pull_of(commit.subject.raw()),
        score: scored.score(),
        because: scored.because,
    }
}

/// Packages that have one version in each run, and another in the red one; what the error names first.
fn moved(green: &[Resolved], evidence: &Evidence) -> Vec<Moved> {
    let (before, now) = (versions(green), versions(&evidence.resolved));
    let mut all: Vec<Moved> = Vec::new();
    for ((ecosystem, package), red) in &now {
        let Some(green) = before.get(&(*ecosystem, *package)) else { continue };
        if let ([green], [red]) = (green.as_slice(), red.as_slice())
            && green != red
        {
            let named = package.len() > 2 && evidence.errors.iter().any(|e| e.text.raw().contains(package));
            let mut because = vec![format!("{green} when it last passed, {red} now")];
            because.extend(named.then(|| "the error mentions it".to_owned()));
            all.push(Moved {
                ecosystem: (*ecosystem).to_owned(),
                package: (*package).into(),
                green: (*green).into(),
                red: (*red).into(),
                because,
            });
        }
    }
    all.sort_by_key(|moved| std::cmp::Reverse(moved.because.len()));
    all.truncate(KEPT);
    all
}

type Versions<'r> = BTreeMap<(&'r str, &'r str), Vec<&'r str>>;

fn versions(resolved: &[Resolved]) -> Versions<'_> {
    let mut all = Versions::new();
    for one in resolved {
        let of = all.entry((one.ecosystem.as_str(), one.package.raw())).or_default();
        if !of.contains(&one.version.raw()) {
            of.push(one.version.raw());
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::evidence::ErrorLine;

    fn resolved(package: &str, version: &str) -> Resolved {
        Resolved { ecosystem: "pip".into(), package: package.into(), version: version.into() }
    }

    #[test]
    fn one_version_that_became_another_is_a_move_and_named_ones_come_first() {
        let evidence = Evidence {
            errors: vec![ErrorLine { line: 1, text: "ImportError: cannot import name x from flask".into() }],
            resolved: vec![resolved("six", "2"), resolved("flask", "3.0"), resolved("two", "3"), resolved("new", "1")],
            ..Evidence::default()
        };
        let green = [resolved("flask", "2.3"), resolved("six", "1"), resolved("two", "1"), resolved("two", "2")];
        let moved = moved(&green, &evidence);
        let shown: Vec<(&str, &str)> = moved.iter().map(|m| (m.package.raw(), m.green.raw())).collect();
        assert_eq!(shown, vec![("flask", "2.3"), ("six", "1")]);
    }

    #[test]
    fn subjects_name_pull_requests() {
        for (subject, number) in [
            ("Say it (#117)", Some(117)),
            ("Merge pull request #8 from a/b", Some(8)),
            ("Revert \"Say it (#117)\" (#118)", Some(118)),
            ("Say it (#x)", None),
            ("(#1) first", None),
        ] {
            assert_eq!(pull_of(subject), number, "{subject}");
        }
    }

    #[test]
    fn a_bracket_needs_green_before_it_and_no_equal() {
        let one = |score| Suspect {
            sha: "a".into(),
            subject: "".into(),
            author: "".into(),
            pull: None,
            score,
            because: Vec::new(),
        };
        let of = |scores: &[u32], green: bool, more| Suspicion {
            red: "r".into(),
            green: green.then(|| "g".into()),
            commits: scores.len(),
            more,
            suspects: scores.iter().map(|score| one(*score)).collect(),
            moved: Vec::new(),
        };
        for (suspicion, bracketed) in [
            (of(&[0], true, false), true),
            (of(&[0], false, false), false),
            (of(&[6, 1], true, false), true),
            (of(&[6, 3], true, false), false),
            (of(&[6, 6], true, false), false),
            (of(&[6, 0, 5], true, false), false),
            (of(&[0, 0], true, false), false),
            (of(&[6, 1], true, true), false),
            (of(&[], true, false), false),
        ] {
            assert_eq!(suspicion.bracketed().is_some(), bracketed, "{suspicion:?}");
        }
    }
}
