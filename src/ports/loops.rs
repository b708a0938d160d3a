//! What the loops of each specialist came to: chat, console and metrics count alike.

use super::LoopView;
use std::collections::BTreeMap;

/// How one specialist's loops went.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LoopFigures {
    /// Those that are over.
    pub ended: usize,
    /// Of these, those that led to a pull request.
    pub fixed: usize,
    /// Of these, from the wish to the push that passed.
    pub median_ms: Option<i64>,
    /// US dollars, of those at work as well.
    pub cost: f64,
}

impl LoopFigures {
    fn of(loops: &[&LoopView]) -> Self {
        let fixed = || loops.iter().filter(|view| view.is_fixed());
        let mut took: Vec<i64> = fixed().filter_map(|view| view.took_ms).collect();
        took.sort_unstable();
        Self {
            ended: loops.iter().filter(|view| !view.is_running()).count(),
            fixed: fixed().count(),
            median_ms: took.get(took.len() / 2).copied(),
            cost: 0.0,
        }
    }
}

/// What each specialist's own attempts cost.
fn costs(loops: &[&LoopView]) -> BTreeMap<String, f64> {
    let mut all = BTreeMap::new();
    for view in loops {
        for attempt in &view.attempts {
            let whose = if attempt.specialist.is_empty() { &view.specialist } else { &attempt.specialist };
            *all.entry(whose.clone()).or_default() += attempt.cost.dollars();
        }
    }
    all
}

/// By the specialist's name.
#[must_use]
pub fn by_specialist<'a>(loops: impl IntoIterator<Item = &'a LoopView>) -> BTreeMap<String, LoopFigures> {
    let loops: Vec<&LoopView> = loops.into_iter().collect();
    let mut all: BTreeMap<String, Vec<&LoopView>> = BTreeMap::new();
    for view in &loops {
        all.entry(view.specialist.clone()).or_default().push(view);
    }
    let mut figures: BTreeMap<String, LoopFigures> =
        all.into_iter().map(|(specialist, loops)| (specialist, LoopFigures::of(&loops))).collect();
    // Who handed over has spent something as well.
    for (specialist, cost) in costs(&loops) {
        figures.entry(specialist).or_default().cost = cost;
    }
    figures
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::agent::{Attempt, AttemptEnd, Usd};
    use crate::domain::time::Time;

    /// At 25 cents; of no name where it is from before names were kept.
    fn attempt(specialist: &str) -> Attempt {
        Attempt {
            n: 1,
            specialist: specialist.into(),
            base: String::new(),
            at: Time(0),
            cost: Usd::cents(25),
            cost_told: true,
            end: AttemptEnd::Interrupted,
            said: crate::domain::Untrusted::default(),
            pushed_at: None,
            ci: None,
            points_to: None,
        }
    }

    fn view(specialist: &str, state: &str, took_ms: Option<i64>) -> LoopView {
        LoopView {
            proposal: "1-1".into(),
            incident: 1,
            repo: "acme/shop".parse().expect("a name"),
            branch: "main".into(),
            specialist: specialist.into(),
            state: state.into(),
            why: String::new(),
            cost: 0.25,
            pull: None,
            began: Time(0),
            took_ms,
            attempts: vec![attempt("")],
        }
    }

    #[test]
    fn each_specialist_is_counted_by_itself() {
        let loops = [
            view("Rex", "success", Some(30)),
            view("Rex", "success", Some(10)),
            view("Rex", "success", Some(20)),
            view("Rex", "exhausted", Some(1)),
            view("Rex", "running", None),
            LoopView { attempts: vec![attempt("Rex"), attempt("")], ..view("Bolt", "escalated", None) },
        ];
        let found = by_specialist(&loops);
        let rex = LoopFigures { ended: 4, fixed: 3, median_ms: Some(20), cost: 1.5 };
        let bolt = LoopFigures { ended: 1, fixed: 0, median_ms: None, cost: 0.25 };
        assert_eq!(found, BTreeMap::from([("Bolt".to_owned(), bolt), ("Rex".to_owned(), rex)]));
    }
}
