//! Attributes of C# declarations, and named arguments that are put into them.

use std::ops::Range;

use tree_sitter::Node;

use crate::frameworks::finder::{child, named};
use crate::frameworks::syntax::{self, Insertion};

pub struct Attribute<'t> {
    pub node: Node<'t>,
    /// Without qualifier, type arguments and the suffix `Attribute`.
    pub name: &'t str,
    /// What stands before the name, such as `Xunit.`.
    pub qualifier: &'t str,
    /// Where its name ends.
    end: usize,
    list: Option<Node<'t>>,
}

/// The attributes of a declaration itself, those of its return value left out.
pub fn attributes<'t>(declaration: Node<'t>, text: &'t str) -> Vec<Attribute<'t>> {
    let own = |list: &Node<'_>| {
        let target = child(*list, "attribute_target_specifier").map(|target| syntax::of(target, text));
        list.kind() == "attribute_list"
            && target.is_none_or(|target| target.starts_with("method") || target.starts_with("type"))
    };
    let lists = named(declaration).into_iter().filter(own);
    let all = lists.flat_map(named).filter(|node| node.kind() == "attribute");
    all.filter_map(|node| attribute(node, text)).collect()
}

fn attribute<'t>(node: Node<'t>, text: &'t str) -> Option<Attribute<'t>> {
    let name = node.child_by_field_name("name")?;
    let whole = syntax::of(name, text);
    let plain = &whole[..whole.find('<').unwrap_or(whole.len())];
    let (qualifier, last) = plain.split_at(plain.rfind(['.', ':']).map_or(0, |at| at + 1));
    let name_text = last.strip_suffix("Attribute").filter(|name| !name.is_empty()).unwrap_or(last).trim();
    let list = child(node, "attribute_argument_list");
    Some(Attribute { node, name: name_text, qualifier, end: name.end_byte(), list })
}

impl<'t> Attribute<'t> {
    fn arguments(&self) -> Vec<Node<'t>> {
        self.list.map(named).unwrap_or_default()
    }

    /// The texts of the arguments without a name; None when some are named as parameters (`x: 1`).
    pub fn positional(&self, text: &'t str) -> Option<Vec<&'t str>> {
        let plain = self.arguments().into_iter().filter(|argument| child(*argument, "=").is_none());
        plain.map(|argument| child(argument, ":").is_none().then(|| syntax::of(argument, text))).collect()
    }

    /// The text of a property that is set, such as `Skip = "…"`.
    pub fn property(&self, property: &str, text: &'t str) -> Option<&'t str> {
        let holds = |argument: &Node<'_>| {
            child(*argument, "=").is_some()
                && argument.child_by_field_name("name").is_some_and(|name| syntax::of(name, text) == property)
        };
        let argument = self.arguments().into_iter().find(holds)?;
        named(argument).last().map(|value| syntax::of(*value, text))
    }

    /// Sets a property to the mark, after all arguments.
    pub fn set(&self, property: &str, words: &str) -> Insertion {
        let setting = format!("{property} = \"{words}\"");
        match (self.list, self.arguments().last()) {
            (_, Some(last)) => Insertion { at: last.end_byte(), text: format!(", {setting}") },
            // The space tells these parentheses from our own.
            (Some(list), None) => Insertion { at: list.start_byte() + 1, text: format!(" {setting}") },
            (None, None) => Insertion { at: self.end, text: format!("({setting})") },
        }
    }
}

/// What [`Attribute::set`] put in, given the quoted mark.
pub fn set_range(text: &str, quoted: &Range<usize>, property: &str) -> Option<Range<usize>> {
    let before = text[..quoted.start].strip_suffix(&format!("{property} = "))?;
    let at = before.len();
    if before.ends_with(", ") {
        return Some(at - 2..quoted.end);
    }
    if before.ends_with("( ") {
        return Some(at - 1..quoted.end);
    }
    (before.ends_with('(') && text[quoted.end..].starts_with(')')).then(|| at - 1..quoted.end + 1)
}

/// What a string literal of C# says, without its quotes; None for other expressions.
pub fn literal(text: &str) -> Option<String> {
    if let Some(inner) = text.strip_prefix("@\"").and_then(|rest| rest.strip_suffix('"')) {
        return Some(inner.replace("\"\"", "\""));
    }
    let quotes = text.len() - text.trim_start_matches('"').len();
    if quotes >= 3 {
        return text.get(quotes..text.len().checked_sub(quotes)?).map(str::to_owned);
    }
    let inner = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'))?;
    Some(super::values::unescaped(inner))
}
