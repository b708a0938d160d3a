//! Which buttons a card has, and in what order.

use super::view::ViewButton;
use super::words::{label, said};
use crate::domain::card::{Button, ButtonRef, Look, Verb};
use crate::domain::cause::Cause;
use crate::domain::form::Form;
use crate::domain::ids::{Digest, IncidentNo, ProposalId};
use crate::domain::incident::{Incident, Offer, Proposal, ProposalState, Stage};
use crate::domain::text::clean_line;

type Buttons = Vec<ViewButton>;

/// What may be clicked now: at most three, and what people need less often.
pub fn buttons(incident: &Incident) -> (Buttons, Buttons) {
    let none = Digest::of([]);
    if incident.stage.is_closed() && !incident.awaits_people() {
        return (Vec::new(), offered(incident).into_iter().chain(wrong(incident)).collect());
    }
    let (mut shown, mut more) = (Vec::new(), Vec::new());
    if let Some(waiting) = incident.deployment.as_ref().filter(|waiting| waiting.is_ours()) {
        let on = |verb, look, label: &str| ViewButton {
            label: label.to_owned(),
            ..button(incident, verb, None, waiting.digest(), look)
        };
        shown.push(on(Verb::Approve, Look::Primary, "Approve deployment"));
        shown.push(on(Verb::Reject, Look::Danger, "Reject deployment"));
        more.push(on(Verb::RejectReason, Look::Plain, ""));
    } else if let Some(active) = incident.shown() {
        let digest = active.plan.as_ref().map_or(none.clone(), |plan| plan.digest.clone());
        let on = |verb, look| button(incident, verb, Some(active.id), digest.clone(), look);
        match active.state {
            ProposalState::Awaiting => {
                shown.extend([
                    on(Verb::Approve, Look::Primary),
                    on(Verb::Reject, Look::Danger),
                    on(Verb::Cancel, Look::Plain),
                ]);
                more.push(on(Verb::RejectReason, Look::Plain));
            }
            ProposalState::Waiting | ProposalState::Planning => shown.push(on(Verb::Cancel, Look::Plain)),
            _ => {}
        }
    } else {
        if let Some(done) = rerunning(incident) {
            let digest = done.plan.as_ref().map_or(none.clone(), |plan| plan.digest.clone());
            shown.push(button(incident, Verb::Cancel, Some(done.id), digest, Look::Plain));
        }
        let mut offers = offered(incident);
        let helpful = incident.offers.iter().take_while(|offer| offer.help >= HELPFUL_FROM).count();
        more.extend(offers.split_off(offers.len().min(helpful).min(SHOWN - shown.len())));
        shown.extend(offers);
    }
    let last = incident.proposals.last().filter(|last| last.state == ProposalState::Done && !last.made.is_empty());
    if let (Some(last), None) = (last.filter(|_| !incident.awaits_people()), incident.busy()) {
        let digest = last.plan.as_ref().map_or(none.clone(), |plan| plan.digest.clone());
        shown.truncate(SHOWN - 1);
        shown.push(button(incident, Verb::Undo, Some(last.id), digest, Look::Plain));
    }
    let wrong = wrong(incident);
    let ack = incident.taken.is_none() && incident.adopted_by.is_none();
    more.truncate(MORE - 1 - usize::from(wrong.is_some()) - usize::from(ack));
    if ack {
        more.push(button(incident, Verb::Ack, None, none.clone(), Look::Plain));
    }
    more.push(button(incident, Verb::Why, None, none, Look::Plain));
    more.extend(wrong);
    (shown, more)
}

/// What concerns the channel of a message that tells of several incidents, or of none.
pub fn of_channel(verb: Verb, seal: &dyn Fn(&ButtonRef) -> String) -> Button {
    let what = ButtonRef { verb, incident: IncidentNo(0), proposal: None, digest: Digest::of([]) };
    let label = label(&what);
    Button {
        hint: format!("{label}, in this channel"),
        label,
        look: Look::Plain,
        verb,
        value: seal(&what),
        words: said(&what),
        asks: None,
        form: None,
    }
}

/// Corrects the cause, bound to the one that stands on the card: open or closed, while the bot alone judged it.
fn wrong(incident: &Incident) -> Option<ViewButton> {
    use crate::domain::Scope;
    let cause = incident.judged.as_ref().map_or(Cause::Unknown, |judged| judged.cause);
    let said = incident.judged.as_ref().is_some_and(|judged| judged.by.is_some());
    let other = [Scope::Request, Scope::Alert, Scope::Runner, Scope::Deployment, Scope::Schedule];
    let failed = !other.contains(&incident.scope) && incident.adopted_by.is_none();
    let to_say = if incident.stage.is_closed() { cause != Cause::Unknown && !said } else { true };
    let shown = Digest::of([cause.as_str().as_bytes()]);
    (failed && to_say).then(|| button(incident, Verb::Wrong, None, shown, Look::Plain))
}

/// What helps less likely than this mends nothing here by itself, and stands behind *More*.
const HELPFUL_FROM: f64 = 0.02;
/// Buttons beside each other; the rest is behind *More*.
const SHOWN: usize = 3;
/// Buttons behind *More*: Slack shows five.
const MORE: usize = 5;

fn button(incident: &Incident, verb: Verb, proposal: Option<ProposalId>, digest: Digest, look: Look) -> ViewButton {
    ViewButton {
        what: ButtonRef { verb, incident: incident.no, proposal, digest },
        look,
        label: String::new(),
        form: None,
    }
}

/// What may be requested by one click, best first.
fn offered(incident: &Incident) -> Buttons {
    let one = |offer: &Offer| {
        let of_form = || offer.form.as_ref().map_or_else(|| Digest::of([]), Form::digest);
        let digest = offer.plan.as_ref().map_or_else(of_form, |plan| plan.digest.clone());
        let look = if offer.recommended { Look::Primary } else { Look::Plain };
        let button = button(incident, Verb::of(&offer.remedy)?, None, digest, look);
        // Whoever presses it is asked before anything happens.
        let asks = if offer.form.is_some() { "…" } else { "" };
        let label = format!("{}{asks}", clean_line(&offer.label, LABEL));
        Some(ViewButton { label, form: offer.form.clone(), ..button })
    };
    incident.offers.iter().filter_map(one).collect()
}

/// Slack allows 75 characters on a button, Discord 80.
const LABEL: usize = 60;

/// The proposal whose re-run is going.
pub fn rerunning(incident: &Incident) -> Option<&Proposal> {
    if incident.stage != Stage::Running {
        return None;
    }
    incident.proposals.iter().rev().find(|proposal| proposal.state == ProposalState::Done)
}
