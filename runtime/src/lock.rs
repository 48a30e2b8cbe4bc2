//! Taking a mutex without caring whether another thread panicked while it held it.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Every critical section of this crate leaves its data whole at each step, so poison says nothing;
/// passing it on would only turn one thread's panic into everyone's.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
