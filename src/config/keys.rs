//! Every key that there is, read off the types themselves: a deserializer that answers whatever it is asked for, and
//! notes the question.

use super::shape::Config;
use super::tree::Step;
use super::visit::{Refused, Want};
use serde::Deserialize;
use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use std::cell::RefCell;
use std::sync::LazyLock;

/// The place of each item of a list.
pub const ITEM: &str = "[]";
/// The place of each entry of a table whose keys are free.
pub const ANY: &str = "*";

#[derive(Clone, Debug)]
pub struct Key {
    pub path: Vec<&'static str>,
    /// None: a text or a table, see [`super::Previous`].
    pub want: Option<Want>,
}

impl Key {
    /// The variable that sets it.
    pub fn variable(&self) -> String {
        format!("CI_RESCUE__{}", self.path.join("__").to_uppercase())
    }

    /// What people write: a value or a list, rather than a section or an item of a list.
    pub fn is_written(&self) -> bool {
        !self.path.iter().any(|part| matches!(*part, ITEM | ANY)) && self.want != Some(Want::Table)
    }
}

/// Every key, sections and items of lists too.
pub fn all() -> &'static [Key] {
    static ALL: LazyLock<Vec<Key>> = LazyLock::new(|| {
        let notes = RefCell::new(Vec::new());
        let _ = Config::deserialize(Ask { path: Vec::new(), notes: &notes });
        notes.into_inner()
    });
    &ALL
}

/// The key at a place in a tree.
pub fn at(path: &[Step]) -> Option<&'static Key> {
    all().iter().find(|key| {
        key.path.len() == path.len()
            && key.path.iter().zip(path).all(|(part, step)| match step {
                Step::Key(name) => part == name || *part == ANY,
                Step::Index(_) => *part == ITEM,
            })
    })
}

/// Whether a value must not be shown: it is a secret, or part of one.
pub fn is_secret(path: &[Step]) -> bool {
    let secret = |step: &Step| matches!(step, Step::Key(key) if ["token", "secret", "password"].iter().any(|word| key.contains(word)));
    let sink = |first: &str| first == "teams" || first == "webhooks";
    path.iter().any(secret)
        || matches!(path, [Step::Key(first), Step::Key(last)] if first == "store" && last == "url")
        || matches!(path, [Step::Key(first), ..] if first == "redaction")
        || matches!(path, [Step::Key(first), .., Step::Key(last)] if sink(first) && last == "url")
}

#[derive(Clone)]
struct Ask<'a> {
    path: Vec<&'static str>,
    notes: &'a RefCell<Vec<Key>>,
}

impl Ask<'_> {
    fn note(&self, want: Option<Want>) {
        self.notes.borrow_mut().push(Key { path: self.path.clone(), want });
    }

    fn below(&self, part: &'static str) -> Self {
        Self { path: [self.path.as_slice(), &[part]].concat(), notes: self.notes }
    }
}

macro_rules! whole_numbers {
    ($($name:ident $visit:ident $kind:ty),*) => {
        $(fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
            self.note(Some(Want::Whole { min: <$kind>::MIN.into(), max: <$kind>::MAX.into() }));
            visitor.$visit(0)
        })*
    };
}

impl<'de> Deserializer<'de> for Ask<'_> {
    type Error = Refused;

    whole_numbers!(
        deserialize_u8 visit_u8 u8, deserialize_u16 visit_u16 u16, deserialize_u32 visit_u32 u32, deserialize_u64 visit_u64 u64,
        deserialize_i8 visit_i8 i8, deserialize_i16 visit_i16 i16, deserialize_i32 visit_i32 i32, deserialize_i64 visit_i64 i64
    );

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.note(None);
        visitor.visit_str("")
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.note(Some(Want::Bool));
        visitor.visit_bool(false)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.note(Some(Want::Text));
        visitor.visit_str("")
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.note(Some(Want::List));
        visitor.visit_seq(Once(Some(self.below(ITEM))))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.note(Some(Want::Table));
        visitor.visit_map(Fields { ask: self, left: &[ANY] })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.note(Some(Want::Table));
        visitor.visit_map(Fields { ask: self, left: fields })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.note(Some(Want::OneOf(variants)));
        let first: StrDeserializer<'_, Refused> = variants.first().copied().unwrap_or_default().into_deserializer();
        visitor.visit_enum(first)
    }

    forward_to_deserialize_any! {
        i128 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

struct Once<'a>(Option<Ask<'a>>);

impl<'de> SeqAccess<'de> for Once<'_> {
    type Error = Refused;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Refused> {
        self.0.take().map(|ask| seed.deserialize(ask)).transpose()
    }
}

struct Fields<'a> {
    ask: Ask<'a>,
    left: &'static [&'static str],
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Refused;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Refused> {
        let Some(name) = self.left.first() else { return Ok(None) };
        if *name == ANY {
            // Not every text may be a free key, such as a role: this is one that may.
            let aside = RefCell::new(Vec::new());
            return seed.deserialize(Ask { path: Vec::new(), notes: &aside }).map(Some);
        }
        let name: StrDeserializer<'_, Refused> = (*name).into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Refused> {
        let Some((name, left)) = self.left.split_first() else { return Err(serde::de::Error::missing_field("value")) };
        self.left = left;
        seed.deserialize(self.ask.below(name))
    }
}
