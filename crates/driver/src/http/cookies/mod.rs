//! The cookies of one user (RFC 6265).
//!
//! A list in the order in which cookies are sent, because a user has few of them and there are many
//! users. What is refused beyond the RFC: a `Domain` of one label, which is nobody's own, and control
//! characters. A list of public suffixes is not kept: a server of `a.co.uk` may set a cookie for
//! `co.uk`, which is sent to the servers of the scenario alone.

mod date;
mod parse;
mod site;
#[cfg(test)]
mod tests;

pub(super) use self::site::Site;

use self::parse::SetCookie;
use super::address;
use loadgen_core::time::{Clock, Nanos, SECOND};
use std::time::{SystemTime, UNIX_EPOCH};

/// Most cookies of one user; the oldest goes when another comes.
const MOST: usize = 180;

/// Most bytes of a name and its value; browsers take no more.
const LONGEST: usize = 4096;

/// The cookies of one user.
#[derive(Debug, Default)]
pub(super) struct Jar {
    /// Those with longer paths first, then the older ones first (RFC 6265, 5.4).
    cookies: Vec<Cookie>,
}

#[derive(Debug)]
struct Cookie {
    /// As it is sent: name, `=` and value.
    pair: Box<[u8]>,
    name_length: usize,
    domain: Box<str>,
    /// Only the host that set it gets it, not those below.
    host_only: bool,
    path: Box<[u8]>,
    secure: bool,
    expires: Option<Nanos>,
}

impl Cookie {
    fn name(&self) -> &[u8] {
        &self.pair[..self.name_length]
    }

    fn value(&self) -> &[u8] {
        &self.pair[self.name_length + 1..]
    }

    fn goes_to(&self, site: Site<'_>, path: &[u8], now: Nanos) -> bool {
        let host = match self.host_only {
            true => *self.domain == *site.host,
            false => site.is_within(&self.domain),
        };
        host && (site.secure || !self.secure)
            && path_matches(path, &self.path)
            && self.expires.is_none_or(|expires| now < expires)
    }
}

/// A moment, by the run's clock and by the calendar.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub at: Nanos,
    /// Seconds since 1970.
    pub unix: i64,
}

impl Moment {
    pub(super) fn now(clock: Clock) -> Self {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            at: clock.now(),
            unix: unix.map_or(0, |since| since.as_secs() as i64),
        }
    }

    /// The run's time so many seconds later, or earlier.
    fn plus(self, seconds: i64) -> Nanos {
        let length = seconds.unsigned_abs().saturating_mul(SECOND);
        match seconds < 0 {
            true => self.at.saturating_sub(length),
            false => self.at.saturating_add(length),
        }
    }
}

impl Jar {
    /// Forgets every cookie.
    pub(super) fn clear(&mut self) {
        self.cookies.clear();
    }

    /// Takes the value of a `Set-Cookie` that answers a request to `site` for `path`, unless it is
    /// not the site's to set.
    pub(super) fn set(&mut self, field: &[u8], site: Site<'_>, path: &[u8], now: Moment) {
        let Some(set) = SetCookie::parse(field) else {
            return;
        };
        if set.name.len() + set.value.len() > LONGEST || set.secure && !site.secure {
            return;
        }
        let domain = match &set.domain {
            Some(domain) if **domain != *site.host => {
                if !domain.contains('.') || !site.is_within(domain) {
                    return;
                }
                domain.clone()
            }
            _ => site.host.into(),
        };
        let expires = match (set.max_age, set.expires) {
            (Some(seconds), _) => Some(now.plus(seconds.max(0))),
            (None, Some(date)) => Some(now.plus(date.saturating_sub(now.unix))),
            (None, None) => None,
        };
        let cookie = Cookie {
            pair: [set.name, b"=", set.value].concat().into(),
            name_length: set.name.len(),
            // A host that is named is never below itself if it is an address.
            host_only: set.domain.is_none() || site.is_address(),
            domain,
            path: set.path.unwrap_or(default_path(path)).into(),
            secure: set.secure,
            expires,
        };
        let same = self.cookies.iter().position(|old| {
            old.name() == cookie.name() && old.domain == cookie.domain && old.path == cookie.path
        });
        let over = cookie.expires.is_some_and(|expires| expires <= now.at);
        match (same, over) {
            (Some(index), true) => drop(self.cookies.remove(index)),
            (Some(index), false) => self.cookies[index] = cookie,
            (None, true) => {}
            (None, false) => self.add(cookie, now.at),
        }
    }

    fn add(&mut self, cookie: Cookie, now: Nanos) {
        if self.cookies.len() >= MOST {
            self.cookies
                .retain(|old| old.expires.is_none_or(|expires| now < expires));
        }
        if self.cookies.len() >= MOST {
            self.cookies.remove(0);
        }
        let shorter = |old: &Cookie| old.path.len() < cookie.path.len();
        let place = self.cookies.iter().position(shorter);
        let place = place.unwrap_or(self.cookies.len());
        self.cookies.insert(place, cookie);
    }

    /// The value of the cookie of this name that a request to `site` for some path would have.
    fn value(&self, name: &[u8], site: Site<'_>, now: Nanos) -> Option<&[u8]> {
        let mut named = self.cookies.iter().filter(|cookie| cookie.name() == name);
        let found = named.find(|cookie| cookie.goes_to(site, &cookie.path, now));
        found.map(Cookie::value)
    }
}

/// The jar that a request to a site takes its cookies from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cookies<'a> {
    pub jar: &'a Jar,
    pub site: Site<'a>,
    pub clock: Clock,
}

impl<'a> Cookies<'a> {
    /// The value of the cookie of this name.
    pub(super) fn value(self, name: &str) -> Option<&'a [u8]> {
        self.jar.value(name.as_bytes(), self.site, self.clock.now())
    }
}

/// Appends the field `cookie` to the request that `out` begins with, if there is any: the pairs that
/// `own` writes, and the jar's but for those of the same names.
pub(super) fn write(
    cookies: Option<Cookies<'_>>,
    own: impl FnOnce(&mut Vec<u8>),
    out: &mut Vec<u8>,
) {
    let start = out.len();
    out.extend_from_slice(b"cookie: ");
    let value = out.len();
    own(out);
    let own = value..out.len();
    let target = address::target(out);
    let all = cookies.map_or(&[][..], |cookies| &cookies.jar.cookies);
    // The clock is not asked for cookies that stay.
    let mut now = None;
    for (cookie, Cookies { site, clock, .. }) in all.iter().zip(cookies.into_iter().cycle()) {
        let now = match cookie.expires {
            None => 0,
            Some(_) => *now.get_or_insert_with(|| clock.now()),
        };
        let path = without_query(&out[target.clone()]);
        let overruled = || names(&out[own.clone()]).any(|name| name == cookie.name());
        if !cookie.goes_to(site, path, now) || overruled() {
            continue;
        }
        if out.len() > value {
            out.extend_from_slice(b"; ");
        }
        out.extend_from_slice(&cookie.pair);
    }
    match out.len() > value {
        true => out.extend_from_slice(b"\r\n"),
        false => out.truncate(start),
    }
}

/// The names in the value of a `Cookie`.
fn names(own: &[u8]) -> impl Iterator<Item = &[u8]> {
    let pairs = own.split(|byte| *byte == b';');
    pairs.filter_map(|pair| Some(pair[..memchr::memchr(b'=', pair)?].trim_ascii()))
}

fn without_query(target: &[u8]) -> &[u8] {
    target
        .split(|byte| *byte == b'?')
        .next()
        .unwrap_or_default()
}

/// RFC 6265, 5.1.4.
fn default_path(target: &[u8]) -> &[u8] {
    let path = without_query(target);
    match memchr::memrchr(b'/', path) {
        Some(end @ 1..) if path[0] == b'/' => &path[..end],
        _ => b"/",
    }
}

/// RFC 6265, 5.1.4.
fn path_matches(path: &[u8], of_cookie: &[u8]) -> bool {
    match path.strip_prefix(of_cookie) {
        Some(rest) => rest.first().is_none_or(|next| *next == b'/') || of_cookie.ends_with(b"/"),
        None => false,
    }
}
