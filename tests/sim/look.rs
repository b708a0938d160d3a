//! What failures look like in a log.

use super::dice::Dice;
use super::style::Style;

/// The looks many different tests share, because a library or the test runner
/// writes them. A hang is always one of these.
const HANGS: [&str; 3] = ["timeout", "TimeoutError: deadline exceeded", "test exceeded the limit of 60 s"];
const SHARED: [&str; 4] = [
    "ConnectionRefusedError: connect ECONNREFUSED 127.0.0.1",
    "address already in use",
    "StaleElementReference: element is not attached",
    "database is locked",
];
const NETWORK: [&str; 4] =
    ["getaddrinfo EAI_AGAIN", "503 Service Unavailable", "read: connection reset by peer", "TLS handshake timeout"];
const DEAD_JOBS: [&str; 5] = [
    "The runner has received a shutdown signal",
    "lost communication with the server",
    "No space left on device",
    "Failed to download action archive",
    "Process completed with exit code 137",
];
const FAILED_INSTALLS: [&str; 3] = [
    "Could not fetch packages: 503 Service Unavailable",
    "failed to pull image: toomanyrequests",
    "git fetch: RPC failed; HTTP 502",
];

/// One recurring appearance of a failure.
#[derive(Clone)]
pub struct Look {
    text: String,
    /// The text carries addresses, ports or times that change every time.
    varies: bool,
    /// The test hangs instead of failing.
    pub hangs: bool,
}

impl Look {
    fn fixed(text: impl Into<String>) -> Self {
        Self { text: text.into(), varies: false, hangs: false }
    }

    fn any(texts: &[&str], dice: &mut Dice) -> Self {
        Self::fixed(*dice.pick(texts))
    }

    pub fn hang(dice: &mut Dice) -> Self {
        Self { hangs: true, ..Self::any(&HANGS, dice) }
    }

    pub fn network(dice: &mut Dice) -> Self {
        Self::any(&NETWORK, dice)
    }

    pub fn dead_job(dice: &mut Dice) -> Self {
        Self::any(&DEAD_JOBS, dice)
    }

    pub fn failed_install(dice: &mut Dice) -> Self {
        Self::any(&FAILED_INSTALLS, dice)
    }

    pub fn shared(dice: &mut Dice) -> Self {
        Self::any(&SHARED, dice)
    }

    /// A failed check at one place in the code.
    pub fn assertion(style: Style, module: &str, dice: &mut Dice) -> Self {
        Self::fixed(style.assertion(module, dice))
    }

    /// Code that does not build, or does not please the linter.
    pub fn build_error(style: Style, dice: &mut Dice) -> Self {
        Self::fixed(style.build_error(dice))
    }

    /// A race or an unstable order: own place, shared text, hang or noise.
    pub fn flaky(style: Style, module: &str, dice: &mut Dice) -> Self {
        match dice.index(20) {
            0..10 => Self::assertion(style, module, dice),
            10..13 => Self::hang(dice),
            13..15 => Self::shared(dice),
            15..17 => Self::network(dice),
            _ => Self { varies: true, ..Self::assertion(style, module, dice) },
        }
    }

    /// The text of one occurrence.
    pub fn text(&self, dice: &mut Dice) -> String {
        if !self.varies {
            return self.text.clone();
        }
        let (port, address) = (dice.whole(32_768, 60_999), dice.hex(8));
        format!("{} [port {port}, object 0x{address}]", self.text)
    }
}
