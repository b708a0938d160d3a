//! A reader of JSON that keeps byte positions. Bounded depth, linear time.

use std::ops::Range;

const DEPTH_MAX: usize = 100;

#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub(crate) range: Range<usize>,
    /// The members of an object, in their order.
    pub(crate) members: Vec<(String, Value)>,
    /// The content, when it is a string.
    pub(crate) string: Option<String>,
}

impl Value {
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.members.iter().find(|(own, _)| own == key).map(|(_, value)| value)
    }

    /// A string member.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.get(key)?.string.as_deref()
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

/// Reads a document, or says what is wrong with it, as the end of a sentence.
pub(crate) fn read(text: &str) -> Result<Value, &'static str> {
    let mut reader = Reader { text, at: if text.starts_with('\u{feff}') { 3 } else { 0 } };
    let value = reader.value(0)?;
    reader.blanks();
    if reader.at == text.len() { Ok(value) } else { Err("there is text after its end") }
}

impl Reader<'_> {
    fn blanks(&mut self) {
        let rest = &self.text[self.at..];
        self.at = self.text.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
    }

    fn peek(&mut self) -> u8 {
        self.blanks();
        self.text.as_bytes().get(self.at).copied().unwrap_or_default()
    }

    fn value(&mut self, depth: usize) -> Result<Value, &'static str> {
        if depth > DEPTH_MAX {
            return Err("it is nested too deeply");
        }
        let first = self.peek();
        let start = self.at;
        let (members, string) = match first {
            b'{' => (self.object(depth)?, None),
            b'[' => {
                self.array(depth)?;
                (Vec::new(), None)
            }
            b'"' => (Vec::new(), Some(self.string()?)),
            _ => {
                let rest = &self.text[self.at..];
                let length =
                    rest.find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c))).unwrap_or(rest.len());
                self.at += length;
                let word = &rest[..length];
                let known = matches!(word, "true" | "false" | "null") || word.parse::<f64>().is_ok();
                if !known {
                    return Err("a value is missing or not JSON");
                }
                (Vec::new(), None)
            }
        };
        Ok(Value { range: start..self.at, members, string })
    }

    fn object(&mut self, depth: usize) -> Result<Vec<(String, Value)>, &'static str> {
        self.at += 1;
        let mut members = Vec::new();
        while self.peek() != b'}' {
            let key = if self.peek() == b'"' { self.string()? } else { return Err("a key is missing") };
            if self.peek() != b':' {
                return Err("a key has no value");
            }
            self.at += 1;
            members.push((key, self.value(depth + 1)?));
            self.comma(b'}')?;
        }
        self.at += 1;
        Ok(members)
    }

    fn array(&mut self, depth: usize) -> Result<(), &'static str> {
        self.at += 1;
        while self.peek() != b']' {
            self.value(depth + 1)?;
            self.comma(b']')?;
        }
        self.at += 1;
        Ok(())
    }

    fn comma(&mut self, end: u8) -> Result<(), &'static str> {
        match self.peek() {
            b',' => {
                self.at += 1;
                if self.peek() == end { Err("a comma has nothing after it") } else { Ok(()) }
            }
            byte if byte == end => Ok(()),
            _ => Err("a comma or a closing bracket is missing"),
        }
    }

    fn string(&mut self) -> Result<String, &'static str> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let mut at = start + 1;
        loop {
            match bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => at += 2,
                Some(_) => at += 1,
                None => return Err("a string has no end"),
            }
        }
        self.at = at + 1;
        let raw = self.text.get(start..self.at).ok_or("a string has no end")?;
        serde_json::from_str(raw).map_err(|_| "a string is not valid")
    }
}
