//! The ledger of quarantines as planners read it, and the words in which CI can use it at once.

use super::PlanContext;
use crate::domain::action::Action;
use crate::domain::effect::Lookup;
use crate::domain::facts::Known;
use crate::domain::incident::{Incident, ProposalState};
use crate::domain::plan::Planning;
use crate::domain::quarantined::Quarantined;
use crate::frameworks;

/// What is quarantined in the incident's repository, or what has to be looked up first.
///
/// # Errors
/// The planning to answer with.
pub fn entries<'f>(context: &PlanContext<'f>) -> Result<&'f [Quarantined], Box<Planning>> {
    match &context.facts.quarantined {
        Some(Known::Is(entries)) => Ok(entries),
        Some(Known::Unavailable(why)) => {
            Err(Box::new(Planning::Refused(vec![format!("cannot read the quarantine ledger: {why}")])))
        }
        None => Err(Box::new(Planning::Needs(vec![Lookup::Quarantined { repo: context.incident.repo.clone() }]))),
    }
}

/// The id of the newest quarantine that this incident made and that still stands.
#[must_use]
pub fn newest(incident: &Incident, entries: &[Quarantined]) -> Option<String> {
    let done = incident.proposals.iter().rev().filter(|proposal| proposal.state == ProposalState::Done);
    let steps = done.filter_map(|proposal| proposal.plan.as_ref()).flat_map(|plan| &plan.steps);
    let mut made = steps.filter_map(|step| match &step.action {
        Action::Listed { entry } => Some(entry.id.clone()),
        _ => None,
    });
    made.find(|id| entries.iter().any(|entry| entry.id == *id))
}

/// Longer names are cut by readers of logs already.
const NAME_MAX: usize = 2_000;

/// The arguments with which a framework's runner leaves out what is on the list: nothing where nothing is. `None`: it
/// has no such arguments.
#[must_use]
pub fn arguments<'a>(framework: &str, entries: impl Iterator<Item = &'a Quarantined>) -> Option<String> {
    let editor = frameworks::editors().into_iter().find(|editor| editor.id() == framework)?;
    let mine = entries.filter(|entry| entry.framework.as_deref() == Some(framework));
    let names: Vec<String> = mine.map(|entry| entry.test.line(NAME_MAX)).collect();
    let all = editor.leave_out(&names)?;
    Some(if names.is_empty() { String::new() } else { all })
}

/// Frameworks whose runners take such arguments.
#[must_use]
pub fn forms() -> Vec<&'static str> {
    let takes = |id: &&str| arguments(id, std::iter::empty()).is_some();
    frameworks::edited().into_iter().filter(takes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::IncidentNo;
    use crate::domain::time::Time;

    fn entry(framework: &str, test: &str) -> Quarantined {
        Quarantined {
            id: "1-1".into(),
            repo: "a/b".parse().unwrap(),
            test: test.into(),
            framework: Some(framework.into()),
            file: None,
            owners: Vec::new(),
            reason: "".into(),
            until: "2026-01-08".into(),
            since: Time(0),
            incident: IncidentNo(1),
            served: true,
            pending: false,
        }
    }

    #[test]
    fn each_form_holds_the_tests_of_its_framework_alone() {
        let all = [
            entry("pytest", "tests/test_a.py::test_x[a b]"),
            entry("pytest", "tests/test_a.py::T::test_y"),
            entry("jest", "cart › adds (two)"),
            entry("go", "TestA/with space/x.y"),
            entry("go", "TestB"),
        ];
        let shown = |name| arguments(name, all.iter());
        assert_eq!(
            shown("pytest").unwrap(),
            "--deselect=tests/test_a.py::test_x[a b]\n--deselect=tests/test_a.py::T::test_y\n"
        );
        assert_eq!(shown("jest").unwrap(), "--testNamePattern=^(?!(?:cart adds \\(two\\))$)\n");
        assert_eq!(shown("go").unwrap(), "-skip=^TestA$/^with_space$/^x\\.y$|^TestB$\n");
        assert_eq!(arguments("jest", all[..2].iter()).unwrap(), "");
        assert_eq!(shown("vitest").unwrap(), "");
        assert_eq!((shown("nose"), shown("phpunit")), (None, None));
        assert_eq!(forms(), ["pytest", "jest", "vitest", "go", "rust"]);
    }

    #[test]
    fn a_name_with_lines_cannot_add_an_argument() {
        let hostile = [entry("pytest", "a\n--collect-only\n-p x")];
        assert_eq!(arguments("pytest", hostile.iter()).unwrap().lines().count(), 1);
    }
}
