//! Measurements of a perfect client: the arithmetic of a queue, with nothing estimated.
//!
//! Each arrival takes the connection that is free first, in the order of arrival; it waits while
//! none is. The server works on it at once, except while it is stalled.

use crate::stalls::{Nanos, Stalls};
use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};

/// One arrival as it went, in ns from the start of the schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visit {
    /// Time at which it was due.
    pub arrival: Nanos,
    /// Time at which it got a connection and was sent.
    pub sent: Nanos,
    /// Time at which its response was complete.
    pub done: Nanos,
}

impl Visit {
    /// Response time: from the moment it was due.
    pub fn response(&self) -> Nanos {
        self.done - self.arrival
    }

    /// Service time: from the moment it was sent.
    pub fn service(&self) -> Nanos {
        self.done - self.sent
    }
}

/// Evenly spaced arrivals: number `i` is due at `i / rate` seconds.
pub fn even_arrivals(rate: u64, length: Duration) -> Vec<Nanos> {
    let count = u128::from(rate) * length.as_nanos() / 1_000_000_000;
    (0..count)
        .map(|i| (i * 1_000_000_000 / u128::from(rate)) as Nanos)
        .collect()
}

/// Plays `arrivals` (in order) through `connections` to a server that stalls as `stalls` says and
/// needs `work(n)` for the n-th of them. A connection on which one waits already is used again
/// `turnaround(n)` after its last response: at once by a perfect client.
pub fn replay(
    arrivals: &[Nanos],
    connections: usize,
    stalls: &Stalls,
    work: impl Fn(usize) -> Nanos,
    turnaround: impl Fn(usize) -> Nanos,
) -> Vec<Visit> {
    let mut free_from: BinaryHeap<Reverse<Nanos>> = vec![Reverse(0); connections].into();
    arrivals
        .iter()
        .enumerate()
        .map(|(n, &arrival)| {
            let Reverse(free) = free_from.pop().expect("at least one connection");
            let sent = if arrival < free {
                free + turnaround(n)
            } else {
                arrival
            };
            let done = stalls.finish(sent, work(n));
            free_from.push(Reverse(done));
            Visit {
                arrival,
                sent,
                done,
            }
        })
        .collect()
}

/// The least value that at least `percent` of `values` do not exceed (nearest rank), exactly.
pub fn percentile(values: impl IntoIterator<Item = Nanos>, percent: f64) -> Nanos {
    let mut sorted: Vec<Nanos> = values.into_iter().collect();
    sorted.sort_unstable();
    let rank = (percent * sorted.len() as f64 / 100.0).ceil() as usize;
    sorted[rank.max(1) - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn responses(visits: &[Visit]) -> Vec<Nanos> {
        visits.iter().map(Visit::response).collect()
    }

    fn services(visits: &[Visit]) -> Vec<Nanos> {
        visits.iter().map(Visit::service).collect()
    }

    #[test]
    fn one_connection_is_a_queue() {
        let visits = replay(&[0, 1, 2, 30], 1, &Stalls::none(), |_| 10, |_| 0);
        assert_eq!(responses(&visits), [10, 19, 28, 10]);
        assert_eq!(services(&visits), [10, 10, 10, 10]);
    }

    #[test]
    fn a_client_that_dawdles_delays_only_those_that_wait() {
        let visits = replay(&[0, 1, 40], 1, &Stalls::none(), |_| 10, |_| 5);
        assert_eq!(responses(&visits), [10, 24, 10]);
        assert_eq!(services(&visits), [10, 10, 10]);
    }

    #[test]
    fn the_connection_that_is_free_first_is_taken() {
        // The second is done at 6, before the first, so the third waits from 2 to 6.
        let work = [20, 5, 3, 1];
        let visits = replay(&[0, 1, 2, 3], 2, &Stalls::none(), |n| work[n], |_| 0);
        assert_eq!(responses(&visits), [20, 5, 7, 7]);
        assert_eq!(services(&visits), [20, 5, 3, 1]);
    }

    #[test]
    fn a_stall_is_seen_by_those_in_flight_and_by_those_that_wait() {
        // Sent at 9 with one unit done before the stall of 10..20, so two are left: done at 22.
        // The arrival of 15 waits for it.
        let visits = replay(&[9, 15], 1, &Stalls::once(10..20), |_| 3, |_| 0);
        assert_eq!(
            visits,
            [
                Visit {
                    arrival: 9,
                    sent: 9,
                    done: 22
                },
                Visit {
                    arrival: 15,
                    sent: 22,
                    done: 25
                },
            ]
        );
    }

    #[test]
    fn percentiles_are_nearest_ranks() {
        assert_eq!(percentile([30, 10, 20, 40], 50.0), 20);
        assert_eq!(percentile([30, 10, 20, 40], 51.0), 30);
        assert_eq!(percentile([30, 10, 20, 40], 100.0), 40);
        assert_eq!(percentile([7], 1.0), 7);
    }

    #[test]
    fn arrivals_are_exact_at_rates_that_do_not_divide_a_second() {
        let arrivals = even_arrivals(3, Duration::from_secs(1));
        assert_eq!(arrivals, [0, 333_333_333, 666_666_666]);
        assert_eq!(
            even_arrivals(1_000, Duration::from_millis(2_500)).len(),
            2_500
        );
    }

    /// A server frozen for one second of five holds up a fifth of the arrivals by 0 to 1,000 ms,
    /// evenly: half of them (p90) by 500 ms, and so on.
    #[test]
    fn a_server_frozen_one_second_in_five() {
        let second = Duration::from_secs(1);
        let stalls = Stalls::periodic(5 * second, 4 * second..5 * second, 4);
        let arrivals = even_arrivals(1_000, 20 * second);
        let visits = replay(&arrivals, 50, &stalls, |_| 0, |_| 0);

        let response = |p| percentile(responses(&visits), p) / 1_000_000;
        assert_eq!([50.0, 90.0, 95.0, 99.0].map(response), [0, 500, 750, 950]);

        // Only the 50 that were in flight in each stall have a long service time.
        let long = services(&visits).iter().filter(|&&t| t > 0).count();
        assert_eq!(long, 4 * 50);
    }
}
