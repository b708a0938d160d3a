//! Skips one case of a parametrised test.

use super::ids::{is_param, reads};
use super::row;
use super::table::{Row, Table, cases, tables};
use crate::domain::edit::Edited;
use crate::domain::text::short;
use crate::frameworks::python::imports::Bindings;
use crate::frameworks::python::module::{Arguments, values};
use crate::frameworks::python::place::Access;
use crate::frameworks::python::write::{Plan, Target, already, refused};

/// How this module calls what a row needs.
pub struct Words<'a> {
    /// `pytest.param`.
    pub param: Access,
    /// The whole mark.
    pub skip: &'a str,
}

/// Marks the row that one of the readings of a case's id means.
pub fn plan(target: &Target<'_, '_>, ids: &[String], words: &Words<'_>) -> Result<Plan, Edited> {
    let place = target.finder.place(target.index);
    let refuse = |reason: String| refused(format!("{place}: {reason}"));
    let found = tables(target.module, target.bindings, target.index);
    let (table, row) = find(found, ids).map_err(&refuse)?;
    if let Some(skip) = skipped(target, &row) {
        let test = format!("{}[{}]", target.finder.called(target.index), short(&ids[0]));
        return Err(Edited::Already(already(&short(target.module.path), &test, &skip)));
    }
    let (text, bindings): (_, &Bindings) = (target.module.text, target.bindings);
    let insertions = row::mark(&table, &row, &words.param.name, words.skip, bindings, text).map_err(&refuse)?;
    let mut plan = Plan::default();
    plan.because.push(format!("{place}: marks its row {}.", super::table::words(&row, text)));
    plan.insertions.extend(words.param.import.clone());
    plan.insertions.extend(insertions);
    Ok(plan)
}

/// The one row that makes the case.
fn find<'t>(tables: Vec<Option<Table<'t>>>, ids: &[String]) -> Result<(Table<'t>, Row<'t>), String> {
    const WHOLE: &str = "name the whole test without the case";
    if tables.is_empty() {
        return Err(format!("its source has no parametrize table; {WHOLE}."));
    }
    let all = cases(&tables);
    let Some(mut tables) = tables.into_iter().collect::<Option<Vec<Table<'t>>>>() else {
        return Err(format!("its table is computed or defined elsewhere, so its rows are not known; {WHOLE}."));
    };
    let long = |table: &Table<'_>| table.open || table.rows.len() != 1;
    let at = tables.iter().position(long).unwrap_or(0);
    if tables.iter().filter(|table| long(table)).count() > 1 {
        let all = all.map(|all| format!(", {all} cases in all")).unwrap_or_default();
        return Err(format!(
            "its cases combine several tables{all}, and skipping a row skips several of them; {WHOLE}."
        ));
    }
    if tables[at].shared {
        return Err(format!(
            "its table is on the class, and skipping a row skips a case of every test there; {WHOLE}."
        ));
    }
    let before: Vec<_> = tables[..at].iter().flat_map(|table| table.rows[0].pieces.clone()).collect();
    let after: Vec<_> = tables[at + 1..].iter().flat_map(|table| table.rows[0].pieces.clone()).collect();
    let mut table = tables.swap_remove(at);
    let fits = |row: &Row<'_>, id: &str| {
        let pieces: Vec<_> = before.iter().chain(&row.pieces).chain(&after).cloned().collect();
        reads(&pieces, id)
    };
    for id in ids {
        let rows: Vec<usize> = (0..table.rows.len()).filter(|row| fits(&table.rows[*row], id)).collect();
        match rows.as_slice() {
            [] => {}
            [one] => {
                let row = table.rows.swap_remove(*one);
                return Ok((table, row));
            }
            several => return Err(format!("{} rows may be this case; {WHOLE}, or give them an id=.", several.len())),
        }
    }
    let id = short(ids.first().map_or("", String::as_str));
    Err(format!("no row of its table is known to produce the case [{id}]; {WHOLE}."))
}

fn skipped(target: &Target<'_, '_>, row: &Row<'_>) -> Option<String> {
    use crate::frameworks::python::skips::Skip;
    let text = target.module.text;
    let marks = is_param(row.node, text, target.bindings)
        .then(|| Arguments::of(row.node, text).get("marks", None))
        .flatten()?;
    let marks = if matches!(marks.kind(), "list" | "tuple") { values(marks) } else { vec![marks] };
    marks.into_iter().find_map(|mark| target.skips.of_expression(mark)).map(|skip| match skip {
        Skip::Ours(mark) => mark,
        Skip::Person(skip) => format!("marks={skip}"),
    })
}
