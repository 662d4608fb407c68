//! `[load]`: users or arrivals.

use super::Field;
use crate::{
    form::{Definitions, Form, Here, List, Pause, Rate, Whole, Words, any_of, table},
    reader::Reader,
    tree::Node,
};
use serde_json::Value;
use std::time::Duration;

table! {
    /// Users (closed model) or arrivals (open model).
    pub struct Load as "[load]" {
        /// Span of the table.
        span: Here,
        /// Closed: how many.
        users: Whole,
        /// Closed: how many more each second.
        spawn_rate: Rate,
        /// Closed: pause between task runs.
        think: Think,
        /// Closed: one task run in each interval of this length.
        pacing: Duration,
        /// Closed: task runs of each user.
        iterations: Whole,
        /// Closed: task runs of all users together.
        shared_iterations: Whole,
        /// Open: arrivals per second.
        rate: Rate,
        /// Open: how they are spread.
        arrivals: Arrivals,
        /// Open: most task runs at once.
        max_in_flight: Whole,
        /// Open: most arrivals waiting.
        max_queue: Whole,
        /// Time until no further run starts.
        duration: Duration,
        /// Users or rates over time.
        stages: List<Stage>,
        /// Longest time that runs may take to finish after the end.
        graceful_stop: Duration,
        /// Closed: how long a run may finish when its user leaves.
        graceful_ramp_down: Duration,
        /// Delay before the load begins.
        start: Duration,
        /// Length of the warm-up, which is not measured.
        warmup: Duration,
    }
}

table! {
    /// A straight line to a level.
    pub struct Stage as "a stage" {
        /// Span of the table.
        span: Here,
        /// Length of the stage.
        duration: Duration,
        /// Closed: users at its end.
        users: Whole,
        /// Open: arrivals per second at its end.
        rate: Rate,
    }
}

table! {
    /// A pause that follows a distribution.
    pub struct Distribution as "a pause" {
        /// The mean of a bell curve.
        normal: Duration,
        /// Its deviation.
        stddev: Duration,
        /// The mean of an exponential distribution.
        exponential: Duration,
    }
}

/// A pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Think {
    /// Anything from the shortest to the longest.
    Uniform(Duration, Duration),
    /// A bell curve: mean and deviation.
    Normal(Duration, Duration),
    /// Exponential, with its mean.
    Exponential(Duration),
}

/// A text, or a table for a distribution.
impl Form for Think {
    type Value = Self;

    fn read(reader: &Reader, node: &Node) -> Option<Self> {
        const HELP: &str =
            r#"write "1s..3s", { normal = "2s", stddev = "500ms" } or { exponential = "2s" }"#;
        if !node.is_table() {
            let (least, most) = Pause::read(reader, node)?;
            return Some(Think::Uniform(least, most));
        }
        let pause = Distribution::read(reader, node)?;
        match (pause.normal, pause.stddev, pause.exponential) {
            (Field::Given(mean), Field::Given(stddev), Field::Absent) => {
                Some(Think::Normal(mean.value, stddev.value))
            }
            (Field::Absent, Field::Absent, Field::Given(mean)) => {
                Some(Think::Exponential(mean.value))
            }
            (Field::Bad(_), ..) | (_, Field::Bad(_), _) | (.., Field::Bad(_)) => None,
            _ => reader.wrong_value(node, "not one distribution of pauses", Some(HELP)),
        }
    }

    fn schema(to: &mut Definitions) -> Value {
        any_of([Pause::schema(to), Distribution::schema(to)])
    }
}

/// Distribution of arrivals over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrivals {
    /// Evenly.
    Constant,
    /// Exponential gaps, like those of independent clients.
    Poisson,
}

impl Words for Arrivals {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("constant", Arrivals::Constant),
        ("poisson", Arrivals::Poisson),
    ];
    const UNKNOWN: &'static str = "no known way for arrivals to come";
}
