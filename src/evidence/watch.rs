//! The frameworks' readers at work: on the whole log, and on each step for itself, to tell whether the step that failed is
//! the one whose tests did.

use super::listeners::LISTENERS;
use super::marks::Marks;
use super::vocabulary::Bits;
use crate::domain::evidence::FailingTest;
use crate::frameworks::{self, LineObserver};

/// One reader of each framework.
struct Watch {
    observers: Vec<Box<dyn LineObserver>>,
    /// Those that want the next line whatever it holds.
    awake: u64,
}

impl Default for Watch {
    fn default() -> Self {
        Self { observers: frameworks::all().iter().map(|framework| framework.observer()).collect(), awake: 0 }
    }
}

impl Watch {
    fn hear(&mut self, text: &str, bits: &Bits) {
        let shelf = &LISTENERS.frameworks;
        let heard = bits.within(shelf.clone()).fold(0, |all, at| all | 1 << (at - shelf.start));
        let mut wanted: u64 = heard | std::mem::take(&mut self.awake);
        while wanted != 0 {
            let at = wanted.trailing_zeros() as usize;
            wanted &= wanted - 1;
            if self.observers[at].line(text) {
                self.awake |= 1 << at;
            }
        }
    }

    fn finish(self) -> (Vec<FailingTest>, u64) {
        let (mut tests, mut total) = (Vec::new(), 0);
        for observer in self.observers {
            let names = observer.finish();
            total += names.total;
            tests.extend(names.tests);
        }
        (tests, total)
    }
}

/// What the readers found.
pub struct Named {
    pub tests: Vec<FailingTest>,
    pub total: u64,
    /// The step that failed may be another than the one that names them.
    pub elsewhere: bool,
}

#[derive(Default)]
pub struct Watches {
    whole: Watch,
    /// The step at hand, once it said something that a reader listens for.
    here: Option<(u32, Watch)>,
    /// The step that failed, once it is over.
    failed: Option<(u32, Watch)>,
}

impl Watches {
    pub fn is_awake(&self) -> bool {
        self.whole.awake != 0
    }

    pub fn hear(&mut self, marks: &Marks, text: &str, bits: &Bits) {
        self.whole.hear(text, bits);
        if self.here.as_ref().is_some_and(|(step, _)| *step != marks.step) {
            self.leave(marks);
        }
        self.here.get_or_insert_with(|| (marks.step, Watch::default())).1.hear(text, bits);
    }

    /// The step is over; only the failing one is kept.
    fn leave(&mut self, marks: &Marks) {
        let failing = marks.failing.as_ref().map(|(step, _)| *step);
        if let Some(here) = self.here.take().filter(|(step, _)| Some(*step) == failing) {
            self.failed = Some(here);
        }
    }

    pub fn finish(mut self, marks: &Marks) -> Named {
        self.leave(marks);
        let (tests, total) = self.whole.finish();
        let failing = marks.failing.as_ref().filter(|_| marks.ended).map(|(step, _)| *step);
        let own = self.failed.filter(|(step, _)| Some(*step) == failing).map_or(0, |(_, watch)| watch.finish().1);
        let unnamed = failing.is_some() && total > 0 && own == 0;
        Named { elsewhere: marks.erring > 1 || unnamed, tests, total }
    }
}
