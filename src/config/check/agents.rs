//! `[loops]` and `[[agents]]`.

use super::{Check, is_safe, item, path};
use crate::agents;
use crate::config::AgentSection;
use crate::config::shape::Config;
use crate::config::tree::Step;
use crate::domain::agent::ANALYST;
use crate::domain::evidence::Category;

/// An effect is claimed for half an hour: what takes longer would be begun twice.
const DEADLINE_MAX_S: u32 = 1_500;
pub(super) const SANDBOXES: [&str; 3] = ["bubblewrap", "user", "none"];

pub(super) fn check(check: &mut Check<'_>, config: &Config) {
    let names: Vec<String> = agents::specialists().map(str::to_lowercase).chain([ANALYST.into()]).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for (index, agent) in config.agents.iter().enumerate() {
        let at = |key: &str| item("agents", index, key);
        let name = agent.name.to_lowercase();
        if check.present(&at("name"), &agent.name) {
            check.one_of(&at("name"), &name, &names);
        }
        if config.agents[..index].iter().any(|other| other.name.to_lowercase() == name) {
            check.say(&at("name"), "is the same as another's; a specialist has one agent");
        }
        let models: &[&str] = if name == ANALYST { &["default", "fallback"] } else { &["default"] };
        program(check, &at, agent, models);
    }
    let loops = &config.loops;
    if loops.attempts_max == 0 {
        check.say(&path("loops.attempts_max"), "must be at least 1");
    }
    if loops.look_seconds == 0 {
        check.say(&path("loops.look_seconds"), "must be at least 1");
    }
    if loops.attempt_budget_cents > loops.daily_budget_cents {
        check.say(&path("loops.attempt_budget_cents"), "must not be more than loops.daily_budget_cents");
    }
    if loops.analyst_budget_cents > loops.daily_budget_cents {
        check.say(&path("loops.analyst_budget_cents"), "must not be more than loops.daily_budget_cents");
    }
    if loops.attempt_budget_cents > loops.budget_cents {
        check.say(&path("loops.attempt_budget_cents"), "must not be more than loops.budget_cents");
    }
}

/// How a program or an endpoint is reached, and what it may do. `models`: keys beside the categories.
fn program(check: &mut Check<'_>, at: &dyn Fn(&str) -> Vec<Step>, agent: &AgentSection, models: &[&str]) {
    let first = [at("command"), vec![Step::Index(0)]].concat();
    let program = agent.command.first().filter(|program| !program.trim().is_empty());
    match (&agent.endpoint, program) {
        (None, None) if !check.is_bad(&first) && !check.is_bad(&at("endpoint")) => {
            check.say(&at("command"), "must be a program and its arguments, such as [\"/usr/local/bin/fix\"]");
        }
        (Some(_), Some(_)) => {
            check.say(&at("endpoint"), "must not be given with a command: an agent is one or the other");
        }
        (Some(url), None) if !is_safe(url) => {
            check.say(&at("endpoint"), "must be an https:// URL (http:// only for loopback addresses)");
        }
        _ => {}
    }
    if agent.token_variable.is_some() && agent.endpoint.is_none() {
        check.say(&at("token_variable"), "is for an endpoint only; list variables of a command in environment");
    }
    check.one_of(&at("sandbox"), &agent.sandbox, &SANDBOXES);
    if agent.sandbox == "user" && agent.user.is_none_or(|user| user == 0) {
        check.say(&at("user"), "must be the number of a user other than root, for sandbox = \"user\"");
    }
    if !(1..=DEADLINE_MAX_S).contains(&agent.deadline_seconds) {
        check.say(&at("deadline_seconds"), &format!("must be between 1 and {DEADLINE_MAX_S}"));
    }
    let token = agent.token_variable.iter().map(|variable| (at("token_variable"), variable));
    let given = agent.environment.iter().enumerate();
    let given = given.map(|(nth, variable)| ([at("environment"), vec![Step::Index(nth)]].concat(), variable));
    for (at, variable) in given.chain(token) {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if variable.is_empty() || !variable.chars().all(plain) || variable.starts_with("CI_RESCUE") {
            check.say(&at, "must be the name of a variable, and none of CI Rescue's own");
        }
    }
    if agent.command.iter().any(|word| word.contains("{model}")) && !agent.models.contains_key("default") {
        check.say(&at("models"), "must have a default, since the command uses {model}");
    }
    for category in agent.models.keys().filter(|category| !models.contains(&category.as_str())) {
        let known: Vec<&str> = Category::ALL.iter().map(|one| one.as_str()).chain(models.iter().copied()).collect();
        check.one_of(&at("models"), category, &known);
    }
    for (nth, dir) in agent.readable.iter().enumerate().filter(|(_, dir)| !dir.is_absolute()) {
        let at = [at("readable"), vec![Step::Index(nth)]].concat();
        check.say(&at, &format!("must be an absolute path (found \"{}\")", dir.display()));
    }
}
