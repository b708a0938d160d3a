//! What the operator may replace while we run: secrets, and what is made of them.

use arc_swap::ArcSwap;
use futures::channel::oneshot;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Reads anew what may have been replaced, and puts it where it is used.
pub type Renewal = Arc<dyn Fn() + Send + Sync>;

/// A value that may be replaced. Clones are one.
pub struct Renewable<T> {
    now: Arc<ArcSwap<T>>,
    /// Who waits for another one.
    waiting: Arc<Mutex<Vec<oneshot::Sender<()>>>>,
    renew: Option<Renewal>,
}

impl<T> Clone for Renewable<T> {
    fn clone(&self) -> Self {
        Self { now: Arc::clone(&self.now), waiting: Arc::clone(&self.waiting), renew: self.renew.clone() }
    }
}

impl<T> fmt::Debug for Renewable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Most are secrets.
        f.write_str("Renewable")
    }
}

impl<T> From<T> for Renewable<T> {
    /// One that nobody renews when it is refused.
    fn from(value: T) -> Self {
        Self { now: Arc::new(ArcSwap::from_pointee(value)), waiting: Arc::default(), renew: None }
    }
}

impl<T> Renewable<T> {
    /// The same, renewed when it is refused.
    #[must_use]
    pub fn by(self, renew: Renewal) -> Self {
        Self { renew: Some(renew), ..self }
    }

    /// The one that counts now.
    #[must_use]
    pub fn get(&self) -> Arc<T> {
        self.now.load_full()
    }

    /// Another one from now on.
    pub fn put(&self, value: T) {
        self.now.store(Arc::new(value));
        for one in self.waiting().drain(..) {
            let _ = one.send(());
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<oneshot::Sender<()>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is another than the one that was `used`.
    pub async fn replaced(&self, used: &Arc<T>) {
        let (tell, told) = oneshot::channel();
        {
            let mut waiting = self.waiting();
            waiting.retain(|one| !one.is_canceled());
            waiting.push(tell);
        }
        if Arc::ptr_eq(used, &self.get()) {
            let _ = told.await;
        }
    }

    /// A neighbour refused the one that was `used`. Whether there is another now, with which it is worth trying again.
    #[must_use]
    pub fn refused(&self, used: &Arc<T>) -> bool {
        let is_other = || !Arc::ptr_eq(used, &self.now.load());
        if is_other() {
            return true;
        }
        self.renew.iter().for_each(|renew| renew());
        is_other()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_is_read_anew_once_and_tried_again_only_if_it_changed() {
        let cell = Renewable::from(1);
        let used = cell.get();
        assert!(!cell.refused(&used), "nobody renews it");
        let renewed = {
            let cell = cell.clone();
            cell.clone().by(Arc::new(move || cell.put(2)))
        };
        assert!(renewed.refused(&used) && *cell.get() == 2);
        cell.put(3);
        assert!(renewed.refused(&used) && *cell.get() == 3, "another is there already: nothing is read");
        let same = cell.clone().by(Arc::new(|| {}));
        assert!(!same.refused(&cell.get()));
    }

    #[test]
    fn whoever_waits_for_another_one_is_told_and_who_has_another_already_does_not_wait() {
        use futures::FutureExt;
        let cell = Renewable::from(1);
        let used = cell.get();
        for _ in 0..3 {
            assert!(cell.replaced(&used).now_or_never().is_none());
        }
        let other = cell.clone();
        let mut waits = Box::pin(cell.replaced(&used));
        assert!(waits.as_mut().now_or_never().is_none() && other.waiting().len() == 1, "who left is forgotten");
        other.put(2);
        assert!(waits.now_or_never().is_some() && cell.replaced(&used).now_or_never().is_some());
    }
}
