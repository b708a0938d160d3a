//! Ctrl-C at any moment: the terminal as it was, and a word on what was changed.

use crate::cli::terminal;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};

/// As shells tell it: 128 and the signal's number.
const INTERRUPTED: i32 = 130;

/// Whether something is on the disk already.
static WROTE: AtomicBool = AtomicBool::new(false);

/// Something is on the disk.
pub fn wrote() {
    WROTE.store(true, Ordering::SeqCst);
}

/// The terminal as it was found.
fn found() -> Option<Termios> {
    let stdin = std::io::stdin();
    stdin.is_terminal().then(|| tcgetattr(&stdin).ok()).flatten()
}

/// Watches for Ctrl-C from here on. Prompts turn the echo and the cursor off.
pub fn watch(runtime: &tokio::runtime::Runtime) {
    let terminal = found();
    runtime.spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stop(terminal.as_ref());
        }
    });
}

fn stop(before: Option<&Termios>) -> ! {
    if let Some(before) = before {
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, before);
        let _ = console::Term::stderr().show_cursor();
    }
    let words = if WROTE.load(Ordering::SeqCst) {
        "what was written before stays; run `ci-rescue setup` again to go on"
    } else {
        "nothing was changed"
    };
    terminal::err(format_args!("\nci-rescue: cancelled: {words}\n"));
    std::process::exit(INTERRUPTED)
}

/// A prompt was interrupted: whoever watches ends the program.
pub fn wait() -> ! {
    loop {
        std::thread::park();
    }
}
