//! Incidents, one after the other, into figures. Pure, and bounded by what it keeps of each.

use super::recurring::Sightings;
use super::{BACK_MS, acts, week_of, weeks_ms};
use crate::domain::action::MadeKind;
use crate::domain::cause::Cause;
use crate::domain::figures::{BINS, Calibration, Ended, Figures, Share, Times, WEEKS, Week};
use crate::domain::incident::{Incident, Proposal, ProposalState, PullEnd};
use crate::domain::intent::Wish;
use crate::domain::time::{DAY_MS, Time};
use std::collections::{BTreeMap, BTreeSet};

/// Jobs whose history is scored.
const SUITES_MAX: usize = 100;

/// The first incident with a fingerprint, and whether it was recognised in time, where that is known.
struct First {
    at: Time,
    recognised: Option<bool>,
}

pub struct Tally {
    now: Time,
    figures: Figures,
    to_green: Vec<i64>,
    fix: Vec<i64>,
    weeks: [Vec<i64>; WEEKS],
    ends: BTreeMap<(String, String), (u32, u32)>,
    squares: f64,
    told: u32,
    firsts: BTreeMap<String, First>,
    suites: BTreeSet<(String, String)>,
    sightings: Sightings,
}

impl Tally {
    pub fn new(now: Time) -> Self {
        Self {
            now,
            figures: Figures::default(),
            to_green: Vec::new(),
            fix: Vec::new(),
            weeks: std::array::from_fn(|_| Vec::new()),
            ends: BTreeMap::new(),
            squares: 0.0,
            told: 0,
            firsts: BTreeMap::new(),
            suites: BTreeSet::new(),
            sightings: Sightings::new(now),
        }
    }

    /// Incidents come newest first.
    pub fn add(&mut self, incident: &Incident) {
        if let Some(print) = incident.fingerprint() {
            self.firsts.insert(print.to_owned(), First { at: incident.opened_at, recognised: recognised(incident) });
        }
        self.sightings.add(incident);
        let took = incident.closed_at.filter(|_| incident.is_green()).map(|at| at.ms_since(incident.opened_at));
        if let (Some(took), Some(week)) = (took, incident.closed_at.and_then(|at| week_of(self.now, at))) {
            self.weeks[week].push(took);
        }
        if self.now.ms_since(incident.opened_at) > BACK_MS {
            return;
        }
        self.count(incident);
        if let Some(took) = took {
            self.to_green.push(took);
            if !incident.passed_again() {
                self.fix.push(took);
            }
        }
        for proposal in incident.proposals.iter().filter(|proposal| !proposal.dry_run) {
            self.propose(proposal);
        }
        self.tell(incident);
    }

    fn count(&mut self, incident: &Incident) {
        let figures = &mut self.figures;
        figures.incidents += u32::from(incident.adopted_by.is_none());
        figures.open += u32::from(incident.closed_at.is_none());
        figures.duplicates += u32::from(incident.adopted_by.is_some());
        if incident.escalated_at.is_some() {
            figures.wrong_escalations.add(incident.is_escalated_wrongly());
        }
        let retried = |p: &Proposal| is_retry(p) && p.state == ProposalState::Done && !p.dry_run;
        if incident.proposals.iter().any(retried) {
            figures.retries.add(incident.passed_again());
        }
        let judged = incident.judged.as_ref();
        figures.named.add(judged.is_some_and(|judged| judged.cause != Cause::Unknown));
        figures.corrected += u32::from(judged.is_some_and(|judged| judged.by.is_some()));
        if let Some(job) = incident.first_job().filter(|_| self.suites.len() < SUITES_MAX) {
            self.suites.insert((incident.repo.to_string(), job.name.raw().to_owned()));
        }
    }

    fn propose(&mut self, proposal: &Proposal) {
        let key = (proposal.remedy.clone(), proposal.state.as_str().to_owned());
        let (count, automatic) = self.ends.entry(key).or_default();
        *count += 1;
        *automatic += u32::from(acts::is_automatic(proposal));
        if proposal.made.iter().any(|made| made.what == MadeKind::Pull) {
            let pulls = &mut self.figures.pulls;
            let undone = matches!(proposal.state, ProposalState::Undone { .. });
            match proposal.ended {
                Some(PullEnd::Merged) => pulls.merged += 1,
                Some(PullEnd::Closed) => pulls.closed += 1,
                None if undone => pulls.closed += 1,
                None => pulls.open += 1,
            }
        }
    }

    /// What was told first, and whether it passed again at the same commit or another one was needed.
    fn tell(&mut self, incident: &Incident) {
        let Some(chance) = incident.first_told.filter(|_| incident.is_green()) else { return };
        let passed = incident.passed_again();
        self.squares += (chance - f64::from(u8::from(passed))).powi(2);
        self.told += 1;
        let bin = (0..BINS).rev().find(|bin| chance * BINS as f64 >= *bin as f64).unwrap_or(0);
        self.figures.calibration.bins[bin].add(passed);
    }

    /// Jobs that failed lately: repository and name.
    pub fn suites(&self) -> BTreeSet<(String, String)> {
        self.suites.clone()
    }

    pub fn figures(self) -> Figures {
        let mut figures = self.figures;
        figures.to_green = Times::of(self.to_green);
        figures.fix = Times::of(self.fix);
        let brier = (self.told > 0).then(|| self.squares / f64::from(self.told));
        figures.calibration = Calibration { brier, ..figures.calibration };
        let ended = |((remedy, state), (count, automatic))| Ended { remedy, state, count, automatic };
        figures.remedies = self.ends.into_iter().map(ended).collect();
        for first in self.firsts.into_values().filter(|first| self.now.ms_since(first.at) <= BACK_MS) {
            if let Some(yes) = first.recognised {
                figures.recognised.add(yes);
            }
        }
        let week_ms = weeks_ms() / i64::try_from(WEEKS).unwrap_or(1);
        let from = |week: usize| self.now.plus_ms(-week_ms * i64::try_from(WEEKS - week).unwrap_or(0));
        let week = |(at, times)| Week { from: from(at), builds: Share::default(), to_green: Times::of(times) };
        figures.weeks = self.weeks.into_iter().enumerate().map(week).collect();
        figures.recurring = self.sightings.recurring();
        figures
    }
}

fn is_retry(proposal: &Proposal) -> bool {
    matches!(proposal.wish, Wish::Retry(_))
}

/// Whether a cause was named within a day; `None` in records from before that was kept.
fn recognised(incident: &Incident) -> Option<bool> {
    match incident.named_at {
        Some(at) => Some(at.ms_since(incident.opened_at) <= DAY_MS),
        None => (!incident.is_named()).then_some(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::cause::Judged;
    use crate::domain::event::{Conclusion, Scope};
    use crate::domain::evidence::Evidence;
    use crate::domain::figures::Pulls;
    use crate::domain::ids::{IncidentNo, RunId};
    use crate::domain::incident::{Proposer, RunState};
    use crate::domain::time::HOUR_MS;
    use proptest::prelude::*;

    const NOW: Time = Time(1_767_268_800_000);

    fn opened(no: u64, ago: i64) -> Incident {
        let json = serde_json::json!({
            "no": no, "version": 1, "repo": "acme/shop", "default_branch": "main", "branch": "main", "sha": "a", "workflow": "ci",
            "scope": Scope::Job, "pulls": [], "sender": "ben", "sender_is_bot": false, "fork": false, "confirmed": true,
            "commit_message": null, "stage": "open", "severity": "normal", "severity_because": [],
            "opened_at": NOW.plus_ms(-ago), "updated_at": NOW, "failed_at": NOW, "closed_at": null, "runs": [], "jobs": [],
            "failures": 1, "storm": false, "evidence": [], "log_missing": null, "base": null, "adopted_by": null,
            "adopted": [], "offers": [], "proposals": [], "proposed": 0, "scheduled": null, "entries": 0, "auto_retries": 0
        });
        serde_json::from_value(json).expect("a record of before the newer fields")
    }

    fn run(attempt: u32, failed_attempt: u32) -> RunState {
        RunState {
            run: Some(RunId(1)),
            attempt,
            workflow: "ci".into(),
            branch: "main".into(),
            sha: "a".into(),
            url: None,
            failed_attempt,
            conclusion: Some(Conclusion::Success),
            superseded: false,
            logs: 0,
            timed_out: Vec::new(),
            from: None,
        }
    }

    fn green(no: u64, ago: i64, took: i64, again: bool) -> Incident {
        let incident = opened(no, ago);
        let closed_at = Some(incident.opened_at.plus_ms(took));
        let runs = vec![run(if again { 2 } else { 1 }, u32::from(again))];
        Incident { closed_at, runs, ..incident }
    }

    fn proposal(remedy: &str, wish: Wish, state: ProposalState, key: Option<&str>) -> Proposal {
        Proposal {
            id: crate::domain::ids::ProposalId { incident: IncidentNo(1), n: 1 },
            remedy: remedy.into(),
            wish,
            force: false,
            dry_run: false,
            by: Proposer {
                key: key.map(Into::into),
                name: "x".into(),
                role: crate::domain::Role::Viewer,
                github: None,
            },
            reply: None,
            seen: None,
            plan: None,
            quorum: 0,
            approvals: Vec::new(),
            state,
            help: None,
            waits_for: None,
            attempts: Vec::new(),
            merging: None,
            ended: None,
            undo: None,
            made: Vec::new(),
            created_at: NOW,
            expires_at: None,
            gathering: crate::domain::gathering::Gathering::default(),
        }
    }

    fn figures(incidents: &[Incident]) -> Figures {
        let mut tally = Tally::new(NOW);
        for incident in incidents {
            tally.add(incident);
        }
        tally.figures()
    }

    #[test]
    fn every_figure_of_a_known_month() {
        let judged = |cause, by: Option<&str>| Some(Judged { cause, by: by.map(Into::into), ..Judged::default() });
        let retry =
            |key| proposal("retry", Wish::Retry(crate::domain::intent::Which::Smallest), ProposalState::Done, key);
        let made =
            serde_json::from_value(serde_json::json!([{"what": "pull request", "number": 3, "url": "u"}])).unwrap();
        let fix = Proposal {
            made,
            ended: Some(PullEnd::Merged),
            ..proposal("fix", Wish::Fix { template: None, words: Vec::new() }, ProposalState::Done, Some("ada"))
        };
        let print = |text: &str| vec![Evidence { fingerprint: Some(text.into()), ..Evidence::default() }];
        let passed = Incident {
            proposals: vec![retry(None)],
            first_told: Some(0.9),
            judged: judged(Cause::Flaky, None),
            escalated_at: Some(NOW),
            evidence: print("known"),
            named_at: Some(NOW.plus_ms(-HOUR_MS)),
            ..green(4, 2 * HOUR_MS, HOUR_MS, true)
        };
        let fixed = Incident {
            proposals: vec![retry(Some("ben")), fix],
            first_told: Some(0.1),
            judged: judged(Cause::Deterministic, Some("ada")),
            evidence: print("late"),
            named_at: Some(NOW),
            ..green(3, 10 * DAY_MS, 3 * HOUR_MS, false)
        };
        let joined = Incident { adopted_by: Some(IncidentNo(3)), closed_at: Some(NOW), ..opened(2, 5 * DAY_MS) };
        let old = Incident { evidence: print("known"), ..green(1, 40 * DAY_MS, HOUR_MS, false) };
        let found = figures(&[passed, fixed, joined, opened(5, DAY_MS), old]);
        assert_eq!((found.incidents, found.open, found.duplicates), (3, 1, 1));
        assert_eq!(found.to_green, Some(Times { count: 2, mean: 2 * HOUR_MS, median: HOUR_MS }));
        assert_eq!(found.fix.map(|times| times.median), Some(3 * HOUR_MS));
        assert_eq!(found.retries, Share { yes: 1, of: 2 });
        assert_eq!(found.wrong_escalations, Share { yes: 1, of: 1 });
        assert_eq!(found.pulls, Pulls { merged: 1, closed: 0, open: 0 });
        assert_eq!((found.named, found.corrected), (Share { yes: 2, of: 4 }, 1));
        // "known" was seen before the month; "late" was named after ten days.
        assert_eq!(found.recognised, Share { yes: 0, of: 1 });
        assert!((found.calibration.brier.unwrap() - 0.01).abs() < 1e-9, "{:?}", found.calibration);
        assert_eq!(found.calibration.bins[4], Share { yes: 1, of: 1 });
        assert_eq!(found.calibration.bins[0], Share { yes: 0, of: 1 });
        let retries = found.remedies.iter().find(|ended| ended.remedy == "retry").unwrap();
        assert_eq!((retries.count, retries.automatic), (2, 1));
        let weeks: u32 = found.weeks.iter().filter_map(|week| week.to_green).map(|times| times.count).sum();
        assert_eq!((found.weeks.len(), weeks), (WEEKS, 3), "the plots look further back");
        assert_eq!(found.weeks[WEEKS - 1].from, NOW.plus_ms(-7 * DAY_MS));
    }

    proptest! {
        /// Whatever happened: shares stay shares, nothing is counted twice, and nothing panics.
        #[test]
        fn figures_add_up(all in prop::collection::vec((0_i64..100, -5_i64..200, any::<bool>(), 0.0..=1.0_f64), 0..80)) {
            let incident = |(at, (days, took, again, chance)): (usize, &(i64, i64, bool, f64))| Incident {
                first_told: Some(*chance),
                ..green(at as u64 + 1, days * DAY_MS, took * HOUR_MS, *again)
            };
            let incidents: Vec<Incident> = all.iter().enumerate().map(incident).collect();
            let found = figures(&incidents);
            let lately = all.iter().filter(|(days, ..)| *days <= 30).count();
            prop_assert_eq!(found.incidents as usize, lately);
            let told: u32 = found.calibration.bins.iter().map(|bin| bin.of).sum();
            prop_assert_eq!(told as usize, lately);
            for bin in found.calibration.bins {
                prop_assert!(bin.yes <= bin.of);
            }
            prop_assert!(found.calibration.brier.is_none_or(|brier| (0.0..=1.0).contains(&brier)));
            prop_assert!(found.to_green.is_none_or(|times| times.count as usize == lately));
        }
    }
}
