//! A form to intent: its fields are arguments, read as the command's words are.

use super::manifest::{Kind, Manifest, all};
use super::parse::{Words, arguments, target};
use super::read;
use crate::domain::completion::Offers;
use crate::domain::form::{FIELD_MAX, FIELDS_MAX, Fields, Form, Misfit, TYPED, is_typable};
use crate::domain::intent::{Intent, Target};

const NUMBER: &str = "The incident is the card's: leave its number out";

/// Reads what was filled into the form of a command, about this target.
///
/// # Errors
/// [`Misfit`], with the field where it can be told.
pub fn filled(verb: &str, about: Target, form: &Form, fields: &Fields) -> Result<Intent, Misfit> {
    let manifest = all().iter().find(|manifest| manifest.name == verb);
    let manifest = manifest.ok_or_else(|| Misfit::of_all("There is no such command"))?;
    let of_form = |name: &str| form.fields.iter().any(|field| field.name == name);
    if fields.len() > FIELDS_MAX || !fields.keys().all(|name| of_form(name)) {
        return Err(Misfit::of_all("The form has no such field: open it again from the card"));
    }
    let mut words = Vec::new();
    for field in &form.fields {
        let text = fields.get(&field.name).map_or("", |text| text.trim());
        let wrong = |what: String| Misfit { field: Some(field.name.clone()), what };
        if text.is_empty() {
            if field.required {
                return Err(wrong(format!("Fill in: {}", field.label)));
            }
            continue;
        }
        if text.chars().count() > FIELD_MAX {
            return Err(wrong(format!("At most {FIELD_MAX} characters")));
        }
        if !is_typable(text) {
            return Err(wrong("One line, without invisible characters: type it again by hand".into()));
        }
        // A number where a word is asked for is most likely the incident's.
        if is_word(manifest, &field.name) && target(text).is_some() {
            return Err(wrong(NUMBER.into()));
        }
        words.extend(spelled(&field.name, text));
    }
    let read = arguments(manifest, &words).and_then(|words| {
        let about = words.target.is_none().then_some(about).ok_or(NUMBER)?;
        read::intent(&manifest.intent, Words { target: Some(about), ..words }, None)
    });
    read.map_err(|what| Misfit { field: blamed(form, &what), what })
}

/// What is offered while this field of the command's form is filled in.
#[must_use]
pub fn offers(verb: &str, field: &str) -> Option<Offers> {
    let manifest = all().iter().find(|manifest| manifest.name == verb)?;
    manifest.args.iter().find(|arg| arg.name == field)?.offers()
}

/// The words that a person would type for this field: named, so that no text is taken for anything else.
fn spelled(name: &str, text: &str) -> Vec<String> {
    if name == TYPED { text.split_whitespace().map(str::to_owned).collect() } else { vec![format!("{name}={text}")] }
}

fn is_word(manifest: &Manifest, name: &str) -> bool {
    manifest.args.iter().any(|arg| arg.name == name && arg.kind == Kind::Word)
}

/// The field that a sentence is about: the one whose argument it names, or the only one.
#[must_use]
pub fn blamed(form: &Form, what: &str) -> Option<String> {
    let named = form.fields.iter().find(|field| what.contains(&format!("{}=", field.name)));
    let only = || form.fields.first().filter(|_| form.fields.len() == 1);
    named.or_else(only).map(|field| field.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::form::Field;
    use crate::domain::ids::IncidentNo;
    use crate::domain::intent::Wish;
    use proptest::prelude::*;

    const HERE: Target = Target::Incident(IncidentNo(42));

    fn form(names: &[&str]) -> Form {
        let fields = names.iter().map(|name| Field::line(name, name, ""));
        Form { title: "Form".into(), fields: fields.collect() }
    }

    fn fields(all: &[(&str, &str)]) -> Fields {
        all.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn a_form_is_the_command_that_says_the_same() {
        for (verb, filled_in, typed) in [
            (
                "quarantine",
                &[("test", "a b"), ("for", "3d"), ("reason", "port taken")][..],
                "quarantine 42 test=\"a b\" for=3d reason=\"port taken\"",
            ),
            ("quarantine", &[("test", "t"), ("for", ""), ("reason", " ")], "quarantine 42 test=t"),
            ("pin", &[("package", "@types/node@20.1.0"), ("for", "3d")], "pin 42 @types/node@20.1.0 for=3d"),
            ("pin", &[("package", "dry-run"), ("for", "3d")], "pin 42 package=dry-run for=3d"),
            ("pin", &[("package", "--dry-run")], "pin 42 package=--dry-run"),
            ("pin", &[("package", "for=90d")], "pin 42 package=for=90d"),
            ("pin", &[("package", "for")], "pin 42 package=for"),
            ("revert", &[("words", "pr=9,10")], "revert 42 pr=9,10"),
            ("revert", &[("words", "commit=1a2b3c4")], "revert 42 commit=1a2b3c4"),
            ("backport", &[("to", "a, b"), ("pr", "#7")], "backport 42 to=\"a, b\" pr=#7"),
            ("issue", &[("reason", "it blocks us")], "issue 42 reason=\"it blocks us\""),
        ] {
            let form = form(&filled_in.iter().map(|(name, _)| *name).collect::<Vec<_>>());
            assert_eq!(
                filled(verb, HERE, &form, &fields(filled_in)).unwrap(),
                super::super::parse(typed, None).unwrap()
            );
        }
        for text in ["dry-run", "--dry-run", "for=90d", "for", "id=43", "package=x"] {
            let intent = filled("pin", HERE, &form(&["package"]), &fields(&[("package", text)]));
            let Ok(Intent::Remedy { wish: Wish::Pin { package, for_ms, .. }, dry_run: false, .. }) = intent else {
                panic!("{text}: {intent:?}")
            };
            assert_eq!((package.as_deref(), for_ms), (Some(text), 14 * 24 * 3_600_000));
        }
        // A quotation mark, which no command can hold, is text like any other.
        let reason = fields(&[("reason", "says \"no\" force")]);
        let intent = filled("issue", HERE, &form(&["reason"]), &reason).unwrap();
        assert!(format!("{intent:?}").contains("says \\\"no\\\" force"), "{intent:?}");
    }

    #[test]
    fn what_does_not_fit_says_where_and_why() {
        let long = "x".repeat(FIELD_MAX + 1);
        for (verb, names, given, field, what) in [
            ("quarantine", &["test", "for"][..], &[("test", "t"), ("for", "soon")][..], Some("for"), "not a duration"),
            ("quarantine", &["test"], &[("test", "two\nlines")], Some("test"), "One line"),
            ("quarantine", &["test"], &[("test", "hid\u{200b}den")], Some("test"), "invisible"),
            ("quarantine", &["test"], &[("test", long.as_str())], Some("test"), "At most 500"),
            ("quarantine", &["test"], &[("test", "t"), ("force", "true")], None, "no such field"),
            ("backport", &["to", "pr"], &[("to", ""), ("pr", "7")], None, "Missing to"),
            ("backport", &["to", "pr"], &[("to", "a..b")], None, "a..b"),
            ("backport", &["to", "pr"], &[("to", "a"), ("pr", "x")], Some("pr"), "not a pull request number"),
            ("pin", &["package"], &[("package", "43")], Some("package"), "leave its number out"),
            ("revert", &["words"], &[("words", "43 pr=9")], Some("words"), "leave its number out"),
            ("revert", &["words"], &[("words", "pr=9 pr=10")], Some("words"), "given twice"),
            ("rm", &["words"], &[("words", "-rf")], None, "no such command"),
        ] {
            let wrong = filled(verb, HERE, &form(names), &fields(given)).unwrap_err();
            assert!(wrong.what.contains(what), "{given:?}: {wrong:?}");
            assert_eq!(wrong.field.as_deref(), field, "{given:?}: {wrong:?}");
        }
        let required =
            Form { title: String::new(), fields: vec![Field { required: true, ..Field::line("test", "Test", "") }] };
        let wrong = filled("quarantine", HERE, &required, &Fields::new()).unwrap_err();
        assert_eq!((wrong.field.as_deref(), wrong.what.as_str()), (Some("test"), "Fill in: Test"));
    }

    proptest! {
        /// Whatever stands in the fields, the incident is the card's and nothing is forced.
        #[test]
        fn no_text_leaves_its_field(test in any::<String>(), reason in "[ -~]{0,60}", typed in "[ -~]{0,60}") {
            let given = fields(&[("test", &test), ("reason", &reason)]);
            if let Ok(intent) = filled("quarantine", HERE, &form(&["test", "reason"]), &given) {
                prop_assert_eq!(intent.target(), Some(HERE));
                let Intent::Remedy { force, dry_run, .. } = intent else { panic!("a remedy") };
                prop_assert!(!force && !dry_run);
            }
            if let Ok(intent) = filled("revert", HERE, &form(&[TYPED]), &fields(&[(TYPED, &typed)])) {
                prop_assert_eq!(intent.target(), Some(HERE));
            }
        }
    }
}
