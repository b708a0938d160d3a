//! `[loops]` and `[[agents]]`.

use super::{Check, item, path};
use crate::agents;
use crate::config::shape::Config;
use crate::config::tree::Step;
use crate::domain::evidence::Category;

/// An effect is claimed for half an hour: what takes longer would be begun twice.
const DEADLINE_MAX_S: u32 = 1_500;
pub(super) const SANDBOXES: [&str; 3] = ["bubblewrap", "user", "none"];

pub(super) fn check(check: &mut Check<'_>, config: &Config) {
    let names: Vec<String> = agents::specialists().map(str::to_lowercase).collect();
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
        let first = [at("command"), vec![Step::Index(0)]].concat();
        if !check.is_bad(&first) && agent.command.first().is_none_or(|program| program.trim().is_empty()) {
            check.say(&at("command"), "must be a program and its arguments, such as [\"/usr/local/bin/fix\"]");
        }
        check.one_of(&at("sandbox"), &agent.sandbox, &SANDBOXES);
        if agent.sandbox == "user" && agent.user.is_none_or(|user| user == 0) {
            check.say(&at("user"), "must be the number of a user other than root, for sandbox = \"user\"");
        }
        if !(1..=DEADLINE_MAX_S).contains(&agent.deadline_seconds) {
            check.say(&at("deadline_seconds"), &format!("must be between 1 and {DEADLINE_MAX_S}"));
        }
        for (nth, variable) in agent.environment.iter().enumerate() {
            let at = [at("environment"), vec![Step::Index(nth)]].concat();
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if variable.is_empty() || !variable.chars().all(plain) || variable.starts_with("CI_RESCUE") {
                check.say(&at, "must be the name of a variable, and none of CI Rescue's own");
            }
        }
        if agent.command.iter().any(|word| word.contains("{model}")) && !agent.models.contains_key("default") {
            check.say(&at("models"), "must have a default, since the command uses {model}");
        }
        for category in agent.models.keys().filter(|category| *category != "default") {
            let known: Vec<&str> = Category::ALL.iter().map(|one| one.as_str()).chain(["default"]).collect();
            check.one_of(&at("models"), category, &known);
        }
        for (nth, dir) in agent.readable.iter().enumerate().filter(|(_, dir)| !dir.is_absolute()) {
            let at = [at("readable"), vec![Step::Index(nth)]].concat();
            check.say(&at, &format!("must be an absolute path (found \"{}\")", dir.display()));
        }
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
    if loops.attempt_budget_cents > loops.budget_cents {
        check.say(&path("loops.attempt_budget_cents"), "must not be more than loops.budget_cents");
    }
}
