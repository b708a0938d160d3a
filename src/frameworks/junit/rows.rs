//! How often a test with parameters runs.

use super::annotations::Annotation;

/// Arguments of `@CsvSource` that say how its rows are read.
const OPTIONS: &[&str] = &["delimiter", "delimiterString", "nullValues", "quoteCharacter", "emptyValue"];

/// What is said of a test that runs more than once; None for one that runs once.
pub fn warning(annotations: &[Annotation]) -> Option<String> {
    let names = annotations.iter().map(Annotation::simple).collect::<Vec<_>>();
    let runs = if let Some(at) = names.iter().position(|name| *name == "RepeatedTest") {
        repeats(&annotations[at])
    } else if names.contains(&"ParameterizedTest") {
        sources(annotations)
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
fn repeats(annotation: &Annotation) -> Option<usize> {
    annotation.arguments.first()?.text.replace('_', "").parse().ok()
}

/// The rows of all sources, when each is written out.
fn sources(annotations: &[Annotation]) -> Option<usize> {
    let sources = annotations.iter().filter(|annotation| annotation.simple().ends_with("Source"));
    let counts = sources.map(|source| match source.simple() {
        "NullSource" | "EmptySource" => Some(1),
        "NullAndEmptySource" => Some(2),
        "ValueSource" | "CsvSource" => {
            let given = source.arguments.iter().filter(|argument| !OPTIONS.contains(&argument.key.as_str()));
            given.map(|argument| argument.values.filter(|_| argument.key != "textBlock")).sum()
        }
        _ => None,
    });
    counts.sum::<Option<usize>>().filter(|rows| *rows > 0)
}
