//! The body that a Go test's name means: of a function, a suite's method, a subtest or a table's subtests.

use super::name::{Name, is_test, rewritten, value};
use super::table::{mentions, rows};
use crate::domain::text::short;
use crate::frameworks::marking::{children, lines, visit};
use crate::frameworks::syntax::of;
use tree_sitter::Node;

/// Subtests nested deeper are not looked into.
const DEPTH_MAX: usize = 16;

/// Of a body with more subtests, the tables are not followed.
pub const RUNS_MAX: usize = 200;

/// A body that runs as a test.
#[derive(Clone, Debug)]
pub struct Scope<'tree> {
    /// The top function or method that holds it.
    pub function: Node<'tree>,
    pub body: Node<'tree>,
    /// What `Skip` is called on: `t`, `s.T()`.
    pub on: String,
    /// The whole test name as go prints it.
    pub full: String,
    /// Whether other tests run through this body too.
    pub shared: bool,
    /// Whether the names of a table's rows were found where they are given.
    pub followed: bool,
    /// Whether it is, or is in, a method of a testify suite.
    pub suite: bool,
}

/// Why there is no body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Miss {
    Absent,
    Refused(String),
}

/// One `t.Run(title, closure)`.
pub struct Run<'tree> {
    pub call: Node<'tree>,
    pub title: Node<'tree>,
    closure: Node<'tree>,
    /// The innermost loop around it.
    pub around: Option<Node<'tree>>,
}

type Found<T> = Result<T, Miss>;

fn refuse<T>(reason: impl Into<String>) -> Found<T> {
    Err(Miss::Refused(reason.into()))
}

/// The bodies from the top function down to the one that the name means.
pub fn find<'tree>(text: &str, root: Node<'tree>, name: &Name) -> Found<Vec<Scope<'tree>>> {
    let functions = functions(text, root, &name.test);
    let Some(function) = functions.first() else {
        return find_in_suite(text, root, name, None);
    };
    if functions.len() > 1 {
        return refuse(format!(
            "{} occurs more than once, on lines {}; rename one of them.",
            short(&name.test),
            lines(text, &functions)
        ));
    }
    if name.test.starts_with("Example") {
        return refuse("Examples cannot be skipped; remove the `// Output:` comment so that it is only compiled.");
    }
    let (on, body) = match (parameter(text, *function), function.child_by_field_name("body")) {
        (Some((on, _)), Some(body)) if is_name(on) => (on, body),
        (Some(_), Some(_)) => {
            return refuse("The test's parameter has no name to skip with; name it `t` first.");
        }
        _ => {
            return refuse(format!(
                "{} takes no *testing.T, so it is not a test that can be skipped.",
                short(&name.test)
            ));
        }
    };
    if let Some(kind) = suite_type(text, body, on)
        && name.rest.as_deref().is_some_and(is_test)
    {
        // A variable may hold the suite, whose type is then not known.
        let kind = Some(kind).filter(|kind| kind.chars().next().is_some_and(char::is_uppercase));
        return find_in_suite(text, root, name, kind.as_deref());
    }
    let full = name.test.clone();
    let top = Scope { function: *function, body, on: on.to_owned(), full, shared: false, followed: true, suite: false };
    descend(text, root, top, name.rest.as_deref())
}

/// A method `TestY` of the suite that the name's top function runs: `TestMySuite/TestY`.
fn find_in_suite<'tree>(
    text: &str,
    root: Node<'tree>,
    name: &Name,
    receiver: Option<&str>,
) -> Found<Vec<Scope<'tree>>> {
    let rest = name.rest.as_deref().ok_or(Miss::Absent)?;
    let (method, rest) = rest.split_once('/').map_or((rest, None), |(method, rest)| (method, Some(rest)));
    if !is_test(method) {
        return Err(Miss::Absent);
    }
    let methods = children(root).into_iter().filter(|node| {
        let named = node.child_by_field_name("name").is_some_and(|name| of(name, text) == method);
        named && node.kind() == "method_declaration" && takes_nothing(*node) && {
            let owner = self::receiver(text, *node).map(|(_, owner)| owner);
            owner.is_some_and(|owner| receiver.map_or_else(|| suits(&name.test, owner), |wanted| wanted == owner))
        }
    });
    let methods = methods.collect::<Vec<_>>();
    let Some(function) = methods.first() else {
        return Err(Miss::Absent);
    };
    if methods.len() > 1 {
        return refuse(format!("{} occurs more than once, on lines {}.", short(method), lines(text, &methods)));
    }
    let (Some((on, _)), Some(body)) = (self::receiver(text, *function), function.child_by_field_name("body")) else {
        return Err(Miss::Absent);
    };
    if !is_name(on) {
        return refuse("The method's receiver has no name to skip with; name it `s` first.");
    }
    let full = format!("{}/{method}", name.test);
    let top =
        Scope { function: *function, body, on: format!("{on}.T()"), full, shared: false, followed: true, suite: true };
    descend(text, root, top, rest)
}

/// Follows the subtests of a name.
fn descend<'tree>(text: &str, root: Node<'tree>, top: Scope<'tree>, rest: Option<&str>) -> Found<Vec<Scope<'tree>>> {
    let mut scopes = vec![top];
    let mut rest = rest;
    while let Some(wanted) = rest {
        if scopes.len() > DEPTH_MAX {
            return refuse("The subtest is nested too deeply; name an outer one.");
        }
        let scope = &scopes[scopes.len() - 1];
        let (inner, taken) = step(text, root, scope, wanted)?;
        rest = wanted[taken..].strip_prefix('/').filter(|rest| !rest.is_empty());
        scopes.push(inner);
    }
    Ok(scopes)
}

/// A subtest that the wanted name begins with.
struct Hit<'run, 'tree> {
    run: &'run Run<'tree>,
    /// How much of the wanted name is its own.
    taken: usize,
    /// Whether its rows' names were found, or only a text that may be one.
    followed: bool,
}

/// The subtest of a body whose name the wanted one begins with, and how much of the wanted one it takes.
fn step<'tree>(text: &str, root: Node<'tree>, scope: &Scope<'tree>, wanted: &str) -> Found<(Scope<'tree>, usize)> {
    let runs = runs(text, scope);
    let mut hits = literal_hits(text, &runs, wanted);
    let literal = !hits.is_empty();
    if !literal {
        hits = table_hits(text, scope, &runs, wanted);
    }
    let whole = short(&scope.full);
    let Some(longest) = hits.iter().map(|hit| hit.taken).max() else {
        return refuse(format!(
            "No subtest of {whole} has this literal name in this file; name {whole} to skip all of it."
        ));
    };
    hits.retain(|hit| hit.taken == longest);
    let [hit] = &hits[..] else {
        let calls = hits.iter().map(|hit| hit.run.call).collect::<Vec<_>>();
        return refuse(format!(
            "Several subtests of {whole} have this name, in lines {}; name {whole} to skip all of it.",
            lines(text, &calls)
        ));
    };
    let full = format!("{}/{}", scope.full, &wanted[..longest]);
    let inner = enter(text, root, scope, hit.run, full)?;
    let shared = inner.shared || scope.shared || !literal || hit.run.around.is_some();
    let followed = scope.followed && hit.followed;
    Ok((Scope { shared, followed, ..inner }, longest))
}

/// The subtests whose titles are written out in their calls.
fn literal_hits<'run, 'tree>(text: &str, runs: &'run [Run<'tree>], wanted: &str) -> Vec<Hit<'run, 'tree>> {
    let hit = |run: &'run Run<'tree>| {
        let title = rewritten(&value(of(run.title, text))?);
        begins(wanted, &[title]).map(|taken| Hit { run, taken, followed: true })
    };
    runs.iter().filter_map(hit).collect()
}

/// The tables' subtests, by the names of their rows.
fn table_hits<'run, 'tree>(
    text: &str,
    scope: &Scope<'tree>,
    runs: &'run [Run<'tree>],
    wanted: &str,
) -> Vec<Hit<'run, 'tree>> {
    let plain = |run: &&Run<'_>| matches!(run.title.kind(), "identifier" | "selector_expression");
    let tables = runs.iter().filter(|run| value(of(run.title, text)).is_none()).take(RUNS_MAX).collect::<Vec<_>>();
    let mut hits = Vec::new();
    let mut unknown = Vec::new();
    for run in tables.iter().copied().filter(plain) {
        match rows(text, scope.function, run) {
            Some(rows) => hits.extend(begins(wanted, &rows.names).map(|taken| Hit { run, taken, followed: true })),
            None => unknown.push(run),
        }
    }
    if let ([run], 1, true) = (&unknown[..], tables.len(), hits.is_empty())
        && mentions(text, scope.function, wanted)
    {
        hits.push(Hit { run, taken: wanted.len(), followed: false });
    }
    hits
}

/// How much of the wanted name one of these names takes. go numbers names that occur again: `name#01`.
fn begins(wanted: &str, names: &[String]) -> Option<usize> {
    let mut longest = None;
    for name in names.iter().filter(|name| !name.is_empty()) {
        let Some(after) = wanted.strip_prefix(name.as_str()) else { continue };
        let number = after.strip_prefix('#').map_or("", |after| after.split('/').next().unwrap_or(""));
        let again = number.len() >= 2
            && number
                .parse()
                .is_ok_and(|nth: usize| nth > 0 && names.iter().filter(|other| *other == name).count() > nth);
        let taken = name.len() + if again { number.len() + 1 } else { 0 };
        if taken == wanted.len() || wanted[taken..].starts_with('/') {
            longest = longest.max(Some(taken));
        }
    }
    longest
}

/// The body that a `t.Run` runs: of its closure, or of the function that it names.
fn enter<'tree>(
    text: &str,
    root: Node<'tree>,
    scope: &Scope<'tree>,
    run: &Run<'tree>,
    full: String,
) -> Found<Scope<'tree>> {
    let by_name = run.closure.kind() == "identifier";
    let function = if by_name {
        let named = functions(text, root, of(run.closure, text));
        let [function] = named[..] else {
            return refuse(format!(
                "The function of this subtest is not in this file; name {} instead.",
                short(&scope.full)
            ));
        };
        function
    } else {
        run.closure
    };
    let body = function.child_by_field_name("body");
    let on = match parameter(text, function) {
        Some((on, _)) if is_name(on) => Some(on.to_owned()),
        None if scope.suite && takes_nothing(function) => Some(scope.on.clone()),
        _ => None,
    };
    let (Some(body), Some(on)) = (body, on) else {
        return refuse("The subtest's parameter has no name to skip with; name it `t` first.");
    };
    let function = if by_name { function } else { scope.function };
    Ok(Scope { function, body, on, full, shared: by_name, followed: true, suite: scope.suite })
}

/// The subtests that a body starts itself, not those inside them.
pub fn runs<'tree>(text: &str, scope: &Scope<'tree>) -> Vec<Run<'tree>> {
    let mut found = Vec::new();
    let mut loops: Vec<Node<'tree>> = Vec::new();
    visit(scope.body, &mut |node| {
        while loops.last().is_some_and(|last| last.end_byte() <= node.start_byte()) {
            loops.pop();
        }
        if node.kind() == "for_statement" {
            loops.push(node);
        }
        let run = run(text, scope, node, loops.last().copied());
        let is_run = run.is_some();
        found.extend(run);
        !is_run
    });
    found
}

fn run<'tree>(text: &str, scope: &Scope<'_>, call: Node<'tree>, around: Option<Node<'tree>>) -> Option<Run<'tree>> {
    if call.kind() != "call_expression" {
        return None;
    }
    let function = call.child_by_field_name("function")?;
    let on = of(function.child_by_field_name("operand")?, text);
    let own = on == scope.on || scope.on.strip_suffix(".T()") == Some(on);
    if !own || of(function.child_by_field_name("field")?, text) != "Run" {
        return None;
    }
    let arguments = children(call.child_by_field_name("arguments")?);
    let mut arguments = arguments.into_iter().filter(|argument| argument.kind() != "comment");
    let (title, closure) = (arguments.next()?, arguments.next()?);
    Some(Run { call, title, closure, around })
}

/// The functions of this name at the top of the file.
fn functions<'tree>(text: &str, root: Node<'tree>, name: &str) -> Vec<Node<'tree>> {
    let of_name = |node: &Node<'tree>| {
        node.kind() == "function_declaration"
            && node.child_by_field_name("name").is_some_and(|given| of(given, text) == name)
    };
    children(root).into_iter().filter(of_name).collect()
}

/// The name and type of the only parameter when it is one of `testing`; the name is empty when there is none.
pub fn parameter<'a>(text: &'a str, function: Node<'_>) -> Option<(&'a str, &'a str)> {
    let parameters = children(function.child_by_field_name("parameters")?);
    let [parameter] = parameters.iter().filter(|node| node.kind() != "comment").collect::<Vec<_>>()[..] else {
        return None;
    };
    let kind = of(parameter.child_by_field_name("type")?, text);
    let name = parameter.child_by_field_name("name").map_or("", |name| of(name, text));
    let bare = kind.trim_start_matches('*').rsplit('.').next()?;
    matches!(bare, "T" | "B" | "F" | "TB").then_some((name, kind))
}

fn takes_nothing(function: Node<'_>) -> bool {
    function.child_by_field_name("parameters").is_some_and(|parameters| parameters.named_child_count() == 0)
}

/// The name and the bare type of a method's receiver.
fn receiver<'a>(text: &'a str, method: Node<'_>) -> Option<(&'a str, &'a str)> {
    let parameter = method.child_by_field_name("receiver")?.named_child(0)?;
    let name = parameter.child_by_field_name("name").map_or("", |name| of(name, text));
    let kind = of(parameter.child_by_field_name("type")?, text).trim_start_matches('*');
    Some((name, kind.split('[').next()?))
}

/// The type of the suite that a body runs with its own `t`: `suite.Run(t, new(MySuite))`, `suite.Run(t, &MySuite{…})`.
pub fn suite_type(text: &str, body: Node<'_>, on: &str) -> Option<String> {
    let mut found = None;
    visit(body, &mut |node| {
        found = found.or_else(|| suite_argument(text, node, on));
        found.is_none()
    });
    let given = of(found?, text).trim_start_matches('&');
    let given = given.strip_prefix("new(").and_then(|given| given.strip_suffix(')')).unwrap_or(given);
    let end = given.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(given.len());
    Some(given[..end].to_owned())
}

fn suite_argument<'tree>(text: &str, call: Node<'tree>, on: &str) -> Option<Node<'tree>> {
    let function = call.child_by_field_name("function").filter(|_| call.kind() == "call_expression")?;
    let arguments = children(call.child_by_field_name("arguments")?);
    let [first, second] = arguments[..] else {
        return None;
    };
    let ours = of(function.child_by_field_name("field")?, text) == "Run" && of(first, text) == on;
    ours.then_some(second)
}

/// Whether a suite's type and the function that runs it, which is in another file, belong together by their names.
fn suits(function: &str, owner: &str) -> bool {
    let core = |name: &str| {
        let name = name.to_lowercase().replace('_', "");
        name.trim_start_matches("test").trim_start_matches("run").replace("suite", "").replace("test", "")
    };
    core(function) == core(owner)
}

/// Whether something can be called on it.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name != "_"
}
