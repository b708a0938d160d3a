//! Whether a name that an import of ours binds is needed by anybody else.

use tree_sitter::{Node, TreeCursor};

use super::imports::of_import;
use super::place::OURS;
use crate::frameworks::syntax::{next_line, of};

/// A function or the module: what is bound there holds for what stands in it.
struct Scope {
    around: usize,
    binds: bool,
}

struct Walk<'t> {
    text: &'t str,
    name: &'t str,
    scopes: Vec<Scope>,
    /// The scopes in which the name is used.
    uses: Vec<usize>,
    /// The scopes of the nodes on the way down.
    path: Vec<usize>,
}

/// Whether an import statement is `import name  # ci-rescue`.
pub fn is_ours(import: Node<'_>, text: &str, name: &str) -> bool {
    let behind = &text[import.end_byte()..next_line(text, import.end_byte())];
    import.kind() == "import_statement" && of(import, text) == format!("import {name}") && behind.trim() == OURS
}

/// Whether some code uses the name where only our import binds it.
pub fn needed(root: Node<'_>, text: &str, name: &str) -> bool {
    let scopes = vec![Scope { around: 0, binds: false }];
    let mut walk = Walk { text, name, scopes, uses: Vec::new(), path: vec![0] };
    walk.run(&mut root.walk());
    // A scope is entered after the one around it, so one pass is enough.
    for index in 1..walk.scopes.len() {
        let around = walk.scopes[walk.scopes[index].around].binds;
        walk.scopes[index].binds |= around;
    }
    walk.uses.iter().any(|scope| !walk.scopes[*scope].binds)
}

impl<'t> Walk<'t> {
    fn run(&mut self, cursor: &mut TreeCursor<'t>) {
        loop {
            let down = self.enter(cursor.node(), cursor.field_name()) && cursor.goto_first_child();
            if down {
                continue;
            }
            self.path.pop();
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return;
                }
                self.path.pop();
            }
        }
    }

    /// Notes a node, and says whether to look into it.
    fn enter(&mut self, node: Node<'t>, field: Option<&str>) -> bool {
        let scope = self.path.last().copied().unwrap_or(0);
        let mut inner = scope;
        match node.kind() {
            "function_definition" | "lambda" => {
                inner = self.scopes.len();
                self.scopes.push(Scope { around: scope, binds: false });
            }
            "import_statement" | "import_from_statement" => {
                let binds = of_import(node, self.text).iter().any(|(name, _)| name == self.name);
                self.scopes[scope].binds |= binds && !is_ours(node, self.text, self.name);
                self.path.push(scope);
                return false;
            }
            "identifier" if of(node, self.text) == self.name => match field {
                Some("left") => self.scopes[scope].binds = true,
                // The name of an argument is none of the caller's.
                Some("attribute" | "name") => {}
                _ => self.uses.push(scope),
            },
            _ => {}
        }
        self.path.push(inner);
        true
    }
}
