//! Finding the test that a name means.

use super::cases::{Case, Cases};
use super::insertion;
use super::printed::{Reading, SEPARATORS};

/// Among more cases of one name no line decides.
const TWINS_MAX: usize = 64;

/// What a name means in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    One(usize),
    /// The name is one rendered row of this template.
    Row(usize),
    Several(Vec<usize>),
    Nothing,
}

/// Finds what a name means: first by full names, then by innermost titles, then among the rows of templates.
pub fn find(cases: &Cases, readings: &[Reading], text: &str) -> Found {
    let full = SEPARATORS
        .map(|separator| move |index: usize, reading: &Reading| cases.is_called(index, separator, &reading.titles));
    for matches in full {
        let found = pick(cases, readings, text, &matches);
        if found != Found::Nothing {
            return found;
        }
    }
    let found = pick(cases, readings, text, &|index, reading| cases.list[index].title.own == reading.titles);
    if found != Found::Nothing {
        return found;
    }
    row(cases, readings).map_or(Found::Nothing, Found::Row)
}

/// The most precise template of those which could make a test of this name.
fn row(cases: &Cases, readings: &[Reading]) -> Option<usize> {
    let fits = |&index: &usize| {
        let own = cases.list[index].title.is_template();
        if !own && !cases.outwards(index).any(|case| case.title.is_template() || case.helper.is_some()) {
            return false;
        }
        readings.iter().any(|reading| {
            SEPARATORS.iter().any(|separator| cases.may_make(index, separator, &reading.titles))
                || own && cases.may_make_title(index, &reading.titles)
        })
    };
    (0..cases.list.len()).filter(fits).max_by_key(|&index| cases.precision(index))
}

/// The cases that match the first reading that any matches.
fn pick(cases: &Cases, readings: &[Reading], text: &str, matches: &dyn Fn(usize, &Reading) -> bool) -> Found {
    for reading in readings {
        let hits: Vec<usize> = (0..cases.list.len()).filter(|&index| matches(index, reading)).collect();
        match hits.as_slice() {
            [] => {}
            [one] => return Found::One(*one),
            _ => return among(cases, hits, reading, text),
        }
    }
    Found::Nothing
}

/// A line, and then a column, decides among twins. The line may have been told before our marks moved the tests down;
/// where both ways of counting hit a twin, they must agree.
fn among(cases: &Cases, hits: Vec<usize>, reading: &Reading, text: &str) -> Found {
    let Some(told) = reading.line.filter(|_| hits.len() <= TWINS_MAX) else { return Found::Several(hits) };
    let now = at(cases, &hits, reading, |case| case.line == told);
    let then = at(cases, &hits, reading, |case| case.line - insertion::lines_above(case, text) == told);
    match (now, then) {
        (Some(one), None) | (None, Some(one)) => Found::One(one),
        (Some(one), Some(other)) if one == other => Found::One(one),
        _ => Found::Several(hits),
    }
}

/// The only case of a line, or the one that begins at the column.
fn at(cases: &Cases, hits: &[usize], reading: &Reading, on_line: impl Fn(&Case) -> bool) -> Option<usize> {
    let hits: Vec<usize> = hits.iter().copied().filter(|&hit| on_line(&cases.list[hit])).collect();
    match hits.as_slice() {
        [one] => Some(*one),
        _ => hits.iter().copied().find(|&hit| Some(cases.list[hit].column) == reading.column),
    }
}
