//! Rows as the store keeps them: up to [`ROWS_MAX`] in a block, ordered by run, as differences.

use crate::domain::outcome::Ended;
use crate::domain::past::Row;
use serde::{Deserialize, Serialize};

/// Rows in one block: few enough that adding one is cheap, many enough that a row costs some twenty bytes.
pub const ROWS_MAX: usize = 96;

/// A row beside the one before it. postcard writes numbers as varints, so small differences take a byte or two; a
/// commit and a fingerprint are noise and take eight.
#[derive(Serialize, Deserialize)]
struct Packed {
    run: i64,
    attempt: u32,
    ended: Ended,
    branch: u32,
    workflow: u32,
    sha: [u8; 8],
    at: i64,
    duration_ms: u64,
    print: Option<[u8; 8]>,
    harmless: Option<bool>,
}

/// # Errors
/// Cannot fail with rows; the codec's signature says otherwise.
pub fn write(rows: &[Row]) -> Result<Vec<u8>, postcard::Error> {
    let (mut run, mut at) = (0_i64, 0_i64);
    let pack = |row: &Row| {
        let packed = Packed {
            run: row.run.cast_signed().wrapping_sub(run),
            attempt: row.attempt,
            ended: row.ended,
            branch: row.branch,
            workflow: row.workflow,
            sha: row.sha.to_be_bytes(),
            at: row.at.wrapping_sub(at),
            duration_ms: row.duration_ms,
            print: (row.print != 0).then(|| row.print.to_be_bytes()),
            harmless: row.harmless,
        };
        (run, at) = (row.run.cast_signed(), row.at);
        packed
    };
    postcard::to_allocvec(&rows.iter().map(pack).collect::<Vec<_>>())
}

/// # Errors
/// The bytes are no block.
pub fn read(bytes: &[u8]) -> Result<Vec<Row>, postcard::Error> {
    let packed: Vec<Packed> = postcard::from_bytes(bytes)?;
    let (mut run, mut at) = (0_i64, 0_i64);
    let unpack = |packed: Packed| {
        run = run.wrapping_add(packed.run);
        at = at.wrapping_add(packed.at);
        Row {
            run: run.cast_unsigned(),
            attempt: packed.attempt,
            ended: packed.ended,
            branch: packed.branch,
            workflow: packed.workflow,
            sha: u64::from_be_bytes(packed.sha),
            at,
            duration_ms: packed.duration_ms,
            print: packed.print.map_or(0, u64::from_be_bytes),
            harmless: packed.harmless,
        }
    };
    Ok(packed.into_iter().map(unpack).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    prop_compose! {
        fn row()(run in any::<u64>(), attempt in any::<u32>(), ended in 0..5_usize, branch in any::<u32>(),
            workflow in any::<u32>(), sha in any::<u64>(), at in any::<i64>(), duration_ms in any::<u64>(),
            print in any::<u64>(), harmless in any::<Option<bool>>()) -> Row {
            let ended = [Ended::Pass, Ended::Fail, Ended::Skip, Ended::Timeout, Ended::Cancelled][ended];
            Row { run, attempt, ended, branch, workflow, sha, at, duration_ms, print, harmless }
        }
    }

    proptest! {
        #[test]
        fn rows_come_back(rows in prop::collection::vec(row(), 0..40)) {
            prop_assert_eq!(read(&write(&rows).unwrap()).unwrap(), rows);
        }

        #[test]
        fn reading_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }
    }
}
