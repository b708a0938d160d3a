//! Cards of any size and any words, for the property tests of whoever renders them.

use crate::domain::card::{Annotation, Asks, Button, Card, Link, Look, Tone, Verb};
use crate::domain::ids::IncidentNo;
use crate::domain::incident::Stage;
use proptest::collection::vec as list;
use proptest::prelude::*;

/// Words of up to `max` characters, among them what platforms read.
fn words(max: usize) -> impl Strategy<Value = String> {
    let part = prop_oneof![
        any::<String>(),
        "[a-z ]{0,40}",
        Just("@everyone <!channel> <@U1> `code` [a](http://e) ||s|| &amp; \\ ".to_owned()),
        Just("é😀\u{202e}".repeat(40)),
    ];
    list(part, 0..40).prop_map(move |parts| parts.concat().chars().take(max).collect())
}

fn button() -> impl Strategy<Value = Button> {
    let look = prop_oneof![Just(Look::Primary), Just(Look::Danger), Just(Look::Plain)];
    let verb = proptest::sample::select(Verb::ALL.to_vec());
    (
        words(200),
        words(500),
        look,
        verb,
        "[a-z_]{3,13}\\.[0-9]{1,9}\\.[0-9]\\.[A-Za-z0-9_-]{43}\\.[A-Za-z0-9_-]{22}",
        proptest::option::of(proptest::sample::select(vec![Asks::Reason, Asks::Cause, Asks::Form])),
    )
        .prop_map(|(label, hint, look, verb, value, asks)| Button {
            label: if label.trim().is_empty() { "Do".into() } else { label },
            hint,
            look,
            verb,
            value,
            words: "retry 42".into(),
            asks,
            form: None,
        })
}

/// A card with a title and nothing else.
pub fn plain(title: &str) -> Card {
    Card {
        incident: IncidentNo(42),
        version: 1,
        stage: Stage::Open,
        tone: Tone::Failing,
        title: title.to_owned(),
        lines: Vec::new(),
        links: Vec::new(),
        buttons: Vec::new(),
        more: Vec::new(),
        green: false,
        sha: String::new(),
        annotations: Vec::new(),
        beside: Vec::new(),
        record: None,
        fallback: title.to_owned(),
    }
}

/// Any card, also one that no template makes.
pub fn any_card(markup: &'static str) -> impl Strategy<Value = Card> {
    let link = "https?://[a-z.]{1,20}/[ -~]{0,700}".prop_map(|url| Link { label: "Run".into(), url });
    let annotation = (words(300), 1..9_999_u32, words(300), words(500))
        .prop_map(|(file, line, title, text)| Annotation { file, line, title, text });
    let texts = (words(5_000), list(words(4_000), 1..=4), words(5_000));
    let parts = (list(link, 0..4), list(button(), 0..=3), list(button(), 0..=4), list(annotation, 0..60));
    (texts, parts).prop_map(move |((title, lines, fallback), (links, buttons, more, annotations))| {
        let shown = |text: String| super::escape(markup, &text);
        let sealed = |all: Vec<Button>, from: usize| -> Vec<Button> {
            // Each button's value is its own.
            all.into_iter()
                .enumerate()
                .map(|(at, b)| Button { value: format!("{}{}", from + at, &b.value[1..]), ..b })
                .collect()
        };
        Card {
            incident: IncidentNo(42),
            version: 1,
            stage: Stage::Open,
            tone: Tone::Failing,
            title: format!("#42 {}", shown(title)),
            lines: lines.into_iter().map(shown).collect(),
            links,
            buttons: sealed(buttons, 0),
            more: sealed(more, 5),
            green: false,
            sha: "1a2b3c4d5e".into(),
            annotations,
            record: None,
            fallback: format!("Incident 42 {fallback}"),
            beside: Vec::new(),
        }
    })
}
