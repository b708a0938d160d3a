//! The data sets of a test method, as far as they are written out in its class.

use tree_sitter::Node;

use super::classes::{self, Class, Method};
use crate::frameworks::finder::named;
use crate::frameworks::syntax;

/// The data sets of a method.
pub enum Rows {
    /// It takes none.
    None,
    /// They come from elsewhere, or are computed.
    Unknown,
    Known(Vec<Key>),
}

/// What a data set is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// Its place among the sets without a text, from 0, as `PHPUnit` counts.
    Index(usize),
    /// The text, and the literal that gives it.
    Named(String, String),
    /// Known only when the tests run.
    Open,
}

impl Key {
    /// Whether a printed name, perhaps with arguments after it, is that of this data set.
    pub fn is(&self, set: &str) -> bool {
        let printed = match self {
            Self::Index(index) => format!("#{index}"),
            Self::Named(text, _) => format!("\"{text}\""),
            Self::Open => return false,
        };
        set.strip_prefix(&printed).is_some_and(|rest| rest.is_empty() || rest.starts_with(" ("))
    }

    /// The expression that `dataName()` equals in this data set.
    pub fn literal(&self) -> String {
        match self {
            Self::Index(index) => index.to_string(),
            Self::Named(_, literal) => literal.clone(),
            Self::Open => "null".to_owned(),
        }
    }
}

/// A key as it is written, before the sets without a text are counted.
enum Written {
    Number,
    Named(String, String),
    Open,
}

/// The data sets of a method by its attributes and its doc comment.
pub fn rows(class: &Class<'_>, method: &Method<'_>, text: &str) -> Rows {
    let attributes = classes::attributes(method.node, text);
    let mut providers: Vec<Option<&str>> = classes::tags(method.doc, "@dataProvider").into_iter().map(Some).collect();
    let mut given = Vec::new();
    for (name, arguments) in &attributes {
        match *name {
            "DataProvider" => providers.push(arguments.and_then(|arguments| provider(arguments, text))),
            "DataProviderExternal" | "TestWithJson" => providers.push(None),
            "TestWith" => given.push(arguments.map_or(Written::Open, |arguments| given_key(arguments, text))),
            _ => {}
        }
    }
    if !classes::tags(method.doc, "@testWith").is_empty() || (!given.is_empty() && !providers.is_empty()) {
        return Rows::Unknown;
    }
    if !given.is_empty() {
        return Rows::Known(counted(given));
    }
    if providers.is_empty() {
        return Rows::None;
    }
    let mut all = Vec::new();
    for provider in providers {
        let body = provider.and_then(|name| class.method(name.trim_end_matches("()"))).and_then(|method| method.body);
        let Some(keys) = body.and_then(|body| written(body, text)) else { return Rows::Unknown };
        all.extend(keys);
    }
    Rows::Known(counted(all))
}

/// The method that `DataProvider('rows')` names.
fn provider<'t>(arguments: Node<'_>, text: &'t str) -> Option<&'t str> {
    let first = *named(arguments).first()?;
    let value = *named(first).last()?;
    matches!(value.kind(), "string" | "encapsed_string").then(|| syntax::of(value, text).trim_matches(['\'', '"']))
}

/// The key of `TestWith([1, 2], 'name')`.
fn given_key(arguments: Node<'_>, text: &str) -> Written {
    match named(arguments)[..] {
        [_] => Written::Number,
        [_, name] => named(name).last().map_or(Written::Open, |value| key(*value, true, text)),
        _ => Written::Open,
    }
}

/// The keys of a provider that returns one array or yields its data sets one by one.
fn written(body: Node<'_>, text: &str) -> Option<Vec<Written>> {
    let statements = named(body);
    if let [only] = statements[..]
        && only.kind() == "return_statement"
    {
        let array = named(only).into_iter().next().filter(|array| array.kind() == "array_creation_expression")?;
        return named(array).into_iter().map(|element| element_key(element, false, text)).collect();
    }
    let yielded = |statement: Node<'_>| {
        let value = named(statement).into_iter().next().filter(|value| value.kind() == "yield_expression")?;
        let element = named(value).into_iter().next()?;
        element_key(element, true, text)
    };
    statements.into_iter().map(yielded).collect()
}

/// The key of an element; None for one that may be several, such as `...$more`.
fn element_key(element: Node<'_>, yielded: bool, text: &str) -> Option<Written> {
    if element.kind() != "array_element_initializer" {
        return None;
    }
    match named(element)[..] {
        [value] if value.kind() == "variadic_unpacking" => None,
        [_] => Some(Written::Number),
        [first, _] => Some(key(first, yielded, text)),
        _ => None,
    }
}

fn key(node: Node<'_>, yielded: bool, text: &str) -> Written {
    let literal = syntax::of(node, text);
    let contents = named(node);
    let known = match node.kind() {
        "integer" => return Written::Number,
        "string" => {
            literal.get(1..literal.len().saturating_sub(1)).map(|text| text.replace("\\'", "'").replace("\\\\", "\\"))
        }
        "encapsed_string" if contents.is_empty() => Some(String::new()),
        "encapsed_string" => match contents[..] {
            [only] if only.kind() == "string_content" => Some(syntax::of(only, text).to_owned()),
            _ => None,
        },
        _ => None,
    };
    match known {
        // PHP makes whole numbers of such keys in an array.
        Some(text) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => {
            if yielded {
                Written::Open
            } else {
                Written::Number
            }
        }
        Some(text) if !text.contains(['\n', '\r']) => Written::Named(text, literal.to_owned()),
        _ => Written::Open,
    }
}

/// Counts the keys without a text; after one that is open, the count is not known.
fn counted(keys: Vec<Written>) -> Vec<Key> {
    let mut count = Some(0);
    let mut out = Vec::new();
    for key in keys {
        out.push(match (key, count) {
            (Written::Named(text, literal), _) => Key::Named(text, literal),
            (Written::Number, Some(index)) => {
                count = Some(index + 1);
                Key::Index(index)
            }
            (Written::Number | Written::Open, _) => {
                count = None;
                Key::Open
            }
        });
    }
    out
}
