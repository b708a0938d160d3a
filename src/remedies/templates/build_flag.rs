//! Sets an environment variable of the failing job to a flag that is known to help.

mod join;
mod table;

use super::choose::{Desk, Found, across};
use super::hint::is_value;
use super::workflow::{Job, Step};
use super::{Hint, Template, scope};
use crate::domain::edit::{Edited, Source};
use crate::domain::text::{clean_line, listing};
use crate::edit::yaml::{Id, Tree};
use join::{Joined, join};
use table::{FLAGS, Flag, Form};

pub struct BuildFlag;

impl Template for BuildFlag {
    fn id(&self) -> &'static str {
        "build_flag"
    }

    fn about(&self) -> &'static str {
        "Sets an environment variable that the log asks for in the failing job, for example NODE_OPTIONS for a larger heap."
    }

    fn edit(&self, workflows: &[Source], hint: &Hint) -> Edited {
        match wanted(hint) {
            Ok(wanted) => across(workflows, hint, |desk, hint| edit(desk, hint, &wanted)),
            Err(why) => Edited::Refused(vec![why]),
        }
    }
}

/// The flags that may be meant, and the value that a person gave.
struct Candidates {
    flags: Vec<&'static Flag>,
    value: Option<String>,
    /// A person named it.
    is_named: bool,
}

fn wanted(hint: &Hint) -> Result<Candidates, String> {
    let lines: Vec<String> = hint.lines().map(str::to_ascii_lowercase).collect();
    let spoken = |flag: &&Flag| flag.words.iter().any(|words| lines.iter().any(|line| line.contains(words)));
    let mut flags: Vec<&Flag> = FLAGS.iter().filter(spoken).collect();
    let mut wanted_value = None;
    let mut is_named = false;
    for word in hint.words() {
        let (name, value) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
        let is_size = word.starts_with(|c: char| c.is_ascii_digit()) && is_value(word);
        let named: Vec<&Flag> = FLAGS.iter().filter(|flag| is_meant(flag, name, value)).collect();
        if named.is_empty() && is_size {
            wanted_value = Some(word.to_owned());
            continue;
        }
        if named.is_empty() {
            return Err(unknown(word));
        }
        if let (Some(value), [flag]) = (value, named.as_slice()) {
            wanted_value = value_of(flag, value)?;
        }
        // A variable alone may mean several flags: those that the log calls for too.
        let both: Vec<&Flag> =
            named.iter().copied().filter(|flag| flags.iter().any(|other| other.id == flag.id)).collect();
        flags = if both.is_empty() { named } else { both };
        is_named = true;
    }
    if flags.is_empty() {
        return Err(format!("The log asks for no known flag: name one of {}.", ids(FLAGS.iter())));
    }
    Ok(Candidates { flags, value: wanted_value, is_named })
}

fn ids<'f>(flags: impl Iterator<Item = &'f Flag>) -> String {
    let ids: Vec<String> = flags.map(|flag| flag.id.to_owned()).collect();
    listing(&ids, FLAGS.len())
}

fn unknown(word: &str) -> String {
    format!("Unknown flag `{}`: name one of {}.", clean_line(word, 60), ids(FLAGS.iter()))
}

/// Whether a person's word is the flag's name, its variable, or the variable with this flag.
fn is_meant(flag: &Flag, name: &str, value: Option<&str>) -> bool {
    let Form::OneOf(start) = flag.form else {
        return flag.id.eq_ignore_ascii_case(name) || flag.variable == name;
    };
    flag.id.eq_ignore_ascii_case(name) || (flag.variable == name && value.is_none_or(|value| value.starts_with(start)))
}

/// The value in a person's `VARIABLE=flag`; none when it is the one of the table.
fn value_of(flag: &Flag, written: &str) -> Result<Option<String>, String> {
    let value = match flag.form {
        Form::OneOf(start) => written.strip_prefix(start).unwrap_or(written),
        Form::Whole => written,
    };
    if value == flag.value {
        return Ok(None);
    }
    check_value(flag, value).map(|()| Some(value.to_owned()))
}

/// A person may give another number; another word could be anything.
fn check_value(flag: &Flag, value: &str) -> Result<(), String> {
    let is_number = |text: &str| {
        let digits = text.trim_end_matches(['g', 'G', 'm', 'M', 'k', 'K']);
        text.len() <= 12
            && text.len() - digits.len() <= 1
            && !digits.is_empty()
            && digits.chars().all(|c| c.is_ascii_digit())
    };
    let takes_number = is_number(flag.value) && !matches!(flag.value, "0" | "1");
    if takes_number && is_number(value) && is_value(value) {
        return Ok(());
    }
    let (shown, id) = (clean_line(value, 40), flag.id);
    Err(format!("`{shown}` is not a valid value for {id}: omit it to use `{}`.", flag.value))
}

fn edit(desk: &mut Desk<'_, '_>, hint: &Hint, wanted: &Candidates) -> Found {
    let job = match the_job(desk, hint) {
        Ok(Some(job)) => job,
        Ok(None) => return Found::Nothing,
        Err(why) => return Found::refused(why),
    };
    let flag = match the_flag(job, wanted) {
        Ok(flag) => flag,
        Err(why) => return Found::refused(why),
    };
    if let Some(value) = &wanted.value
        && let Err(why) = check_value(flag, value)
    {
        return Found::refused(why);
    }
    let value = wanted.value.as_deref().unwrap_or(flag.value);
    let mut already = Vec::new();
    for place in places(desk, job, hint, flag.variable) {
        match put(desk, job, &place, flag, value) {
            Ok(None) => {}
            Ok(Some(is)) => already.push(is),
            Err(why) => return Found::refused(format!("{why}: change it by hand")),
        }
    }
    if desk.patch.is_empty() {
        let is = already.first().map(|is| clean_line(is, 80)).unwrap_or_default();
        return Found::Already(format!("Job {} already has {}={is}", clean_line(&job.id, 60), flag.variable));
    }
    explain(desk, job, flag, wanted);
    Found::Changed
}

/// The one job that is meant.
fn the_job<'w>(desk: &Desk<'_, 'w>, hint: &Hint) -> Result<Option<&'w Job>, String> {
    let failed: Vec<Id> = scope::steps(desk.workflow, &desk.jobs, hint).iter().map(|step| step.node).collect();
    let with_step: Vec<&Job> =
        desk.jobs.iter().copied().filter(|job| job.steps.iter().any(|step| failed.contains(&step.node))).collect();
    let jobs = if with_step.is_empty() { desk.jobs.clone() } else { with_step };
    match jobs.as_slice() {
        [] => Ok(None),
        [job] if job.uses.is_some() => {
            Err(format!("Job {} calls another workflow: name that workflow", clean_line(&job.id, 60)))
        }
        [job] => Ok(Some(job)),
        several => {
            let ids: Vec<String> = several.iter().map(|job| job.id.clone()).collect();
            Err(format!("Several jobs match ({}): name the one that failed", listing(&ids, 8)))
        }
    }
}

/// The one flag that is meant, by the programs that the job calls where the log leaves it open.
fn the_flag(job: &Job, wanted: &Candidates) -> Result<&'static Flag, String> {
    let calls = |flag: &Flag| {
        flag.programs.is_empty()
            || job.steps.iter().filter_map(|step| step.run.as_deref()).any(|run| calls(run, flag.programs))
    };
    let fitting: Vec<&'static Flag> = if wanted.is_named && wanted.flags.len() == 1 {
        wanted.flags.clone()
    } else {
        wanted.flags.iter().copied().filter(|flag| calls(flag)).collect()
    };
    match fitting.as_slice() {
        [one] => Ok(one),
        [] => Err(format!(
            "It is unclear which tool of job {} needs a flag: name one of {}",
            clean_line(&job.id, 60),
            ids(wanted.flags.iter().copied())
        )),
        several => Err(format!("Several flags match: name one of {}", ids(several.iter().copied()))),
    }
}

/// Whether a script calls one of these programs.
fn calls(script: &str, programs: &[&str]) -> bool {
    let mut words = script.split(|c: char| c.is_whitespace() || ";&|()\"'`".contains(c));
    words.any(|word| programs.contains(&word.rsplit(['/', '\\']).next().unwrap_or_default()))
}

/// Where the variable is set.
enum Place {
    /// The value of a step's own variable.
    Step(Id),
    Job,
}

/// A variable of the environment, whose name has to be written exactly.
fn variable(tree: &Tree<'_>, owner: Id, name: &str) -> Option<Id> {
    tree.entries(tree.get(owner, "env")?).iter().find(|entry| entry.key == name).map(|entry| entry.value)
}

/// The job, and the steps that set the variable for themselves; only the step, when it is the one that failed.
fn places(desk: &Desk<'_, '_>, job: &Job, hint: &Hint, name: &str) -> Vec<Place> {
    let tree = &desk.workflow.tree;
    let own = |step: &Step| variable(tree, step.node, name).map(Place::Step);
    if let Some(place) = scope::steps(desk.workflow, &[job], hint).into_iter().find_map(own) {
        return vec![place];
    }
    job.steps.iter().filter_map(own).chain([Place::Job]).collect()
}

/// Writes the flag at a place; answers what is there, when that is enough.
fn put(desk: &mut Desk<'_, '_>, job: &Job, place: &Place, flag: &Flag, value: &str) -> Result<Option<String>, String> {
    let tree = &desk.workflow.tree;
    let here = match place {
        Place::Step(id) => Some(*id),
        Place::Job => variable(tree, job.node, flag.variable),
    };
    let outer = tree.roots.iter().find_map(|root| variable(tree, *root, flag.variable)).filter(|_| here.is_none());
    let old = match here.or(outer) {
        Some(id) => tree.scalar(id).ok_or_else(|| format!("{} has no single value", flag.variable))?.trim(),
        None => "",
    };
    let new = match join(old, flag, value) {
        Joined::Is(new) => new,
        Joined::Already(is) => return Ok(Some(is)),
        Joined::Unclear => {
            let at = here.or(outer).map_or(job.key, |id| tree.node(tree.resolve(id)).range.start);
            return Err(format!("{}: cannot read the value of {}", desk.place(at), flag.variable));
        }
    };
    let shown = clean_line(&new, 80);
    if let Some(id) = here {
        desk.patch.set(id, &new)?;
        let at = tree.node(tree.resolve(id)).range.start;
        desk.because(format!("{}: sets {} to `{shown}`.", desk.place(at), flag.variable));
        return Ok(None);
    }
    let env = tree.get(job.node, "env").map(|env| tree.resolve(env));
    match env.filter(|env| tree.scalar(*env).is_none_or(|text| !text.is_empty())) {
        Some(env) => desk.patch.add(env, flag.variable, &new)?,
        None => desk.patch.add_section(job.node, "env", "runs-on", flag.variable, &new)?,
    }
    desk.because(format!(
        "{}: sets {}={shown} in job {}.",
        desk.place(job.key),
        flag.variable,
        clean_line(&job.id, 60)
    ));
    Ok(None)
}

fn explain(desk: &mut Desk<'_, '_>, job: &Job, flag: &Flag, wanted: &Candidates) {
    if !wanted.is_named {
        desk.because(format!("The log asks for {}.", flag.id));
    }
    if !flag.warning.is_empty() {
        desk.warn(flag.warning);
    }
    let sets = |step: &&Step| step.run.as_deref().is_some_and(|run| run.contains(flag.variable));
    if let Some(step) = job.steps.iter().find(sets) {
        let place = desk.place(desk.workflow.tree.node(step.node).range.start);
        desk.warn(format!("{place}: this step's script sets {} itself, which may take precedence.", flag.variable));
    }
}
