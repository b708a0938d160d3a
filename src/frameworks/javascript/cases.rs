//! The tests and groups of a file.

use std::ops::Range;

use tree_sitter::{Node, Tree};

use super::bindings::{Bindings, bare};
use super::body::{self, Body, is_function};
use super::chain::{self, Callee};
use super::options;
use super::rows;
use super::title::{self, Title};
use super::words::{Dialect, Kind, State};
use crate::frameworks::syntax;

/// Groups are not followed deeper than this.
pub const DEPTH_MAX: usize = 64;

/// How many tests a title makes, apart from what stands around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    One,
    Known(usize),
    Unknown,
}

/// A test or a group.
#[derive(Clone, Debug)]
pub struct Case {
    pub kind: Kind,
    /// As its own call or its options say it.
    pub state: State,
    /// Its options decide whether it is skipped, whatever is chained to its function.
    pub undoes_skip: bool,
    /// Empty for a group without one.
    pub title: Title,
    pub parent: Option<usize>,
    pub depth: usize,
    /// The whole call.
    pub range: Range<usize>,
    /// Counted from 1.
    pub line: usize,
    pub column: usize,
    pub rows: Rows,
    /// The function it stands in, when that is none of a group: it may be called from anywhere, and often.
    pub helper: Option<Range<usize>>,
    /// What its call begins with, such as `it`.
    pub base: Range<usize>,
    pub from: Option<String>,
    pub skip_at: usize,
    pub skip: Option<Range<usize>>,
    pub skips_in_body: bool,
    pub body: Option<Body>,
    /// The parser did not understand something in it or around it.
    pub broken: bool,
    /// The quote that its title is written with.
    pub quote: char,
}

/// What a file holds.
pub struct Cases {
    /// In the order of the source.
    pub list: Vec<Case>,
    /// The statement that skips all tests of the file.
    pub skip: Option<Range<usize>>,
    /// Whether the imports leave room for this framework.
    pub belongs: bool,
}

/// Finds the tests and groups of a parsed file.
pub fn find(dialect: &Dialect, tree: &Tree, text: &str) -> Cases {
    let root = tree.root_node();
    let bindings = Bindings::read(root, text, dialect);
    let context = body::Context { text, dialect, bindings: &bindings };
    let skip = body::of_file(root, context);
    let mut walk = Walk { context, list: Vec::new(), scopes: Vec::new() };
    let mut cursor = tree.walk();
    loop {
        walk.enter(cursor.node());
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return Cases { list: walk.list, skip, belongs: bindings.belongs_to(dialect) };
            }
        }
    }
}

/// What holds for all that stands before `end`.
#[derive(Clone, Debug, Default)]
struct Scope {
    end: usize,
    parent: Option<usize>,
    in_test: bool,
    repeats: bool,
    helper: Option<Range<usize>>,
    broken: bool,
}

struct Walk<'a> {
    context: body::Context<'a>,
    list: Vec<Case>,
    scopes: Vec<Scope>,
}

impl Walk<'_> {
    fn enter(&mut self, node: Node<'_>) {
        while self.scopes.last().is_some_and(|scope| scope.end <= node.start_byte()) {
            self.scopes.pop();
        }
        let scope = self.scopes.last().cloned().unwrap_or_default();
        let end = node.end_byte();
        match node.kind() {
            "ERROR" => self.scopes.push(Scope { end, broken: true, ..scope }),
            "for_statement" | "for_in_statement" | "while_statement" | "do_statement" => {
                self.scopes.push(Scope { end, repeats: true, ..scope });
            }
            "function_declaration" | "generator_function_declaration" | "method_definition" => {
                let name = node.child_by_field_name("name").map(|name| name.byte_range());
                self.scopes.push(Scope { end, helper: name, ..scope });
            }
            "variable_declarator" if node.child_by_field_name("value").is_some_and(is_function) => {
                let name = node.child_by_field_name("name").map(|name| name.byte_range());
                self.scopes.push(Scope { end, helper: name, ..scope });
            }
            "call_expression" => self.call(node, scope),
            _ => {}
        }
    }

    fn call(&mut self, node: Node<'_>, scope: Scope) {
        let (Some(function), Some(arguments)) =
            (node.child_by_field_name("function"), node.child_by_field_name("arguments"))
        else {
            return;
        };
        let end = node.end_byte();
        if let Some(callee) = chain::callee(function, self.context.text, self.context.dialect, self.context.bindings) {
            let depth = scope.parent.map_or(0, |parent| self.list[parent].depth + 1);
            if scope.in_test || depth > DEPTH_MAX {
                return;
            }
            if let Some(case) = self.case(node, arguments, callee, &scope, depth) {
                let in_test = case.kind == Kind::Test;
                let parent = Some(self.list.len());
                self.list.push(case);
                self.scopes.push(Scope { end, parent, in_test, repeats: false, helper: None, broken: scope.broken });
            }
        } else if calls_often(function, self.context.text) {
            self.scopes.push(Scope { end, repeats: true, ..scope });
        }
    }

    fn case(
        &self,
        node: Node<'_>,
        arguments: Node<'_>,
        callee: Callee<'_>,
        scope: &Scope,
        depth: usize,
    ) -> Option<Case> {
        let text = self.context.text;
        let given = Given::read(arguments);
        let title_node = match given.heading(&callee, self.context)? {
            Heading::Given(node) => Some(node),
            Heading::Missing => None,
        };
        let pending = given.rest.is_empty() && !given.anonymous();
        let title = title_node.map_or_else(Title::default, |title_node| {
            let table = callee.table.is_some();
            let context = title::Context {
                text,
                bindings: self.context.bindings,
                kind: callee.kind,
                repeats: scope.repeats || scope.helper.is_some(),
                table,
            };
            title::read(title_node, &context)
        });
        let rows = match callee.table {
            _ if scope.repeats => Rows::Unknown,
            Some(table) => rows::count(table, text).map_or(Rows::Unknown, Rows::Known),
            None => Rows::One,
        };
        let options = options::read(&given.rest, self.context);
        let position = node.start_position();
        let quote = title_node.and_then(|title| syntax::of(title, text).chars().next());
        Some(Case {
            kind: callee.kind,
            state: if pending { State::Skipped } else { callee.state.max(options.state) },
            undoes_skip: options.undoes_skip,
            title,
            parent: scope.parent,
            depth,
            range: node.byte_range(),
            line: position.row + 1,
            column: position.column + 1,
            rows,
            helper: scope.helper.clone(),
            base: callee.base,
            from: callee.from,
            skip_at: callee.skip_at,
            skip: callee.skip,
            skips_in_body: callee.skips_in_body,
            body: given.function.and_then(|function| body::read(function, callee.kind, self.context)),
            broken: scope.broken || callee.broken || arguments.has_error(),
            quote: if quote == Some('"') { '"' } else { '\'' },
        })
    }
}

/// What stands where a title is expected.
#[derive(Clone, Copy)]
enum Heading<'t> {
    Given(Node<'t>),
    /// A group without a title.
    Missing,
}

/// The arguments of a call, as far as a test or a group has them.
struct Given<'t> {
    first: Option<Node<'t>>,
    rest: Vec<Node<'t>>,
    /// The last function in place.
    function: Option<Node<'t>>,
}

impl<'t> Given<'t> {
    fn read(arguments: Node<'t>) -> Self {
        let mut cursor = arguments.walk();
        let given = arguments.kind() == "arguments";
        let mut list = arguments.named_children(&mut cursor).filter(|child| given && child.kind() != "comment");
        let first = list.next();
        let rest: Vec<_> = list.take(3).collect();
        let function = rest.iter().rev().chain(first.iter()).copied().find(|node| is_function(*node));
        Self { first, rest, function }
    }

    /// Only a function: a group without a title.
    fn anonymous(&self) -> bool {
        self.rest.is_empty() && self.first.is_some_and(is_function)
    }

    /// What stands for a title. None when this call makes nothing.
    fn heading(&self, callee: &Callee<'_>, context: body::Context<'_>) -> Option<Heading<'t>> {
        let first = self.first?;
        let text = context.text;
        if is_function(first) {
            let anonymous = self.rest.is_empty() && context.dialect.groups_are_members() && callee.kind == Kind::Group;
            return anonymous.then_some(Heading::Missing);
        }
        let literal = title::is_literal(first, text);
        if self.rest.is_empty() {
            let planned = callee.state == State::Skipped || context.dialect.pending_without_function();
            return (literal && planned && callee.kind == Kind::Test && !context.dialect.groups_are_members())
                .then_some(Heading::Given(first));
        }
        // `test.skip(condition, 'why')` makes no test.
        let makes = if literal {
            self.rest.iter().any(|node| may_be_function(*node))
        } else {
            self.function.is_some() && !(context.dialect.groups_are_members() && callee.state == State::Skipped)
                || callee.kind == Kind::Group && self.rest.iter().any(|node| may_be_function(*node))
        };
        makes.then_some(Heading::Given(first))
    }
}

fn may_be_function(node: Node<'_>) -> bool {
    let node = bare(node);
    is_function(node) || matches!(node.kind(), "identifier" | "call_expression" | "member_expression")
}

/// Whether a function calls what it is given again and again, as `forEach` does.
fn calls_often(function: Node<'_>, text: &str) -> bool {
    const OFTEN: [&str; 8] = ["forEach", "map", "each", "flatMap", "filter", "reduce", "times", "forOwn"];
    function
        .child_by_field_name("property")
        .or_else(|| (function.kind() == "identifier").then_some(function))
        .is_some_and(|name| OFTEN.contains(&syntax::of(name, text)))
}
