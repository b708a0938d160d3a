//! Which jobs and steps of a workflow a hint speaks of.

use super::hint::Hint;
use super::workflow::{Job, Step, Workflow};
use crate::domain::text::{clean_line, listing};

/// The jobs that failed; all of them when the hint names none.
///
/// # Errors
/// The job is not here, with what to say instead.
pub fn jobs<'w>(workflow: &'w Workflow<'_>, hint: &Hint) -> Result<Vec<&'w Job>, String> {
    let Some(wanted) = hint.job.as_deref().map(str::trim).filter(|job| !job.is_empty()) else {
        return Ok(workflow.jobs.iter().collect());
    };
    let found = matching(&workflow.jobs, wanted);
    if !found.is_empty() {
        return Ok(found);
    }
    let caller = wanted.split(" / ").next().unwrap_or(wanted);
    let called = matching(&workflow.jobs, caller).into_iter().find_map(|job| job.uses);
    if let Some(called) = called {
        let called = clean_line(workflow.tree.scalar(called).unwrap_or_default(), 80);
        return Err(format!("The failing job belongs to a called workflow ({called}): name that workflow."));
    }
    let ids: Vec<String> = workflow.jobs.iter().map(|job| job.id.clone()).collect();
    let wanted = clean_line(wanted, 60);
    let path = clean_line(&workflow.source.path, 100);
    Err(format!("{path} has no job `{wanted}`: name one of {}.", listing(&ids, 8)))
}

fn matching<'w>(jobs: &'w [Job], wanted: &str) -> Vec<&'w Job> {
    let names = |job: &Job, name: &str| job.id == name || job.name.as_deref().map(str::trim) == Some(name);
    let exact: Vec<&Job> = jobs.iter().filter(|job| names(job, wanted)).collect();
    if !exact.is_empty() {
        return exact;
    }
    // GitHub shows a job of a matrix with its values behind the name.
    let base = wanted.split(" (").next().unwrap_or(wanted);
    let based: Vec<&Job> = jobs.iter().filter(|job| names(job, base)).collect();
    if !based.is_empty() {
        return based;
    }
    jobs.iter().filter(|job| job.name.as_deref().is_some_and(|name| fits(name, wanted))).collect()
}

/// The step that failed among these.
pub fn steps<'w>(workflow: &Workflow<'_>, jobs: &[&'w Job], hint: &Hint) -> Vec<&'w Step> {
    let Some(shown) = hint.step.as_deref().map(str::trim).filter(|step| !step.is_empty()) else { return Vec::new() };
    let all = || jobs.iter().flat_map(|job| &job.steps);
    let named = |step: &&Step| step.name.as_deref().map(str::trim) == Some(shown) || step.id.as_deref() == Some(shown);
    let exact: Vec<&Step> = all().filter(named).collect();
    if !exact.is_empty() {
        return exact;
    }
    // The version may have changed since: it only counts as long as it tells steps apart.
    let shown_as = |step: &Step, exactly: bool| {
        ["Post Run ", "Post ", "Pre Run ", "Pre ", "Run ", ""]
            .iter()
            .any(|before| shown.strip_prefix(before).is_some_and(|rest| is_step(workflow, step, rest.trim(), exactly)))
    };
    let found: Vec<&Step> = all().filter(|step| shown_as(step, true)).collect();
    if found.is_empty() { all().filter(|step| shown_as(step, false)).collect() } else { found }
}

/// Whether GitHub shows a step by this: its name, its action, or the first line of its script.
fn is_step(workflow: &Workflow<'_>, step: &Step, shown: &str, exactly: bool) -> bool {
    if let Some(name) = step.name.as_deref() {
        return name.trim() == shown || fits(name, shown);
    }
    if let Some(uses) = step.uses.and_then(|uses| workflow.tree.scalar(uses)) {
        let action = step.action(&workflow.tree).unwrap_or_default();
        let shown_action = shown.split('@').next().unwrap_or(shown);
        return uses.eq_ignore_ascii_case(shown) || (!exactly && action.eq_ignore_ascii_case(shown_action));
    }
    let first = step.run.as_deref().and_then(|run| run.lines().next()).unwrap_or_default().trim();
    !first.is_empty() && (first == shown || fits(first, shown))
}

/// Whether a name with expressions may have become this: its other pieces stand there in this order.
fn fits(name: &str, shown: &str) -> bool {
    if !name.contains("${{") {
        return false;
    }
    let mut pieces = Vec::new();
    let mut rest = name.trim();
    while let Some(start) = rest.find("${{") {
        pieces.push(&rest[..start]);
        rest = rest[start..].find("}}").map_or("", |end| &rest[start + end + 2..]);
    }
    let (first, last) = (pieces.remove(0), rest);
    // A name of expressions alone would fit anything.
    if first.trim().is_empty() && last.trim().is_empty() && pieces.iter().all(|piece| piece.trim().is_empty()) {
        return false;
    }
    let Some(mut between) = shown.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else { return false };
    for piece in pieces {
        let Some(at) = between.find(piece) else { return false };
        between = &between[at + piece.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn names_with_expressions_fit() {
        for (name, shown, fit) in [
            ("Test on ${{ matrix.os }}", "Test on ubuntu-latest", true),
            ("Test ${{ a }} and ${{ b }}!", "Test 1 and 2!", true),
            ("Test ${{ a }} and ${{ b }}!", "Test 1 or 2!", false),
            ("${{ matrix.name }}", "anything", false),
            ("Test", "Test", false),
            ("a${{ x", "ab", true),
        ] {
            assert_eq!(fits(name, shown), fit, "{name}");
        }
    }
}
