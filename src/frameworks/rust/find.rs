//! The test functions of a Rust file with their inline modules and attributes, those in macro calls too.

use super::layout::Layout;
use super::name::Name;
use crate::frameworks::marking::visit;
use crate::frameworks::syntax::of;
use tree_sitter::Node;

/// Modules nested deeper are not looked into.
const DEPTH_MAX: usize = 32;

/// `#[…]` above a function.
#[derive(Clone, Copy, Debug)]
pub struct Attribute<'tree> {
    /// The attribute, or in a macro call what is in its brackets.
    pub node: Node<'tree>,
    pub start: usize,
    pub end: usize,
}

impl Attribute<'_> {
    /// The path that names it: `tokio::test`.
    pub fn path<'a>(&self, text: &'a str) -> &'a str {
        let inside = text[self.start..self.end].trim_start_matches(['#', '[', ' ']);
        let end = inside.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').unwrap_or(inside.len());
        inside[..end].trim_end_matches(':')
    }

    /// Whether it makes a test of a function.
    pub fn makes_test(&self, text: &str) -> bool {
        let path = self.path(text);
        matches!(
            path.rsplit("::").next().unwrap_or(path),
            "test"
                | "rstest"
                | "test_case"
                | "test_matrix"
                | "wasm_bindgen_test"
                | "quickcheck"
                | "proptest"
                | "property_test"
        )
    }

    /// Whether it is one row of a test with parameters.
    pub fn is_row(&self, text: &str) -> bool {
        let path = self.path(text);
        path == "case" || path.starts_with("case::") || path.ends_with("test_case")
    }
}

/// Where a file stands.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    pub path: &'a str,
    pub layout: &'a Layout,
    /// A person named the file: what the path says of modules does not matter.
    pub named: bool,
}

/// A function that is a test.
#[derive(Clone, Debug)]
pub struct Test<'tree> {
    pub modules: Vec<String>,
    pub name: String,
    pub attributes: Vec<Attribute<'tree>>,
    /// The function, or in a macro call its name.
    pub node: Node<'tree>,
}

impl Test<'_> {
    /// How many rows are written above it.
    pub fn rows(&self, text: &str) -> usize {
        self.attributes.iter().filter(|attribute| attribute.is_row(text)).count()
    }

    /// Whether rows are made in ways that cannot be counted here.
    pub fn has_more_rows(&self, text: &str) -> bool {
        let matrix = self.attributes.iter().any(|attribute| attribute.path(text).ends_with("test_matrix"));
        let parameters = self.node.child_by_field_name("parameters").map_or("", |parameters| of(parameters, text));
        matrix || parameters.contains("#[values") || parameters.contains("#[files")
    }

    /// The attribute that ignores it whole. rstest takes what stands above a `#[case]` for that case alone.
    pub fn ignored(&self, text: &str) -> Option<Attribute<'_>> {
        let last_case = self.attributes.iter().rposition(|attribute| attribute.path(text).starts_with("case"));
        let from = last_case.map_or(0, |at| at + 1);
        self.attributes[from..].iter().find(|attribute| attribute.path(text) == "ignore").copied()
    }

    /// Whether its modules and name are those of the segments, and the file's path says the rest.
    fn is(&self, name: &Name, segments: &[String], place: Place<'_>) -> bool {
        let Some((last, modules)) = segments.split_last() else {
            return false;
        };
        let outer = modules.len().checked_sub(self.modules.len());
        let same = |(given, own): (&String, &String)| bare(given) == bare(own);
        let inline = outer.is_some_and(|outer| modules[outer..].iter().zip(&self.modules).all(same));
        bare(last) == bare(&self.name)
            && inline
            && outer.is_some_and(|outer| place.named || name.agrees(&modules[..outer], place.path, place.layout))
    }
}

/// A name without the mark of one that is a keyword too: libtest prints it with and without, by its version.
fn bare(name: &str) -> &str {
    name.strip_prefix("r#").unwrap_or(name)
}

/// The tests of this name; and whether the name is one of their rows.
pub fn find<'tree>(text: &str, root: Node<'tree>, name: &Name, place: Place<'_>) -> (Vec<Test<'tree>>, bool) {
    let all = tests(text, root);
    // A row's name stands behind the function's, and may have values behind it again.
    for beyond in 0..3.min(name.segments.len()) {
        let segments = &name.segments[..name.segments.len() - beyond];
        let of_name = all.iter().filter(|test| {
            let parametrised = beyond == 0 || test.rows(text) > 0 || test.has_more_rows(text);
            parametrised && test.is(name, segments, place)
        });
        let found = of_name.cloned().collect::<Vec<_>>();
        if !found.is_empty() {
            return (found, beyond > 0);
        }
    }
    (Vec::new(), false)
}

/// All test functions of a file.
fn tests<'tree>(text: &str, root: Node<'tree>) -> Vec<Test<'tree>> {
    let mut found = Vec::new();
    let mut pending = vec![(root, Vec::new())];
    while let Some((node, modules)) = pending.pop() {
        let mut reader = Reader { text, modules, attributes: Vec::new(), found: Vec::new(), inside: Vec::new() };
        let children = node.children(&mut node.walk()).collect::<Vec<_>>();
        let mut at = 0;
        while at < children.len() {
            at += reader.read(&children[at..]);
        }
        found.append(&mut reader.found);
        pending.extend(reader.inside.into_iter().filter(|(_, modules)| modules.len() < DEPTH_MAX));
    }
    found.sort_by_key(|test: &Test<'_>| test.node.start_byte());
    found
}

/// Reads one level: a file, a module, what is in a macro call's braces.
struct Reader<'text, 'tree> {
    text: &'text str,
    modules: Vec<String>,
    attributes: Vec<Attribute<'tree>>,
    found: Vec<Test<'tree>>,
    inside: Vec<(Node<'tree>, Vec<String>)>,
}

impl<'tree> Reader<'_, 'tree> {
    /// Reads what comes first and answers how many nodes that took.
    fn read(&mut self, nodes: &[Node<'tree>]) -> usize {
        let node = nodes[0];
        match node.kind() {
            "line_comment" | "block_comment" => 1,
            "attribute_item" => self.attribute(node, node),
            "function_item" => {
                let name = node.child_by_field_name("name").map(|name| of(name, self.text).to_owned());
                self.function(node, name.unwrap_or_default())
            }
            "mod_item" => {
                let name = node.child_by_field_name("name").map_or("", |name| of(name, self.text));
                if let Some(body) = node.child_by_field_name("body") {
                    self.enter(body, Some(name));
                }
                self.forget()
            }
            "macro_invocation" | "expression_statement" => {
                let mut tokens = None;
                visit(node, &mut |inner| {
                    if inner.kind() == "token_tree" {
                        tokens = tokens.or(Some(inner));
                    }
                    matches!(inner.kind(), "macro_invocation" | "expression_statement")
                });
                if let Some(tokens) = tokens {
                    self.enter(tokens, None);
                }
                self.forget()
            }
            _ => self.token(nodes),
        }
    }

    /// Reads what stands in a macro call, where all is tokens.
    fn token(&mut self, nodes: &[Node<'tree>]) -> usize {
        let node = nodes[0];
        let next = nodes.get(1).copied();
        let starts = |node: Node<'_>, with: char| node.kind() == "token_tree" && of(node, self.text).starts_with(with);
        match (of(node, self.text), next) {
            ("#", Some(brackets)) if starts(brackets, '[') => 1 + self.attribute(node, brackets),
            ("fn", Some(name)) if name.kind() == "identifier" => {
                let body = nodes.iter().position(|node| starts(*node, '{'));
                let named = of(name, self.text).to_owned();
                self.function(name, named);
                body.map_or(nodes.len(), |at| at + 1)
            }
            ("mod", Some(name)) => {
                if let Some(body) = nodes.get(2).filter(|body| starts(**body, '{')) {
                    self.enter(*body, Some(of(name, self.text)));
                    self.forget();
                    return 3;
                }
                self.forget()
            }
            ("pub" | "async" | "unsafe" | "const" | "extern", _) => 1,
            _ if starts(node, '(') => 1,
            _ if starts(node, '{') => {
                self.enter(node, None);
                self.forget()
            }
            _ => self.forget(),
        }
    }

    fn attribute(&mut self, first: Node<'tree>, node: Node<'tree>) -> usize {
        self.attributes.push(Attribute { node, start: first.start_byte(), end: node.end_byte() });
        1
    }

    fn function(&mut self, node: Node<'tree>, name: String) -> usize {
        let attributes = std::mem::take(&mut self.attributes);
        if attributes.iter().any(|attribute| attribute.makes_test(self.text)) {
            self.found.push(Test { modules: self.modules.clone(), name, attributes, node });
        }
        1
    }

    fn enter(&mut self, body: Node<'tree>, module: Option<&str>) {
        let mut modules = self.modules.clone();
        modules.extend(module.map(str::to_owned));
        self.inside.push((body, modules));
    }

    fn forget(&mut self) -> usize {
        self.attributes.clear();
        1
    }
}
