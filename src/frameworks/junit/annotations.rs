//! Annotations, as Java and Kotlin both have them.

use std::ops::Range;

#[derive(Clone)]
pub struct Annotation {
    pub range: Range<usize>,
    /// As it is written, or what an import's alias stands for.
    pub name: String,
    pub arguments: Vec<Argument>,
}

#[derive(Clone)]
pub struct Argument {
    /// `value` where none is written.
    pub key: String,
    pub text: String,
    /// How many values are written out; None where the text does not tell.
    pub values: Option<usize>,
}

impl Annotation {
    /// The last part of its name.
    pub fn simple(&self) -> &str {
        self.name.rsplit('.').next().unwrap_or("").trim()
    }

    /// Whether it makes a method a test.
    pub fn is_test(&self) -> bool {
        let name = self.simple();
        let around = matches!(name, "BeforeTest" | "AfterTest");
        name.ends_with("Test") && !around || matches!(name, "TestFactory" | "TestTemplate" | "Theory")
    }
}

/// The text of `@DisplayName("…")`.
pub fn title(annotations: &[Annotation]) -> Option<String> {
    let annotation = annotations.iter().find(|annotation| annotation.simple() == "DisplayName")?;
    literal(&annotation.arguments.first()?.text)
}

/// What a plain string literal stands for.
pub fn literal(text: &str) -> Option<String> {
    unescaped(text.strip_prefix('"')?.strip_suffix('"')?)
}

/// The text that a string literal's inside stands for. None where a quote ends it before.
fn unescaped(inside: &str) -> Option<String> {
    let mut out = String::new();
    let mut characters = inside.chars();
    while let Some(c) = characters.next() {
        if c != '\\' {
            out.push(Some(c).filter(|c| *c != '"')?);
            continue;
        }
        out.push(match characters.next()? {
            'n' => '\n',
            't' => '\t',
            'u' => {
                let digits = characters.by_ref().skip_while(|c| *c == 'u').take(4).collect::<String>();
                char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?
            }
            c => c,
        });
    }
    Some(out)
}
