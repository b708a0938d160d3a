//! Gauges of channels that refuse us.

use crate::domain::barrier::Barrier;
use crate::engine::Engine;
use metrics::gauge;

impl Engine {
    pub(super) async fn measure_rooms(&self) {
        let Ok(troubles) = self.read_troubles().await else { return };
        for platform in self.platforms() {
            let here = || troubles.iter().filter(|trouble| trouble.platform == *platform);
            for reason in Barrier::ALL {
                let count = here().filter(|trouble| trouble.reason == reason).count();
                gauge!("ci_rescue_channels_closed", "platform" => platform.0.clone(), "reason" => reason.as_str())
                    .set(count as f64);
            }
            // A platform that is closed as a whole holds all that its channels hold.
            let whole = here().find(|trouble| trouble.channel.is_empty()).map(|trouble| trouble.held);
            let held = whole.unwrap_or_else(|| here().map(|trouble| trouble.held).sum());
            gauge!("ci_rescue_cards_held", "platform" => platform.0.clone()).set(held as f64);
        }
    }
}
