//! Answers about one incident arrive in any order: a late one to fewer questions takes nothing back.

use super::{failure, rules};
use crate::domain::effect::{Effect, Lookup, Order};
use crate::domain::event::{Conclusion, Event, LogRead};
use crate::domain::facts::{Context, Facts, JobFacts, Known, RunFacts};
use crate::domain::ids::{IncidentNo, RunId};
use crate::domain::incident::Incident;
use crate::domain::time::Time;
use crate::incident::{Transition, step};
use proptest::prelude::*;

const NO: IncidentNo = IncidentNo(1);

/// What the forge answers to these questions.
fn answer(asked: &[Lookup]) -> Facts {
    let mut facts = Facts { asked: asked.to_vec(), ..Facts::default() };
    for lookup in asked {
        match lookup {
            Lookup::Run { run, .. } => {
                facts.run = Some(Known::Is(RunFacts {
                    scheduled: false,
                    id: *run,
                    fork: false,
                    attempt: 1,
                    conclusion: Some(Conclusion::Failure),
                    created_at: Time(0),
                    head_sha: "1a2b3c4".into(),
                    head_branch: "topic".into(),
                    default_branch: Some("main".into()),
                    url: None,
                }));
            }
            Lookup::Jobs { .. } => {
                facts.jobs = Some(Known::Is(vec![JobFacts {
                    id: 7,
                    name: "job 0".into(),
                    conclusion: Some(Conclusion::Failure),
                    failing_step: None,
                    failing_steps: 0,
                }]));
            }
            Lookup::Head { .. } => facts.head = Some(Known::Is(Some("1a2b3c4".into()))),
            _ => {}
        }
    }
    facts
}

struct Bench {
    incident: Option<Incident>,
    /// Questions that are not answered yet.
    open: Vec<Vec<Lookup>>,
}

impl Bench {
    fn hear(&mut self, event: &Event) {
        let done = step(&rules(""), &Context::default(), self.incident.take(), NO, event, Time(0));
        let Transition { incident, orders } = done.unwrap();
        self.incident = Some(incident);
        self.open.extend(orders.into_iter().filter_map(|order| match order {
            Order::Effect(Effect::Gather { proposal: None, lookups, .. })
                if lookups.iter().any(|lookup| matches!(lookup, Lookup::Run { .. })) =>
            {
                Some(lookups)
            }
            _ => None,
        }));
    }

    fn answer(&mut self, which: usize) {
        let asked = self.open.remove(which % self.open.len());
        self.hear(&Event::FactsGathered { incident: NO, proposal: None, facts: Box::new(answer(&asked)) });
    }
}

proptest! {
    #[test]
    fn a_retry_is_offered_in_the_end(more in 1..4_u64, order in prop::collection::vec(any::<usize>(), 40)) {
        let mut bench = Bench { incident: None, open: Vec::new() };
        // Each log that was looked for is followed by a question.
        for n in 0..u8::try_from(more).unwrap() {
            let mut told = failure(1, 1, n);
            told.branch = "topic".into();
            let job_id = told.job_id.unwrap();
            bench.hear(&Event::Failed { failure: told });
            let read = LogRead::Missing("it expired".into());
            bench.hear(&Event::LogRead { incident: NO, run: RunId(1), attempt: 1, job_id, read });
        }
        prop_assert!(bench.open.len() >= usize::try_from(more).unwrap());
        let mut picks = order.into_iter();
        while !bench.open.is_empty() {
            bench.answer(picks.next().unwrap());
        }
        prop_assert!(bench.incident.unwrap().retry().is_some());
    }
}
