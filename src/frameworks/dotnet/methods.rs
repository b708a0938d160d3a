//! The classes of a C# file and their methods, with their attributes.

use std::rc::Rc;

use tree_sitter::{Node, Tree};

use super::attributes::{Attribute, attributes};
use super::names::TestName;
use crate::frameworks::finder::{child, line, named};
use crate::frameworks::syntax;

pub struct Class<'t> {
    pub name: &'t str,
    parent: Option<usize>,
    namespace: Rc<str>,
    pub node: Node<'t>,
    pub line: usize,
    pub attributes: Vec<Attribute<'t>>,
    pub is_abstract: bool,
    pub partial: bool,
}

impl Class<'_> {
    /// Whether both are parts of one class.
    pub fn same(&self, other: &Self) -> bool {
        self.name == other.name && self.namespace == other.namespace && self.parent == other.parent
    }
}

pub struct Method<'t> {
    pub name: &'t str,
    pub class: usize,
    pub node: Node<'t>,
    pub line: usize,
    pub attributes: Vec<Attribute<'t>>,
}

impl<'t> Method<'t> {
    /// The attributes of this name.
    pub fn named(&self, name: &str) -> Vec<&Attribute<'t>> {
        self.attributes.iter().filter(|attribute| attribute.name == name).collect()
    }
}

/// A file's declarations, in the order of the file.
pub struct Declarations<'t> {
    pub classes: Vec<Class<'t>>,
    pub methods: Vec<Method<'t>>,
    /// The namespaces that it uses.
    pub uses: Vec<&'t str>,
}

/// Longer namespaces are cut, in bytes.
const NAMESPACE_MAX: usize = 300;

/// What holds for all nodes within another.
#[derive(Clone)]
struct Within {
    class: Option<usize>,
    namespace: Rc<str>,
}

/// All classes and methods of a file, but not what is declared within methods.
pub fn declarations<'t>(tree: &'t Tree, text: &'t str) -> Declarations<'t> {
    let mut all = Declarations { classes: Vec::new(), methods: Vec::new(), uses: Vec::new() };
    let mut of_file: Rc<str> = Rc::from("");
    let mut open = vec![(tree.root_node(), Within { class: None, namespace: of_file.clone() })];
    while let Some((node, mut within)) = open.pop() {
        match node.kind() {
            "file_scoped_namespace_declaration" => of_file = joined("", node, text),
            "namespace_declaration" => {
                within.namespace = joined(&within.namespace, node, text);
                descend(&mut open, node, &within);
            }
            "class_declaration" | "struct_declaration" | "record_declaration" | "interface_declaration" => {
                let namespace = if within.namespace.is_empty() { of_file.clone() } else { within.namespace.clone() };
                all.classes.push(class(node, within.class, namespace, text));
                within.class = Some(all.classes.len() - 1);
                descend(&mut open, node, &within);
            }
            "method_declaration" => {
                if let Some(class) = within.class {
                    all.methods.push(method(node, class, text));
                }
            }
            "using_directive" => all.uses.extend(named(node).last().map(|name| syntax::of(*name, text))),
            "compilation_unit" | "declaration_list" => descend(&mut open, node, &within),
            kind if kind.starts_with("preproc_") => descend(&mut open, node, &within),
            _ => {}
        }
    }
    all
}

fn descend<'t>(open: &mut Vec<(Node<'t>, Within)>, node: Node<'t>, within: &Within) {
    open.extend(named(node).into_iter().rev().map(|child| (child, within.clone())));
}

fn joined(outer: &str, node: Node<'_>, text: &str) -> Rc<str> {
    let name = node.child_by_field_name("name").map_or("", |name| syntax::of(name, text));
    if outer.len() + name.len() > NAMESPACE_MAX {
        return Rc::from(outer);
    }
    Rc::from(if outer.is_empty() { name.to_owned() } else { format!("{outer}.{name}") })
}

fn class<'t>(node: Node<'t>, parent: Option<usize>, namespace: Rc<str>, text: &'t str) -> Class<'t> {
    let modifier = |word: &str| {
        let mut cursor = node.walk();
        node.children(&mut cursor).any(|child| child.kind() == "modifier" && syntax::of(child, text) == word)
    };
    let name = node.child_by_field_name("name");
    Class {
        name: name.map_or("", |name| syntax::of(name, text)),
        parent,
        namespace,
        node,
        line: name.map_or(line(node), line),
        attributes: attributes(node, text),
        is_abstract: modifier("abstract"),
        partial: modifier("partial"),
    }
}

fn method<'t>(node: Node<'t>, class: usize, text: &'t str) -> Method<'t> {
    let name = node.child_by_field_name("name");
    Method {
        name: name.map_or("", |name| syntax::of(name, text)),
        class,
        node,
        line: name.map_or(line(node), line),
        attributes: attributes(node, text),
    }
}

impl Declarations<'_> {
    pub fn uses(&self, namespace: &str) -> bool {
        self.uses.iter().any(|used| used.starts_with(namespace))
    }

    /// Whether the path, from its end, is that of the class: None when not, else whether it is the whole path.
    pub fn is(&self, class: usize, path: &[&str]) -> Option<bool> {
        let mut rest = path.iter().rev();
        let mut at = Some(class);
        let mut outermost = class;
        while let Some(class) = at {
            let Some(part) = rest.next() else { return Some(false) };
            if *part != self.classes[class].name {
                return None;
            }
            outermost = class;
            at = self.classes[class].parent;
        }
        for space in self.classes[outermost].namespace.rsplit('.').filter(|space| !space.is_empty()) {
            let Some(part) = rest.next() else { return Some(false) };
            if *part != space {
                return None;
            }
        }
        rest.next().is_none().then_some(true)
    }

    /// The methods that a name may mean, of those that `test` accepts: by the whole path if there are such.
    pub fn methods_of(&self, wanted: &TestName<'_>, test: impl Fn(&Method<'_>) -> bool) -> Vec<usize> {
        let Some((name, path)) = wanted.path.split_last() else { return Vec::new() };
        let candidates =
            (0..self.methods.len()).filter(|at| self.methods[*at].name == *name && test(&self.methods[*at]));
        best(candidates.filter_map(|at| Some((at, self.is(self.methods[at].class, path)?))).collect())
    }

    /// The classes that a name may mean, of those that hold methods which `test` accepts.
    pub fn classes_of(&self, wanted: &TestName<'_>, test: impl Fn(&Method<'_>) -> bool) -> Vec<usize> {
        let mut holds = vec![false; self.classes.len()];
        for method in self.methods.iter().filter(|method| test(method)) {
            holds[method.class] = true;
        }
        let candidates = (0..self.classes.len()).filter(|at| holds[*at] && !wanted.path.is_empty());
        best(candidates.filter_map(|at| Some((at, self.is(at, &wanted.path)?))).collect())
    }
}

/// Those that fit whole, else all that fit.
fn best(found: Vec<(usize, bool)>) -> Vec<usize> {
    let whole = found.iter().any(|(_, whole)| *whole);
    found.into_iter().filter(|(_, fits)| *fits || !whole).map(|(at, _)| at).collect()
}

/// Whether a method is one of xUnit's, and not of `NUnit`, which both know `[Theory]`.
pub fn theory_of_xunit(all: &Declarations<'_>, method: &Method<'_>, theory: &Attribute<'_>) -> bool {
    if theory.qualifier.contains("NUnit") {
        return false;
    }
    if theory.qualifier.contains("Xunit") || method.attributes.iter().any(|attribute| attribute.name.ends_with("Data"))
    {
        return true;
    }
    match (all.uses("Xunit"), all.uses("NUnit")) {
        (false, true) => false,
        (false, false) => !all.methods.iter().any(|method| !method.named("Test").is_empty()),
        (true, _) => true,
    }
}

/// More `<` that are not closed at once than this are not parsed.
const ANGLES_MAX: usize = 2000;

/// Whether a text has so many `<` without a near `>` that the parser's memory might explode: it grows with the square of
/// those that are open. Lines that begin as comments are never code, whatever is around them.
pub fn too_many_angles(text: &str) -> bool {
    let mut count = 0;
    for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
        for after in line.split('<').skip(1) {
            let inner = after.trim_start_matches(|c: char| c.is_alphanumeric() || "_,. ?[]".contains(c));
            count += usize::from(!inner.starts_with('>'));
        }
    }
    count > ANGLES_MAX
}

/// The node of a declaration's first attribute list, or the declaration itself.
pub fn first_attribute(declaration: Node<'_>) -> Node<'_> {
    child(declaration, "attribute_list").unwrap_or(declaration)
}
