//! fix: small mechanical repairs of GitHub's workflow files, from templates.
//!
//! # How to add one
//! Write `templates/x.rs` with a type that implements [`Template`]. Hand [`choose::across`] a function that looks at one
//! workflow, and makes its changes on the [`patch::Patch`] which it is given: the guards (deployments are never
//! edited, only the workflow that failed is), the choice among several workflows and the check that nothing but the
//! wanted scalars differs are written once and come for free. A second application has to answer that it is so
//! already, or `about` and `because` have to say that it goes on. Add it to [`all`], put samples into
//! `tests/data/fix/x/` with a table over them, and name it as `fix_type` in `rules/known_issues.toml` where it helps.
//!
//! Values come from people and from logs: they have to pass [`hint::is_value`] before they are written.

mod action_major;
mod action_major_back;
mod action_major_forward;
mod action_ref;
mod build_flag;
mod cache_key_bump;
pub mod choose;
mod guard;
pub mod hint;
pub mod patch;
pub mod quote;
mod scope;
mod tool_pin;
pub mod workflow;

pub use hint::Hint;

use crate::domain::edit::{Edited, Editing, Source};
use crate::domain::text::clean_line;

/// A small repair of workflow files. Pure.
pub trait Template: Send + Sync {
    /// The word people know it by; `fix_type` of a known issue names it.
    fn id(&self) -> &'static str;
    /// One line for help.
    fn about(&self) -> &'static str;
    /// `workflows` are the files of `.github/workflows` at one commit: others are passed over.
    fn edit(&self, workflows: &[Source], hint: &Hint) -> Edited;
}

/// Every template, in the order in which help lists them.
pub fn all() -> &'static [&'static dyn Template] {
    &[
        &action_major_back::ActionMajorBack,
        &action_major_forward::ActionMajorForward,
        &cache_key_bump::CacheKeyBump,
        &build_flag::BuildFlag,
        &tool_pin::ToolPin,
    ]
}

/// The template of this name.
pub fn by_id(id: &str) -> Option<&'static dyn Template> {
    all().iter().copied().find(|template| template.id() == id)
}

/// The template of this name, in any case, with `-` or `_`.
///
/// # Errors
/// No template has it; the nearest one and all of them are told.
pub fn named(name: &str) -> Result<&'static dyn Template, String> {
    let wanted = name.trim().to_ascii_lowercase().replace(['-', ' '], "_");
    by_id(&wanted).ok_or_else(|| unknown(&wanted))
}

/// A wish to repair workflows by a template.
pub struct Fix {
    template: &'static dyn Template,
    hint: Hint,
}

impl Fix {
    /// `template` is its name, in any case, with `-` or `_`.
    ///
    /// # Errors
    /// No template has this name; the nearest one and all of them are told.
    pub fn new(template: &str, hint: Hint) -> Result<Self, String> {
        Ok(Self { template: named(template)?, hint })
    }

    pub fn template(&self) -> &'static dyn Template {
        self.template
    }
}

impl Editing for Fix {
    fn wants(&self, path: &str) -> bool {
        workflow::is_workflow(path)
    }

    fn edit(&self, sources: &[Source], _earlier: &[Source]) -> Edited {
        self.template.edit(sources, &self.hint)
    }
}

fn unknown(wanted: &str) -> String {
    const LIKENESS_MIN: f64 = 0.6;
    let ids: Vec<&str> = all().iter().map(|template| template.id()).collect();
    let shown = clean_line(wanted, 40);
    let likeness = |id: &str| strsim::jaro_winkler(&shown, id);
    let nearest =
        ids.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b))).filter(|id| likeness(id) > LIKENESS_MIN);
    let guess = nearest.map(|id| format!(" Did you mean {id}?")).unwrap_or_default();
    format!("Unknown fix `{shown}`.{guess} Available: {}.", ids.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_found_by_name() {
        for template in all() {
            let found =
                Fix::new(&template.id().replace('_', "-").to_uppercase(), Hint::default()).expect("it is known");
            assert_eq!(found.template().id(), template.id());
            assert!(!template.about().contains('\n') && template.about().ends_with('.'), "{}", template.about());
        }
        let why = Fix::new("cache_bump", Hint::default()).err().expect("it is unknown");
        assert!(why.contains("Did you mean cache_key_bump?") && why.contains("tool_pin"), "{why}");
        let why = Fix::new(&"\u{202e}z".repeat(9_999), Hint::default()).err().expect("it is unknown");
        assert!(why.len() < 300 && !why.contains("Did you"), "{why}");
    }

    #[test]
    fn only_workflows_are_wanted() {
        let fix = Fix::new("tool_pin", Hint::default()).expect("it is known");
        for (path, wanted) in [
            (".github/workflows/ci.yml", true),
            (".github/workflows/ci.yaml", true),
            (".github/workflows/sub/ci.yml", false),
            (".github/workflows/.yml", false),
            (".github/workflows/ci.yml.bak", false),
            (".github/dependabot.yml", false),
            ("x/.github/workflows/ci.yml", false),
            ("action.yml", false),
        ] {
            assert_eq!(fix.wants(path), wanted, "{path}");
        }
    }
}
