//! Where a version stands: in an input, or in the matrix or the environment that the input names.

use super::super::choose::Desk;
use super::super::workflow::Job;
use crate::edit::yaml::{Id, Tree};

/// The places of one version.
#[derive(Debug)]
pub enum Place {
    /// One value.
    One(Id),
    /// The values of a matrix, and of its inclusions and exclusions.
    Matrix { values: Vec<Id>, others: Vec<Id> },
}

/// Follows a value to where it is written.
///
/// # Errors
/// It is computed.
pub fn follow(desk: &Desk<'_, '_>, job: &Job, value: Id) -> Result<Place, String> {
    let tree = &desk.workflow.tree;
    let text = tree.scalar(value).ok_or("there is no single value")?;
    if !text.contains("${{") {
        return Ok(Place::One(value));
    }
    let inner = text.trim().strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}"));
    let inner = inner.map(str::trim).filter(|inner| !inner.contains("${{")).ok_or_else(computed)?;
    if let Some(name) = member(inner, "matrix") {
        return matrix(tree, job, name);
    }
    let name = member(inner, "env").ok_or_else(computed)?;
    let variable = tree.at(job.node, &["env", name]).or_else(|| desk.workflow.env(name));
    let variable = variable.filter(|id| tree.scalar(*id).is_some_and(|text| !text.contains("${{")));
    variable.map(Place::One).ok_or_else(computed)
}

fn computed() -> String {
    "the version is computed".to_owned()
}

/// `name` of `matrix.name` and of `matrix['name']`.
fn member<'e>(expression: &'e str, context: &str) -> Option<&'e str> {
    let rest = expression.strip_prefix(context)?;
    let name = match rest.strip_prefix('.') {
        Some(name) => name,
        None => rest.strip_prefix("['")?.strip_suffix("']")?,
    };
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    plain.then_some(name)
}

fn matrix(tree: &Tree<'_>, job: &Job, name: &str) -> Result<Place, String> {
    let matrix = tree.at(job.node, &["strategy", "matrix"]).ok_or_else(computed)?;
    let list = tree.get(matrix, name);
    let values: Vec<Id> = list.map_or(Vec::new(), |list| tree.items(list).to_vec());
    if tree.scalar(matrix).is_some() || (list.is_some() && values.is_empty()) {
        return Err("the matrix is computed".to_owned());
    }
    let beside = ["include", "exclude"].iter().filter_map(|key| tree.get(matrix, key));
    let others = beside.flat_map(|list| tree.items(list)).filter_map(|item| tree.get(*item, name)).collect();
    if values.iter().any(|id| tree.scalar(*id).is_none_or(|text| text.contains("${{"))) {
        return Err("the matrix is computed".to_owned());
    }
    Ok(Place::Matrix { values, others })
}
