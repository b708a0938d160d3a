//! Gauges of fixing agents: their loops as they were minutes ago, the day's money as it is now.

use super::{Shown, seconds};
use crate::domain::figures::DAYS;
use crate::domain::time::DAY_MS;
use crate::engine::Engine;
use crate::ports::{LoopView, StoreError, by_specialist};
use metrics::gauge;
use std::collections::BTreeMap;

impl Engine {
    /// What may be spent says nothing where there is no agent.
    pub(super) async fn measure_budget(&self) {
        if self.settings().rules.loops.agents.is_empty() {
            return;
        }
        let Ok(spent) = self.spent().await else { return };
        for (kind, money) in [("spent", spent), ("limit", self.settings().rules.loops.daily_budget)] {
            gauge!("ci_rescue_agent_budget_dollars", "kind" => kind).set(money.dollars());
        }
    }

    /// Those that the figures count.
    pub(super) async fn late_loops(&self) -> Result<Vec<LoopView>, StoreError> {
        let since = self.clock.now().plus_ms(-DAYS * DAY_MS);
        let mut loops = self.all_loops(None).await?;
        loops.retain(|view| view.began >= since);
        Ok(loops)
    }
}

impl Shown {
    /// Specialists and states are few, whatever comes from outside.
    pub(super) fn set_loops(&mut self, loops: &[LoopView]) {
        let mut counts: BTreeMap<_, u32> = self.loops.iter().cloned().map(|shown| (shown, 0)).collect();
        for view in loops {
            *counts.entry((view.specialist.clone(), view.state.clone())).or_default() += 1;
        }
        let figures = by_specialist(loops);
        for ((specialist, state), count) in counts {
            let of = figures.get(specialist.as_str()).copied().unwrap_or_default();
            gauge!("ci_rescue_loop_seconds", "specialist" => specialist.clone()).set(seconds(of.median_ms));
            gauge!("ci_rescue_agent_cost_dollars", "specialist" => specialist.clone()).set(of.cost);
            gauge!("ci_rescue_loops", "specialist" => specialist.clone(), "state" => state.clone())
                .set(f64::from(count));
            self.loops.insert((specialist, state));
        }
    }
}
