//! serde over the tree: what does not fit is told by kind and path, never by a library's sentence.

use super::tree::{Node, Step, Value};
use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use std::fmt;

/// What was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    Text,
    Whole {
        min: i128,
        max: i128,
    },
    Bool,
    List,
    Table,
    OneOf(&'static [&'static str]),
    /// In a type's own words.
    Said(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Wrong(Want),
    Unknown(&'static [&'static str]),
    Missing,
}

/// Why a tree does not fit, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub path: Vec<Step>,
    pub kind: Kind,
}

impl Refused {
    fn wrong(want: Want) -> Self {
        Self { path: Vec::new(), kind: Kind::Wrong(want) }
    }

    fn below(mut self, step: Step) -> Self {
        self.path.insert(0, step);
        self
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Refused {}

impl de::Error for Refused {
    fn custom<T: fmt::Display>(why: T) -> Self {
        Self::wrong(Want::Said(why.to_string()))
    }

    fn invalid_type(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::wrong(Want::Said(expected.to_string()))
    }

    fn invalid_value(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::wrong(Want::Said(expected.to_string()))
    }

    fn unknown_variant(_: &str, known: &'static [&'static str]) -> Self {
        Self::wrong(Want::OneOf(known))
    }

    fn unknown_field(field: &str, known: &'static [&'static str]) -> Self {
        Self { path: vec![Step::Key(field.to_owned())], kind: Kind::Unknown(known) }
    }

    fn missing_field(field: &'static str) -> Self {
        Self { path: vec![Step::Key(field.to_owned())], kind: Kind::Missing }
    }
}

macro_rules! whole_numbers {
    ($($name:ident $visit:ident $kind:ty),*) => {
        $(fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
            let number = match self.value {
                Value::Whole(number) => <$kind>::try_from(number).ok(),
                Value::Gone => Some(0),
                _ => None,
            };
            let want = Want::Whole { min: <$kind>::MIN.into(), max: <$kind>::MAX.into() };
            number.map_or(Err(Refused::wrong(want)), |number| visitor.$visit(number))
        })*
    };
}

impl<'de> Deserializer<'de> for &Node {
    type Error = Refused;

    whole_numbers!(
        deserialize_u8 visit_u8 u8, deserialize_u16 visit_u16 u16, deserialize_u32 visit_u32 u32, deserialize_u64 visit_u64 u64,
        deserialize_i8 visit_i8 i8, deserialize_i16 visit_i16 i16, deserialize_i32 visit_i32 i32, deserialize_i64 visit_i64 i64
    );

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        match &self.value {
            Value::Text(text) | Value::Time(text) => visitor.visit_str(text),
            Value::Whole(number) => visitor.visit_i128(*number),
            Value::Fraction(text) => visitor.visit_f64(text.parse().unwrap_or(f64::NAN)),
            Value::Bool(bool) => visitor.visit_bool(*bool),
            Value::List(_) => self.deserialize_seq(visitor),
            Value::Table(_) => self.deserialize_map(visitor),
            Value::Null | Value::Gone => visitor.visit_unit(),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        match self.value {
            Value::Bool(bool) => visitor.visit_bool(bool),
            Value::Gone => visitor.visit_bool(false),
            _ => Err(Refused::wrong(Want::Bool)),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        match &self.value {
            Value::Text(text) => visitor.visit_str(text),
            Value::Gone => visitor.visit_str(""),
            _ => Err(Refused::wrong(Want::Text)),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        if matches!(self.value, Value::Gone) { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        match &self.value {
            Value::List(list) => visitor.visit_seq(Items { list, at: 0 }),
            Value::Gone => visitor.visit_seq(Items { list: &[], at: 0 }),
            _ => Err(Refused::wrong(Want::List)),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        match &self.value {
            Value::Table(table) => visitor.visit_map(Entries { all: table.iter(), value: None }),
            Value::Gone => visitor.visit_map(Entries { all: std::collections::BTreeMap::new().iter(), value: None }),
            _ => Err(Refused::wrong(Want::Table)),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        match &self.value {
            Value::Text(text) => {
                let text: StrDeserializer<'_, Refused> = text.as_str().into_deserializer();
                visitor.visit_enum(text)
            }
            _ => Err(Refused::wrong(Want::OneOf(variants))),
        }
    }

    forward_to_deserialize_any! {
        i128 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

struct Items<'a> {
    list: &'a [Node],
    at: usize,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Refused;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Refused> {
        let Some(node) = self.list.get(self.at) else { return Ok(None) };
        let index = self.at;
        self.at += 1;
        seed.deserialize(node).map(Some).map_err(|why| why.below(Step::Index(index)))
    }
}

struct Entries<'a> {
    all: std::collections::btree_map::Iter<'a, String, Node>,
    value: Option<(&'a String, &'a Node)>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Refused;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Refused> {
        self.value = self.all.next();
        let Some((key, _)) = self.value else { return Ok(None) };
        let key: StrDeserializer<'_, Refused> = key.as_str().into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Refused> {
        let (key, node) = self.value.take().ok_or_else(|| Refused::wrong(Want::Table))?;
        seed.deserialize(node).map_err(|why| why.below(Step::Key(key.clone())))
    }
}
