//! Which files a plan may change.

use super::Case;
use super::terms::{Globs, OWN_FILE, Terms};
use super::tree::{Reason, gate};
use crate::domain::action::Action;
use crate::domain::facts::{Known, TOUCHED_MAX};
use crate::domain::incident::Incident;
use crate::domain::rules::Rules;
use crate::domain::subscription::glob;
use crate::domain::text::clean_line;

pub(super) fn paths(terms: &Terms<'_>, case: &Case<'_>) -> Reason {
    let [allowed, forbidden] = terms.paths();
    if allowed.is_empty() && forbidden.is_empty() {
        return gate("paths", true, "no path is out of bounds");
    }
    if case.plan.steps.is_empty() && !case.plan.reversible {
        return gate("paths", true, "which files it changes is known once it is planned");
    }
    if !case.plan.steps.iter().any(|step| matches!(step.action, Action::Branch { .. })) {
        return gate("paths", true, "it changes no file");
    }
    let mut count = 0;
    // What is not listed cannot be compared, and neither can a name that git had to write in quotes.
    let whole = |touched: usize| (1..TOUCHED_MAX).contains(&touched);
    if case.plan.previews.is_empty() || !case.plan.previews.iter().all(|(_, preview)| whole(preview.touched.len())) {
        return gate("paths", false, "it changes more files than can be compared with the paths of the policy");
    }
    for (_, preview) in &case.plan.previews {
        for path in &preview.touched {
            if let Some(why) = refuses(path.raw(), &allowed, &forbidden) {
                return gate("paths", false, format!("it changes {}, {why}", clean_line(path.raw(), 100)));
            }
            count += 1;
        }
    }
    let files = if count == 1 { "the file that it changes is".to_owned() } else { format!("all {count} files are") };
    gate("paths", true, format!("{files} within the paths of the policy"))
}

fn refuses(path: &str, allowed: &[Globs<'_>], forbidden: &[Globs<'_>]) -> Option<String> {
    if path.starts_with('"') {
        return Some("whose name cannot be compared with the paths of the policy".to_owned());
    }
    for (by, globs) in forbidden {
        if let Some(found) = globs.iter().find(|want| glob(want, path)) {
            return Some(format!("which {by} forbids ({})", clean_line(found, 80)));
        }
    }
    let (by, _) = allowed.iter().find(|(_, globs)| !globs.iter().any(|want| glob(want, path)))?;
    Some(format!("which {by} does not allow"))
}

/// The files that a change may touch, as the operator and the repository say.
#[derive(Clone, Debug, Default)]
pub struct Bounds {
    allowed: Vec<(String, Vec<String>)>,
    forbidden: Vec<(String, Vec<String>)>,
}

impl Bounds {
    #[must_use]
    pub fn of(rules: &Rules, incident: &Incident) -> Self {
        let own = match &incident.own_rules {
            Some(Known::Is(own)) => Some(own),
            _ => None,
        };
        let both = |key: &str, rules: &[String], own: Option<&[String]>| {
            let all = [(format!("policy.{key}"), rules), (format!("{key} in {OWN_FILE}"), own.unwrap_or_default())];
            all.into_iter().filter(|(_, globs)| !globs.is_empty()).map(|(by, globs)| (by, globs.to_vec())).collect()
        };
        Self {
            allowed: both("allowed_paths", &rules.allowed_paths, own.map(|own| own.allowed_paths.as_slice())),
            forbidden: both("forbidden_paths", &rules.forbidden_paths, own.map(|own| own.forbidden_paths.as_slice())),
        }
    }

    /// Why a file may not be touched.
    #[must_use]
    pub fn refuse(&self, path: &str) -> Option<String> {
        let why = refuses(path, &borrowed(&self.allowed), &borrowed(&self.forbidden))?;
        Some(format!("it changes {}, {why}", clean_line(path, 100)))
    }

    /// What an agent is told of them.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let list = |globs: &[String]| clean_line(&globs.join(", "), 300);
        let allowed = self.allowed.iter().map(|(_, globs)| format!("Only these paths may change: {}", list(globs)));
        let forbidden = self.forbidden.iter().map(|(_, globs)| format!("These paths may not change: {}", list(globs)));
        allowed.chain(forbidden).collect()
    }
}

fn borrowed(all: &[(String, Vec<String>)]) -> Vec<Globs<'_>> {
    all.iter().map(|(by, globs)| (by.clone(), globs.as_slice())).collect()
}
