//! The one thread that writes: it takes what waits, applies it in order, flushes once, and answers all.

use super::backend::Backend;
use super::rows::InboxRow;
use super::write::{Answer, Write, Writing};
use crate::ports::StoreError;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// How many writes one flush may carry.
const GROUP_MAX: usize = 512;
/// How many writes may wait before callers do.
const QUEUE_MAX: usize = 4096;

struct Job {
    write: Write,
    answer: oneshot::Sender<Result<Answer, StoreError>>,
}

pub struct Writer {
    /// `None` only while it stops.
    queue: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub fn start<B: Backend>(mut writing: Writing<B>, backend: Arc<B>) -> std::io::Result<Self> {
        let (queue, jobs) = sync_channel(QUEUE_MAX);
        let body = move || work(&mut writing, &*backend, &jobs);
        let thread = std::thread::Builder::new().name("store-writer".into()).spawn(body)?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Returns after the write is durable.
    pub async fn write(&self, write: Write) -> Result<Answer, StoreError> {
        let gone = || StoreError::Broken("its writer has stopped".into());
        let queue = self.queue.as_ref().ok_or_else(gone)?;
        let (answer, done) = oneshot::channel();
        let mut job = Job { write, answer };
        loop {
            match queue.try_send(job) {
                Ok(()) => break,
                Err(std::sync::mpsc::TrySendError::Full(back)) => {
                    job = back;
                    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                }
                Err(std::sync::mpsc::TrySendError::Disconnected(_)) => return Err(gone()),
            }
        }
        done.await.map_err(|_| gone())?
    }
}

impl Drop for Writer {
    /// What waits is written; then the thread lets go of the store, which closes in order.
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            // It panicked: then its callers were told that it has stopped.
            let _ = thread.join();
        }
    }
}

type Answered = (oneshot::Sender<Result<Answer, StoreError>>, Result<Answer, StoreError>);

fn work<B: Backend>(writing: &mut Writing<B>, backend: &B, jobs: &Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        let group: Vec<Job> = std::iter::once(first).chain(jobs.try_iter()).take(GROUP_MAX).collect();
        // What was noted in memory for a write that failed is not on disk.
        if let Err(why) = writing.mend() {
            for job in group {
                let _ = job.answer.send(Err(why.clone()));
            }
            continue;
        }
        let durable = group.iter().any(|job| job.write.is_durable());
        let answers = apply(writing, group);
        let flushed = if durable { backend.flush() } else { Ok(()) };
        for (answer, result) in answers {
            let result = match &flushed {
                Ok(()) => result,
                Err(why) => Err(why.clone()),
            };
            // A caller that went away needs no answer; the write stands.
            let _ = answer.send(result);
        }
    }
}

/// Applies a group in order; deliveries that stand next to each other go in together.
fn apply<B: Backend>(writing: &mut Writing<B>, group: Vec<Job>) -> Vec<Answered> {
    let mut answers = Vec::with_capacity(group.len());
    let (mut rows, mut callers) = (Vec::new(), Vec::new());
    for Job { write, answer } in group {
        match write {
            Write::PutDelivery(row) => {
                rows.push(*row);
                callers.push(answer);
            }
            write => {
                put(writing, &mut rows, &mut callers, &mut answers);
                let result = writing.apply(write);
                answers.push((answer, result));
            }
        }
    }
    put(writing, &mut rows, &mut callers, &mut answers);
    answers
}

fn put<B: Backend>(
    writing: &mut Writing<B>,
    rows: &mut Vec<InboxRow>,
    callers: &mut Vec<oneshot::Sender<Result<Answer, StoreError>>>,
    answers: &mut Vec<Answered>,
) {
    if rows.is_empty() {
        return;
    }
    match writing.put_deliveries(std::mem::take(rows)) {
        Ok(all) => answers.extend(callers.drain(..).zip(all.into_iter().map(|put| Ok(Answer::Put(put))))),
        Err(why) => answers.extend(callers.drain(..).map(|caller| (caller, Err(why.clone())))),
    }
}
