//! `doctor` in chat: which integrations answer, whether the store can be written, and what waits.

use super::Engine;
use crate::domain::text::clean_line;
use crate::domain::time::{Span, Time};
use crate::ports::{Counts, PortError, StoreError, Trouble, Vital};

impl Engine {
    /// Looked outside a turn: the disk is tried, and so is what waits for a fix.
    pub(super) async fn tell_checkup(&self, place: &crate::domain::Place, actor_id: &str) -> Result<(), PortError> {
        let lost = |why: StoreError| PortError::transient(why.to_string());
        let lines = self.checkup().await.map_err(lost)?;
        self.try_again(None);
        self.reply(place, actor_id, &crate::domain::journal::Note::Doctor { lines }).await
    }

    /// A line each, what is wrong first.
    pub(super) async fn checkup(&self) -> Result<Vec<String>, StoreError> {
        let now = self.clock.now();
        let (mut wrong, mut fine) = (Vec::new(), Vec::new());
        for vital in self.health.look() {
            let line = integration(&vital, now);
            if vital.up == Some(false) { wrong.push(line) } else { fine.push(line) }
        }
        match self.store.probe().await {
            Ok(()) => fine.push("✅ store: writable".into()),
            Err(why) => wrong.push(format!("🔴 store: {why}")),
        }
        for trouble in self.read_troubles().await? {
            wrong.push(closed(&trouble));
        }
        let mut counts = self.store.counts().await?;
        // This very answer.
        counts.outbox = counts.outbox.saturating_sub(1);
        if let Some(line) = given_up(&counts) {
            wrong.push(line);
        }
        fine.push(waiting(&counts));
        if let Some(hold) = self.read_hold().await? {
            wrong.push(format!("⏸️ emergency stop: on for {}; unhold lifts it", Span(now.ms_since(hold.at))));
        }
        wrong.extend(fine);
        Ok(wrong)
    }
}

fn integration(vital: &Vital, now: Time) -> String {
    let title = vital.title;
    let span = vital.since.map_or(Span(0), |since| Span(now.ms_since(since)));
    match vital.up {
        Some(true) => format!("✅ {title}: up for {span}"),
        Some(false) => {
            let why = vital.last_error.as_deref().unwrap_or("it does not answer");
            format!("🔴 {title}: down for {span}, retrying: {why}")
        }
        None => format!("⚪ {title}: not called yet"),
    }
}

/// `🔴 slack #builds (C0BUILDS): Slack says is_archived. Unarchive it; 3 cards wait`
fn closed(trouble: &Trouble) -> String {
    let channel = match (&trouble.name, trouble.channel.as_str()) {
        (_, "") => "all channels".to_owned(),
        (Some(name), id) => format!("{} ({id})", clean_line(name, 60)),
        (None, id) => id.to_owned(),
    };
    let held = many(trouble.held, "card waits", "cards wait");
    format!("🔴 {} {channel}: {}. {}; {held}", trouble.platform, trouble.why, trouble.reason.advice())
}

fn many(n: u64, one: &str, more: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { more })
}

fn given_up(counts: &Counts) -> Option<String> {
    let parts = [(counts.dead, "dead letter", "dead letters"), (counts.given_up, "card", "cards")];
    let parts: Vec<String> =
        parts.into_iter().filter(|(n, ..)| *n > 0).map(|(n, one, more)| many(n, one, more)).collect();
    (!parts.is_empty()).then(|| format!("🔴 given up: {}; the log says why", parts.join(" and ")))
}

fn waiting(counts: &Counts) -> String {
    let behind: u64 = counts.behind.values().sum();
    match (counts.inbox, counts.outbox, behind) {
        (0, 0, 0) => "✅ queues: empty".into(),
        (inbox, outbox, behind) => {
            format!(
                "✅ waiting: {}, {}, {}",
                many(inbox, "delivery", "deliveries"),
                many(outbox, "action", "actions"),
                many(behind, "card update", "card updates")
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_has_its_line() {
        let vital = |up, error: Option<&str>| Vital {
            name: "github",
            title: "GitHub API",
            up,
            since: up.map(|_| Time(0)),
            failures: 0,
            last_error: error.map(str::to_owned),
            answered: None,
            failed: None,
            paused: None,
        };
        let now = Time(120_000);
        for (vital, want) in [
            (vital(Some(true), None), "✅ GitHub API: up for 2m"),
            (vital(Some(false), Some("502")), "🔴 GitHub API: down for 2m, retrying: 502"),
            (vital(None, None), "⚪ GitHub API: not called yet"),
        ] {
            assert_eq!(integration(&vital, now), want);
        }
        let counts = |dead, given_up| Counts { dead, given_up, ..Counts::default() };
        assert_eq!(given_up(&counts(0, 0)), None);
        assert_eq!(given_up(&counts(1, 2)).unwrap(), "🔴 given up: 1 dead letter and 2 cards; the log says why");
    }
}
