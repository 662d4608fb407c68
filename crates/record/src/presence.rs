//! Time of users: how long they were there, and how much of it loadgen's own lateness took.

use loadgen_core::{metric::is_default, time::Nanos};
use serde::{Deserialize, Serialize};

/// Time of the users of one population over an interval or a run, summed over them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UserTime {
    /// In which they were there.
    #[serde(skip_serializing_if = "is_default")]
    pub present: Nanos,
    /// In which they waited for loadgen, that was late.
    #[serde(skip_serializing_if = "is_default")]
    pub lost: Nanos,
}

impl UserTime {
    /// Adds those of `more`, by population.
    pub fn add_all(mine: &mut Vec<Self>, more: &[Self]) {
        if mine.len() < more.len() {
            mine.resize_with(more.len(), Self::default);
        }
        for (mine, more) in mine.iter_mut().zip(more) {
            // Values read from a file may be anything.
            mine.present = mine.present.saturating_add(more.present);
            mine.lost = mine.lost.saturating_add(more.lost);
        }
    }

    /// Share of the time that was lost, 0 to 1.
    pub fn lost_share(self) -> f64 {
        match self.present {
            0 => 0.0,
            present => (self.lost as f64 / present as f64).min(1.0),
        }
    }

    /// By how much more would have been done in the same time with nothing lost: 0.25 when a fifth
    /// was lost.
    pub fn gain(self) -> f64 {
        let lost = self.lost_share();
        lost / (1.0 - lost)
    }
}

/// Users of one worker, by population.
#[derive(Debug, Default)]
pub(super) struct Presence(Vec<Present>);

#[derive(Debug, Clone, Copy, Default)]
struct Present {
    users: u64,
    /// Their time up to `until`, since it was taken last.
    time: Nanos,
    until: Nanos,
}

impl Present {
    fn pass(&mut self, now: Nanos) {
        let passed = now.saturating_sub(self.until);
        self.time += passed.saturating_mul(self.users);
        self.until = now.max(self.until);
    }
}

impl Presence {
    /// A user of the population begins.
    pub fn come(&mut self, population: usize, now: Nanos) {
        if self.0.len() <= population {
            self.0.resize_with(population + 1, Present::default);
        }
        let own = &mut self.0[population];
        own.pass(now);
        own.users += 1;
    }

    /// A user of the population leaves.
    pub fn leave(&mut self, population: usize, now: Nanos) {
        if let Some(own) = self.0.get_mut(population) {
            own.pass(now);
            own.users = own.users.saturating_sub(1);
        }
    }

    /// Returns the number present.
    pub fn level(&self) -> u64 {
        self.0.iter().map(|own| own.users).sum()
    }

    /// Takes the time up to `now`, by population; empty where no users have been.
    pub fn take(&mut self, now: Nanos) -> Vec<UserTime> {
        let taken = self.0.iter_mut().map(|own| {
            own.pass(now);
            UserTime {
                present: std::mem::take(&mut own.time),
                lost: 0,
            }
        });
        taken.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(present: Nanos, lost: Nanos) -> UserTime {
        UserTime { present, lost }
    }

    #[test]
    fn time_is_that_of_each_user_from_coming_to_leaving() {
        let mut presence = Presence::default();
        assert_eq!(presence.take(5), []);
        presence.come(1, 10);
        presence.come(1, 30);
        assert_eq!(
            (presence.level(), presence.take(40)),
            (2, vec![time(0, 0), time(40, 0)])
        );
        presence.leave(1, 45);
        presence.come(0, 45);
        assert_eq!(presence.take(50), [time(5, 0), time(15, 0)]);
        presence.leave(1, 60);
        presence.leave(0, 60);
        assert_eq!(presence.take(100), [time(10, 0), time(10, 0)]);
        assert_eq!(
            (presence.level(), presence.take(200)),
            (0, vec![time(0, 0); 2])
        );
    }

    #[test]
    fn what_was_lost_would_have_been_used_as_the_rest_was() {
        for (present, lost, share, gain) in [
            (0, 0, 0.0, 0.0),
            (100, 0, 0.0, 0.0),
            (100, 20, 0.2, 0.25),
            (100, 50, 0.5, 1.0),
            (100, 200, 1.0, f64::INFINITY),
        ] {
            let time = time(present, lost);
            assert_eq!((time.lost_share(), time.gain()), (share, gain));
        }
        let mut sum = vec![time(1, 1)];
        UserTime::add_all(&mut sum, &[time(u64::MAX, 2), time(3, 4)]);
        assert_eq!(sum, [time(u64::MAX, 3), time(3, 4)]);
    }
}
