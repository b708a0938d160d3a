//! Ctrl-C at any moment: the terminal as it was, and a word on what was changed.

use crate::cli::terminal;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::signal::unix::{SignalKind, signal};

/// As shells tell it: 128 and the signal's number.
const INTERRUPTED: i32 = 130;

/// Whether something is on the disk already.
static WROTE: AtomicBool = AtomicBool::new(false);

/// The terminal as it was before its echo was turned off. Whoever changes the terminal holds it.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// Something is on the disk.
pub fn wrote() {
    WROTE.store(true, Ordering::SeqCst);
}

fn before() -> MutexGuard<'static, Option<Termios>> {
    BEFORE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What was typed already stays: it is not flushed.
fn restore(before: &mut Option<Termios>) {
    if let Some(found) = before.take() {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &found);
    }
}

/// As long as it lives, the terminal does not show what is typed.
pub struct Silence;

impl Silence {
    /// # Errors
    /// Standard input is no terminal.
    pub fn begin() -> io::Result<Self> {
        let mut before = before();
        let found = tcgetattr(io::stdin())?;
        let mut silent = found.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Now, &silent)?;
        *before = Some(found);
        Ok(Self)
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        restore(&mut before());
    }
}

/// Watches for Ctrl-C from here on.
///
/// # Errors
/// The system takes no more watchers of signals.
pub fn watch(runtime: &tokio::runtime::Runtime) -> io::Result<()> {
    let _entered = runtime.enter();
    let mut interrupts = signal(SignalKind::interrupt())?;
    runtime.spawn(async move {
        interrupts.recv().await;
        stop();
    });
    Ok(())
}

fn stop() -> ! {
    // Held to the end: nobody turns the echo off again.
    let mut before = before();
    restore(&mut before);
    let words = if WROTE.load(Ordering::SeqCst) {
        "what was written before stays; run `ci-rescue setup` again to go on"
    } else {
        "nothing was changed"
    };
    terminal::err(format_args!("\nci-rescue: cancelled: {words}\n"));
    std::process::exit(INTERRUPTED)
}
