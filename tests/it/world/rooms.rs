//! Channels and tokens that a platform's double refuses, and how often it did.

use std::collections::BTreeMap;

/// What is refused, by the answer `R`.
pub struct Refusals<R> {
    token: Option<R>,
    /// With whether only posts are refused.
    channels: BTreeMap<String, (R, bool)>,
    pub count: usize,
}

impl<R> Default for Refusals<R> {
    fn default() -> Self {
        Self { token: None, channels: BTreeMap::new(), count: 0 }
    }
}

impl<R: Clone> Refusals<R> {
    pub fn close(&mut self, channel: &str, answer: R, posting: bool) {
        self.channels.insert(channel.to_owned(), (answer, posting));
    }

    pub fn refuse(&mut self, answer: R) {
        self.token = Some(answer);
    }

    pub fn open(&mut self) {
        self.token = None;
        self.channels.clear();
    }

    /// The refusal of a call, which counts.
    pub fn of(&mut self, channel: &str, posts: bool) -> Option<R> {
        let here =
            self.channels.get(channel).filter(|(_, posting)| posts || !posting).map(|(answer, _)| answer.clone());
        let found = self.token.clone().or(here);
        self.count += usize::from(found.is_some());
        found
    }
}
