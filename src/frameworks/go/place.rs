//! Where a skip stands in a Go body, and how it is taken out again.

use crate::frameworks::marking::{children, mark_in};
use crate::frameworks::syntax::{first_in_line, indent, line_end, line_start, next_line, of};
use tree_sitter::{Node, Tree};

/// Stands behind a skip whose body was in one line before: gofmt would not keep it in one line with the skip.
const ONE_LINE: &str = " // ci-rescue: was one line";

/// The call that skips, as the first statement of a body; with a guard, for the test of that name only.
pub struct Skip {
    /// What `Skip` is called on: `t`, `s.T()`.
    pub on: String,
    /// A whole test name as a literal.
    pub guard: Option<String>,
    /// The mark's words.
    pub words: String,
}

impl Skip {
    fn lines(&self, behind: &str) -> Vec<String> {
        let call = format!("{}.Skip(\"{}\"){behind}", self.on, self.words);
        match &self.guard {
            None => vec![call],
            Some(name) => vec![format!("if {}.Name() == {name} {{", self.on), format!("\t{call}"), "}".to_owned()],
        }
    }
}

/// The text with the skip at the beginning of the body, which is a block of it.
pub fn put(text: &str, body: Node<'_>, skip: &Skip) -> String {
    let (open, close) = (body.start_byte() + 1, body.end_byte() - 1);
    let line = text[open..next_line(text, open)].trim();
    let only_comment = line.starts_with("/*") && line.find("*/") == Some(line.len() - 2);
    if line.is_empty() || line.starts_with("//") || only_comment {
        let at = next_line(text, open);
        return format!("{}{}{}", &text[..at], own_lines(text, body, skip, ""), &text[at..]);
    }
    let statements = statements(body);
    let texts = statements.iter().map(|statement| of(*statement, text)).collect::<Vec<_>>();
    let inside = &text[open..close];
    if inside == spaced(&texts) && !inside.contains('\n') {
        let end = line_end(text);
        let outer = indent(text, open);
        let mut out = format!("{}{end}{}", &text[..open], own_lines(text, body, skip, ONE_LINE));
        for statement in texts {
            out.push_str(&format!("{outer}\t{statement}{end}"));
        }
        return format!("{out}{outer}{}", &text[close..]);
    }
    let inline = skip.lines("").iter().map(|line| line.trim().to_owned()).collect::<Vec<_>>().join(" ");
    format!("{} {inline};{}", &text[..open], &text[open..])
}

fn own_lines(text: &str, body: Node<'_>, skip: &Skip, behind: &str) -> String {
    let inner = match children(body).first() {
        Some(first) if first_in_line(text, first.start_byte()) && !is_label(*first) => {
            indent(text, first.start_byte()).to_owned()
        }
        _ => format!("{}\t", indent(text, body.start_byte())),
    };
    let mut out = String::new();
    for line in skip.lines(behind) {
        out.extend([inner.as_str(), line.as_str(), line_end(text)]);
    }
    out
}

/// A label stands further out than the statements.
fn is_label(node: Node<'_>) -> bool {
    node.kind() == "labeled_statement" || node.named_child(0).is_some_and(|child| child.kind() == "labeled_statement")
}

/// How gofmt writes statements in the braces of a body in one line.
fn spaced(statements: &[&str]) -> String {
    if statements.is_empty() { String::new() } else { format!(" {} ", statements.join("; ")) }
}

/// What stands in a block, comments too.
pub fn statements(block: Node<'_>) -> Vec<Node<'_>> {
    let mut out = Vec::new();
    for child in children(block) {
        if child.kind() == "statement_list" { out.extend(children(child)) } else { out.push(child) }
    }
    out
}

/// The name's literal in `if t.Name() == "…" {`, of a statement that is a guard of ours by its shape.
pub fn guard<'a>(statement: Node<'_>, text: &'a str) -> Option<&'a str> {
    if statement.kind() != "if_statement" || statement.child_by_field_name("alternative").is_some() {
        return None;
    }
    let condition = statement.child_by_field_name("condition")?;
    let left = condition.child_by_field_name("left")?;
    let right = condition.child_by_field_name("right")?;
    let equal = condition.child_by_field_name("operator").is_some_and(|operator| operator.kind() == "==");
    let ours = equal && of(left, text).ends_with(".Name()") && right.kind() == "interpreted_string_literal";
    ours.then(|| of(right, text))
}

/// The text without the skip whose mark begins at the offset; None when it does not stand as it was put in.
pub fn take(text: &str, tree: &Tree, at: usize) -> Option<String> {
    let call = call_of(tree, text, at)?;
    let statement = call.parent().filter(|node| node.kind() == "expression_statement")?;
    let (mut outer, mut block) = (statement, block_of(statement)?);
    if let Some(holder) = block.parent().filter(|holder| guard(*holder, text).is_some()) {
        let alone = statements(block).iter().filter(|node| node.kind() != "comment").count() == 1;
        if !alone {
            return None;
        }
        (outer, block) = (holder, block_of(holder)?);
    }
    let behind = &text[statement.end_byte()..next_line(text, statement.end_byte())];
    if behind.trim_end() == ONE_LINE {
        return joined(text, outer, block);
    }
    let (start, end) = (outer.start_byte(), outer.end_byte());
    let rest = &text[end..next_line(text, end)];
    if first_in_line(text, start) && rest.trim().is_empty() {
        return Some(format!("{}{}", &text[..line_start(text, start)], &text[next_line(text, end)..]));
    }
    let before = text[..start].strip_suffix(' ').filter(|before| before.len() == block.start_byte() + 1)?;
    Some(format!("{before}{}", text[end..].strip_prefix(';')?))
}

/// The call of `Skip` whose text begins at the offset.
fn call_of<'tree>(tree: &'tree Tree, text: &str, at: usize) -> Option<Node<'tree>> {
    let mut literal = tree.root_node().descendant_for_byte_range(at, at + 1)?;
    if literal.kind() == "interpreted_string_literal_content" {
        literal = literal.parent()?;
    }
    if literal.kind() != "interpreted_string_literal" || literal.start_byte() + 1 != at {
        return None;
    }
    let arguments = literal.parent().filter(|node| node.kind() == "argument_list" && node.named_child_count() == 1)?;
    let call = arguments.parent().filter(|node| node.kind() == "call_expression")?;
    let field = call.child_by_field_name("function")?.child_by_field_name("field")?;
    (of(field, text) == "Skip").then_some(call)
}

fn block_of(statement: Node<'_>) -> Option<Node<'_>> {
    let parent = statement.parent()?;
    let block = if parent.kind() == "statement_list" { parent.parent()? } else { parent };
    (block.kind() == "block").then_some(block)
}

/// The text without the skip in a body that goes back into one line, unless another skip of ours stands in it.
fn joined(text: &str, outer: Node<'_>, block: Node<'_>) -> Option<String> {
    let all = statements(block);
    let before = all.iter().take_while(|node| node.id() != outer.id()).collect::<Vec<_>>();
    if let Some(other) = before.first() {
        return handed_over(text, outer, **other);
    }
    // The comment behind the skip stands beside it, or inside its guard.
    let kept = all.iter().filter(|node| node.start_byte() >= outer.end_byte());
    let kept = kept.filter(|node| of(**node, text).trim_end() != ONE_LINE.trim_start()).collect::<Vec<_>>();
    if kept.iter().any(|node| node.kind() == "comment") {
        return None;
    }
    let texts = kept.iter().map(|node| of(**node, text)).collect::<Vec<_>>();
    Some(format!("{}{}{}", &text[..=block.start_byte()], spaced(&texts), &text[block.end_byte() - 1..]))
}

/// The text without a skip whose body was in one line, which the other skip, put in later, has to remember now.
fn handed_over(text: &str, outer: Node<'_>, other: Node<'_>) -> Option<String> {
    let skip = match guard(other, text) {
        Some(_) => *statements(other.child_by_field_name("consequence")?).first()?,
        None => other,
    };
    mark_in(of(skip, text))?;
    let (start, end) = (line_start(text, outer.start_byte()), next_line(text, outer.end_byte()));
    let at = skip.end_byte();
    (at <= start).then(|| format!("{}{ONE_LINE}{}{}", &text[..at], &text[at..start], &text[end..]))
}
