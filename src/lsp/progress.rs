//! Tells the client how far the first reading of a workspace is.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::outbox::Outbox;
use gen_lsp_types::{
    ProgressNotification, ProgressParams, ProgressToken, WorkDoneProgressBegin, WorkDoneProgressCreateParams,
    WorkDoneProgressCreateRequest, WorkDoneProgressEnd, WorkDoneProgressReport,
};

/// Each reading has a name of its own.
static NEXT: AtomicUsize = AtomicUsize::new(0);

/// A bar in the client that begins with the first step; one that can show none gets none.
pub(super) struct Progress<'a> {
    outbox: Option<&'a Outbox>,
    token: String,
    /// The percentage that was told last; none before it begins.
    told: Mutex<Option<usize>>,
}

impl<'a> Progress<'a> {
    pub(super) fn new(outbox: &'a Outbox, can_show: bool) -> Progress<'a> {
        let token = format!("retrylint/{}", NEXT.fetch_add(1, Ordering::Relaxed));
        Progress { outbox: Some(outbox).filter(|_| can_show), token, told: Mutex::new(None) }
    }

    /// Called by any worker at any time.
    pub(super) fn show(&self, done: usize, total: usize) {
        let Some(outbox) = self.outbox else { return };
        let percent = (done * 100).checked_div(total).unwrap_or(100).min(100);
        // Held while it is sent, so that steps are told in order.
        let mut told = self.told();
        if told.is_none() {
            outbox.ask::<WorkDoneProgressCreateRequest>(WorkDoneProgressCreateParams { token: self.token() });
            let title = "retrylint: reading".to_owned();
            self.send(outbox, &WorkDoneProgressBegin { title, percentage: Some(0), ..Default::default() });
        }
        if told.is_none_or(|told| told < percent) {
            let message = Some(format!("{done}/{total} files"));
            let percentage = Some(percent as u32);
            self.send(outbox, &WorkDoneProgressReport { message, percentage, ..Default::default() });
            *told = Some(percent);
        }
    }

    /// Ends the bar, if it ever began.
    pub(super) fn finish(&self) {
        if let Some(outbox) = self.outbox
            && self.told().is_some()
        {
            self.send(outbox, &WorkDoneProgressEnd::default());
        }
    }

    fn told(&self) -> MutexGuard<'_, Option<usize>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn token(&self) -> ProgressToken {
        ProgressToken::String(self.token.clone())
    }

    fn send(&self, outbox: &Outbox, value: &impl serde::Serialize) {
        let value = serde_json::to_value(value).unwrap_or_default();
        outbox.notify::<ProgressNotification>(ProgressParams { token: self.token(), value });
    }
}
