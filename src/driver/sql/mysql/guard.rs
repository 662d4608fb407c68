//! A border around sqlx's MySQL driver, which panics at some messages that no server should send.

use crate::driver::sql::error::Error;
use futures_util::FutureExt;
use std::{
    cell::Cell,
    future::poll_fn,
    panic::{self, AssertUnwindSafe},
    pin::pin,
    sync::Once,
};

thread_local! {
    /// The thread polls guarded work.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Leaves the thread as it was.
struct Entered(bool);

impl Entered {
    fn new() -> Self {
        Self(GUARDED.replace(true))
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        GUARDED.set(self.0);
    }
}

/// Does what sqlx does. A panic is an error like any other, and printed nowhere; the connection cannot
/// be used after it.
///
/// # Errors
/// Those of the work.
pub async fn guarded<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    keep_quiet();
    let mut work = pin!(AssertUnwindSafe(work).catch_unwind());
    let done = poll_fn(|cx| {
        let _entered = Entered::new();
        work.as_mut().poll(cx)
    });
    done.await
        .unwrap_or_else(|_| Err(Error::protocol("a message of the server is malformed")))
}

/// Makes the hook that prints panics pass over those of guarded work.
fn keep_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if !GUARDED.get() {
                print(panic);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_error() {
        let work = async {
            tokio::task::yield_now().await;
            let nothing: &[u8] = &[];
            Ok::<u8, Error>(nothing[std::hint::black_box(0)])
        };
        let error = guarded(work).await.unwrap_err();
        assert_eq!(error.to_string(), "a message of the server is malformed");
        assert!(!GUARDED.get());
    }
}
