//! The cookies of one user.

use reqwest::{
    cookie::{CookieStore, Jar as Cookies},
    header::HeaderValue,
};
use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};
use url::Url;

/// reqwest's jar, which can be emptied and counts what it sends.
#[derive(Debug, Default)]
pub(super) struct Jar {
    cookies: Mutex<Cookies>,
    /// Bytes of `Cookie` headers since they were last asked for.
    sent: AtomicU64,
}

impl Jar {
    fn cookies(&self) -> MutexGuard<'_, Cookies> {
        self.cookies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets every cookie: somebody else begins.
    pub(super) fn empty(&self) {
        *self.cookies() = Cookies::default();
    }

    /// Bytes of `Cookie` headers since this was last called.
    pub(super) fn take_sent(&self) -> u64 {
        self.sent.swap(0, Ordering::Relaxed)
    }
}

impl CookieStore for Jar {
    fn set_cookies(&self, headers: &mut dyn Iterator<Item = &HeaderValue>, url: &Url) {
        self.cookies().set_cookies(headers, url);
    }

    fn cookies(&self, url: &Url) -> Option<HeaderValue> {
        let value = self.cookies().cookies(url)?;
        let bytes = "cookie: \r\n".len() + value.len();
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
        Some(value)
    }
}
