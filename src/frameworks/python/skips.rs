//! Whether a test is skipped already, and by what.

use crate::domain::text::short;
use tree_sitter::Node;

use super::classes::Classes;
use super::imports::Bindings;
use super::module::{Arguments, Kind, Module, callee, dotted, values};
use crate::frameworks::syntax::of;

/// What our marks begin with.
const OURS: &str = "ci-rescue id=";

/// Looks for skips in a module.
pub struct Skips<'m, 't> {
    pub module: &'m Module<'t>,
    pub classes: &'m Classes,
    pub bindings: &'m Bindings,
}

impl Skips<'_, '_> {
    /// What skips a definition: itself, the classes around it and their bases, or the module. As
    /// `@pytest.mark.skip`, or our mark.
    pub fn why(&self, index: usize, run_by: Option<usize>) -> Option<String> {
        let own = self.of_definition(index);
        let outer = run_by.or(self.module.items[index].class);
        own.or_else(|| self.of_class(outer.unwrap_or(index))).or_else(|| self.of_module())
    }

    fn of_class(&self, class: usize) -> Option<String> {
        let mut at = Some(class).filter(|class| self.module.items[*class].kind == Kind::Class);
        while let Some(class) = at {
            let found = self.classes.line_of(class).into_iter().find_map(|base| self.of_definition(base));
            if found.is_some() {
                return found;
            }
            at = self.module.items[class].class;
        }
        None
    }

    fn of_definition(&self, index: usize) -> Option<String> {
        let item = &self.module.items[index];
        let decorator = item.decorators.iter().find_map(|node| self.of_expression(*node)).map(|skip| match skip {
            Skip::Ours(mark) => mark,
            Skip::Person(skip) => format!("@{skip}"),
        });
        decorator.or_else(|| match item.kind {
            Kind::Function => self.first_statement(index),
            Kind::Class => self.of_class_body(index),
        })
    }

    fn of_class_body(&self, class: usize) -> Option<String> {
        const SETUPS: [&str; 5] = ["setUp", "setUpClass", "asyncSetUp", "setup_method", "setup_class"];
        let assigned = self.module.body(class).into_iter().find_map(|statement| self.pytestmark(statement));
        let setup = |name: &&str| self.classes.method(class, name).and_then(|method| self.first_statement(method));
        assigned.or_else(|| SETUPS.iter().find_map(setup))
    }

    fn first_statement(&self, function: usize) -> Option<String> {
        let body = self.module.body(function).into_iter();
        let first = body.map(bare).find(|statement| statement.kind() != "string")?;
        self.skips_by_call(first)
    }

    fn of_module(&self) -> Option<String> {
        values(self.module.root).into_iter().find_map(|statement| {
            self.pytestmark(statement).or_else(|| {
                let skips = self.skips_by_call(bare(statement))?;
                let whole = of(statement, self.module.text).contains("allow_module_level");
                (whole || statement.kind() == "raise_statement").then_some(skips)
            })
        })
    }

    /// `pytest.skip(…)`, `self.skipTest(…)`, `raise unittest.SkipTest`.
    fn skips_by_call(&self, statement: Node<'_>) -> Option<String> {
        let (raised, expression) = match statement.kind() {
            "raise_statement" => ("raise ", values(statement).first().copied()?),
            "call" => ("", statement),
            _ => return None,
        };
        let name = dotted(callee(expression), self.module.text)?;
        let known = self.bindings.resolve(&name);
        let skips = match raised {
            "" => known == "pytest.skip" || name == "self.skipTest",
            _ => last(&known) == "SkipTest" || known == "pytest.skip.Exception",
        };
        skips.then(|| format!("{raised}{}", short(&name)))
    }

    fn pytestmark(&self, statement: Node<'_>) -> Option<String> {
        let assignment = bare(statement);
        let left = assignment.child_by_field_name("left").filter(|_| assignment.kind() == "assignment")?;
        let right = assignment.child_by_field_name("right").filter(|_| of(left, self.module.text) == "pytestmark")?;
        let marks = if matches!(right.kind(), "list" | "tuple") { values(right) } else { vec![right] };
        marks.into_iter().find_map(|mark| self.of_expression(mark)).map(|skip| match skip {
            Skip::Ours(mark) => mark,
            Skip::Person(skip) => format!("pytestmark = {skip}"),
        })
    }

    /// Whether an expression is a mark or decorator that skips whatever happens.
    pub fn of_expression(&self, expression: Node<'_>) -> Option<Skip> {
        let text = of(expression, self.module.text);
        let name = dotted(callee(expression), self.module.text)?;
        let known = self.bindings.resolve(&name);
        let condition = || {
            let arguments = Arguments::of(expression, self.module.text);
            arguments.get("condition", Some(0)).map_or("", |node| of(node, self.module.text))
        };
        let skips = match last(&known).to_ascii_lowercase().as_str() {
            "skip" => true,
            "skipif" => matches!(condition(), "True" | "1"),
            "skipunless" => matches!(condition(), "False" | "0"),
            _ => false,
        };
        match (skips, text.find(OURS)) {
            (false, _) => None,
            (true, None) => Some(Skip::Person(short(&name))),
            (true, Some(at)) => {
                let id: String = text[at..].chars().take_while(|c| !c.is_control() && *c != ':' && *c != '"').collect();
                Some(Skip::Ours(short(&id)))
            }
        }
    }
}

/// Who skips.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Skip {
    /// Our mark's first words.
    Ours(String),
    /// As written, without arguments.
    Person(String),
}

fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// The expression or assignment of a statement that is nothing else.
fn bare(statement: Node<'_>) -> Node<'_> {
    let inner = if statement.kind() == "expression_statement" { values(statement) } else { Vec::new() };
    inner.first().copied().unwrap_or(statement)
}
