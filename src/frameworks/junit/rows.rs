//! How often a test with parameters runs.

use super::imports::simple;
use crate::frameworks::marking::children;
use crate::frameworks::syntax::of;
use tree_sitter::Node;

/// What is said of a test that runs more than once; None for one that runs once.
pub fn warning(annotations: &[Node<'_>], text: &str) -> Option<String> {
    let names = annotations.iter().map(|annotation| simple(*annotation, text)).collect::<Vec<_>>();
    let runs = if let Some(at) = names.iter().position(|name| *name == "RepeatedTest") {
        repeats(annotations[at], text)
    } else if names.contains(&"ParameterizedTest") {
        sources(annotations, text)
    } else {
        if names.contains(&"Test") {
            return None;
        }
        None
    };
    Some(match runs {
        Some(1) => "This skips its one run.".to_owned(),
        Some(runs) => format!("This skips all {runs} runs of the test."),
        None => "This skips every run of the test; how many is not known.".to_owned(),
    })
}

/// The number in `@RepeatedTest(5)`.
fn repeats(annotation: Node<'_>, text: &str) -> Option<usize> {
    let mut given = annotation.child_by_field_name("arguments")?.named_child(0)?;
    if given.kind() == "element_value_pair" {
        given = given.child_by_field_name("value")?;
    }
    of(given, text).replace('_', "").parse().ok()
}

/// The rows of all sources, when each is written out.
fn sources(annotations: &[Node<'_>], text: &str) -> Option<usize> {
    let sources = annotations.iter().filter(|annotation| simple(**annotation, text).ends_with("Source"));
    let counts = sources.map(|source| match simple(*source, text) {
        "NullSource" | "EmptySource" => Some(1),
        "NullAndEmptySource" => Some(2),
        "ValueSource" | "CsvSource" => literals(*source, text),
        _ => None,
    });
    counts.sum::<Option<usize>>().filter(|rows| *rows > 0)
}

fn literals(source: Node<'_>, text: &str) -> Option<usize> {
    let mut count = None;
    for argument in children(source.child_by_field_name("arguments")?) {
        let key = argument.child_by_field_name("key").map_or("value", |key| of(key, text));
        let value = argument.child_by_field_name("value").unwrap_or(argument);
        if matches!(key, "delimiter" | "delimiterString" | "nullValues" | "quoteCharacter" | "emptyValue") {
            continue;
        }
        count = match value.kind() {
            _ if key == "textBlock" => None,
            "element_value_array_initializer" => {
                Some(children(value).iter().filter(|child| !child.kind().ends_with("comment")).count())
            }
            _ => Some(1),
        };
    }
    count
}
