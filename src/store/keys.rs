//! Keys: one byte of table, then numbers in big-endian or texts with their lengths, so that no name can reach into
//! another's range.

use crate::domain::actor::Thread;
use crate::domain::ids::IncidentNo;
use crate::domain::time::Time;
use crate::ports::{Spot, Surface};

pub const INBOX: u8 = b'i';
pub const SEEN: u8 = b'd';
pub const OUTBOX: u8 = b'o';
pub const TIMER: u8 = b't';
pub const TIMER_AT: u8 = b'T';
pub const INCIDENT: u8 = b'n';
pub const JOURNAL: u8 = b'j';
pub const RUN: u8 = b'r';
pub const SETTING: u8 = b's';
pub const SURFACE: u8 = b'c';
/// Surfaces that are behind: the same key as the surface's, under this table.
pub const DIRTY: u8 = b'C';
/// What a row of [`DIRTY`] says: a first post, or an update. Rows from before it was said are empty.
pub const DIRTY_FIRST: &[u8] = b"f";
pub const DIRTY_UPDATE: &[u8] = b"u";
/// Incidents that are not closed.
pub const OPEN: u8 = b'O';
/// Incidents that wait for people, open or closed.
pub const AWAITING: u8 = b'A';
/// Incidents by repository; without a value. `of_repo.rs` says more.
pub const OF_REPO: u8 = b'R';
pub const BOUND: u8 = b'b';
pub const DEAD: u8 = b'x';
/// History: what executions of jobs and tests came to. `history.rs` says how its tables hang together.
pub const NAME: u8 = b'N';
pub const NAME_OF: u8 = b'M';
pub const SERIES: u8 = b'S';
pub const SERIES_OF: u8 = b'Q';
pub const CELL: u8 = b'L';
pub const BLOCK: u8 = b'H';
pub const RUN_FAILURES: u8 = b'U';
pub const SIGHTINGS: u8 = b'P';
pub const TIDE: u8 = b'W';
pub const REPO: u8 = b'Y';
/// Entries of journals by repository and time; without a value. `audit.rs` says more.
pub const AUDIT: u8 = b'a';
/// Under which name an incident's entries stand in [`AUDIT`].
pub const AUDIT_OF: u8 = b'e';

pub fn number(table: u8, n: u64) -> Vec<u8> {
    let mut key = vec![table];
    key.extend(n.to_be_bytes());
    key
}

pub fn text(table: u8, text: &str) -> Vec<u8> {
    let mut key = vec![table];
    key.extend(text.as_bytes());
    key
}

/// The number at the end of a key.
pub fn last_number(key: &[u8]) -> u64 {
    let tail = key.len().saturating_sub(8);
    key[tail..].try_into().map_or(0, u64::from_be_bytes)
}

pub fn journal(no: IncidentNo, seq: u64) -> Vec<u8> {
    let mut key = number(JOURNAL, no.0);
    key.extend(seq.to_be_bytes());
    key
}

/// Timers by time; stamps before the epoch sort first as well.
pub fn timer_at(at: i64, name: &str) -> Vec<u8> {
    let mut key = number(TIMER_AT, at.cast_unsigned() ^ (1 << 63));
    key.extend(name.as_bytes());
    key
}

/// An entry of a journal by its repository and time.
pub fn audit(repo: &str, at: i64, no: IncidentNo, seq: u64) -> Vec<u8> {
    let mut key = audit_of(repo);
    key.extend((at.cast_unsigned() ^ (1 << 63)).to_be_bytes());
    key.extend(no.0.to_be_bytes());
    key.extend(seq.to_be_bytes());
    key
}

/// What the keys of one repository's entries begin with.
pub fn audit_of(repo: &str) -> Vec<u8> {
    parts(AUDIT, &[repo])
}

/// What the keys of one repository's incidents begin with: its name in any case.
pub fn incidents_of(repo: &str) -> Vec<u8> {
    parts(OF_REPO, &[&repo.to_ascii_lowercase()])
}

/// An incident by its repository.
pub fn incident_of(repo: &str, no: IncidentNo) -> Vec<u8> {
    let mut key = incidents_of(repo);
    key.extend(no.0.to_be_bytes());
    key
}

/// What a key of [`AUDIT`] says.
pub fn read_audit(key: &[u8]) -> Option<(String, Spot)> {
    let at = key.len().checked_sub(24)?;
    let name = std::str::from_utf8(key.get(9..at)?).ok()?;
    let number = |from: usize| key[from..from + 8].try_into().map_or(0, u64::from_be_bytes);
    let time = (number(at) ^ (1 << 63)).cast_signed();
    let spot = Spot { at: Time(time), incident: IncidentNo(number(at + 8)), entry: number(at + 16) };
    Some((name.to_owned(), spot))
}

fn parts(table: u8, parts: &[&str]) -> Vec<u8> {
    let mut key = vec![table];
    for part in parts {
        key.extend((part.len() as u64).to_be_bytes());
        key.extend(part.as_bytes());
    }
    key
}

pub fn surface(surface: &Surface) -> Vec<u8> {
    let mut key = number(SURFACE, surface.incident.0);
    key.extend(parts(0, &[&surface.platform.0, &surface.channel]));
    key
}

/// A surface's key in the table of those that are behind.
pub fn dirty(of: &Surface) -> Vec<u8> {
    let mut key = surface(of);
    key[0] = DIRTY;
    key
}

/// The platform and the channel that a surface's key names, in either table.
pub fn place(key: &[u8]) -> Option<(&str, &str)> {
    // The table, the incident's number, and what `parts` begins with.
    let (platform, rest) = part(key.get(10..)?)?;
    let (channel, _) = part(rest)?;
    Some((platform, channel))
}

fn part(key: &[u8]) -> Option<(&str, &[u8])> {
    let (len, rest) = key.split_first_chunk::<8>()?;
    let (text, rest) = rest.split_at_checked(usize::try_from(u64::from_be_bytes(*len)).ok()?)?;
    Some((std::str::from_utf8(text).ok()?, rest))
}

pub fn bound(thread: &Thread) -> Vec<u8> {
    parts(BOUND, &[&thread.platform.0, &thread.channel, &thread.message])
}

/// Numbers of 32 bits, as history's tables name things.
pub fn numbers(table: u8, numbers: &[u32]) -> Vec<u8> {
    let mut key = vec![table];
    key.extend(numbers.iter().flat_map(|n| n.to_be_bytes()));
    key
}

/// A series' block, by the first execution in it.
pub fn block(series: u32, run: u64, attempt: u32) -> Vec<u8> {
    let mut key = numbers(BLOCK, &[series]);
    key.extend(run.to_be_bytes());
    key.extend(attempt.to_be_bytes());
    key
}

pub fn run_failures(repo: u32, run: u64, attempt: u32) -> Vec<u8> {
    let mut key = numbers(RUN_FAILURES, &[repo]);
    key.extend(run.to_be_bytes());
    key.extend(attempt.to_be_bytes());
    key
}

/// Ten minutes of a repository; of all repositories under number 0.
pub fn tide(repo: u32, slot: i64) -> Vec<u8> {
    let mut key = numbers(TIDE, &[repo]);
    key.extend((slot.cast_unsigned() ^ (1 << 63)).to_be_bytes());
    key
}

/// A table's rows, for people.
pub fn name(table: u8) -> &'static str {
    match table {
        INBOX => "deliveries",
        SEEN => "delivery ids",
        OUTBOX => "effects",
        TIMER | TIMER_AT => "timers",
        INCIDENT | OF_REPO => "incidents",
        JOURNAL | AUDIT | AUDIT_OF => "journal entries",
        RUN => "runs",
        SETTING => "settings",
        SURFACE | DIRTY => "cards",
        OPEN => "open incidents",
        AWAITING => "awaited decisions",
        BOUND => "threads",
        DEAD => "dead letters",
        NAME | NAME_OF | SERIES | SERIES_OF | CELL => "names in history",
        BLOCK | RUN_FAILURES | SIGHTINGS | TIDE | REPO => "blocks of history",
        _ => "records",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::actor::Platform;

    #[test]
    fn a_key_names_its_place() {
        for (platform, channel) in [("slack", "C1"), ("", ""), ("e\0mail", "a@example.org"), ("x", "ü/\u{1f980}")] {
            let surface =
                Surface { incident: IncidentNo(7), platform: Platform::new(platform), channel: channel.into() };
            assert_eq!(place(&super::surface(&surface)), Some((platform, channel)));
            assert_eq!(place(&dirty(&surface)), Some((platform, channel)));
        }
        assert_eq!(place(&number(DIRTY, 7)), None);
    }
}
