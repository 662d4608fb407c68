//! State of users who have cookies, or go to servers other than their own.

use super::{
    address::is_same_server,
    connect::Addresses,
    connection::Channel,
    cookies::{Jar, Moment, Site},
    expect::headers,
    policy::Policy,
    server::ServerSetup,
};
use loadgen_core::time::Clock;
use std::{cell::RefCell, collections::VecDeque, rc::Rc};
use url::Url;

/// Most connections of a user to servers other than its own; the oldest is closed.
const MOST_ELSEWHERE: usize = 6;

/// Most servers other than the targets' whose addresses a worker remembers.
const MOST_SERVERS: usize = 256;

/// Cookies of a user, and its connections to servers other than its own.
#[derive(Debug, Default)]
pub(super) struct UserState {
    /// None: cookies are not kept.
    pub jar: Option<Jar>,
    elsewhere: VecDeque<(Rc<Elsewhere>, Option<Channel>)>,
}

/// A server that a redirect or a step's URL leads to.
#[derive(Debug)]
pub(super) struct Elsewhere {
    population: usize,
    pub server: ServerSetup,
    pub addresses: Addresses,
}

/// Servers that redirects and URLs of steps led a worker to.
#[derive(Debug, Default)]
pub(super) struct Elsewheres(RefCell<VecDeque<Rc<Elsewhere>>>);

impl Elsewheres {
    /// The server at `url`, as `population` asks it.
    ///
    /// # Errors
    /// In words, when it cannot be asked.
    pub(super) fn get(
        &self,
        url: &Url,
        population: usize,
        policy: &Policy,
    ) -> Result<Rc<Elsewhere>, String> {
        let mut known = self.0.borrow_mut();
        let is_it = |other: &&Rc<Elsewhere>| {
            other.population == population && is_same_server(&other.server.base, url)
        };
        if let Some(found) = known.iter().find(is_it) {
            return Ok(Rc::clone(found));
        }
        let server = ServerSetup::of_url(url, &policy.connect);
        let server = server.map_err(|error| error.to_string())?;
        let new = Rc::new(Elsewhere {
            population,
            server,
            addresses: Addresses::default(),
        });
        if known.len() == MOST_SERVERS {
            known.pop_front();
        }
        known.push_back(Rc::clone(&new));
        Ok(new)
    }
}

impl UserState {
    /// The state of a new user; None where it needs none.
    pub(super) fn of(policy: &Policy) -> Option<Box<Self>> {
        (policy.cookies || policy.redirects > 0).then(|| {
            Box::new(Self {
                jar: policy.cookies.then(Jar::default),
                elsewhere: VecDeque::new(),
            })
        })
    }

    /// The user's connection to another server, which may not be open, and its cookies.
    pub(super) fn connection(
        &mut self,
        server: &Rc<Elsewhere>,
    ) -> (&mut Option<Channel>, Option<&Jar>) {
        let mut known = self.elsewhere.iter();
        let index = known.position(|(other, _)| Rc::ptr_eq(other, server));
        let entry = match index.and_then(|index| self.elsewhere.remove(index)) {
            Some(entry) => entry,
            None => (Rc::clone(server), None),
        };
        if self.elsewhere.len() == MOST_ELSEWHERE {
            self.elsewhere.pop_front();
        }
        self.elsewhere.push_back(entry);
        let last = self.elsewhere.len() - 1;
        (&mut self.elsewhere[last].1, self.jar.as_ref())
    }

    /// Forgets the cookies: somebody else begins.
    pub(super) fn forget(&mut self) {
        if let Some(jar) = &mut self.jar {
            jar.clear();
        }
    }

    /// Takes the cookies that a response to a request to `site` for `target` sets.
    pub(super) fn keep_cookies(
        &mut self,
        head: &[u8],
        site: Site<'_>,
        target: &[u8],
        clock: Clock,
    ) {
        let Some(jar) = &mut self.jar else { return };
        let now = Moment::now(clock);
        for (_, value) in headers(head).filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"))
        {
            jar.set(value, site, target, now);
        }
    }
}
