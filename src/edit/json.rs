//! JSON, and JSON5 as bots' configurations have it, with the place of every value: objects and arrays are lists of items,
//! each with its comma. What is put in and taken out again by [`layout`] leaves the bytes that were there.
//!
//! Why no crate reads it: `jsonc-parser` has most of JSON5 but not all, and the trees that keep formatting lay out anew
//! what they insert into, so that a pin could not be taken back to the byte.

pub mod layout;

use std::collections::HashSet;
use std::ops::Range;

use serde_json::Value;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    pub range: Range<usize>,
    pub kind: Kind,
}

#[derive(Clone, Debug)]
pub enum Kind {
    Object(Vec<Item>),
    Array(Vec<Item>),
    Text(String),
    /// A number, `true`, `false`, `null`, …: the range says which.
    Bare,
}

/// A member of an object, or an element of an array.
#[derive(Clone, Debug)]
pub struct Item {
    /// Empty for elements.
    pub key: String,
    /// Where the key, or the element, begins.
    pub start: usize,
    pub value: Node,
    /// Where the comma after it stands.
    pub comma: Option<usize>,
}

impl Item {
    pub fn end(&self) -> usize {
        self.value.range.end
    }
}

impl Node {
    /// The member of this name.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.kind {
            Kind::Object(items) => items.iter().find(|item| item.key == key).map(|item| &item.value),
            _ => None,
        }
    }

    /// The text of the member of this name.
    pub fn text_of(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Node::text)
    }

    /// Every member; none where it is not an object.
    pub fn members(&self) -> &[Item] {
        if self.is_object() { self.items() } else { &[] }
    }

    /// Members or elements.
    pub fn items(&self) -> &[Item] {
        match &self.kind {
            Kind::Object(items) | Kind::Array(items) => items,
            _ => &[],
        }
    }

    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn is_object(&self) -> bool {
        matches!(self.kind, Kind::Object(_))
    }

    pub fn is_array(&self) -> bool {
        matches!(self.kind, Kind::Array(_))
    }

    /// The texts among an array's elements, or the text itself.
    pub fn texts(&self) -> Vec<&str> {
        match &self.kind {
            Kind::Text(text) => vec![text],
            _ => self.items().iter().filter_map(|item| item.value.text()).collect(),
        }
    }

    /// Whether it is this bare word in `text`.
    pub fn is_bare(&self, text: &str, word: &str) -> bool {
        matches!(self.kind, Kind::Bare) && text.get(self.range.clone()) == Some(word)
    }

    /// What it means, to be compared; bare words keep their spelling.
    pub fn meaning(&self, text: &str) -> Value {
        match &self.kind {
            Kind::Text(value) => Value::from(format!("text {value}")),
            Kind::Bare => Value::from(format!("bare {}", text.get(self.range.clone()).unwrap_or_default())),
            Kind::Array(items) => items.iter().map(|item| item.value.meaning(text)).collect(),
            Kind::Object(items) => items.iter().map(|item| (item.key.clone(), item.value.meaning(text))).collect(),
        }
    }
}

/// Deeper nesting than this is refused.
const DEPTH_MAX: usize = 100;

/// Reads a whole text as JSON; a byte order mark is stepped over.
///
/// # Errors
/// Why it is no JSON, or that it names a key twice, where tools differ in what they take.
pub fn parse(text: &str) -> Result<Node, String> {
    // The parser that knows the whole grammar judges; the reader below then only has to find places.
    let judged = serde_json::from_str::<serde::de::IgnoredAny>(&text[super::lines::start(text)..]);
    judged.map_err(|error| error.to_string())?;
    parse5(text).map_err(str::to_owned)
}

/// A text as a JSON string, quotes included.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Reads a whole text as JSON5.
///
/// # Errors
/// Why it is no JSON5, or that it names a key twice.
pub fn parse5(text: &str) -> Result<Node, &'static str> {
    let mut reader = Reader { text, at: 0 };
    let root = reader.value(0)?;
    reader.blanks()?;
    if reader.at < text.len() { Err("there is text after its end") } else { Ok(root) }
}

/// Where a comment that begins at `at` ends, if one does; a line comment ends before its line end.
pub fn comment_end(text: &str, at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    if rest.starts_with("//") {
        let length = rest.find(['\n', '\r', '\u{2028}', '\u{2029}']).unwrap_or(rest.len());
        return Some(at + length);
    }
    let inner = rest.strip_prefix("/*")?;
    inner.find("*/").map(|length| at + length + 4)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    fn step(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn blanks(&mut self) -> Result<(), &'static str> {
        while let Some(c) = self.peek() {
            if c == '/' {
                self.at = comment_end(self.text, self.at).ok_or("a comment has no end")?;
            } else if c.is_whitespace() || c == '\u{feff}' {
                self.at += c.len_utf8();
            } else {
                break;
            }
        }
        Ok(())
    }

    fn value(&mut self, depth: usize) -> Result<Node, &'static str> {
        if depth > DEPTH_MAX {
            return Err("it is nested too deeply");
        }
        self.blanks()?;
        let start = self.at;
        let kind = match self.peek().ok_or("it ends too early")? {
            '{' => Kind::Object(self.items(depth, '}')?),
            '[' => Kind::Array(self.items(depth, ']')?),
            '"' | '\'' => Kind::Text(self.string()?),
            _ => self.bare()?,
        };
        Ok(Node { range: start..self.at, kind })
    }

    fn items(&mut self, depth: usize, close: char) -> Result<Vec<Item>, &'static str> {
        let mut items: Vec<Item> = Vec::new();
        let mut keys = HashSet::new();
        self.step();
        loop {
            self.blanks()?;
            if self.peek() == Some(close) {
                self.step();
                return Ok(items);
            }
            if items.last().is_some_and(|item| item.comma.is_none()) {
                return Err("a comma is missing");
            }
            let start = self.at;
            let key = if close == '}' { self.key()? } else { String::new() };
            if close == '}' && !keys.insert(key.clone()) {
                return Err("it has a duplicate key in an object");
            }
            let value = self.value(depth + 1)?;
            self.blanks()?;
            let comma = (self.peek() == Some(',')).then_some(self.at);
            self.at += usize::from(comma.is_some());
            items.push(Item { key, start, value, comma });
        }
    }

    /// A member's name, and the colon after it.
    fn key(&mut self) -> Result<String, &'static str> {
        let key = match self.peek().ok_or("it ends too early")? {
            '"' | '\'' => self.string()?,
            c if c.is_alphabetic() || matches!(c, '$' | '_') => self.word(),
            _ => return Err("a member has no name"),
        };
        self.blanks()?;
        if self.step() == Some(':') { Ok(key) } else { Err("a member has no colon") }
    }

    fn word(&mut self) -> String {
        let rest = &self.text[self.at..];
        let part = |c: char| c.is_alphanumeric() || matches!(c, '$' | '_' | '\u{200c}' | '\u{200d}');
        let word = &rest[..rest.find(|c| !part(c)).unwrap_or(rest.len())];
        self.at += word.len();
        word.to_owned()
    }

    fn bare(&mut self) -> Result<Kind, &'static str> {
        let rest = &self.text[self.at..];
        let part = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
        let word = &rest[..rest.find(|c| !part(c)).unwrap_or(rest.len())];
        self.at += word.len();
        if matches!(word, "true" | "false" | "null") || is_number(word) {
            Ok(Kind::Bare)
        } else {
            Err("a value is invalid")
        }
    }

    fn string(&mut self) -> Result<String, &'static str> {
        let quote = self.step();
        let mut value = String::new();
        loop {
            match self.step().ok_or("a string has no end")? {
                c if Some(c) == quote => return Ok(value),
                '\n' | '\r' => return Err("a string has no end"),
                '\\' => self.escape(&mut value)?,
                c => value.push(c),
            }
        }
    }

    fn escape(&mut self, value: &mut String) -> Result<(), &'static str> {
        let c = match self.step().ok_or("a string has no end")? {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            '0' if !self.peek().is_some_and(|c| c.is_ascii_digit()) => '\0',
            '0'..='9' => return Err("a string has an invalid escape"),
            'x' => character(self.unit(2)?),
            'u' => self.utf16()?,
            '\r' => {
                self.at += usize::from(self.peek() == Some('\n'));
                return Ok(());
            }
            '\n' | '\u{2028}' | '\u{2029}' => return Ok(()),
            c => c,
        };
        value.push(c);
        Ok(())
    }

    /// A character in one or two units of UTF-16; half of a pair becomes a mark of its own.
    fn utf16(&mut self) -> Result<char, &'static str> {
        let first = self.unit(4)?;
        let at = self.at;
        if (0xd800..0xdc00).contains(&first) && self.text[at..].starts_with("\\u") {
            self.at += 2;
            let second = self.unit(4)?;
            if (0xdc00..0xe000).contains(&second) {
                return Ok(character(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)));
            }
            self.at = at;
        }
        Ok(character(first))
    }

    fn unit(&mut self, digits: usize) -> Result<u32, &'static str> {
        let hex = self.text.get(self.at..self.at + digits).filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
        let number = hex.and_then(|hex| u32::from_str_radix(hex, 16).ok()).ok_or("a string has an invalid escape")?;
        self.at += digits;
        Ok(number)
    }
}

fn character(number: u32) -> char {
    char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn is_number(word: &str) -> bool {
    let word = word.strip_prefix(['+', '-']).unwrap_or(word);
    if matches!(word, "Infinity" | "NaN") {
        return true;
    }
    if let Some(hex) = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        return !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit());
    }
    let leads = word.len() > 1 && word.starts_with('0') && word.as_bytes()[1].is_ascii_digit();
    let begins = word.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    begins && !leads && word.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn takes_json5_and_nothing_else() {
        for good in [
            "{}",
            "\u{feff}[1, -2.5e3, +.5, 0x1F, Infinity, null,]",
            "{a: 'it\\'s', \"b\": \"\\u00e9\\x41\\\n\", $c_1: [], /* x */ d: {} // y\n}",
            " // only\n true",
        ] {
            assert!(parse5(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "{",
            "[1 2]",
            "[,]",
            "{a}",
            "{a:}",
            "{a:1,,}",
            "{1:2}",
            "'a\nb'",
            "\"\\u12g4\"",
            "01",
            "tru",
            "[] []",
            "/* x",
            "{a:1, 'a':2}",
            "\"\\1\"",
            "- 1",
            "+",
            "nul\u{0}",
            "inf",
            "1__0",
        ] {
            assert!(parse5(bad).is_err(), "{bad}");
        }
        assert!(parse5(&"[".repeat(5000)).is_err());
        for bad in ["{a: 1}", "[1,]", "'x'", "// x\n{}", "+1"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn knows_places() {
        let text = "{a: [ 'x' , {b: 1} ,], 'c': true}";
        let root = parse5(text).unwrap();
        let list = root.get("a").unwrap();
        assert_eq!(&text[list.range.clone()], "[ 'x' , {b: 1} ,]");
        let commas: Vec<_> = list.items().iter().map(|item| item.comma.unwrap()).collect();
        assert!(commas.iter().all(|at| text.as_bytes()[*at] == b','));
        assert!(root.get("c").unwrap().is_bare(text, "true"));
    }

    proptest! {
        #[test]
        fn never_panics(text in "[\\[\\]{}:,'\"a1./* \\\\u\n\u{e9}-]{0,60}") {
            let _ = parse5(&text);
        }

        #[test]
        fn takes_all_json(numbers in proptest::collection::vec(any::<f64>(), 0..5), text in any::<String>()) {
            let value = serde_json::json!({ "a": numbers, "b": [text, null, true], "": {} });
            for written in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
                let root = parse(&written).unwrap();
                let read = root.get("b").and_then(|list| list.items()[0].value.text());
                prop_assert_eq!(read, value["b"][0].as_str());
            }
        }
    }
}
