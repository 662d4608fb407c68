//! Rounds in which clients take turns.

use crate::Result;

/// Runs each of `clients` once a round; gives the results of each round in the clients' order.
///
/// The first of a round is the last of the next, so that a machine that slows down or warms up slows
/// all of them.
pub fn take<C: Copy, T>(
    rounds: usize,
    clients: &[C],
    mut run: impl FnMut(usize, C) -> Result<T>,
) -> Result<Vec<Vec<T>>> {
    let one_round = |round: usize| {
        let mut done = Vec::new();
        for turn in 0..clients.len() {
            let index = (round + turn) % clients.len();
            done.push(run(round + 1, clients[index])?);
        }
        // Back into the clients' order.
        done.rotate_right(round % clients.len());
        Ok(done)
    };
    (0..rounds).map(one_round).collect()
}
