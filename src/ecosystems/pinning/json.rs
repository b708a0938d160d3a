//! JSON with the place of every value, so that a file can be edited without writing it anew.

use std::collections::HashSet;
use std::ops::Range;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    pub range: Range<usize>,
    pub kind: Kind,
}

#[derive(Clone, Debug)]
pub enum Kind {
    Object(Vec<Member>),
    Array(Vec<Node>),
    Text(String),
    /// A number, `true`, `false` or `null`: the range says which.
    Bare,
}

#[derive(Clone, Debug)]
pub struct Member {
    pub key: String,
    /// Where the key's opening quote stands.
    pub start: usize,
    pub value: Node,
}

impl Node {
    /// The member of this name.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.members().iter().find(|member| member.key == key).map(|member| &member.value)
    }

    /// Every member; none where it is not an object.
    pub fn members(&self) -> &[Member] {
        match &self.kind {
            Kind::Object(members) => members,
            _ => &[],
        }
    }

    pub fn elements(&self) -> &[Node] {
        match &self.kind {
            Kind::Array(elements) => elements,
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

    /// The text of the member of this name.
    pub fn text_of(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Node::text)
    }
}

/// Deeper nesting than this is refused.
const DEPTH_MAX: usize = 100;

/// Reads a whole text; a byte order mark is stepped over.
///
/// # Errors
/// Why it is no JSON, or that it names a key twice, where tools differ in what they take.
pub fn parse(text: &str) -> Result<Node, String> {
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    // The parser that knows the whole grammar judges; the reader below then only has to find places.
    serde_json::from_str::<serde::de::IgnoredAny>(&text[start..]).map_err(|error| error.to_string())?;
    let mut reader = Reader { text, at: start };
    reader.value(0)
}

/// A text as a JSON string, quotes included.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Result<Node, String> {
        if depth > DEPTH_MAX {
            return Err("it is nested too deeply".to_owned());
        }
        self.blanks();
        let start = self.at;
        let kind = match self.peek() {
            b'{' => self.object(depth)?,
            b'[' => self.array(depth)?,
            b'"' => Kind::Text(self.string()?),
            _ => self.bare(),
        };
        Ok(Node { range: start..self.at, kind })
    }

    fn object(&mut self, depth: usize) -> Result<Kind, String> {
        let mut members = Vec::new();
        let mut keys = HashSet::new();
        self.at += 1;
        loop {
            self.blanks();
            match self.peek() {
                b'"' => {}
                b',' => {
                    self.at += 1;
                    continue;
                }
                _ => break,
            }
            let start = self.at;
            let key = self.string()?;
            if !keys.insert(key.clone()) {
                return Err("it has a duplicate key in an object".to_owned());
            }
            self.blanks();
            self.at += 1;
            let value = self.value(depth + 1)?;
            members.push(Member { key, start, value });
        }
        self.close()?;
        Ok(Kind::Object(members))
    }

    fn array(&mut self, depth: usize) -> Result<Kind, String> {
        let mut elements = Vec::new();
        self.at += 1;
        loop {
            self.blanks();
            match self.peek() {
                b']' | 0 => break,
                b',' => self.at += 1,
                _ => elements.push(self.value(depth + 1)?),
            }
        }
        self.close()?;
        Ok(Kind::Array(elements))
    }

    fn close(&mut self) -> Result<(), String> {
        if self.at >= self.text.len() {
            return Err("it ends too early".to_owned());
        }
        self.at += 1;
        Ok(())
    }

    fn string(&mut self) -> Result<String, String> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        self.at += 1;
        let mut escapes = false;
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b'\\' => {
                    escapes = true;
                    self.at += 1;
                }
                b'"' => break,
                _ => {}
            }
            self.at += 1;
        }
        self.close()?;
        let raw = &self.text[start..self.at];
        if escapes {
            return serde_json::from_str(raw).map_err(|error| error.to_string());
        }
        Ok(raw[1..raw.len() - 1].to_owned())
    }

    fn bare(&mut self) -> Kind {
        let rest = &self.text[self.at..];
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c)).unwrap_or(rest.len());
        // A step at least: what is valid never needs it, and nothing loops.
        self.at += length.max(1);
        Kind::Bare
    }

    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
    }
}
