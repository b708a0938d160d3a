//! The functions and classes of a Python module that a test framework could see.

use tree_sitter::{Language, Node, Tree};

use crate::frameworks::syntax::of;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Function,
    Class,
}

/// A function or class at module level, in a class, or in an `if`, `try`, `with` or loop there.
#[derive(Clone, Debug)]
pub struct Definition<'t> {
    pub kind: Kind,
    pub name: &'t str,
    /// Without its decorators.
    pub node: Node<'t>,
    /// With its decorators.
    pub outer: Node<'t>,
    /// The expressions behind `@`, from the top.
    pub decorators: Vec<Node<'t>>,
    /// The class around it, as an index of [`Module::items`].
    pub class: Option<usize>,
    /// The statement of the module that holds it.
    top: Node<'t>,
}

impl Definition<'_> {
    /// Counted from 1.
    pub fn line(&self) -> usize {
        self.node.start_position().row + 1
    }
}

/// A parsed source.
pub struct Module<'t> {
    pub path: &'t str,
    pub text: &'t str,
    pub root: Node<'t>,
    /// In the order of the text.
    pub items: Vec<Definition<'t>>,
}

/// tree-sitter's grammar of Python.
pub fn language() -> Language {
    tree_sitter_python::LANGUAGE.into()
}

/// Blocks and clauses whose statements belong to the module or class around them.
const TRANSPARENT: [&str; 14] = [
    "block",
    "if_statement",
    "elif_clause",
    "else_clause",
    "try_statement",
    "except_clause",
    "except_group_clause",
    "finally_clause",
    "with_statement",
    "for_statement",
    "while_statement",
    "match_statement",
    "case_clause",
    "module",
];

impl<'t> Module<'t> {
    pub fn new(path: &'t str, text: &'t str, tree: &'t Tree) -> Self {
        let root = tree.root_node();
        let mut module = Self { path, text, root, items: Vec::new() };
        module.collect();
        module
    }

    fn collect(&mut self) {
        let mut waiting: Vec<(Node<'t>, Option<usize>, Node<'t>)> = Vec::new();
        for child in children(self.root).into_iter().rev() {
            waiting.push((child, None, child));
        }
        while let Some((node, class, top)) = waiting.pop() {
            let (inner, inside): (Vec<Node<'t>>, Option<usize>) = match node.kind() {
                "decorated_definition" | "function_definition" | "class_definition" => {
                    let Some(definition) = definition(node, class, top, self.text) else { continue };
                    let body = definition.node.child_by_field_name("body");
                    let is_class = definition.kind == Kind::Class;
                    self.items.push(definition);
                    let Some(body) = body.filter(|_| is_class) else { continue };
                    (children(body), Some(self.items.len() - 1))
                }
                kind if TRANSPARENT.contains(&kind) => (children(node), class),
                _ => continue,
            };
            for child in inner.into_iter().rev() {
                waiting.push((child, inside, top));
            }
        }
    }

    /// The names from the outermost class down to the definition.
    pub fn qualified(&self, index: usize) -> Vec<&'t str> {
        let mut names = Vec::new();
        let mut at = Some(index);
        while let Some(item) = at.map(|at| &self.items[at]) {
            names.push(item.name);
            at = item.class;
        }
        names.reverse();
        names
    }

    /// Whether the parser understood the statement that holds the definition, and what stands between statements.
    pub fn understood(&self, index: usize) -> bool {
        let broken = |node: &Node<'_>| node.is_error() || node.is_missing();
        !self.items[index].top.has_error() && !self.root.is_error() && !children(self.root).iter().any(broken)
    }

    /// The statements in the body of a definition.
    pub fn body(&self, index: usize) -> Vec<Node<'t>> {
        let body = self.items[index].node.child_by_field_name("body").map(children).unwrap_or_default();
        body.into_iter().filter(|statement| statement.kind() != "comment").collect()
    }
}

fn definition<'t>(outer: Node<'t>, class: Option<usize>, top: Node<'t>, text: &'t str) -> Option<Definition<'t>> {
    let node = outer.child_by_field_name("definition").unwrap_or(outer);
    let kind = match node.kind() {
        "function_definition" => Kind::Function,
        "class_definition" => Kind::Class,
        _ => return None,
    };
    let name = of(node.child_by_field_name("name")?, text);
    let decorators = if outer == node {
        Vec::new()
    } else {
        let expression = |decorator: Node<'t>| values(decorator).into_iter().next();
        children(outer).into_iter().filter(|n| n.kind() == "decorator").filter_map(expression).collect()
    };
    Some(Definition { kind, name, node, outer, decorators, class, top })
}

/// The named children.
pub fn children(node: Node<'_>) -> Vec<Node<'_>> {
    node.named_children(&mut node.walk()).collect()
}

/// The named children that are not comments.
pub fn values(node: Node<'_>) -> Vec<Node<'_>> {
    children(node).into_iter().filter(|child| child.kind() != "comment").collect()
}

/// `a.b.c` of a name or an attribute of one; None for other expressions.
pub fn dotted(node: Node<'_>, text: &str) -> Option<String> {
    let name = of(node, text);
    let plain = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    (matches!(node.kind(), "identifier" | "attribute") && name.chars().all(plain)).then(|| name.to_owned())
}

/// What is called, or the node itself where nothing is called.
pub fn callee(node: Node<'_>) -> Node<'_> {
    if node.kind() == "call" { node.child_by_field_name("function").unwrap_or(node) } else { node }
}

/// The arguments of a call: those without a name, and those with one.
#[derive(Clone, Debug, Default)]
pub struct Arguments<'t> {
    pub positional: Vec<Node<'t>>,
    /// The name, its value, and the whole argument.
    pub named: Vec<(&'t str, Node<'t>, Node<'t>)>,
    /// Whether some come out of a mapping: `**more`.
    pub spread: bool,
}

impl<'t> Arguments<'t> {
    pub fn of(call: Node<'t>, text: &'t str) -> Self {
        let mut arguments = Self::default();
        let Some(list) = call.child_by_field_name("arguments") else { return arguments };
        if list.kind() != "argument_list" {
            arguments.positional.push(list);
            return arguments;
        }
        for argument in values(list) {
            let parts = (argument.child_by_field_name("name"), argument.child_by_field_name("value"));
            match (argument.kind(), parts) {
                ("keyword_argument", (Some(name), Some(value))) => {
                    arguments.named.push((of(name, text), value, argument));
                }
                ("dictionary_splat", _) => arguments.spread = true,
                _ => arguments.positional.push(argument),
            }
        }
        arguments
    }

    /// The value of a name, or of the position.
    pub fn get(&self, name: &str, position: Option<usize>) -> Option<Node<'t>> {
        let named = self.named.iter().find(|(known, _, _)| *known == name).map(|(_, value, _)| *value);
        named.or_else(|| position.and_then(|position| self.positional.get(position).copied()))
    }
}
