//! Words to intent.

use super::manifest::{Arg, Kind, Manifest, all};
use super::read;
use crate::domain::ids::{IncidentNo, ProposalId, Repo};
use crate::domain::intent::{Intent, Target};
use crate::domain::text::is_invisible;
use std::collections::BTreeMap;

/// Wrong input: what is wrong, what was probably meant, and one example that works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    pub what: String,
    pub nearest: Option<String>,
    pub example: Option<String>,
}

/// Commands are short; what is longer is not one.
const LENGTH_MAX: usize = 2_000;

/// What was read, by argument name.
#[derive(Clone, Debug, Default)]
pub struct Words {
    pub text: BTreeMap<String, String>,
    pub target: Option<Target>,
}

/// Reads a command. `here` is the incident that the conversation knows.
///
/// # Errors
/// A [`Mistake`] for a private answer.
pub fn parse(text: &str, here: Option<IncidentNo>) -> Result<Intent, Mistake> {
    let text = text.trim();
    if text.len() > LENGTH_MAX {
        return Err(plain(format!("Commands have at most {LENGTH_MAX} characters")));
    }
    if text.chars().any(|c| is_invisible(c) && !c.is_whitespace()) {
        return Err(plain("The command contains invisible characters; type it again by hand"));
    }
    let text = text.strip_prefix("/rescue").map_or(text, str::trim_start);
    let tokens = tokens(text).map_err(plain)?;
    let Some((verb, rest)) = tokens.split_first() else {
        return Ok(Intent::Help { topic: None });
    };
    let verb = verb.to_ascii_lowercase();
    let Some(manifest) = all().iter().find(|manifest| manifest.answers_to(&verb)) else {
        return Err(unknown(&verb));
    };
    let words = arguments(manifest, rest).map_err(|what| of(manifest, what))?;
    let intent = read::intent(&manifest.intent, words, here).map_err(|what| of(manifest, what))?;
    match &intent {
        Intent::Help { topic: Some(topic) } if !all().iter().any(|manifest| manifest.answers_to(topic)) => {
            Err(unexplained(topic))
        }
        _ => Ok(intent),
    }
}

/// Help is asked for a command that there is not: whoever meant another wants the help for that.
fn unexplained(topic: &str) -> Mistake {
    let mistake = unknown(topic);
    let meant = mistake.nearest.as_deref().and_then(|usage| usage.split_whitespace().next());
    let example = meant.map(|name| format!("help {name}")).or(mistake.example);
    Mistake { what: mistake.what, nearest: mistake.nearest, example }
}

fn plain(what: impl Into<String>) -> Mistake {
    Mistake { what: what.into(), nearest: None, example: None }
}

fn of(manifest: &Manifest, what: String) -> Mistake {
    Mistake { what, nearest: Some(manifest.usage.clone()), example: manifest.examples.first().cloned() }
}

fn unknown(verb: &str) -> Mistake {
    let shown: String = verb.chars().take(30).collect();
    let near = nearest(verb, all().iter().flat_map(|m| std::iter::once(&m.name).chain(&m.aliases)).map(String::as_str));
    let manifest = near.and_then(|near| all().iter().find(|manifest| manifest.answers_to(near)));
    Mistake {
        what: format!("Unknown command \"{shown}\""),
        nearest: manifest.map(|manifest| manifest.usage.clone()),
        example: manifest.and_then(|manifest| manifest.examples.first().cloned()),
    }
}

/// The most alike of `words`, if any is alike at all.
fn nearest<'a>(word: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    const ALIKE: f64 = 0.6;
    let scored = words.map(|have| (strsim::normalized_damerau_levenshtein(word, have), have));
    scored.filter(|(score, _)| *score >= ALIKE).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, have)| have)
}

/// Words at white space; double quotes keep white space together, also after `name=`.
fn tokens(text: &str) -> Result<Vec<String>, String> {
    let (mut out, mut word, mut quoted, mut any) = (Vec::new(), String::new(), false, false);
    for c in text.chars() {
        match c {
            '"' | '“' | '”' => {
                quoted = !quoted;
                any = true;
            }
            c if c.is_whitespace() && !quoted => {
                if any {
                    out.push(std::mem::take(&mut word));
                }
                any = false;
            }
            c => {
                word.push(c);
                any = true;
            }
        }
    }
    if quoted {
        return Err("Missing closing quotation mark".into());
    }
    if any {
        out.push(word);
    }
    Ok(out)
}

pub(super) fn arguments(manifest: &Manifest, tokens: &[String]) -> Result<Words, String> {
    let mut words = Words::default();
    let mut all = tokens.iter().enumerate();
    while let Some((at, token)) = all.next() {
        if let Some((arg, value)) = named(manifest, token)? {
            if arg.kind == Kind::Rest {
                let rest = std::iter::once(&value).chain(&tokens[at + 1..]).map(String::as_str);
                set(&mut words, arg, rest.collect::<Vec<_>>().join(" "))?;
                break;
            }
            set(&mut words, arg, value)?;
            continue;
        }
        // `until 9:00` is `until=9:00`.
        if is_key(manifest, token)
            && let Some((_, value)) = all.next()
        {
            if is_key(manifest, value) || named(manifest, value)?.is_some() {
                return Err(format!("{token} needs a value"));
            }
            if let Some((arg, value)) = named(manifest, &format!("{token}={value}"))? {
                set(&mut words, arg, value)?;
            }
            continue;
        }
        let free = manifest.args.iter().find(|arg| fits(arg, token) && !taken(&words, arg));
        match free {
            Some(arg) if arg.kind == Kind::Rest => {
                words.text.insert(arg.name.clone(), tokens[at..].join(" "));
                break;
            }
            Some(arg) => set(&mut words, arg, token.clone())?,
            None if is_key(manifest, token) => return Err(format!("{token} needs a value")),
            None => return Err(misfit(manifest, &words, token)),
        }
    }
    match manifest.args.iter().find(|arg| arg.required && !words.text.contains_key(&arg.name)) {
        Some(arg) => Err(format!("Missing {}: {}", arg.name, arg.summary)),
        None => Ok(words),
    }
}

fn is_key(manifest: &Manifest, token: &str) -> bool {
    manifest.args.iter().any(|arg| arg.kind == Kind::Key && arg.name == token)
}

fn taken(words: &Words, arg: &Arg) -> bool {
    if arg.kind == Kind::Target { words.target.is_some() } else { words.text.contains_key(&arg.name) }
}

/// `name=value`, also of what needs no name, and flags.
fn named<'m>(manifest: &'m Manifest, token: &str) -> Result<Option<(&'m Arg, String)>, String> {
    let bare = token.strip_prefix("--").unwrap_or(token);
    if let Some(arg) = manifest.args.iter().find(|arg| arg.kind == Kind::Flag && arg.name == bare) {
        return Ok(Some((arg, "true".into())));
    }
    let Some((name, value)) = bare.split_once('=') else { return Ok(None) };
    match manifest.args.iter().find(|arg| arg.kind != Kind::Flag && arg.name == name) {
        Some(_) if value.is_empty() => Err(format!("{name}= needs a value")),
        Some(arg) if !arg.choices.is_empty() && !arg.choices.iter().any(|choice| choice == value) => {
            Err(format!("{name}= must be one of {}", arg.choices.join(", ")))
        }
        Some(arg) if arg.kind != Kind::Key && !fits(arg, value) => {
            let shown: String = value.chars().take(40).collect();
            Err(format!("{name}= does not take \"{shown}\": {}", arg.summary))
        }
        Some(arg) => Ok(Some((arg, value.to_owned()))),
        None => Ok(None),
    }
}

fn set(words: &mut Words, arg: &Arg, value: String) -> Result<(), String> {
    if taken(words, arg) && arg.kind != Kind::Flag {
        return Err(format!("{} is given twice", arg.name));
    }
    if arg.kind == Kind::Target {
        words.target = target(&value);
    } else {
        words.text.insert(arg.name.clone(), value);
    }
    Ok(())
}

fn fits(arg: &Arg, token: &str) -> bool {
    match arg.kind {
        Kind::Target => target(token).is_some(),
        Kind::Repo => token.parse::<Repo>().is_ok(),
        Kind::Pattern => is_pattern(token),
        Kind::Choice => arg.choices.iter().any(|choice| choice == token),
        Kind::Span => token == "off" || humantime::parse_duration(token).is_ok(),
        Kind::Word | Kind::Rest => true,
        Kind::Key | Kind::Flag => false,
    }
}

fn is_pattern(token: &str) -> bool {
    let plain = token.replace('*', "x");
    token == "*" || plain.parse::<Repo>().is_ok()
}

pub(super) fn target(token: &str) -> Option<Target> {
    if let Ok(no) = token.parse::<IncidentNo>() {
        return Some(Target::Incident(no));
    }
    token.strip_prefix('#').unwrap_or(token).parse::<ProposalId>().ok().map(Target::Proposal)
}

fn misfit(manifest: &Manifest, words: &Words, token: &str) -> String {
    let shown: String = token.chars().take(40).collect();
    let names = manifest
        .args
        .iter()
        .flat_map(|arg| std::iter::once(arg.name.as_str()).chain(arg.choices.iter().map(String::as_str)));
    let word = token.split('=').next().unwrap_or(token);
    match nearest(word, names) {
        Some(near) => format!("{} does not take \"{shown}\"; did you mean {near}?", manifest.name),
        None if choices(manifest, words).is_some() => {
            let choices = choices(manifest, words).unwrap_or_default().join(", ");
            format!("{} does not take \"{shown}\"; choose one of {choices}", manifest.name)
        }
        None if manifest.args.is_empty() => format!("{} takes no further arguments", manifest.name),
        None => format!("{} does not take \"{shown}\"", manifest.name),
    }
}

/// The words of a choice that is still open.
fn choices<'m>(manifest: &'m Manifest, words: &Words) -> Option<&'m [String]> {
    let open = manifest.args.iter().find(|arg| arg.kind == Kind::Choice && !taken(words, arg));
    open.map(|arg| arg.choices.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::intent::{Which, Wish};
    use proptest::prelude::*;

    fn ok(text: &str) -> Intent {
        parse(text, None).unwrap_or_else(|why| panic!("{text}: {why:?}"))
    }

    #[test]
    fn every_example_parses_and_every_alias_answers() {
        for manifest in all() {
            assert!(!manifest.examples.is_empty(), "{} has no example", manifest.name);
            for example in &manifest.examples {
                assert!(parse(example, Some(IncidentNo(7))).is_ok(), "{example}");
                assert!(example.starts_with(&manifest.name), "{example}");
            }
            for alias in &manifest.aliases {
                let same: Vec<_> = all().iter().filter(|other| other.answers_to(alias)).collect();
                assert_eq!(same.len(), 1, "{alias}");
            }
        }
    }

    #[test]
    fn reads_what_people_type() {
        let no = Target::Incident(IncidentNo(42));
        assert_eq!(
            ok("retry #42 job=\"a b\" --dry-run"),
            Intent::Remedy { target: no, wish: Wish::Retry(Which::Job("a b".into())), force: false, dry_run: true }
        );
        assert_eq!(
            ok("/rescue  RERUN 42 all force"),
            Intent::Remedy { target: no, wish: Wish::Retry(Which::All), force: true, dry_run: false }
        );
        assert_eq!(ok("reject 42-1 it's on its way").target(), Some(Target::Proposal("42-1".parse().unwrap())));
        assert_eq!(ok("snooze 42 until 9:00"), ok("snooze 42 until=9:00"));
        assert_eq!(ok("quarantine 42 for 7d reason \"a b\""), ok("quarantine 42 for=7d reason=\"a b\""));
        assert_eq!(ok("pin 42 serde for 14d"), ok("pin 42 serde for=14d"));
        assert_eq!(ok("pin 42 for 14d"), ok("pin 42 for=14d"));
        assert_eq!(ok("resolve 42 reason is known"), ok("resolve 42 \"reason is known\""));
        assert_eq!(ok("resolve id=42 reason=it is known"), ok("resolve 42 it is known"));
        assert!(matches!(ok("pin 42 package=dry-run"), Intent::Remedy { dry_run: false, .. }));
        assert_eq!(ok("snooze id=42 for=2h"), ok("snooze 42 2h"));
        assert_eq!(ok("classify 42"), Intent::Why { target: no });
        assert_eq!(ok("classify 42 flaky"), ok("wrong 42 flaky"));
        assert_eq!(ok(""), Intent::Help { topic: None });
        assert_eq!(parse("retry", Some(IncidentNo(3))).unwrap().target(), Some(Target::Incident(IncidentNo(3))));
    }

    #[test]
    fn mistakes_name_the_nearest() {
        for (text, what, nearest) in [
            ("rety 42", "Unknown command \"rety\"", Some("retry [ID]")),
            ("retry 42 faild", "did you mean failed", Some("retry [ID]")),
            ("retry", "Which incident", Some("retry [ID]")),
            ("retry 42 43", "does not take \"43\"", Some("retry [ID]")),
            ("list acme/shop opne", "did you mean open", Some("list")),
            (
                "list acme/shop failed",
                "open, awaiting_approval, running, resolved, quarantined, escalated",
                Some("list"),
            ),
            ("help qurantine", "qurantine", Some("quarantine [ID]")),
            ("subscribe", "Missing repo", Some("subscribe")),
            ("subscribe a/b severity=high", "severity= must be one of", Some("subscribe")),
            ("retry 42 job=", "needs a value", Some("retry")),
            ("show id=x", "id= does not take \"x\"", Some("show [ID]")),
            ("show 42 id=43", "id is given twice", Some("show [ID]")),
            ("snooze 42 until", "until needs a value", Some("snooze")),
            ("quarantine 42 reason --dry-run", "reason needs a value", Some("quarantine")),
            ("quarantine 42 reason for=7d", "reason needs a value", Some("quarantine")),
            ("quarantine 42 reason for 7d", "reason needs a value", Some("quarantine")),
            ("snooze 42 until 9:00 until 8:00", "until is given twice", Some("snooze")),
            ("unhold now", "takes no further arguments", Some("unhold")),
            ("re\u{200b}try 42", "invisible", None),
            ("rеtry 42", "Unknown command", Some("retry")),
            ("retry \"42", "closing quotation mark", None),
        ] {
            let mistake = parse(text, None).unwrap_err();
            assert!(mistake.what.contains(what), "{text}: {mistake:?}");
            let near = mistake.nearest.as_deref().unwrap_or("");
            assert!(nearest.is_none_or(|want| near.starts_with(want)), "{text}: {mistake:?}");
            assert_eq!(mistake.example.is_some(), mistake.nearest.is_some(), "{text}: an example goes with a usage");
        }
        assert_eq!(parse("help qurantine", None).unwrap_err().example.as_deref(), Some("help quarantine"));
    }

    proptest! {
        #[test]
        fn never_panics(text in any::<String>()) {
            let _ = parse(&text, None);
        }

        #[test]
        fn known_verbs_with_noise_never_panic(verb in 0_usize..13, text in "[ -~]{0,60}") {
            let _ = parse(&format!("{} {text}", all()[verb % all().len()].name), None);
        }
    }
}
