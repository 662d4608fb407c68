//! The addresses of a name, as a worker knows them.

use crate::{ErrorClass, Failure, Shortage};
use loadgen_core::time::{Clock, Nanos, SECOND, nanos};
use std::{
    cell::{OnceCell, RefCell},
    collections::HashSet,
    net::SocketAddr,
    rc::Rc,
    time::Duration,
};
use tokio::{net::lookup_host, sync::Mutex};

/// Time for which a name is known to have no address, so that many users who wait for the same name
/// do not each ask again.
const ABSENCE_LIVES: Nanos = SECOND;

/// Time for which an address that could not be reached is tried last.
const DEAD: Nanos = 60 * SECOND;

/// Addresses of one name.
#[derive(Debug, Default)]
pub(in crate::http) struct Addresses {
    known: Mutex<Option<Known>>,
    /// Those that could not be reached, each with the time until which that counts.
    dead: RefCell<Vec<(SocketAddr, Nanos)>>,
    /// Those of the server, where these are of the proxy before it.
    behind: OnceCell<Box<Addresses>>,
}

#[derive(Debug)]
struct Known {
    found_at: Nanos,
    until: Nanos,
    found: Result<Rc<[SocketAddr]>, Absence>,
}

impl Known {
    fn found(&self) -> Result<Rc<[SocketAddr]>, Failure> {
        self.found.clone().map_err(Failure::from)
    }
}

impl Addresses {
    /// Returns the addresses of the server behind the proxy whose addresses these are.
    pub(in crate::http) fn behind(&self) -> &Self {
        self.behind.get_or_init(Box::default)
    }

    /// Returns what is known already; None when the name must be looked up.
    pub(super) fn known(&self, clock: Clock) -> Option<Result<Rc<[SocketAddr]>, Failure>> {
        let known = self.known.try_lock().ok()?;
        let fresh = known.as_ref().filter(|known| clock.now() < known.until);
        fresh.map(Known::found)
    }

    /// Looks the name up, to know its addresses for the time `lives`. Concurrent calls share one
    /// look-up.
    pub(super) async fn look_up(
        &self,
        name: &str,
        port: u16,
        lives: Duration,
        clock: Clock,
    ) -> Result<Rc<[SocketAddr]>, Failure> {
        let called_at = clock.now();
        let mut known = self.known.lock().await;
        if let Some(known) = &*known
            && (called_at <= known.found_at || clock.now() < known.until)
        {
            return known.found();
        }
        let found = ask(name, port).await;
        let lives = match &found {
            Ok(_) => nanos(lives),
            Err(_) => ABSENCE_LIVES,
        };
        let found_at = clock.now();
        let known = known.insert(Known {
            found_at,
            until: found_at.saturating_add(lives),
            found,
        });
        known.found()
    }

    /// Pretends that these have been found.
    #[cfg(test)]
    pub(in crate::http) fn assume(&self, addresses: impl IntoIterator<Item = SocketAddr>) {
        *self.known.try_lock().unwrap() = Some(Known {
            found_at: 0,
            until: Nanos::MAX,
            found: Ok(addresses.into_iter().collect()),
        });
    }

    /// Puts addresses into the order in which a session tries them: from its turn on, and those
    /// that are dead last.
    pub(in crate::http) fn order(
        &self,
        addresses: &[SocketAddr],
        turn: u64,
        now: Nanos,
    ) -> Vec<SocketAddr> {
        let mut dead = self.dead.borrow_mut();
        dead.retain(|(_, until)| now < *until);
        let is_dead = |address: &SocketAddr| dead.iter().any(|(other, _)| other == address);
        let mut order = addresses.to_vec();
        let count = addresses.len() as u64;
        order.rotate_left(turn.checked_rem(count).unwrap_or(0) as usize);
        order.sort_by_key(is_dead);
        order
    }

    /// Notes that addresses could not be reached.
    pub(super) fn bury(&self, addresses: impl IntoIterator<Item = SocketAddr>, now: Nanos) {
        for address in addresses {
            self.revive(address);
            let until = now.saturating_add(DEAD);
            self.dead.borrow_mut().push((address, until));
        }
    }

    /// Notes that an address could be reached.
    pub(super) fn revive(&self, address: SocketAddr) {
        self.dead
            .borrow_mut()
            .retain(|(other, _)| *other != address);
    }
}

/// A name without an address.
#[derive(Debug, Clone)]
struct Absence {
    words: Rc<str>,
    /// Shortage of this machine, for which nobody was asked.
    shortage: Option<Shortage>,
}

impl From<Absence> for Failure {
    fn from(Absence { words, shortage }: Absence) -> Self {
        Failure::for_want_of(shortage, ErrorClass::Dns, words.to_string())
    }
}

async fn ask(name: &str, port: u16) -> Result<Rc<[SocketAddr]>, Absence> {
    let absence = |words: String, shortage| Absence {
        words: format!("cannot resolve {name}: {words}").into(),
        shortage,
    };
    let found = lookup_host((name, port)).await;
    let found = found.map_err(|error| absence(error.to_string(), Shortage::of(&error)))?;
    let addresses = interleaved(found);
    match addresses.is_empty() {
        true => Err(absence("it has no address".to_owned(), None)),
        false => Ok(addresses.into()),
    }
}

/// Each address once, those of the two families in alternation (RFC 8305, 4).
fn interleaved(addresses: impl IntoIterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let mut seen = HashSet::new();
    let each = addresses
        .into_iter()
        .filter(|address| seen.insert(*address));
    let each: Vec<SocketAddr> = each.collect();
    let preferred = each.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = each
        .into_iter()
        .partition(|address| address.is_ipv6() == preferred);
    let mut rest = second.into_iter();
    let mut all = Vec::new();
    for address in first {
        all.push(address);
        all.extend(rest.next());
    }
    all.extend(rest);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses<const N: usize>(texts: [&str; N]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn families_alternate_and_the_preferred_one_is_first() {
        for (found, expected) in [
            (vec![], vec![]),
            (
                addresses(["[::1]:1", "[::2]:1", "[::1]:1", "[::3]:1", "1.1.1.1:1"]),
                addresses(["[::1]:1", "1.1.1.1:1", "[::2]:1", "[::3]:1"]),
            ),
            (
                addresses(["1.1.1.1:1", "[::1]:1", "[::2]:1", "[::3]:1"]),
                addresses(["1.1.1.1:1", "[::1]:1", "[::2]:1", "[::3]:1"]),
            ),
        ] {
            assert_eq!(interleaved(found), expected);
        }
    }

    #[test]
    fn sessions_take_turns_and_the_dead_are_last_for_a_minute() {
        let known = Addresses::default();
        let all = addresses(["1.1.1.1:1", "1.1.1.2:1", "1.1.1.3:1"]);
        let order = |turn, now| {
            let order = known.order(&all, turn, now);
            let number = |address: SocketAddr| all.iter().position(|other| *other == address);
            order
                .into_iter()
                .map(|address| number(address).unwrap())
                .collect::<Vec<_>>()
        };
        assert_eq!([0, 1, 2, 3].map(|turn| order(turn, 0)[0]), [0, 1, 2, 0]);
        assert_eq!(order(1, 0), [1, 2, 0]);
        known.bury([all[1]], SECOND);
        assert_eq!(order(1, 60 * SECOND), [2, 0, 1]);
        assert_eq!(order(0, 60 * SECOND), [0, 2, 1]);
        // Found dead again.
        known.bury([all[1]], 50 * SECOND);
        assert_eq!(order(1, 100 * SECOND), [2, 0, 1]);
        assert_eq!(order(1, 110 * SECOND), [1, 2, 0]);
        known.bury(all.clone(), 200 * SECOND);
        assert_eq!(order(1, 200 * SECOND), [1, 2, 0]);
        known.revive(all[0]);
        assert_eq!(order(1, 200 * SECOND), [0, 1, 2]);
    }

    #[tokio::test]
    async fn a_name_is_asked_again_once_its_time_is_over() {
        let known = Addresses::default();
        let clock = Clock::of_runtime();
        let look_up = |lives| known.look_up("localhost", 7, Duration::from_secs(lives), clock);
        assert!(known.known(clock).is_none());
        let found = look_up(3600).await.unwrap();
        assert!(found.iter().all(|address| address.ip().is_loopback()));
        let again = known.known(clock).unwrap().unwrap();
        assert!(Rc::ptr_eq(&found, &again), "it is not asked again");
        known.known.lock().await.as_mut().unwrap().until = 0;
        assert!(known.known(clock).is_none());
        let found = look_up(0).await.unwrap();
        assert!(!Rc::ptr_eq(&found, &again));
        assert!(known.known(clock).is_none());
        // Whoever called before the name was found need not ask.
        known.known.lock().await.as_mut().unwrap().found_at = Nanos::MAX;
        assert!(Rc::ptr_eq(&found, &look_up(0).await.unwrap()));
    }
}
