//! Tries several addresses, the later ones beside those that do not answer (RFC 8305, Happy
//! Eyeballs).

use crate::{Shortage, Timers};
use futures_util::{StreamExt, stream::FuturesUnordered};
use loadgen_core::time::{Clock, Nanos, nanos};
use std::{io, net::SocketAddr, time::Duration};

/// Time that an address has before the next is tried beside it, as browsers and curl have it.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// The end of a race.
#[derive(Debug)]
pub(super) struct Finish<T> {
    /// The first connection and its address, or the last error; one that tells of a shortage only
    /// when all do: without IPv6, its addresses are told as if there were no ports.
    pub connected: io::Result<(SocketAddr, T)>,
    /// Addresses that failed, or were tried before the one that connected and had not answered yet.
    pub dead: Vec<SocketAddr>,
}

/// Connects to the first of `addresses` that can be reached. Where `limit` is near, the delays are
/// shorter, so that every address is tried before it.
pub(super) async fn race<T, F: Future<Output = io::Result<T>>>(
    addresses: &[SocketAddr],
    limit: Nanos,
    clock: Clock,
    timers: &Timers,
    connect: impl Fn(SocketAddr) -> F,
) -> Finish<T> {
    let mut failed: Option<io::Error> = None;
    let mut dead = Vec::new();
    // In the order of their starts.
    let mut open: Vec<SocketAddr> = Vec::new();
    let mut attempts = FuturesUnordered::new();
    let mut waiting = addresses.iter().copied();
    loop {
        if let Some(address) = waiting.next() {
            open.push(address);
            let attempt = connect(address);
            attempts.push(async move { (address, attempt.await) });
        } else if attempts.is_empty() {
            let none = || io::ErrorKind::AddrNotAvailable.into();
            let connected = Err(failed.unwrap_or_else(none));
            return Finish { connected, dead };
        }
        let ended = match waiting.len() as u64 {
            0 => attempts.next().await,
            left => {
                let now = clock.now();
                let share = limit.saturating_sub(now) / (left + 1);
                let next_at = now.saturating_add(share.min(nanos(ATTEMPT_DELAY)));
                let ended = timers.timeout_at(clock.instant(next_at), attempts.next());
                ended.await.ok().flatten()
            }
        };
        let Some((address, ended)) = ended else {
            continue;
        };
        match ended {
            Ok(stream) => {
                let before = open.into_iter().take_while(|other| *other != address);
                dead.extend(before);
                let connected = Ok((address, stream));
                return Finish { connected, dead };
            }
            Err(error) => {
                open.retain(|other| *other != address);
                let shortage = Shortage::of(&error).is_some();
                if !shortage {
                    dead.push(address);
                }
                if !shortage || failed.is_none() {
                    failed = Some(error);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use io::ErrorKind::{ConnectionRefused, NetworkUnreachable};
    use loadgen_core::time::SECOND;
    use std::cell::RefCell;
    use tokio::time::sleep;

    /// What becomes of an attempt: a connection or an error after so many milliseconds, or nothing.
    #[derive(Clone, Copy)]
    enum Fate {
        Connects(u64),
        Fails(u64, io::ErrorKind),
        Hangs,
    }
    use Fate::{Connects, Fails, Hangs};

    fn address(number: usize) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], number as u16))
    }

    /// The finish of a race, with addresses by their number, and its end and the starts of all
    /// attempts in milliseconds.
    async fn run(
        fates: &[Fate],
        limit: Nanos,
    ) -> (Result<usize, io::ErrorKind>, Vec<usize>, u64, Vec<u64>) {
        let clock = Clock::of_runtime();
        let addresses: Vec<_> = (0..fates.len()).map(address).collect();
        let starts = RefCell::new(Vec::new());
        let timers = Timers::default();
        let connect = |address: SocketAddr| {
            starts.borrow_mut().push(clock.now() / 1_000_000);
            let fate = fates[usize::from(address.port())];
            async move {
                let wait = |ms| sleep(Duration::from_millis(ms));
                match fate {
                    Connects(ms) => {
                        wait(ms).await;
                        Ok(())
                    }
                    Fails(ms, kind) => {
                        wait(ms).await;
                        Err(kind.into())
                    }
                    Hangs => std::future::pending().await,
                }
            }
        };
        let finish = race(&addresses, limit, clock, &timers, connect).await;
        let number = |address: SocketAddr| usize::from(address.port());
        let connected = finish.connected.map(|(address, ())| number(address));
        (
            connected.map_err(|error| error.kind()),
            finish.dead.into_iter().map(number).collect(),
            clock.now() / 1_000_000,
            starts.into_inner(),
        )
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_answer_is_overtaken() {
        let far = 10 * SECOND;
        for (fates, expected) in [
            (&[Connects(3)][..], (Ok(0), vec![], 3, vec![0])),
            (&[Connects(249), Hangs], (Ok(0), vec![], 249, vec![0])),
            (&[Hangs, Connects(3)], (Ok(1), vec![0], 253, vec![0, 250])),
            // Slow, but the first all the same.
            (&[Connects(300), Hangs], (Ok(0), vec![], 300, vec![0, 250])),
            (
                &[Connects(400), Connects(100)],
                (Ok(1), vec![0], 350, vec![0, 250]),
            ),
            (
                &[Hangs, Hangs, Connects(1)],
                (Ok(2), vec![0, 1], 501, vec![0, 250, 500]),
            ),
        ] {
            assert_eq!(run(fates, far).await, expected);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_makes_the_next_begin_at_once() {
        let far = 10 * SECOND;
        let refused = Fails(2, ConnectionRefused);
        for (fates, expected) in [
            (&[refused, Connects(3)][..], (Ok(1), vec![0], 5, vec![0, 2])),
            (
                &[Hangs, refused, Connects(1)],
                (Ok(2), vec![1, 0], 253, vec![0, 250, 252]),
            ),
            (
                &[Fails(0, NetworkUnreachable), refused],
                (Err(ConnectionRefused), vec![0, 1], 2, vec![0, 0]),
            ),
            // The last one is waited for.
            (
                &[Fails(900, NetworkUnreachable), refused],
                (Err(NetworkUnreachable), vec![1, 0], 900, vec![0, 250]),
            ),
        ] {
            assert_eq!(run(fates, far).await, expected);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn all_are_tried_before_the_limit() {
        let near = SECOND / 10;
        let fates = [Hangs, Hangs, Hangs, Connects(1)];
        let expected = (Ok(3), vec![0, 1, 2], 76, vec![0, 25, 50, 75]);
        assert_eq!(run(&fates, near).await, expected);
    }

    #[tokio::test]
    async fn a_shortage_is_told_when_nothing_else_is_known() {
        let clock = Clock::of_runtime();
        let none_left = nix::errno::Errno::EADDRNOTAVAIL as i32;
        let refused = nix::errno::Errno::ECONNREFUSED as i32;
        for (errors, told, dead) in [
            ([refused, none_left], refused, vec![address(0)]),
            ([none_left, refused], refused, vec![address(1)]),
            ([none_left, none_left], none_left, vec![]),
        ] {
            let connect = |address: SocketAddr| async move {
                let error = errors[usize::from(address.port())];
                Err::<(), _>(io::Error::from_raw_os_error(error))
            };
            let addresses = [address(0), address(1)];
            let timers = Timers::default();
            let finish = race(&addresses, SECOND, clock, &timers, connect).await;
            let error = finish.connected.unwrap_err();
            assert_eq!((error.raw_os_error(), finish.dead), (Some(told), dead));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn without_addresses_nothing_is_connected() {
        let nothing = (Err(io::ErrorKind::AddrNotAvailable), vec![], 0, vec![]);
        assert_eq!(run(&[], SECOND).await, nothing);
    }
}
