//! Which proposals of one incident exclude each other. Several may wait for approval side by side unless one is
//! running, they are the same remedy on the same target, or they change the same file of the same branch.

use crate::domain::facts::{Preview, TOUCHED_MAX};
use crate::domain::incident::{Incident, Proposal, ProposalState};
use crate::domain::intent::Wish;
use crate::domain::plan::Plan;

/// The proposal whose actions are being carried out now, other than `n`.
pub fn acting(incident: &Incident, n: Option<u32>) -> Option<&Proposal> {
    let acts = |p: &&Proposal| matches!(p.state, ProposalState::Running { .. } | ProposalState::Undoing { .. });
    incident.proposals.iter().filter(|p| Some(p.id.n) != n).find(acts)
}

/// Why this cannot be proposed now, in a sentence for whoever asked.
pub fn refuses(incident: &Incident, wish: &Wish) -> Option<String> {
    if let Some(other) = acting(incident, None) {
        return Some(format!("{} {}; try again when it is done", other.id, other.state.clause()));
    }
    let same = |p: &&Proposal| p.state.is_active() && !p.dry_run && same_target(&p.wish, wish);
    let other = incident.proposals.iter().find(same)?;
    Some(format!("{} already does that and {}; cancel it to replace it", other.id, other.state.clause()))
}

/// Why this plan cannot stand beside an older proposal: both change a file of the same branch.
pub fn overlaps(incident: &Incident, n: u32, plan: &Plan) -> Option<String> {
    let older = incident.proposals.iter().filter(|p| p.id.n < n && p.state.is_active() && !p.dry_run);
    older.into_iter().find_map(|other| {
        let theirs = other.plan.as_ref()?;
        let pairs = plan.previews.iter().flat_map(|ours| theirs.previews.iter().map(move |theirs| (ours, theirs)));
        let shared = pairs.filter(|(ours, theirs)| ours.0 == theirs.0).find_map(|(a, b)| shared(&a.1, &b.1))?;
        Some(format!("{} also changes {shared} and {}; approve or cancel it first", other.id, other.state.clause()))
    })
}

/// A file that both change. A change of very many files counts as one of all files.
fn shared(ours: &Preview, theirs: &Preview) -> Option<String> {
    if ours.touched.len() >= TOUCHED_MAX || theirs.touched.len() >= TOUCHED_MAX {
        return Some("many files".to_owned());
    }
    ours.touched.iter().find(|path| theirs.touched.contains(path)).map(|path| path.line(100))
}

/// Whether both mean the same remedy on the same target. What names no target leaves the choice to the evidence, and may
/// mean any.
#[allow(clippy::match_same_arms, reason = "a table has one row a remedy; the fields differ in type")]
fn same_target(one: &Wish, two: &Wish) -> bool {
    match (one, two) {
        (Wish::Retry(_), Wish::Retry(_))
        | (Wish::Bisect, Wish::Bisect)
        | (Wish::Agent { .. }, Wish::Agent { .. })
        | (Wish::Issue { .. }, Wish::Issue { .. }) => true,
        (Wish::Quarantine { test: one, .. }, Wish::Quarantine { test: two, .. }) => same(one.as_ref(), two.as_ref()),
        (
            Wish::Extend { id: one, .. } | Wish::Unquarantine { id: one },
            Wish::Extend { id: two, .. } | Wish::Unquarantine { id: two },
        )
        | (Wish::Fix { template: one, .. }, Wish::Fix { template: two, .. }) => same(one.as_ref(), two.as_ref()),
        (Wish::Revert { pulls: one, commit: a }, Wish::Revert { pulls: two, commit: b }) => {
            let any = (one.is_empty() && a.is_none()) || (two.is_empty() && b.is_none());
            any || one.iter().any(|pull| two.contains(pull)) || (a.is_some() && a == b)
        }
        (Wish::Backport { pull: one, to: a }, Wish::Backport { pull: two, to: b }) => {
            same(one.as_ref(), two.as_ref()) && a.iter().any(|branch| b.contains(branch))
        }
        (Wish::Pin { package: one, .. }, Wish::Pin { package: two, .. }) => same(one.as_ref(), two.as_ref()),
        (Wish::Pin { package: one, .. }, Wish::Unpin { package: two })
        | (Wish::Unpin { package: two }, Wish::Pin { package: one, .. }) => same(one.as_ref(), Some(two)),
        (Wish::Unpin { package: one }, Wish::Unpin { package: two }) => one == two,
        _ => false,
    }
}

fn same<T: PartialEq>(one: Option<&T>, two: Option<&T>) -> bool {
    one.is_none() || two.is_none() || one == two
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_remedy_on_the_same_target_excludes_itself_alone() {
        let here = Some(crate::domain::IncidentNo(1));
        let wish = |text: &str| match crate::command::parse(text, here).unwrap() {
            crate::domain::Intent::Remedy { wish, .. } => wish,
            other => panic!("{other:?}"),
        };
        for (one, two, excluded) in [
            ("retry", "retry all", true),
            ("retry", "quarantine", false),
            ("quarantine test=a", "quarantine test=b", false),
            ("quarantine test=a", "quarantine test=a for=9d", true),
            ("quarantine", "quarantine test=a", true),
            ("pin serde@1.0.1", "pin serde@1.0.2", true),
            ("pin serde@1.0.1", "unpin serde", true),
            ("pin serde@1.0.1", "pin rand@0.8.5", false),
            ("pin", "pin rand@0.8.5", true),
            ("revert pr=9", "revert pr=9,10", true),
            ("revert pr=9", "revert pr=10", false),
            ("revert pr=9", "revert", true),
            ("revert pr=9", "backport pr=9 to=x", false),
            ("backport pr=9 to=x", "backport pr=9 to=y", false),
            ("backport pr=9 to=x,y", "backport pr=9 to=y", true),
            ("fix tool_pin", "fix build_flag", false),
            ("extend quarantine=1-1", "unquarantine quarantine=1-1", true),
            ("issue", "issue", true),
        ] {
            assert_eq!(same_target(&wish(one), &wish(two)), excluded, "{one} / {two}");
            assert_eq!(same_target(&wish(two), &wish(one)), excluded, "{two} / {one}");
        }
    }
}
