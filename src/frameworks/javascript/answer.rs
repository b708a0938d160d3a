//! The answer to the wish to skip a test.

use super::cases::{self, Case, Cases};
use super::insertion::{self, noun};
use super::names::{self, Found};
use super::paths::shown;
use super::printed::{self, NAME_MAX};
use super::source::{self, Parsed};
use super::words::{Dialect, Kind, State};
use crate::domain::edit::{Edited, Mark, Source};
use crate::frameworks::marking::{Draft, reversible};
use crate::frameworks::syntax;

/// At most this many twins are listed.
const LISTED_MAX: usize = 10;

/// Skips the test or group that `name` means, if this file holds it.
pub fn quarantine(dialect: &Dialect, source: &Source, name: &str, mark: &Mark) -> Edited {
    if name.len() > NAME_MAX {
        return refused(format!("The name is longer than {NAME_MAX} bytes; name the test as the report prints it."));
    }
    let Some(readings) = printed::readings(&source.path, name) else { return Edited::Absent };
    let Some(parsed) = source::parse(&source.path, &source.text) else {
        if !source.text.contains(&printed::needle(dialect, name)) {
            return Edited::Absent;
        }
        return refused("The file is too large, or most of it does not parse; skip the test by hand.".to_owned());
    };
    let cases = cases::find(dialect, &parsed.tree, &source.text);
    if !cases.belongs {
        return Edited::Absent;
    }
    let asked = Asked { dialect, source, cases: &cases };
    match names::find(&cases, &readings, &source.text) {
        Found::Nothing => {
            let torn = readings.iter().find_map(|reading| cases.torn(&reading.titles));
            torn.map_or(Edited::Absent, |index| refused(does_not_parse(cases.list[index].line)))
        }
        Found::Row(index) => asked.row(index),
        Found::Several(indexes) => asked.several(&indexes),
        Found::One(index) => match asked.already(index).or_else(|| asked.obstacle(index)) {
            Some(answer) => answer,
            None => asked.edit(index, &parsed, mark),
        },
    }
}

fn refused(reason: String) -> Edited {
    Edited::Refused(vec![reason])
}

fn does_not_parse(line: usize) -> String {
    format!("The code around line {line} does not parse; fix it first, or skip the test by hand.")
}

struct Asked<'a> {
    dialect: &'a Dialect,
    source: &'a Source,
    cases: &'a Cases,
}

impl Asked<'_> {
    fn name(&self, index: usize) -> String {
        self.cases.name(index, self.dialect.separator)
    }

    fn row(&self, index: usize) -> Edited {
        let case = &self.cases.list[index];
        let name = self.name(index);
        if case.title.is_template() || case.helper.is_none() {
            return refused(format!(
                "A row of a template cannot be skipped alone; `{name}` on line {} skips everything the template creates.",
                case.line
            ));
        }
        refused(format!(
            "The {} is in a function that may be called several times, on line {}; `{name}` skips it for all calls.",
            noun(case.kind),
            case.line
        ))
    }

    fn several(&self, indexes: &[usize]) -> Edited {
        let mut lines: Vec<String> = indexes
            .iter()
            .take(LISTED_MAX)
            .map(|&index| format!("line {}: `{}`", self.cases.list[index].line, self.name(index)))
            .collect();
        if indexes.len() > LISTED_MAX {
            lines.push("and more".to_owned());
        }
        refused(format!(
            "The name matches {} places in this file; give the full name, or rename one of them: {}.",
            indexes.len(),
            lines.join("; ")
        ))
    }

    /// Whether the case is skipped by its own call, by its body, or by what stands around it.
    fn already(&self, index: usize) -> Option<Edited> {
        let text = &self.source.text;
        let file = self.cases.skip.as_ref().map(|statement| (insertion::mark_in(statement, text), None));
        let found = self.cases.outwards(index).find(|case| case.is_skipped());
        let found = found.map(|case| (insertion::mark_of(case, text), Some(case)));
        let (id, by) = found.or(file)?;
        let place = match by {
            Some(case) if case.range == self.cases.list[index].range => format!("on line {}", case.line),
            Some(case) => format!("by the group `{}` on line {}", shown(&case.title.own), case.line),
            None => "by a statement for the whole file".to_owned(),
        };
        Some(Edited::Already(match id {
            Some(id) => format!("It is already quarantined {place}, with id {}.", shown(id)),
            None => format!("It is already skipped by hand, {place}."),
        }))
    }

    /// What stands against an edit.
    fn obstacle(&self, index: usize) -> Option<Edited> {
        let case = &self.cases.list[index];
        let line = case.line;
        if case.state == State::Focused {
            return Some(refused(format!(
                "Line {line} focuses the {} (`only`), so the others do not run; remove the focus first.",
                noun(case.kind)
            )));
        }
        if case.state == State::Varies && !self.dialect.skip_is_chainable() {
            return Some(refused(format!(
                "`{}` on line {line} is one of two functions chosen by a condition, and one of them has no `.skip`; skip by hand.",
                shown(self.base(case))
            )));
        }
        if case.undoes_skip {
            return Some(refused(format!(
                "The options of the {} on line {line} have a `skip` of their own, which counts more than `.skip`; set it \
                 to `true` by hand.",
                noun(case.kind)
            )));
        }
        case.broken.then(|| refused(does_not_parse(line)))
    }

    fn base(&self, case: &Case) -> &str {
        self.source.text.get(case.base.clone()).unwrap_or("")
    }

    fn edit(&self, index: usize, parsed: &Parsed, mark: &Mark) -> Edited {
        let case = &self.cases.list[index];
        let text = match insertion::plan(case, &self.source.text, &mark.words()) {
            Ok(insertions) => syntax::insert(&self.source.text, insertions),
            Err(why) => return refused(why.to_owned()),
        };
        if !self.holds(index, parsed, &text, &mark.id) {
            return refused(format!(
                "Line {} cannot be edited to skip this {} alone; skip it by hand.",
                case.line,
                noun(case.kind)
            ));
        }
        let draft = Draft { text, because: self.because(index), warnings: self.warnings(index) };
        reversible(self.dialect, self.source, &mark.id, draft, true)
    }

    /// Whether the edited text holds the same tests, with this one skipped under our mark.
    fn holds(&self, index: usize, before: &Parsed, text: &str, id: &str) -> bool {
        let Some(after) = source::parse_by(before.language.clone(), text) else { return false };
        if after.errors > before.errors {
            return false;
        }
        let cases = cases::find(self.dialect, &after.tree, text);
        cases.list.len() == self.cases.list.len()
            && cases.list.iter().zip(&self.cases.list).enumerate().all(|(at, (new, old))| {
                let same = new.title == old.title && new.kind == old.kind && new.parent == old.parent;
                same && (at == index || new.is_skipped() == old.is_skipped())
            })
            && cases.list[index].is_skipped()
            && insertion::mark_of(&cases.list[index], text) == Some(id)
    }

    fn because(&self, index: usize) -> Vec<String> {
        let case = &self.cases.list[index];
        let base = shown(self.base(case));
        let idiom = if case.skips_in_body {
            format!("`{base}.skip(true, …)` as the first statement of its body, because `.skip` cannot be chained here")
        } else {
            "`.skip`, with the mark in a comment before it".to_owned()
        };
        vec![
            format!("`{}` is a {} on line {}.", self.name(index), noun(case.kind), case.line),
            format!("{} skips it by {idiom}.", self.dialect.title),
        ]
    }

    fn warnings(&self, index: usize) -> Vec<String> {
        let case = &self.cases.list[index];
        let runs = self.cases.runs(index);
        let mut warnings = Vec::new();
        match (case.kind, runs) {
            (Kind::Group, Some(runs)) => warnings.push(format!("The whole group is skipped: {}.", tests(runs))),
            (Kind::Group, None) => {
                warnings.push("The whole group is skipped; how many tests it creates is not known.".to_owned());
            }
            (Kind::Test, Some(1)) => {}
            (Kind::Test, Some(runs)) => {
                warnings.push(format!("It is a template, and everything it creates is skipped: {}.", tests(runs)));
            }
            (Kind::Test, None) => {
                warnings.push("It runs more than once, and every run is skipped; how many is not known.".to_owned());
            }
        }
        if let Some(from) = &case.from {
            warnings.push(format!(
                "`{}` comes from `{}`; assumed to be a {} function with `.skip`.",
                shown(self.base(case)),
                shown(from),
                self.dialect.title
            ));
        }
        warnings
    }
}

fn tests(count: usize) -> String {
    if count == 1 { "1 test".to_owned() } else { format!("{count} tests") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frameworks::jest::edit::DIALECT;

    fn skipped(text: &str, name: &str, id: &str) -> Result<String, String> {
        let source = Source { path: "a.test.js".to_owned(), text: text.to_owned() };
        match quarantine(&DIALECT, &source, name, &Mark::new(id, "2031-01-31", "fails at night")) {
            Edited::Ready(edit) => Ok(edit.files[0].text.clone()),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn an_id_is_used_once_in_a_file() {
        let text = "it('adds', () => {});\nit('removes', () => {});\n";
        let one = skipped(text, "adds", "q-1").expect("it is skipped");
        assert!(skipped(&one, "removes", "q-2").is_ok());
        for taken in [one, format!("const mark = '{}';\n{text}", Mark::needle("q-1"))] {
            let why = skipped(&taken, "removes", "q-1").expect_err("the id is there");
            assert!(why.contains("already has a mark with this id"), "{why}");
        }
    }
}
