//! Our grammar as one Discord command with subcommands, and what comes back as words of that grammar.
//!
//! Limits (discord.com/developers, "Application Commands"): 25 options a level, names of 32 and descriptions of 100
//! characters, 8,000 characters together.

use crate::command::{Arg, Kind, Manifest, all};
use crate::domain::completion::{Offers, Typing};
use crate::domain::ids::IncidentNo;
use serde::Deserialize;
use serde_json::Value;
use serenity::all::{CommandOptionType, CreateCommand, CreateCommandOption};
use std::collections::BTreeMap;

pub const ROOT: &str = "rescue";
const TEXT_MAX: usize = 100;

/// What is registered.
#[must_use]
pub fn commands() -> Value {
    let mut groups: BTreeMap<&str, Vec<CreateCommandOption>> = BTreeMap::new();
    let mut options = Vec::new();
    for manifest in all() {
        match &manifest.group {
            Some(group) => groups.entry(group).or_default().push(subcommand(manifest)),
            None => options.push(subcommand(manifest)),
        }
    }
    for (name, subcommands) in groups {
        let about = format!("Commands for the {name}");
        let group = CreateCommandOption::new(CommandOptionType::SubCommandGroup, name, about);
        options.push(subcommands.into_iter().fold(group, CreateCommandOption::add_sub_option));
    }
    let root = CreateCommand::new(ROOT).description("Ask CI Rescue").set_options(options);
    Value::Array(vec![serde_json::to_value(root).unwrap_or(Value::Null)])
}

fn subcommand(manifest: &Manifest) -> CreateCommandOption {
    let start = CreateCommandOption::new(CommandOptionType::SubCommand, &manifest.name, short(&manifest.summary));
    // Discord wants what is required first.
    let (required, optional): (Vec<&Arg>, Vec<&Arg>) = manifest.args.iter().partition(|arg| arg.required);
    required.into_iter().chain(optional).map(option).fold(start, CreateCommandOption::add_sub_option)
}

fn option(arg: &Arg) -> CreateCommandOption {
    let kind = if arg.kind == Kind::Flag { CommandOptionType::Boolean } else { CommandOptionType::String };
    let option = CreateCommandOption::new(kind, &arg.name, short(&arg.summary)).required(arg.required);
    if !arg.choices.is_empty() {
        return arg.choices.iter().fold(option, |option, choice| option.add_string_choice(choice, choice));
    }
    option.set_autocomplete(arg.offers().is_some())
}

fn short(text: &str) -> String {
    text.chars().take(TEXT_MAX).collect()
}

/// An option of an interaction.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Given {
    pub name: String,
    #[serde(default)]
    pub value: Value,
    #[serde(default)]
    pub focused: bool,
    #[serde(default)]
    pub options: Vec<Given>,
}

impl Given {
    fn text(&self) -> Option<String> {
        match &self.value {
            Value::String(text) => Some(text.clone()),
            Value::Bool(_) | Value::Null => None,
            other => Some(other.to_string()),
        }
    }
}

/// The subcommand with its own options, whether it stands in a group or not.
pub fn chosen(options: &[Given]) -> Option<(&Manifest, &[Given])> {
    let mut at = options.first()?;
    if let Some(inner) = at.options.first().filter(|inner| !inner.options.is_empty() || inner.value.is_null()) {
        at = if all().iter().any(|manifest| manifest.name == at.name) { at } else { inner };
    }
    let manifest = all().iter().find(|manifest| manifest.name == at.name)?;
    Some((manifest, &at.options))
}

/// What the person would have typed elsewhere. Values are quoted, so that each stays one word, and named, so that each is
/// what it was given as.
pub fn words(manifest: &Manifest, given: &[Given]) -> String {
    let mut words = vec![manifest.name.clone()];
    let mut rest = None;
    for arg in &manifest.args {
        let Some(option) = given.iter().find(|option| option.name == arg.name) else { continue };
        let named = option.text().map(|text| format!("{}={}", arg.name, quoted(&text)));
        match arg.kind {
            Kind::Flag if matches!(option.value, Value::Null | Value::Bool(false)) => {}
            Kind::Flag => words.push(format!("--{}", arg.name)),
            Kind::Rest => rest = named,
            _ => words.extend(named),
        }
    }
    words.extend(rest);
    words.join(" ")
}

/// Whether a value arrives as it is.
pub fn is_sayable(value: &str) -> bool {
    quoted(value) == format!("\"{value}\"")
}

/// What is being typed, with what the manifest says of it and of what stands beside it; `None` where nothing is offered.
pub fn typing(options: &[Given]) -> Option<Typing> {
    let (manifest, given) = chosen(options)?;
    let arg_of = |option: &Given| manifest.args.iter().find(|arg| arg.name == option.name);
    let focused = given.iter().find(|option| option.focused)?;
    let beside = |want: Offers| {
        let found = given.iter().find(|option| !option.focused && arg_of(option).and_then(Arg::offers) == Some(want));
        found.and_then(Given::text)
    };
    let number = |text: String| {
        let number = text.trim().trim_start_matches('#').split('-').next()?.parse().ok()?;
        Some(IncidentNo(number))
    };
    Some(Typing {
        offers: arg_of(focused)?.offers()?,
        text: focused.text().unwrap_or_default(),
        incident: beside(Offers::Incident).and_then(number),
        repo: beside(Offers::Repository).and_then(|repo| repo.trim().parse().ok()),
    })
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace(['"', '“', '”'], "'"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::intent::{Intent, Target, Wish};
    use serde_json::json;

    /// Everything that counts towards 8,000 characters.
    fn weight(value: &Value) -> usize {
        let own: usize =
            ["name", "description"].iter().filter_map(|key| value[key].as_str()).map(|t| t.chars().count()).sum();
        let choices: usize = value["choices"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|choice| {
                choice["name"].as_str().unwrap_or("").chars().count()
                    + choice["value"].as_str().unwrap_or("").chars().count()
            })
            .sum();
        let options: usize = value["options"].as_array().into_iter().flatten().map(weight).sum();
        own + choices + options
    }

    fn check(value: &Value) {
        let name = value["name"].as_str().unwrap();
        assert!(
            (1..=32).contains(&name.chars().count()) && name.chars().all(|c| c.is_ascii_lowercase() || c == '-'),
            "{name}"
        );
        assert!((1..=100).contains(&value["description"].as_str().unwrap().chars().count()), "{name}");
        let options = value["options"].as_array().cloned().unwrap_or_default();
        assert!(options.len() <= 25, "{name} has {} options", options.len());
        assert!(value["choices"].as_array().is_none_or(|choices| choices.len() <= 25), "{name}");
        let required: Vec<bool> = options.iter().map(|option| option["required"] == json!(true)).collect();
        assert!(required.is_sorted_by(|a, b| a >= b), "{name}: required options come first");
        options.iter().for_each(check);
    }

    #[test]
    fn registration_is_inside_every_limit() {
        let all = commands();
        for command in all.as_array().unwrap() {
            check(command);
            let weight = weight(command);
            assert!(weight <= 8_000, "{weight} characters");
        }
        assert_eq!(all.as_array().unwrap().len(), 1);
    }

    #[test]
    fn every_manifest_can_be_said_by_options() {
        for manifest in all() {
            let given: Vec<Given> = manifest
                .args
                .iter()
                .filter(|arg| arg.required || arg.kind == Kind::Target)
                .map(|arg| {
                    let value = match arg.kind {
                        Kind::Choice => arg.choices[0].as_str(),
                        Kind::Target => "42",
                        Kind::Repo | Kind::Pattern => "acme/shop",
                        Kind::Span => "2h",
                        _ => "word",
                    };
                    Given { name: arg.name.clone(), value: json!(value), ..Given::default() }
                })
                .collect();
            let text = words(manifest, &given);
            assert!(crate::command::parse(&text, Some(IncidentNo(7))).is_ok(), "{text}");
            let nested = vec![Given { name: manifest.name.clone(), options: given.clone(), ..Given::default() }];
            let grouped = vec![Given {
                name: manifest.group.clone().unwrap_or_else(|| "group".into()),
                options: nested.clone(),
                ..Given::default()
            }];
            for options in [nested, grouped] {
                let (found, inner) = chosen(&options).unwrap();
                assert_eq!((&found.name, words(found, inner)), (&manifest.name, text.clone()));
            }
        }
    }

    #[test]
    fn options_cannot_break_out_of_their_word() {
        let manifest = all().iter().find(|manifest| manifest.name == "retry").unwrap();
        let given = vec![
            Given { name: "id".into(), value: json!("42"), ..Given::default() },
            Given { name: "job".into(), value: json!("a\" force \"b"), ..Given::default() },
            Given { name: "dry-run".into(), value: json!(true), ..Given::default() },
        ];
        assert_eq!(words(manifest, &given), "retry id=\"42\" job=\"a' force 'b\" --dry-run");
    }

    #[test]
    fn a_value_is_what_it_was_given_as() {
        let said = |name: &str, options: &[(&str, &str)]| {
            let manifest = all().iter().find(|manifest| manifest.name == name).unwrap();
            let option = |(name, value): &(&str, &str)| Given {
                name: (*name).to_owned(),
                value: json!(value),
                ..Given::default()
            };
            let given: Vec<Given> = options.iter().map(option).collect();
            crate::command::parse(&words(manifest, &given), Some(IncidentNo(7)))
        };
        let here = Target::Incident(IncidentNo(7));
        for text in ["dry-run", "--dry-run", "for=90d", "for", "id=43", "package=x", "43", "43-1", "#43"] {
            let Ok(Intent::Remedy { target, wish: Wish::Pin { package, for_ms, .. }, dry_run, .. }) =
                said("pin", &[("package", text)])
            else {
                panic!("{text}")
            };
            assert_eq!((target, package.as_deref(), dry_run), (here, Some(text), false));
            assert_eq!(for_ms, 14 * 24 * 3_600_000, "{text}");
            let reason = Some(text.into());
            assert_eq!(said("resolve", &[("reason", text)]), Ok(Intent::Resolve { target: here, reason }));
        }
        for (name, options, what) in [
            ("pin", &[("id", "serde")][..], "id= does not take \"serde\""),
            ("list", &[("repo", "open")], "repo= does not take \"open\""),
            ("list", &[("stage", "acme/shop")], "stage= must be one of"),
            ("mute", &[("for", "soon")], "for= does not take \"soon\""),
        ] {
            let mistake = said(name, options).unwrap_err();
            assert!(mistake.what.contains(what), "{mistake:?}");
        }
    }
}
