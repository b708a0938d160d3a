//! What the store ought to hold: a turn that only rises and, for each table, how many rows and the sum of their hashes.
//!
//! The sum does not depend on order, so a change costs two hashes and no scan.

use super::keys;
use ring::digest::{Context, SHA256};
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Which store this is: a database copied in from another one is noticed.
    pub id: String,
    pub turn: u64,
    tables: BTreeMap<u8, Table>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Table {
    rows: u64,
    sum: u128,
}

/// Half of SHA-256 over the key with its length, then the value.
fn hash(key: &[u8], value: &[u8]) -> u128 {
    let mut context = Context::new(&SHA256);
    context.update(&(key.len() as u64).to_be_bytes());
    context.update(key);
    context.update(value);
    let mut half = [0; 16];
    half.copy_from_slice(&context.finish().as_ref()[..16]);
    u128::from_be_bytes(half)
}

impl Tally {
    pub fn new(id: String) -> Self {
        Self { id, ..Self::default() }
    }

    pub fn add(&mut self, key: &[u8], value: &[u8]) {
        let table = self.tables.entry(table_of(key)).or_default();
        table.rows += 1;
        table.sum = table.sum.wrapping_add(hash(key, value));
    }

    pub fn take(&mut self, key: &[u8], value: &[u8]) {
        let table = self.tables.entry(table_of(key)).or_default();
        table.rows = table.rows.saturating_sub(1);
        table.sum = table.sum.wrapping_sub(hash(key, value));
        if *table == Table::default() {
            self.tables.remove(&table_of(key));
        }
    }

    /// Adds the rows of another one.
    pub fn merge(&mut self, other: &Self) {
        for (name, theirs) in &other.tables {
            let table = self.tables.entry(*name).or_default();
            table.rows += theirs.rows;
            table.sum = table.sum.wrapping_add(theirs.sum);
        }
    }

    pub fn rows(&self) -> u64 {
        self.tables.values().map(|table| table.rows).sum()
    }

    pub fn rows_of(&self, table: u8) -> u64 {
        self.tables.get(&table).map_or(0, |table| table.rows)
    }

    pub fn holds_the_same(&self, other: &Self) -> bool {
        self.tables == other.tables
    }

    /// In words, what is wrong with `found`, which ought to hold the same.
    pub fn difference(&self, found: &Self) -> Option<String> {
        let tables = self.tables.keys().chain(found.tables.keys());
        let of = |tally: &Self, table: u8| tally.tables.get(&table).copied().unwrap_or_default();
        let wrong = |table: &u8| of(self, *table) != of(found, *table);
        // Incidents say most to a reader.
        let mut wrong: Vec<u8> = tables.copied().filter(|table| wrong(table)).collect();
        wrong.sort_by_key(|table| (*table != keys::INCIDENT, *table));
        let table = *wrong.first()?;
        let (want, have, name) = (of(self, table).rows, of(found, table).rows, keys::name(table));
        Some(if want == have {
            format!("some of {want} {name} have changed")
        } else {
            format!("{have} of {want} {name} are left")
        })
    }

    /// A name for everything held.
    pub fn digest(&self) -> String {
        let mut context = Context::new(&SHA256);
        for (table, Table { rows, sum }) in &self.tables {
            context.update(&[*table]);
            context.update(&rows.to_be_bytes());
            context.update(&sum.to_be_bytes());
        }
        hex(&context.finish().as_ref()[..16])
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut out = self.turn.to_be_bytes().to_vec();
        out.push(u8::try_from(self.id.len()).unwrap_or(u8::MAX));
        out.extend(self.id.bytes().take(usize::from(u8::MAX)));
        for (table, Table { rows, sum }) in &self.tables {
            out.push(*table);
            out.extend(rows.to_be_bytes());
            out.extend(sum.to_be_bytes());
        }
        out
    }

    pub fn decode(bytes: &[u8]) -> Option<Self> {
        const ROW: usize = 1 + 8 + 16;
        let (turn, rest) = bytes.split_first_chunk::<8>()?;
        let (len, rest) = rest.split_first()?;
        let (id, rows) = rest.split_at_checked(usize::from(*len))?;
        let mut tally = Self::new(String::from_utf8(id.to_vec()).ok()?);
        tally.turn = u64::from_be_bytes(*turn);
        if rows.len() % ROW != 0 {
            return None;
        }
        for row in rows.chunks_exact(ROW) {
            let rows = u64::from_be_bytes(row[1..9].try_into().ok()?);
            let sum = u128::from_be_bytes(row[9..].try_into().ok()?);
            tally.tables.insert(row[0], Table { rows, sum });
        }
        Some(tally)
    }
}

fn table_of(key: &[u8]) -> u8 {
    key.first().copied().unwrap_or_default()
}

pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(rows: &BTreeMap<Vec<u8>, Vec<u8>>) -> Tally {
        let mut tally = Tally::new("id".into());
        for (key, value) in rows {
            tally.add(key, value);
        }
        tally
    }

    proptest! {
        /// However rows come and go, the tally is that of the rows that are there.
        #[test]
        fn changes_add_up(changes in prop::collection::vec((0..12_u8, 0..3_u8, prop::option::of(0..3_u8)), 0..60)) {
            let (mut rows, mut tally) = (BTreeMap::<Vec<u8>, Vec<u8>>::new(), Tally::new("id".into()));
            for (table, key, value) in changes {
                let key = vec![table, key];
                if let Some(old) = rows.remove(&key) {
                    tally.take(&key, &old);
                }
                if let Some(value) = value {
                    tally.add(&key, &[value]);
                    rows.insert(key, vec![value]);
                }
            }
            prop_assert_eq!(&tally, &of(&rows));
            prop_assert_eq!(Tally::decode(&tally.encode()), Some(tally));
        }

        #[test]
        fn decoding_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = Tally::decode(&bytes);
        }
    }

    #[test]
    fn says_what_is_missing_and_what_has_changed() {
        let row = |n: u8, value: u8| (vec![keys::INCIDENT, n], vec![value]);
        let whole = of(&[row(1, 0), row(2, 0)].into());
        assert_eq!(whole.difference(&whole), None);
        assert_eq!(whole.difference(&of(&[row(1, 0)].into())).unwrap(), "1 of 2 incidents are left");
        assert_eq!(whole.difference(&of(&[row(1, 0), row(2, 1)].into())).unwrap(), "some of 2 incidents have changed");
    }
}
