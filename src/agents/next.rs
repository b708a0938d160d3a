//! A loop's next step, from what its attempts came to.

use crate::domain::agent::{Attempt, AttemptEnd, Loops, Patch, Trial, Usd, Verdict};
use crate::domain::text::Untrusted;
use crate::domain::time::Time;

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Let this specialist's agent try, for the n-th time in the loop.
    Try(u32, String),
    /// Push what it changed.
    Push(Box<Patch>),
    /// Look at CI again after so long.
    Wait {
        ms: i64,
    },
    /// Open a pull request; as a draft where CI has not judged it.
    Propose {
        patch: Box<Patch>,
        unjudged: Option<String>,
    },
    End(Ending),
}

/// How a loop ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    Fixed,
    /// Out of attempts or money.
    Exhausted(String),
    /// The agent wants a person.
    Escalated(Untrusted),
    /// Somebody else changed the branch.
    Disturbed,
}

/// Whose agents a loop may use: the first, and who takes over where it cannot.
#[derive(Clone, Copy, Debug)]
pub struct Team<'a> {
    pub first: &'a str,
    pub second: Option<&'a str>,
}

/// Attempts that came to nothing, after which another specialist takes over.
const HANDS_OVER_AFTER: usize = 3;

/// `is_open`: the pull request has been opened.
#[must_use]
pub fn next(
    loops: &Loops,
    team: Team<'_>,
    attempts: &[Attempt],
    trial: Option<&Trial>,
    is_open: bool,
    now: Time,
) -> Next {
    if is_open {
        return Next::End(Ending::Fixed);
    }
    let Some(last) = attempts.last() else { return Next::Try(1, team.first.to_owned()) };
    match &last.end {
        AttemptEnd::Escalated { why } => match again(loops, team, attempts, true) {
            Next::Try(n, other) if other != last.specialist => Next::Try(n, other),
            _ => Next::End(Ending::Escalated(why.clone())),
        },
        AttemptEnd::Refused { .. } | AttemptEnd::Failed { .. } | AttemptEnd::Interrupted => {
            again(loops, team, attempts, false)
        }
        AttemptEnd::Proposed { patch } if last.pushed_at.is_none() => Next::Push(patch.clone()),
        // What people pushed there is theirs.
        AttemptEnd::Proposed { patch } if is_of_others(trial, patch) => Next::End(Ending::Disturbed),
        AttemptEnd::Proposed { patch } => match last.ci.or_else(|| verdict(loops, last, trial, now)) {
            Some(Verdict::Passed) => Next::Propose { patch: patch.clone(), unjudged: None },
            Some(Verdict::Mixed) => {
                let why = "the failing workflow passed, and another one failed".to_owned();
                Next::Propose { patch: patch.clone(), unjudged: Some(why) }
            }
            Some(Verdict::Failed) => again(loops, team, attempts, false),
            Some(Verdict::Late) => {
                let minutes = loops.longest_ms / 60_000;
                let why = format!("CI did not finish within {minutes} min");
                Next::Propose { patch: patch.clone(), unjudged: Some(why) }
            }
            Some(Verdict::Silent) => {
                let why = "the failing workflow did not run on the branch".to_owned();
                Next::Propose { patch: patch.clone(), unjudged: Some(why) }
            }
            None if trial.is_some_and(|trial| trial.tree.as_ref() != Some(&patch.tree)) => Next::End(Ending::Disturbed),
            None => {
                let first = last.pushed_at.is_some_and(|at| now.ms_since(at) < loops.first_look_ms);
                Next::Wait { ms: if first { loops.first_look_ms } else { loops.look_ms } }
            }
        },
    }
}

/// Whether our branch has other contents than we pushed.
fn is_of_others(trial: Option<&Trial>, patch: &Patch) -> bool {
    trial.and_then(|trial| trial.tree.as_ref()).is_some_and(|tree| *tree != patch.tree)
}

fn again(loops: &Loops, team: Team<'_>, attempts: &[Attempt], gave_up: bool) -> Next {
    let made = u32::try_from(attempts.len()).unwrap_or(u32::MAX);
    if made >= loops.attempts_max {
        return Next::End(Ending::Exhausted(format!("none of {made} attempts passed")));
    }
    let spent: Usd = attempts.iter().map(|attempt| attempt.cost).sum();
    if spent.plus(loops.attempt_budget) > loops.budget {
        let why =
            format!("{spent} of {} are spent, and one more attempt may cost {}", loops.budget, loops.attempt_budget);
        return Next::End(Ending::Exhausted(why));
    }
    Next::Try(made + 1, hand(loops, team, attempts, gave_up))
}

/// Who tries next. A loop changes hands once at most: to whoever looks after what CI found on the branch, or to the second
/// of the team where the first gave up or failed too often.
fn hand(loops: &Loops, team: Team<'_>, attempts: &[Attempt], gave_up: bool) -> String {
    // Attempts from before it was kept are the first's.
    let whose = |attempt: &Attempt| {
        if attempt.specialist.is_empty() { team.first.to_owned() } else { attempt.specialist.clone() }
    };
    let present = attempts.last().map_or_else(|| team.first.to_owned(), whose);
    let present = present.as_str();
    if attempts.iter().any(|attempt| whose(attempt) != present) {
        return present.to_owned();
    }
    let is_other = |name: &&str| *name != present && loops.has_agent(name);
    let pointed = attempts.last().and_then(|last| last.points_to.as_deref()).filter(is_other);
    let tired = gave_up || attempts.len() >= HANDS_OVER_AFTER;
    let other = pointed.or_else(|| team.second.filter(is_other).filter(|_| tired));
    other.unwrap_or(present).to_owned()
}

/// What CI says of the push that this attempt led to; `None` while it is not known.
#[must_use]
pub fn verdict(loops: &Loops, attempt: &Attempt, trial: Option<&Trial>, now: Time) -> Option<Verdict> {
    let (AttemptEnd::Proposed { patch }, Some(pushed_at), Some(trial)) = (&attempt.end, attempt.pushed_at, trial)
    else {
        return None;
    };
    if trial.tree.as_ref() != Some(&patch.tree) {
        return None;
    }
    let age = now.ms_since(pushed_at);
    match trial.passed {
        // Workflows that follow others may not have begun.
        Some(true) if age < loops.first_look_ms => None,
        Some(true) if trial.others_failed => Some(Verdict::Mixed),
        Some(true) => Some(Verdict::Passed),
        Some(false) => Some(Verdict::Failed),
        None if age < loops.longest_ms => None,
        None if trial.ran => Some(Verdict::Late),
        None => Some(Verdict::Silent),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::facts::Preview;
    use crate::domain::ids::Digest;
    use proptest::prelude::*;

    const TEAM: Team<'static> = Team { first: "Rex", second: None };

    fn patch() -> Patch {
        let diff = Digest::of([b"diff".as_slice()]);
        Patch { base: "b".into(), tree: "t".into(), diff, preview: Preview::default() }
    }

    fn attempt(n: u32, end: AttemptEnd, cost: Usd) -> Attempt {
        let said = Untrusted::default();
        let (base, specialist) = ("b".into(), "Rex".into());
        let (at, cost_told) = (Time(0), true);
        Attempt { n, specialist, base, at, cost, cost_told, end, said, pushed_at: None, ci: None, points_to: None }
    }

    fn proposed(pushed: Option<i64>, ci: Option<Verdict>) -> Attempt {
        let end = AttemptEnd::Proposed { patch: Box::new(patch()) };
        Attempt { pushed_at: pushed.map(Time), ci, ..attempt(1, end, Usd::cents(10)) }
    }

    fn trial(tree: &str, ran: bool, passed: Option<bool>) -> Trial {
        Trial { tree: Some(tree.into()), ran, passed, others_failed: false, job: None, specialist: None }
    }

    #[test]
    fn each_state_has_one_next_step() {
        let loops = Loops::default();
        let failed = || attempt(1, AttemptEnd::Failed { why: "x".into() }, Usd::cents(10));
        let escalated = attempt(1, AttemptEnd::Escalated { why: "no idea".into() }, Usd(0));
        let dear = attempt(1, AttemptEnd::Interrupted, Usd::cents(170));
        let open = Next::Propose { patch: Box::new(patch()), unjudged: None };
        let five: Vec<Attempt> = (0..5).map(|_| failed()).collect();
        let late = 11 * 60_000;
        for (case, attempts, trial, now, want) in [
            ("new", vec![], None, 0, Next::Try(1, "Rex".into())),
            ("failed", vec![failed()], None, 0, Next::Try(2, "Rex".into())),
            ("escalated", vec![escalated], None, 0, Next::End(Ending::Escalated("no idea".into()))),
            ("changed", vec![proposed(None, None)], None, 0, Next::Push(Box::new(patch()))),
            ("pushed", vec![proposed(Some(0), None)], Some(trial("t", false, None)), 0, Next::Wait { ms: 60_000 }),
            ("going", vec![proposed(Some(0), None)], Some(trial("t", true, None)), 90_000, Next::Wait { ms: 30_000 }),
            ("green", vec![proposed(Some(0), None)], Some(trial("t", true, Some(true))), 90_000, open.clone()),
            (
                "red",
                vec![proposed(Some(0), None)],
                Some(trial("t", true, Some(false))),
                90_000,
                Next::Try(2, "Rex".into()),
            ),
            (
                "known",
                vec![proposed(Some(0), Some(Verdict::Failed))],
                Some(Trial::default()),
                0,
                Next::Try(2, "Rex".into()),
            ),
            (
                "theirs",
                vec![proposed(Some(0), Some(Verdict::Failed))],
                Some(trial("u", true, None)),
                0,
                Next::End(Ending::Disturbed),
            ),
            ("gone", vec![proposed(Some(0), None)], Some(Trial::default()), 0, Next::End(Ending::Disturbed)),
            (
                "early",
                vec![proposed(Some(0), None)],
                Some(trial("t", true, Some(true))),
                30_000,
                Next::Wait { ms: 60_000 },
            ),
            (
                "pushed over",
                vec![proposed(Some(0), None)],
                Some(trial("u", true, Some(true))),
                0,
                Next::End(Ending::Disturbed),
            ),
        ] {
            assert_eq!(next(&loops, TEAM, &attempts, trial.as_ref(), false, Time(now)), want, "{case}");
        }
        for (ran, words) in [(true, "within 10 min"), (false, "workflow did not run")] {
            let found = next(&loops, TEAM, &[proposed(Some(0), None)], Some(&trial("t", ran, None)), false, Time(late));
            assert!(matches!(&found, Next::Propose { unjudged: Some(why), .. } if why.contains(words)), "{found:?}");
        }
        for attempts in [five, vec![dear]] {
            let found = next(&loops, TEAM, &attempts, None, false, Time(0));
            assert!(matches!(found, Next::End(Ending::Exhausted(_))), "{found:?}");
        }
        assert_eq!(next(&loops, TEAM, &[failed()], None, true, Time(0)), Next::End(Ending::Fixed));
    }

    #[test]
    fn a_loop_changes_hands_once() {
        let loops = Loops { agents: vec!["rex".into(), "blaze".into(), "atlas".into()], ..Loops::default() };
        let team = Team { first: "Rex", second: Some("Blaze") };
        let by = |who: &str, end: AttemptEnd| Attempt { specialist: who.into(), ..attempt(1, end, Usd::cents(1)) };
        let failed = |who: &str| by(who, AttemptEnd::Failed { why: "x".into() });
        let gave_up = |who: &str| by(who, AttemptEnd::Escalated { why: "no idea".into() });
        let pointed = |who: &str, to: &str| Attempt { points_to: Some(to.into()), ..failed(who) };
        let end = Next::End(Ending::Escalated("no idea".into()));
        for (case, attempts, want) in [
            ("one failed", vec![failed("Rex")], Next::Try(2, "Rex".into())),
            ("three failed", vec![failed("Rex"), failed("Rex"), failed("Rex")], Next::Try(4, "Blaze".into())),
            ("it gave up", vec![gave_up("Rex")], Next::Try(2, "Blaze".into())),
            ("both gave up", vec![gave_up("Rex"), gave_up("Blaze")], end.clone()),
            ("CI found another's", vec![pointed("Rex", "Atlas")], Next::Try(2, "Atlas".into())),
            ("CI found its own", vec![pointed("Rex", "Rex")], Next::Try(2, "Rex".into())),
            ("nobody's", vec![pointed("Rex", "Bolt")], Next::Try(2, "Rex".into())),
            ("not back", vec![failed("Rex"), pointed("Blaze", "Rex")], Next::Try(3, "Blaze".into())),
        ] {
            assert_eq!(next(&loops, team, &attempts, None, false, Time(0)), want, "{case}");
        }
        let alone = Team { second: None, ..team };
        assert_eq!(next(&loops, alone, &[gave_up("Rex")], None, false, Time(0)), end);
    }

    proptest! {
        /// Whatever attempts cost up to their own limit and however they end, no loop exceeds its budget or its attempts.
        #[test]
        fn no_loop_exceeds_its_limits(costs in prop::collection::vec((0_u64..=400_000, 0_u8..4), 0..40), max in 1_u32..8) {
            let loops = Loops { attempts_max: max, ..Loops::default() };
            let mut attempts: Vec<Attempt> = Vec::new();
            for (cost, end) in costs {
                let Next::Try(n, _) = next(&loops, TEAM, &attempts, None, false, Time(0)) else { break };
                prop_assert_eq!(n as usize, attempts.len() + 1);
                let end = match end {
                    0 => AttemptEnd::Failed { why: String::new() },
                    1 => AttemptEnd::Refused { why: Vec::new(), diff: None },
                    2 => AttemptEnd::Interrupted,
                    _ => AttemptEnd::Proposed { patch: Box::new(patch()) },
                };
                let is_change = matches!(end, AttemptEnd::Proposed { .. });
                let ci = is_change.then_some(Verdict::Failed);
                attempts.push(Attempt { pushed_at: is_change.then_some(Time(0)), ci, ..attempt(n, end, Usd(cost)) });
            }
            let spent: Usd = attempts.iter().map(|attempt| attempt.cost).sum();
            prop_assert!(spent <= loops.budget && attempts.len() <= max as usize);
        }
    }
}
