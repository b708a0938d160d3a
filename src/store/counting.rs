//! Counts and hashes every row, on several threads: that is what opening a large store takes longest over.

use super::raw::Raw;
use super::tally::Tally;
use crate::ports::StoreError;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::Builder;

/// More do not help: the disk is one.
const THREADS_MAX: usize = 8;
/// Pieces of a table: its keys are not spread evenly, so a thread takes the next piece when it is done with one.
const PIECES: u64 = 64;
/// Rows between two words about how far it is.
const EVERY: u64 = 1_024;

/// Rows whose keys are in a range.
type Piece = Range<Vec<u8>>;

/// What the database holds. `watch` is told how many rows were read.
///
/// # Errors
/// The disk failed, or the database is damaged.
pub fn count(raw: &Raw, watch: &mut dyn FnMut(u64)) -> Result<Tally, StoreError> {
    let pieces = pieces(raw)?;
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
    let (news, told) = channel();
    std::thread::scope(|scope| {
        let mut started = 0;
        for _ in 0..threads {
            let (news, pieces, next) = (news.clone(), &pieces, &next);
            let thread = Builder::new().name("store-count".into()).spawn_scoped(scope, move || {
                while let Some(piece) = pieces.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let done = read(raw, piece, &news);
                    let failed = done.is_err();
                    // Nobody listens once one has failed.
                    if news.send(News::Done(done)).is_err() || failed {
                        next.store(pieces.len(), Ordering::Relaxed);
                    }
                }
            });
            // Where no further one is to be had, those that run do it all.
            match thread {
                Ok(_) => started += 1,
                Err(why) if started == 0 => return Err(StoreError::Broken(format!("cannot start a thread: {why}"))),
                Err(_) => break,
            }
        }
        drop(news);
        let (mut all, mut read) = (Tally::default(), 0);
        for one in told {
            match one {
                News::Read(rows) => {
                    read += rows;
                    watch(read);
                }
                News::Done(tally) => all.merge(&tally?),
            }
        }
        Ok(all)
    })
}

enum News {
    Read(u64),
    Done(Result<Tally, StoreError>),
}

fn read(raw: &Raw, piece: &Piece, news: &Sender<News>) -> Result<Tally, StoreError> {
    let mut tally = Tally::default();
    raw.each_in(piece, &mut |key, value| {
        tally.add(key, value);
        if tally.rows().is_multiple_of(EVERY) {
            let _ = news.send(News::Read(EVERY));
        }
        Ok(())
    })?;
    let _ = news.send(News::Read(tally.rows() % EVERY));
    Ok(tally)
}

/// All rows but the tally's own, table by table.
fn pieces(raw: &Raw) -> Result<Vec<Piece>, StoreError> {
    let mut all = Vec::new();
    // Table 0 is the tally's.
    let mut from = vec![1];
    while let Some(first) = raw.first_from(&from)? {
        let table = first[0];
        let end = table.checked_add(1).map(|next| vec![next]);
        let last = raw.last_before(end.as_deref())?.unwrap_or_else(|| first.clone());
        let mut begin = vec![table];
        for split in splits(&first, &last) {
            all.push(begin..split.clone());
            begin = split;
        }
        all.push(begin..end.clone().unwrap_or_else(|| vec![u8::MAX; last.len() + 1]));
        match end {
            Some(end) => from = end,
            None => break,
        }
    }
    Ok(all)
}

/// Keys between two, as far apart as their eight bytes after what both begin with.
fn splits(first: &[u8], last: &[u8]) -> Vec<Vec<u8>> {
    let common = first.iter().zip(last).take_while(|(a, b)| a == b).count();
    let number = |key: &[u8]| {
        let mut eight = [0; 8];
        let rest = &key[common..key.len().min(common + 8)];
        eight[..rest.len()].copy_from_slice(rest);
        u64::from_be_bytes(eight)
    };
    let (low, high) = (number(first), number(last));
    let step = high.saturating_sub(low) / PIECES;
    if step == 0 {
        return Vec::new();
    }
    (1..PIECES).map(|n| [&last[..common], &(low + n * step).to_be_bytes()].concat()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::damage::Damage;
    use proptest::prelude::*;
    use std::sync::Arc;

    proptest! {
        /// The pieces hold every row once.
        #[test]
        fn every_row_is_counted_once(keys in prop::collection::btree_set(prop::collection::vec(1..=u8::MAX, 1..6), 0..300)) {
            let dir = tempfile::tempdir().unwrap();
            let raw = Raw::open(dir.path(), Arc::new(Damage::new(dir.path()))).unwrap();
            let rows: Vec<(Vec<u8>, Vec<u8>)> = keys.into_iter().map(|key| (key.clone(), key)).collect();
            let mut tally = Tally::default();
            for (key, value) in &rows {
                tally.add(key, value);
            }
            let changes = rows.iter().map(|(key, value)| (key.as_slice(), Some(value.as_slice()))).collect();
            raw.apply(&changes, &tally).unwrap();
            let mut told = 0;
            prop_assert_eq!(count(&raw, &mut |rows| told = rows).unwrap(), tally);
            prop_assert_eq!(told, rows.len() as u64);
        }

        /// Whatever the keys, splits rise and lie between them.
        #[test]
        fn splits_lie_in_order(mut keys in prop::collection::btree_set(prop::collection::vec(any::<u8>(), 1..12), 2..20)) {
            let (first, last) = (keys.pop_first().unwrap(), keys.pop_last().unwrap());
            let found = splits(&first, &last);
            prop_assert!(found.is_sorted());
            prop_assert!(found.iter().all(|split| *split <= last || split.starts_with(&last)));
        }
    }

    #[test]
    fn a_table_of_numbers_is_split_evenly() {
        let key = |n: u64| [&[b'n'][..], &n.to_be_bytes()].concat();
        let found = splits(&key(1), &key(64_000));
        assert_eq!(found.len(), 63);
        assert!(found.windows(2).all(|two| two[0] < two[1]));
    }
}
