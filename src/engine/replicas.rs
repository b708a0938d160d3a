//! Several processes on one store: what each of them knows of it, and how one begins to lead.

use super::{Engine, State, homes, names, rebuild, stored_feeds};
use crate::ports::StoreError;
use std::sync::atomic::Ordering;

impl Engine {
    /// Gets ready to work: what was going on when whoever worked before stopped.
    ///
    /// # Errors
    /// The store failed.
    pub(super) async fn resume(&self) -> Result<(), StoreError> {
        self.remember_troubles().await?;
        self.refill_forgetful_chats().await?;
        self.look_at_pending().await?;
        self.read_links().await?;
        self.count_tracks().await?;
        self.schedule_review().await?;
        self.schedule_summaries().await?;
        self.follow_trail().await
    }

    /// Reads what is noted in memory from the store again.
    pub(super) async fn reread(&self, state: &mut State) -> Result<(), StoreError> {
        (state.index, state.next_incident) = rebuild(&*self.store).await?;
        state.feeds = stored_feeds(&*self.store).await?;
        state.names = names::Names::load(&*self.store).await?;
        state.homes = homes::load(&*self.store).await?;
        Ok(())
    }

    /// Another replica worked before: this one does from here on.
    ///
    /// # Errors
    /// The store failed.
    pub async fn take_over(&self) -> Result<(), StoreError> {
        self.look_again().await?;
        self.presses.forget();
        self.stopping.store(false, Ordering::Relaxed);
        self.resume().await
    }

    /// Another replica works: what this one tells is as of now.
    ///
    /// # Errors
    /// The store failed.
    pub async fn look_again(&self) -> Result<(), StoreError> {
        let mut state = self.state.lock().await;
        self.reread(&mut state).await?;
        drop(state);
        self.read_links().await
    }

    /// Another replica put something in.
    pub fn woken(&self) {
        self.turn_due.notify_one();
        self.effect_due.notify_one();
        self.card_due.send_modify(|count| *count += 1);
    }
}
