//! The image that a job runs on.

use super::super::choose::Desk;
use super::super::workflow::Job;
use super::places::{self, Place};
use super::tools;
use super::wish::Wish;
use super::{Findings, One, by_hand, pin_matrix, stays, warn_of_conditions};
use crate::domain::text::clean_line;
use crate::edit::yaml::Id;

/// Pins every job that runs on an image of the wished family.
pub fn pin(desk: &mut Desk<'_, '_>, wish: &Wish, findings: &mut Findings) {
    let jobs = desk.jobs.clone();
    for job in jobs {
        let tree = &desk.workflow.tree;
        let Some(runs_on) = tree.get(job.node, "runs-on") else { continue };
        let labels = match tree.items(runs_on) {
            [] => vec![runs_on],
            labels => labels.to_vec(),
        };
        for label in labels {
            if let Some(one) = pin_label(desk, job, label, wish) {
                findings.take(one);
            }
        }
    }
}

/// None when the label is no image of the family.
fn pin_label(desk: &mut Desk<'_, '_>, job: &Job, label: Id, wish: &Wish) -> Option<Result<One, String>> {
    let tree = &desk.workflow.tree;
    let family = tools::family(&wish.version);
    let is_meant = |id: Id| tree.scalar(id).is_some_and(|text| tools::family(text.trim()) == family);
    match places::follow(desk, job, label) {
        Ok(Place::One(id)) if is_meant(id) => Some(pin_one(desk, id, wish)),
        Ok(Place::Matrix { values, others }) if values.iter().chain(&others).any(|id| is_meant(*id)) => {
            Some(pin_matrix(desk, job, &values, &others, "the runner's image", wish))
        }
        _ => None,
    }
}

fn pin_one(desk: &mut Desk<'_, '_>, id: Id, wish: &Wish) -> Result<One, String> {
    let tree = &desk.workflow.tree;
    let old = tree.scalar(id).unwrap_or_default().trim();
    if let Some(one) = stays(desk, old, "the runner's image", wish) {
        return Ok(one);
    }
    desk.patch.set(id, &wish.version).map_err(|why| by_hand(&why))?;
    let place = desk.place(tree.node(tree.resolve(id)).range.start);
    desk.because(format!("{place}: the runner image changes from {} to {}.", clean_line(old, 40), wish.version));
    desk.warn(format!("Not checked that GitHub still has the image {}.", wish.version));
    warn_of_conditions(desk, old);
    Ok(One::Changed)
}
