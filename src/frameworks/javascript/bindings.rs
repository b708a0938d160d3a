//! What the names of a file mean: the framework's functions under their local names, and titles kept in constants.

use std::collections::HashMap;

use tree_sitter::Node;

use super::chain;
use super::literal;
use super::words::{self, Dialect, Kind, State};
use crate::frameworks::syntax;

/// What a name of the file means to us.
#[derive(Clone, Debug)]
pub enum Binding {
    /// Makes tests or groups; `from` is the module when it is not the framework's own.
    Function { kind: Kind, state: State, from: Option<String> },
    /// Holds the framework's functions as members.
    Namespace,
}

/// The names of one file, by its top level.
#[derive(Debug, Default)]
pub struct Bindings {
    names: HashMap<String, Binding>,
    texts: HashMap<String, String>,
    /// The frameworks that imports tell; empty for one that is none of ours.
    told: Vec<&'static str>,
}

impl Bindings {
    /// Reads the imports and the declarations of the top level.
    pub fn read(root: Node<'_>, text: &str, dialect: &Dialect) -> Self {
        let mut reading = Reading { text, dialect, bindings: Self::default() };
        for word in dialect.words {
            reading.function(word.name, word.kind, word.state, None);
        }
        for global in ["globalThis", "global", "window"] {
            reading.bindings.names.insert(global.to_owned(), Binding::Namespace);
        }
        let mut cursor = root.walk();
        for statement in root.named_children(&mut cursor) {
            reading.statement(statement);
        }
        reading.bindings
    }

    /// What a name means.
    pub fn get(&self, name: &str) -> Option<&Binding> {
        self.names.get(name)
    }

    /// The text of a constant.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }

    /// Whether the name is a function that makes tests.
    pub fn is_test(&self, name: &str) -> bool {
        matches!(self.names.get(name), Some(Binding::Function { kind: Kind::Test, .. }))
    }

    /// Whether the imports leave it open or say that the file belongs to this framework.
    pub fn belongs_to(&self, dialect: &Dialect) -> bool {
        self.told.is_empty() || self.told.contains(&dialect.id)
    }
}

/// What a module gives to the file.
#[derive(Clone, Copy)]
struct Module<'a> {
    name: &'a str,
    /// It is the framework itself.
    own: bool,
}

struct Reading<'a> {
    text: &'a str,
    dialect: &'a Dialect,
    bindings: Bindings,
}

impl<'a> Reading<'a> {
    fn function(&mut self, name: &str, kind: Kind, state: State, from: Option<&str>) {
        let from = from.map(str::to_owned);
        self.bindings.names.insert(name.to_owned(), Binding::Function { kind, state, from });
    }

    fn statement(&mut self, statement: Node<'_>) {
        match statement.kind() {
            "import_statement" => self.import(statement),
            "export_statement" => {
                if let Some(declaration) = statement.child_by_field_name("declaration") {
                    self.statement(declaration);
                }
            }
            "lexical_declaration" | "variable_declaration" => {
                let mut cursor = statement.walk();
                for declarator in statement.named_children(&mut cursor) {
                    self.declarator(declarator);
                }
            }
            "function_declaration" | "generator_function_declaration" | "class_declaration" => {
                if let Some(name) = statement.child_by_field_name("name") {
                    self.bindings.names.remove(syntax::of(name, self.text));
                }
            }
            "expression_statement" => {
                // `require('mocha');` and the like.
                if let Some(module) = statement.named_child(0).and_then(|call| self.required(call)) {
                    self.tell(module.name, true);
                }
            }
            _ => {}
        }
    }

    fn module(&self, name: &'a str) -> Module<'a> {
        Module { name, own: self.dialect.modules.contains(&name) }
    }

    /// Notes the framework that an import tells. Playwright's package also drives browsers in tests of others, so that
    /// it tells something only where test functions come from it.
    fn tell(&mut self, module: &str, test_functions: bool) {
        if let Some(runner) = words::runner(module)
            && (runner != "playwright" || test_functions)
        {
            self.bindings.told.push(runner);
        }
    }

    fn import(&mut self, import: Node<'_>) {
        let Some(source) = import.child_by_field_name("source") else { return };
        let mut cursor = import.walk();
        if import.children(&mut cursor).any(|child| child.kind() == "type") {
            return;
        }
        let module = self.module(inside(syntax::of(source, self.text)));
        let clause = import.named_children(&mut cursor).find(|child| child.kind() == "import_clause");
        let Some(clause) = clause else { return self.tell(module.name, true) };
        for part in clause.named_children(&mut cursor) {
            match part.kind() {
                "identifier" => {
                    self.tell(module.name, true);
                    self.imported(syntax::of(part, self.text), "default", module);
                }
                "namespace_import" => {
                    self.tell(module.name, false);
                    if let (true, Some(name)) = (module.own, part.named_child(0)) {
                        self.bindings.names.insert(syntax::of(name, self.text).to_owned(), Binding::Namespace);
                    }
                }
                "named_imports" => self.specifiers(part, module),
                _ => {}
            }
        }
    }

    fn specifiers(&mut self, imports: Node<'_>, module: Module<'_>) {
        let mut cursor = imports.walk();
        for specifier in imports.named_children(&mut cursor) {
            let Some(name) = specifier.child_by_field_name("name") else { continue };
            if syntax::of(specifier, self.text).starts_with("type ") {
                continue;
            }
            let local = specifier.child_by_field_name("alias").unwrap_or(name);
            self.imported(syntax::of(local, self.text), syntax::of(name, self.text), module);
        }
    }

    /// `local` is what the file calls the module's `name`.
    fn imported(&mut self, local: &str, name: &str, module: Module<'_>) {
        let playwright = self.dialect.groups_are_members();
        self.tell(module.name, ["test", "expect", "default"].contains(&name));
        let word = self.dialect.word(name).or_else(|| if module.own { None } else { self.dialect.word(local) });
        // Fixtures that give a `test` of their own are the rule where tests are derived.
        let expected = module.own || self.dialect.derives() && self.dialect.word(name).is_some();
        let from = if expected { None } else { Some(module.name) };
        if let Some(word) = word {
            self.function(local, word.kind, word.state, from);
        } else if playwright && (name == "default" && module.own || derived_name(name) || derived_name(local)) {
            self.function(local, Kind::Test, State::Runs, from);
        } else {
            self.bindings.names.remove(local);
        }
    }

    fn declarator(&mut self, declarator: Node<'_>) {
        let Some(name) = declarator.child_by_field_name("name") else { return };
        let Some(value) = declarator.child_by_field_name("value").map(bare) else { return };
        if name.kind() == "object_pattern" {
            return self.pattern(name, value);
        }
        let local = syntax::of(name, self.text);
        match value.kind() {
            "string" => {
                let said = literal::decode(inside(syntax::of(value, self.text)));
                self.bindings.texts.insert(local.to_owned(), said);
            }
            _ => self.value(local, value),
        }
    }

    /// `const local = value`.
    fn value(&mut self, local: &str, value: Node<'_>) {
        if let Some(module) = self.required(value) {
            self.tell(module.name, true);
            if module.own {
                self.bindings.names.insert(local.to_owned(), Binding::Namespace);
            }
            return;
        }
        if value.kind() == "member_expression"
            && let Some(module) = value.child_by_field_name("object").and_then(|object| self.required(object))
            && let Some(property) = value.child_by_field_name("property")
        {
            return self.imported(local, syntax::of(property, self.text), module);
        }
        if let Some((kind, state, from)) = self.alias(value) {
            return self.function(local, kind, state, from.as_deref());
        }
        // `const test = mergeTests(a, b)`.
        let merged = value.kind() == "call_expression" && self.dialect.groups_are_members();
        if merged && self.dialect.word(local).is_some() {
            return;
        }
        self.bindings.names.remove(local);
    }

    /// What a value means that is made of a function we know.
    fn alias(&self, value: Node<'_>) -> Option<(Kind, State, Option<String>)> {
        if value.kind() == "ternary_expression" {
            let (kind, ..) = self.chain(bare(value.child_by_field_name("consequence")?))?;
            let (other, _, from) = self.chain(bare(value.child_by_field_name("alternative")?))?;
            return (kind == other).then_some((kind, State::Varies, from));
        }
        self.chain(value)
    }

    fn chain(&self, value: Node<'_>) -> Option<(Kind, State, Option<String>)> {
        let callee = chain::callee(value, self.text, self.dialect, &self.bindings)?;
        // Behind a table no `.skip` may follow.
        if callee.table.is_some() || callee.skips_in_body {
            return None;
        }
        Some((callee.kind, callee.state, callee.from))
    }

    /// `const { it, describe: group } = require('…')` or of a namespace.
    fn pattern(&mut self, pattern: Node<'_>, value: Node<'_>) {
        let module = match self.required(value) {
            Some(module) => module,
            None if matches!(self.bindings.get(syntax::of(value, self.text)), Some(Binding::Namespace)) => {
                Module { name: "", own: true }
            }
            None => Module { name: "", own: false },
        };
        let mut cursor = pattern.walk();
        for part in pattern.named_children(&mut cursor) {
            let (name, local) = match part.kind() {
                "shorthand_property_identifier_pattern" => (part, part),
                "pair_pattern" => {
                    let (key, value) = (part.child_by_field_name("key"), part.child_by_field_name("value"));
                    let (Some(key), Some(value)) = (key, value) else { continue };
                    (key, value)
                }
                _ => continue,
            };
            self.imported(syntax::of(local, self.text), syntax::of(name, self.text), module);
        }
    }

    /// The module of `require('…')` or `import('…')`.
    fn required(&self, node: Node<'_>) -> Option<Module<'a>> {
        let node = bare(node);
        if node.kind() != "call_expression" {
            return None;
        }
        let function = syntax::of(node.child_by_field_name("function")?, self.text);
        let argument = node.child_by_field_name("arguments")?.named_child(0)?;
        let requires = ["require", "import"].contains(&function) && argument.kind() == "string";
        requires.then(|| self.module(inside(syntax::of(argument, self.text))))
    }
}

/// Whether a name looks like a test function that fixtures gave a name of its own.
fn derived_name(name: &str) -> bool {
    name.ends_with("Test")
}

/// A string literal without its quotes.
pub fn inside(literal: &str) -> &str {
    literal.get(1..literal.len().saturating_sub(1)).unwrap_or("")
}

/// The expression within parentheses, `await`, `!` and type assertions.
pub fn bare(node: Node<'_>) -> Node<'_> {
    let mut node = node;
    for _ in 0..16 {
        let wraps = matches!(
            node.kind(),
            "parenthesized_expression"
                | "await_expression"
                | "as_expression"
                | "satisfies_expression"
                | "non_null_expression"
        );
        match node.named_child(0) {
            Some(child) if wraps => node = child,
            _ => break,
        }
    }
    node
}
