//! Where an import and a decorator go, and what they are called by in this module.

use tree_sitter::Node;

use super::imports::Bindings;
use super::module::{Definition, Module, callee, children, dotted};
use crate::frameworks::syntax::{Insertion, first_in_line, indent, line_end, line_start, next_line, of};

/// What stands behind an import of ours.
pub const OURS: &str = "# ci-rescue";

/// The start of the line of `at`, behind a byte order mark.
pub fn start_of_line(text: &str, at: usize) -> usize {
    let start = line_start(text, at);
    if text[start..].starts_with('\u{feff}') { start + '\u{feff}'.len_utf8() } else { start }
}

/// The line end of the line of `at`; where it has none, that of the file.
fn end_of_line(text: &str, at: usize) -> &'static str {
    match &text.as_bytes()[..next_line(text, at)] {
        [.., b'\r', b'\n'] => "\r\n",
        [.., b'\n'] => "\n",
        _ => line_end(text),
    }
}

/// A decorator on a line of its own. None when the definition does not begin its line.
pub fn decorator(module: &Module<'_>, definition: &Definition<'_>, expression: &str) -> Option<Insertion> {
    let below = definition.decorators.iter().any(|node| goes_above(*node, module.text));
    let at = if below { definition.node.start_byte() } else { definition.outer.start_byte() };
    let text = module.text;
    let first = first_in_line(text, at).then(|| start_of_line(text, at))?;
    let line = format!("{}@{expression}{}", indent(text, at), end_of_line(text, at));
    Some(Insertion { at: first, text: line })
}

/// Decorators that leave no function or class behind that could be marked.
fn goes_above(decorator: Node<'_>, text: &str) -> bool {
    const ABOVE: [&str; 5] = ["staticmethod", "classmethod", "expand", "parameterized", "parameterized_class"];
    let name = dotted(callee(decorator), text).unwrap_or_default();
    ABOVE.contains(&name.rsplit('.').next().unwrap_or(""))
}

/// An expression by which a module of the standard or pytest's library can be used, and the import it needs.
pub struct Access {
    pub name: String,
    pub import: Option<Insertion>,
}

/// Makes `library` usable at `before`. None when there is no place for the import.
pub fn access(module: &Module<'_>, bindings: &Bindings, library: &str, before: usize) -> Option<Access> {
    if let Some(name) = bindings.name_of(library, before) {
        return Some(Access { name: name.to_owned(), import: None });
    }
    let star = bindings.imports.iter().any(|bound| bound.name == "*" && bound.at < before);
    if star && module.text[..before].contains(&format!("{library}.")) {
        return Some(Access { name: library.to_owned(), import: None });
    }
    let at = import_place(module, library, before)?;
    // A file that begins with a test has no other line to look at.
    let end = end_of_line(module.text, at.saturating_sub(1).max(start_of_line(module.text, 0)));
    let import = Insertion { at, text: format!("import {library}  {OURS}{end}") };
    Some(Access { name: library.to_owned(), import: Some(import) })
}

fn import_place(module: &Module<'_>, library: &str, before: usize) -> Option<usize> {
    let statements = children(module.root);
    let at =
        beside(module.text, &statements, library, before).unwrap_or_else(|| below_header(module.text, &statements));
    let inside = |node: &Node<'_>| node.start_byte() < at && at < node.end_byte();
    (at <= before && !statements.iter().any(inside)).then_some(at)
}

fn is_import(node: &Node<'_>) -> bool {
    matches!(node.kind(), "import_statement" | "import_from_statement")
}

/// Among the first imports: a group is what no empty line parts.
fn beside(text: &str, statements: &[Node<'_>], library: &str, before: usize) -> Option<usize> {
    let first = statements.iter().position(|node| is_import(node) && node.end_byte() < before)?;
    let mut groups: Vec<Vec<Node<'_>>> = Vec::new();
    let mut row = None;
    let run = statements[first..].iter().filter(|node| node.kind() != "comment");
    for node in run.take_while(|node| is_import(node) && node.end_byte() < before) {
        match groups.last_mut() {
            Some(group) if row.is_some_and(|row| node.start_position().row <= row + 1) => group.push(*node),
            _ => groups.push(vec![*node]),
        }
        row = Some(node.end_position().row);
    }
    let foreign = |group: &Vec<Node<'_>>| library == "unittest" || !is_standard(of(group[0], text));
    let group = groups.iter().find(|group| foreign(group)).or(groups.last())?;
    let import = format!("import {library}");
    let plain = |node: &&Node<'_>| node.kind() == "import_statement" && of(**node, text) < import.as_str();
    match group.iter().rfind(plain) {
        Some(node) => Some(next_line(text, node.end_byte())),
        None if first_in_line(text, group[0].start_byte()) => Some(start_of_line(text, group[0].start_byte())),
        None => Some(next_line(text, group[0].end_byte())),
    }
}

/// Whether an import statement names a part of the standard library that tests often use.
fn is_standard(statement: &str) -> bool {
    const KNOWN: [&str; 40] = [
        "abc",
        "argparse",
        "ast",
        "asyncio",
        "base64",
        "collections",
        "concurrent",
        "contextlib",
        "copy",
        "csv",
        "dataclasses",
        "datetime",
        "decimal",
        "enum",
        "functools",
        "glob",
        "hashlib",
        "http",
        "importlib",
        "inspect",
        "io",
        "itertools",
        "json",
        "logging",
        "math",
        "operator",
        "os",
        "pathlib",
        "pickle",
        "platform",
        "random",
        "re",
        "shutil",
        "subprocess",
        "sys",
        "tempfile",
        "threading",
        "time",
        "typing",
        "unittest",
    ];
    let module = statement.split_whitespace().nth(1).unwrap_or("");
    KNOWN.contains(&module.split(['.', ',']).next().unwrap_or(""))
}

/// Below the first comments, the docstring and the imports from `__future__`.
fn below_header(text: &str, statements: &[Node<'_>]) -> usize {
    let mut at = start_of_line(text, 0);
    let mut row = 0;
    let mut documented = false;
    for node in statements {
        let string = values_of(*node).first().is_some_and(|value| value.kind().ends_with("string"));
        match node.kind() {
            "comment" if !documented && node.start_position().row == row => row += 1,
            "comment" => continue,
            "expression_statement" if string && !documented => documented = true,
            "future_import_statement" => documented = true,
            _ => break,
        }
        at = next_line(text, node.end_byte());
    }
    at
}

fn values_of(node: Node<'_>) -> Vec<Node<'_>> {
    if node.kind() == "expression_statement" { super::module::values(node) } else { Vec::new() }
}
