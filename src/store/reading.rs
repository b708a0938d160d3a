//! Reading a whole store at one turn, on a thread of its own: for a backup, and to check what is on disk.

use super::backend::Still;
use super::rows::decode;
use super::tally::Tally;
use super::{backup, content, keys};
use crate::domain::incident::Incident;
use crate::ports::{Check, Checks, Lines, StoreError};
use futures::StreamExt;
use std::collections::BTreeSet;
use tokio::sync::mpsc::{Sender, channel};
use tokio_stream::wrappers::ReceiverStream;

/// What comes out of a reading, in this order: rows, files, the end.
pub enum Part<'a> {
    Row(&'a [u8], &'a [u8]),
    File(&'a str, &'a [u8]),
    Lost(&'a str, &'a str),
    End { tally: &'a Tally, files: u64 },
}

type Sink<'a> = &'a mut dyn FnMut(Part<'_>) -> Result<(), StoreError>;

/// Reads everything once.
fn read(still: &mut dyn Still, sink: Sink<'_>) -> Result<(), StoreError> {
    let want = still.tally().clone();
    let mut have = Tally::default();
    let mut named = BTreeSet::new();
    still.each(&mut |key, value| {
        have.add(key, value);
        if key.first() == Some(&keys::INCIDENT) {
            let incident: Incident = decode(value)?;
            named.extend(content::shown(&incident).map(|digest| digest.as_str().to_owned()));
        }
        sink(Part::Row(key, value))
    })?;
    if let Some(what) = want.difference(&have) {
        return Err(still.damaged(&what));
    }
    let mut files = 0;
    let mut names: BTreeSet<String> = still.files()?.into_iter().collect();
    names.extend(named.iter().cloned());
    for name in &names {
        match still.file(name)? {
            Some(bytes) if content::is_whole(name, &bytes) => {
                files += 1;
                sink(Part::File(name, &bytes))?;
            }
            Some(_) => sink(Part::Lost(name, "damaged"))?,
            // Swept since it was listed, unless an incident shows it.
            None if named.contains(name) => sink(Part::Lost(name, "missing"))?,
            None => {}
        }
    }
    sink(Part::End { tally: &want, files })
}

/// Items that wait for a reader that is slower than the disk.
const AHEAD: usize = 4;
/// Rows between two signs of progress.
const EVERY: u64 = 4096;
/// Lines travel in pieces of this size.
const PIECE: usize = 64 << 10;

fn spawn<T: Send + 'static>(
    mut still: Box<dyn Still>,
    work: impl FnOnce(&mut dyn Still, &Sender<Result<T, StoreError>>) -> Result<(), StoreError> + Send + 'static,
) -> Result<ReceiverStream<Result<T, StoreError>>, StoreError> {
    let (sender, receiver) = channel(AHEAD);
    let body = move || {
        if let Err(why) = work(&mut *still, &sender) {
            // The reader is gone.
            let _ = sender.blocking_send(Err(why));
        }
    };
    let thread = std::thread::Builder::new().name("store-reader".into()).spawn(body);
    thread.map_err(|why| StoreError::Broken(why.to_string()))?;
    Ok(ReceiverStream::new(receiver))
}

fn send<T>(sender: &Sender<Result<T, StoreError>>, item: T) -> Result<(), StoreError> {
    sender.blocking_send(Ok(item)).map_err(|_| StoreError::Broken("whoever asked went away".into()))
}

pub fn verify(still: Box<dyn Still>) -> Result<Checks, StoreError> {
    let stream = spawn(still, |still, sender| {
        let of = still.tally().rows();
        let mut rows = 0;
        read(still, &mut |part| match part {
            Part::Row(..) => {
                rows += 1;
                if rows % EVERY == 0 { send(sender, Check::Read { rows, of }) } else { Ok(()) }
            }
            Part::File(..) => Ok(()),
            Part::Lost(file, why) => send(sender, Check::Lost { file: file.into(), why: why.into() }),
            Part::End { tally, files } => send(sender, Check::Done { turn: tally.turn, rows: tally.rows(), files }),
        })
    })?;
    Ok(stream.boxed())
}

pub fn backup(still: Box<dyn Still>, installation: Option<String>) -> Result<Lines, StoreError> {
    let stream = spawn(still, |still, sender| {
        let mut writer = backup::Writer::begin(still.tally(), installation);
        read(still, &mut |part| {
            writer.put(&part);
            if writer.piece.len() >= PIECE || matches!(part, Part::End { .. }) {
                send(sender, std::mem::take(&mut writer.piece))?;
            }
            Ok(())
        })
    })?;
    Ok(stream.boxed())
}
