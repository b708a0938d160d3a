//! A small reader for JSON manifests (package.json, composer.json, global.json).

/// A JSON value. Numbers, booleans and null are kept as they are written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Text(String),
    Plain(String),
    List(Vec<Json>),
    /// In the order of the file.
    Object(Vec<(String, Json)>),
}

/// Deeper nesting is not read: no manifest needs it, and the reader calls itself once for each level.
const DEPTH_LIMIT: usize = 48;

impl Json {
    /// Takes a JSON text; answers its value, `None` where it is not JSON.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut reader = Reader { rest: text.strip_prefix('\u{feff}').unwrap_or(text) };
        let value = reader.value(DEPTH_LIMIT)?;
        reader.skip_space();
        reader.rest.is_empty().then_some(value)
    }

    /// The value below a chain of keys.
    pub(crate) fn at(&self, keys: &[&str]) -> Option<&Self> {
        keys.iter().try_fold(self, |value, key| {
            value.members().iter().rev().find(|(name, _)| name == key).map(|(_, inner)| inner)
        })
    }

    /// The text below a chain of keys.
    pub(crate) fn text_at(&self, keys: &[&str]) -> Option<&str> {
        match self.at(keys)? {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The members of an object; empty for other values.
    pub(crate) fn members(&self) -> &[(String, Self)] {
        match self {
            Self::Object(members) => members,
            _ => &[],
        }
    }
}

struct Reader<'text> {
    rest: &'text str,
}

impl Reader<'_> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, character: char) -> Option<()> {
        self.skip_space();
        self.rest = self.rest.strip_prefix(character)?;
        Some(())
    }

    fn value(&mut self, depth: usize) -> Option<Json> {
        let depth = depth.checked_sub(1)?;
        self.skip_space();
        match self.rest.chars().next()? {
            '"' => self.string().map(Json::Text),
            '{' => self.object(depth),
            '[' => self.list(depth),
            _ => self.plain(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<Json> {
        self.take('{')?;
        let mut members = Vec::new();
        if self.take('}').is_some() {
            return Some(Json::Object(members));
        }
        loop {
            self.skip_space();
            let name = self.string()?;
            self.take(':')?;
            members.push((name, self.value(depth)?));
            if self.take(',').is_none() {
                self.take('}')?;
                return Some(Json::Object(members));
            }
        }
    }

    fn list(&mut self, depth: usize) -> Option<Json> {
        self.take('[')?;
        let mut values = Vec::new();
        if self.take(']').is_some() {
            return Some(Json::List(values));
        }
        loop {
            values.push(self.value(depth)?);
            if self.take(',').is_none() {
                self.take(']')?;
                return Some(Json::List(values));
            }
        }
    }

    fn plain(&mut self) -> Option<Json> {
        let end = self
            .rest
            .find(|character: char| !(character.is_ascii_alphanumeric() || "+-.".contains(character)))
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!word.is_empty()).then(|| Json::Plain(word.to_owned()))
    }

    fn string(&mut self) -> Option<String> {
        let mut characters = self.rest.strip_prefix('"')?.chars();
        let mut text = String::new();
        loop {
            match characters.next()? {
                '"' => break,
                '\\' => match characters.next()? {
                    'n' => text.push('\n'),
                    't' => text.push('\t'),
                    'r' => text.push('\r'),
                    'b' => text.push('\u{8}'),
                    'f' => text.push('\u{c}'),
                    'u' => {
                        let code = characters.as_str().get(..4)?;
                        let number = u32::from_str_radix(code, 16).ok()?;
                        // Halves of pairs do not occur in what is read here.
                        text.push(char::from_u32(number).unwrap_or('\u{fffd}'));
                        characters = characters.as_str().get(4..)?.chars();
                    }
                    other => text.push(other),
                },
                other => text.push(other),
            }
        }
        self.rest = characters.as_str();
        Some(text)
    }
}
