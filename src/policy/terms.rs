//! What holds for one case: the operator's keys, what the operator's rules set instead, and the repository's own file.
//!
//! Of the operator's rules that match, the first that sets a key decides it, so narrow ones stand before wide ones. A
//! repository's file is read the same way, and between the two the stricter wins, key by key: what would loosen is told
//! and has no effect.

use super::tree::{IGNORED, Reason, gate};
use super::{Act, Case};
use crate::domain::cause::Cause;
use crate::domain::facts::Known;
use crate::domain::head;
use crate::domain::rules::{Mode, OwnRules, Rule, Rules, When};
use crate::domain::subscription::{glob, repo_glob, slug};
use crate::domain::text::clean_line;
use std::fmt::Display;

/// Where a repository keeps what it says of itself.
pub const OWN_FILE: &str = ".github/ci-rescue.toml";

/// A value, and who says it.
pub(super) struct Said<T> {
    pub value: T,
    pub by: String,
    /// What else was said.
    pub of: Vec<Reason>,
}

/// A key, with whose it is, and the globs that it lists.
pub(super) type Globs<'a> = (String, &'a [String]);

/// How many people have to approve, before what is sensitive is counted.
pub(super) struct Approvals {
    pub count: Said<u32>,
    /// Who says that a plan that can be undone exactly needs none.
    pub auto: Option<String>,
    pub of: Vec<Reason>,
}

pub(super) struct Terms<'a> {
    rules: &'a Rules,
    case: &'a Case<'a>,
    own: Option<&'a OwnRules>,
}

impl<'a> Terms<'a> {
    pub fn of(rules: &'a Rules, case: &'a Case<'a>) -> Self {
        let own = match own(case) {
            Some(Known::Is(own)) => Some(own),
            _ => None,
        };
        Self { rules, case, own }
    }

    fn theirs(&self) -> impl Iterator<Item = (usize, &'a Rule)> {
        let case = self.case;
        self.rules.rules.iter().enumerate().filter(move |(_, rule)| matches(&rule.when, case))
    }

    fn ours(&self) -> impl Iterator<Item = (usize, &'a Rule)> {
        let case = self.case;
        let rules = self.own.map(|own| own.rules.as_slice()).unwrap_or_default();
        rules.iter().enumerate().filter(move |(_, rule)| matches(&rule.when, case))
    }

    pub fn mode(&self) -> Said<Mode> {
        let base = (self.rules.mode, "policy.mode".to_owned());
        let operator = self.theirs().find_map(|(n, rule)| Some((rule.mode?, format!("policy.rules[{n}]"))));
        let own = self.ours().find_map(|(n, rule)| Some((rule.mode?, format!("rules[{n}] of {OWN_FILE}"))));
        let own = own.or(self.own.and_then(|own| Some((own.mode?, OWN_FILE.to_owned()))));
        strictest("mode", operator.unwrap_or(base), own, |a, b| a < b)
    }

    pub fn dry_run(&self) -> Said<bool> {
        let own = self.own.and_then(|own| Some((own.dry_run?, OWN_FILE.to_owned())));
        strictest("dry_run", (self.rules.dry_run, "policy.dry_run".to_owned()), own, |a, b| a && !b)
    }

    pub fn attempts_max(&self) -> Said<u32> {
        let own = self.own.and_then(|own| Some((own.attempts_max?, OWN_FILE.to_owned())));
        strictest("attempts_max", (self.rules.attempts_max, "policy.attempts_max".to_owned()), own, |a, b| a < b)
    }

    /// Each rule that forbids it outright.
    pub fn denials(&self) -> Vec<Reason> {
        let say = |by: String, why: &str| gate("deny", false, format!("{by} forbids it: {}", clean_line(why, 200)));
        let theirs = self.theirs().filter_map(|(n, rule)| Some(say(format!("policy.rules[{n}]"), rule.deny.as_ref()?)));
        let ours = self.ours();
        let ours = ours.filter_map(|(n, rule)| Some(say(format!("rules[{n}] of {OWN_FILE}"), rule.deny.as_ref()?)));
        theirs.chain(ours).collect()
    }

    /// Whether the operator's list of this key names the remedy and the repository leaves it there.
    pub fn grants(&self, key: &str) -> Reason {
        let (list, own): (&[String], _) = match key {
            "auto_merge" => (&self.rules.auto_merge, self.own.and_then(|own| own.auto_merge.as_ref())),
            _ => (&self.rules.automatic, self.own.and_then(|own| own.automatic.as_ref())),
        };
        let remedy = &self.case.plan.remedy;
        let (granted, kept) = (list.contains(remedy), own.is_none_or(|own| own.contains(remedy)));
        let words = match (granted, kept) {
            (true, true) => format!("policy.{key} lists {remedy}"),
            (true, false) => format!("{key} in {OWN_FILE} does not list {remedy}"),
            (false, _) => format!("policy.{key} does not list {remedy}"),
        };
        let loosens = !granted && own.is_some_and(|own| own.contains(remedy));
        let ignored = loosens.then(|| ignored(&format!("{key} lists {remedy}"), &format!("policy.{key} does not")));
        gate("granted", granted && kept, words).of(ignored.into_iter().collect())
    }

    pub fn approvals(&self) -> Approvals {
        let plan = self.case.plan;
        let base = (self.rules.quorum(&plan.remedy, !plan.reversible), "policy.approvals".to_owned());
        let decides = |rule: &Rule| rule.approvals.is_some() || rule.auto_approve.is_some();
        let rule = self.theirs().find(|(_, rule)| decides(rule));
        let set = rule.and_then(|(n, rule)| Some((rule.approvals?, format!("policy.rules[{n}]"))));
        let listed = self.rules.auto_approve.contains(&plan.remedy);
        let auto = match rule {
            Some((n, rule)) => rule.auto_approve.unwrap_or(false).then(|| format!("policy.rules[{n}]")),
            None => listed.then(|| "policy.auto_approve".to_owned()),
        };
        let own = self.own.and_then(|own| Some((*own.approvals.get(&plan.remedy)?, OWN_FILE.to_owned())));
        let own_rule = self.ours().find(|(_, rule)| decides(rule));
        let own_set = own_rule.and_then(|(n, rule)| Some((rule.approvals?, format!("rules[{n}] of {OWN_FILE}"))));
        let count = strictest("approvals", set.unwrap_or(base), own_set.or(own.clone()), |a, b| a > b);
        let demanded = own_rule.and_then(|(_, rule)| rule.approvals).or(own.map(|(count, _)| count));
        let (auto, of) = self.left(auto, own_rule.and_then(|(_, rule)| rule.auto_approve), demanded);
        Approvals { count, auto, of }
    }

    /// What the repository leaves of `auto_approve`.
    fn left(&self, auto: Option<String>, own: Option<bool>, demanded: Option<u32>) -> (Option<String>, Vec<Reason>) {
        let remedy = &self.case.plan.remedy;
        let listed = self.own.and_then(|own| own.auto_approve.as_ref()).map(|list| list.contains(remedy));
        let said = own.or(listed);
        if auto.is_none() && said == Some(true) {
            let words = format!("auto_approve is set for {remedy}");
            return (None, vec![ignored(&words, "the operator does not grant it")]);
        }
        (auto.filter(|_| said != Some(false) && demanded.unwrap_or(0) == 0), Vec::new())
    }

    /// The globs of allowed paths, a list for each who has some, and those of forbidden ones.
    pub fn paths(&self) -> [Vec<Globs<'a>>; 2] {
        let own = |list: fn(&OwnRules) -> &[String], key: &str| {
            (format!("{key} in {OWN_FILE}"), self.own.map(list).unwrap_or_default())
        };
        let allowed = [
            ("policy.allowed_paths".to_owned(), self.rules.allowed_paths.as_slice()),
            own(|own| &own.allowed_paths, "allowed_paths"),
        ];
        let forbidden = [
            ("policy.forbidden_paths".to_owned(), self.rules.forbidden_paths.as_slice()),
            own(|own| &own.forbidden_paths, "forbidden_paths"),
        ];
        let some = |list: [Globs<'a>; 2]| list.into_iter().filter(|(_, globs)| !globs.is_empty()).collect();
        [some(allowed), some(forbidden)]
    }

    /// Whether the repository's file could be read. Where it could not, nothing runs by itself, and people may act.
    pub fn own_file(&self) -> Reason {
        let person = self.case.by.is_some() && self.case.act != Act::Merge;
        let strict = |why: String| {
            let then = if person { "people may act" } else { "nothing runs by itself until then" };
            gate("own_file", person, format!("{OWN_FILE} {why}; {then}"))
        };
        match own(self.case) {
            Some(Known::Is(own)) if *own == OwnRules::default() => {
                gate("own_file", true, format!("the repository has no rules of its own in {OWN_FILE}"))
            }
            Some(Known::Is(_)) => gate("own_file", true, format!("{OWN_FILE} has been read")),
            Some(Known::Unavailable(why)) => strict(format!("cannot be read: {}", clean_line(why, 200))),
            None => strict("has not been read yet".to_owned()),
        }
    }
}

/// Read for this decision, else when it was last read.
fn own<'a>(case: &Case<'a>) -> Option<&'a Known<OwnRules>> {
    case.facts.own_rules.as_ref().or(case.incident.own_rules.as_ref())
}

fn ignored(what: &str, why: &str) -> Reason {
    gate(IGNORED, true, format!("{what} in {OWN_FILE} is ignored, since it would loosen: {why}"))
}

/// The operator's value, or the repository's where that is stricter.
fn strictest<T: Copy + Display + PartialEq>(
    key: &str,
    operator: (T, String),
    own: Option<(T, String)>,
    stricter: impl Fn(T, T) -> bool,
) -> Said<T> {
    let (value, by) = operator;
    let Some((want, whose)) = own else { return Said { value, by, of: Vec::new() } };
    if stricter(want, value) {
        let was = gate(key, true, format!("{by} says {value}"));
        return Said { value: want, by: whose, of: vec![was] };
    }
    let of = if want == value {
        Vec::new()
    } else {
        vec![ignored(&format!("{key} = {want}"), &format!("{by} says {value}"))]
    };
    Said { value, by, of }
}

fn matches(when: &When, case: &Case<'_>) -> bool {
    let incident = case.incident;
    let is = |want: &Option<String>, have: &str| want.as_deref().is_none_or(|want| glob(want, have));
    // Git allows no such characters in a name, so a stranger's `main` is not ours.
    let branch = if incident.fork && head::is_branch(&incident.branch) {
        format!("fork:{}", incident.branch.raw())
    } else {
        incident.branch.raw().to_owned()
    };
    let workflow = when.workflow.as_deref().is_none_or(|want| glob(&slug(want), &slug(incident.workflow.raw())));
    let cause = incident.judged.as_ref().map_or(Cause::Unknown, |judged| judged.cause);
    when.repository.as_deref().is_none_or(|want| repo_glob(want, incident.repo.as_str()))
        && workflow
        && is(&when.branch, &branch)
        && is(&when.remedy, &case.plan.remedy)
        && when.severity.is_none_or(|want| want == super::severity(incident).0)
        && when.cause.is_none_or(|want| want == cause)
        && when.author_is_bot.is_none_or(|want| want == incident.sender_is_bot)
        && when.fork.is_none_or(|want| want == incident.fork)
        && when.automatic.is_none_or(|want| want == (case.by.is_none() || case.act == Act::Merge))
}

/// What is wrong with a rule, by the key: what does nothing, and what contradicts itself.
#[must_use]
pub fn faults(rule: &Rule) -> Vec<(&'static str, &'static str)> {
    let mut found = Vec::new();
    if rule.deny.as_ref().is_some_and(|why| why.trim().is_empty()) {
        found.push(("deny", "is empty; say why"));
    }
    if rule.approvals.is_some() && rule.auto_approve == Some(true) {
        found.push(("auto_approve", "contradicts approvals; keep one of them"));
    }
    let sets = rule.mode.is_some() || rule.deny.is_some() || rule.approvals.is_some() || rule.auto_approve.is_some();
    if !sets {
        found.push(("", "sets nothing; give it mode, deny, approvals or auto_approve"));
    }
    found
}
