//! The groups and examples of a spec file, in the order of the file, parents before their children.

use std::rc::Rc;

use tree_sitter::{Node, Tree};

use super::skip;
use super::titles::{self, Title};
use crate::frameworks::finder::{child, line, named};
use crate::frameworks::syntax;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Example,
    Group,
    /// `shared_examples "…" do`
    Shared,
    /// `it_behaves_like "…"`, `include_examples "…"`
    Behaves,
    /// A block of another method, perhaps an alias of `describe`.
    Other,
}

/// Why the same source makes several tests, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    Loop,
    Shared,
}

pub struct Item<'t> {
    pub kind: Kind,
    pub node: Node<'t>,
    /// The method that is called, such as `it`.
    pub method: &'t str,
    pub parent: Option<usize>,
    pub titles: Vec<Title>,
    /// The modules around it with `::` after each, empty where there are none.
    pub modules: Rc<str>,
    pub why: Option<Why>,
    /// Whether its title, or that of a group around it, is known only when the tests run.
    pub open_title: bool,
    /// From 1.
    pub line: usize,
    pub last_line: usize,
    /// What of its own skips it.
    pub skip: Option<String>,
    /// Its place among its siblings from 1, as `RSpec`'s ids count; None where that depends on what is run.
    pub index: Option<usize>,
}

/// Longer names of modules are left out, in bytes.
const MODULES_MAX: usize = 200;

/// What holds for all nodes within another.
#[derive(Clone)]
struct Within {
    parent: Option<usize>,
    why: Option<Why>,
    modules: Rc<str>,
    /// It depends on what is run how often items within are defined.
    unsure: bool,
}

/// How many children an item has so far, and whether that is sure.
#[derive(Clone, Copy, Default)]
struct Count {
    children: usize,
    unsure: bool,
}

struct Walk<'t> {
    text: &'t str,
    items: Vec<Item<'t>>,
    /// The first is that of the file itself, and those of the items follow.
    counts: Vec<Count>,
    open: Vec<(Node<'t>, Within)>,
}

/// All groups and examples of a file.
pub fn collect<'t>(tree: &'t Tree, text: &'t str) -> Vec<Item<'t>> {
    let within = Within { parent: None, why: None, modules: Rc::from(""), unsure: false };
    let mut walk =
        Walk { text, items: Vec::new(), counts: vec![Count::default()], open: vec![(tree.root_node(), within)] };
    while let Some((node, within)) = walk.open.pop() {
        walk.visit(node, within);
    }
    walk.items
}

impl<'t> Walk<'t> {
    fn visit(&mut self, node: Node<'t>, within: Within) {
        match node.kind() {
            "call" => self.call(node, within),
            // An example without anything, or a variable of that name.
            "identifier" if matches!(syntax::of(node, self.text), "it" | "specify" | "example") => {
                self.unsure(within.parent);
            }
            "module" | "class" => self.module(node, within),
            "method" | "singleton_method" | "for" | "while" | "until" | "while_modifier" | "until_modifier" => {
                self.descend(node, &Within { why: within.why.or(Some(Why::Loop)), unsure: true, ..within });
            }
            "if" | "unless" | "case" | "if_modifier" | "unless_modifier" | "conditional" => {
                self.descend(node, &Within { unsure: true, ..within });
            }
            // What looks like a test there may be a piece of something else.
            "ERROR" => self.unsure(within.parent),
            "string" | "heredoc_body" | "comment" => {}
            _ => self.descend(node, &within),
        }
    }

    fn descend(&mut self, node: Node<'t>, within: &Within) {
        self.open.extend(named(node).into_iter().rev().map(|child| (child, within.clone())));
    }

    fn module(&mut self, node: Node<'t>, within: Within) {
        let name = node.child_by_field_name("name").map_or("", |name| syntax::of(name, self.text));
        let joined = format!("{}{name}::", within.modules);
        let modules = if joined.len() > MODULES_MAX { within.modules } else { Rc::from(joined) };
        self.descend(node, &Within { modules, ..within });
    }

    fn call(&mut self, node: Node<'t>, within: Within) {
        let method = node.child_by_field_name("method").map_or("", |name| syntax::of(name, self.text));
        let receiver = node.child_by_field_name("receiver").map(|receiver| syntax::of(receiver, self.text));
        let block = node.child_by_field_name("block");
        let of_rspec = matches!(receiver, None | Some("RSpec" | "::RSpec"));
        match class(method) {
            Some(Kind::Group) if of_rspec && block.is_some() => self.group(node, method, Kind::Group, within),
            Some(Kind::Shared) if of_rspec => {
                let within = Within { why: Some(Why::Shared), ..within };
                self.group(node, method, Kind::Shared, within);
            }
            Some(Kind::Behaves) if receiver.is_none() => {
                if method.starts_with("include_") {
                    self.unsure(within.parent);
                }
                if method != "include_context" {
                    self.add(node, method, Kind::Behaves, &within);
                }
            }
            Some(Kind::Example) if receiver.is_none() => {
                let bare = block.is_none() && matches!(method, "skip" | "pending") && within.why.is_some();
                if !bare {
                    self.add(node, method, Kind::Example, &within);
                }
            }
            _ if receiver.is_none() && hook(method) => self.hook(node, method, within.parent),
            _ => self.other(node, method, receiver.is_some(), within),
        }
    }

    fn group(&mut self, node: Node<'t>, method: &'t str, kind: Kind, within: Within) {
        let item = self.add(node, method, kind, &within);
        if let Some(block) = node.child_by_field_name("block") {
            self.descend(block, &Within { parent: Some(item), unsure: false, ..within });
        }
    }

    /// Any other call: a loop, something around groups and examples, or a helper that may define some.
    fn other(&mut self, node: Node<'t>, method: &'t str, received: bool, within: Within) {
        let Some(block) = node.child_by_field_name("block") else {
            if !received && within.parent.is_some() && !harmless(method) {
                self.unsure(within.parent);
            }
            self.descend(node, &within);
            return;
        };
        let within = Within { unsure: true, ..within };
        if looping(method) {
            self.descend(block, &Within { why: within.why.or(Some(Why::Loop)), ..within });
        } else if received || node.child_by_field_name("arguments").is_none() {
            self.descend(block, &within);
        } else {
            self.group(node, method, Kind::Other, within);
        }
    }

    /// A `before` that begins with `skip` skips its group.
    fn hook(&mut self, node: Node<'t>, method: &str, parent: Option<usize>) {
        if let Some(group) = parent
            && method == "before"
            && self.items[group].skip.is_none()
        {
            self.items[group].skip = skip::by_body(node, self.text);
        }
    }

    fn add(&mut self, node: Node<'t>, method: &'t str, kind: Kind, within: &Within) -> usize {
        let index = if kind == Kind::Shared || kind == Kind::Other { None } else { self.step(within) };
        let titles = describing(node, kind, method, self.text);
        let open_title = titles.iter().any(Title::open) || within.parent.is_some_and(|at| self.items[at].open_title);
        let skip = skip::own(node, method, kind, self.text);
        self.items.push(Item {
            kind,
            node,
            method,
            parent: within.parent,
            titles,
            modules: within.modules.clone(),
            why: within.why,
            open_title: open_title && kind != Kind::Other,
            line: line(node),
            last_line: node.end_position().row + 1,
            skip,
            index,
        });
        self.counts.push(Count::default());
        self.items.len() - 1
    }

    /// Counts one more child; its place, if that is sure.
    fn step(&mut self, within: &Within) -> Option<usize> {
        let count = &mut self.counts[within.parent.map_or(0, |at| at + 1)];
        count.unsure |= within.unsure;
        count.children += 1;
        (!count.unsure).then_some(count.children)
    }

    fn unsure(&mut self, parent: Option<usize>) {
        self.counts[parent.map_or(0, |at| at + 1)].unsure = true;
    }
}

/// What a method of `RSpec` defines.
fn class(method: &str) -> Option<Kind> {
    Some(match method {
        "describe" | "context" | "feature" | "example_group" | "xdescribe" | "xcontext" | "xfeature" | "fdescribe"
        | "fcontext" | "ffeature" => Kind::Group,
        "it" | "specify" | "example" | "scenario" | "its" | "xit" | "xspecify" | "xexample" | "xscenario" | "fit"
        | "fspecify" | "fexample" | "fscenario" | "focus" | "pending" | "skip" => Kind::Example,
        "shared_examples" | "shared_examples_for" | "shared_context" => Kind::Shared,
        "it_behaves_like" | "it_should_behave_like" | "include_examples" | "include_context" => Kind::Behaves,
        _ => return None,
    })
}

/// Whether a method takes a block in which no examples are defined.
fn hook(method: &str) -> bool {
    matches!(
        method,
        "before"
            | "after"
            | "around"
            | "prepend_before"
            | "append_before"
            | "prepend_after"
            | "append_after"
            | "let"
            | "let!"
            | "subject"
            | "subject!"
            | "given"
            | "given!"
            | "background"
    )
}

/// Whether a method of a group's body surely defines no examples.
fn harmless(method: &str) -> bool {
    hook(method)
        || matches!(
            method,
            "include"
                | "extend"
                | "prepend"
                | "require"
                | "require_relative"
                | "attr_reader"
                | "attr_accessor"
                | "private"
                | "puts"
                | "raise"
                | "using"
                | "fixtures"
        )
}

/// Whether a method runs its block several times.
fn looping(method: &str) -> bool {
    method.starts_with("each")
        || matches!(
            method,
            "times"
                | "map"
                | "flat_map"
                | "upto"
                | "downto"
                | "step"
                | "cycle"
                | "loop"
                | "combination"
                | "permutation"
                | "reverse_each"
                | "product"
                | "zip"
                | "define_method"
                | "define_singleton_method"
                | "where"
                | "with_them"
        )
}

/// The arguments of a call that describe it.
fn describing(node: Node<'_>, kind: Kind, method: &str, text: &str) -> Vec<Title> {
    let arguments = arguments(node);
    let Some((first, rest)) = arguments.split_first() else { return Vec::new() };
    if described_by_metadata(*first) || method == "its" {
        return Vec::new();
    }
    let mut titles = vec![titles::title(*first, text)];
    if kind == Kind::Group {
        let metadata = |node: &&Node<'_>| described_by_metadata(**node) || node.kind() == "simple_symbol";
        let trailing = rest.iter().rev().take_while(metadata).count();
        titles.extend(rest[..rest.len() - trailing].iter().map(|node| titles::title(*node, text)));
    }
    titles
}

fn described_by_metadata(node: Node<'_>) -> bool {
    matches!(node.kind(), "pair" | "hash" | "block_argument" | "hash_splat_argument" | "splat_argument")
}

/// The arguments of a call, without comments.
pub fn arguments(node: Node<'_>) -> Vec<Node<'_>> {
    child(node, "argument_list").map(named).unwrap_or_default()
}
