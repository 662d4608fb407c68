//! `[load]`: users or arrivals.

use super::{Field, Keys, Node, Place, Reader};
use std::time::Duration;

/// Users (closed model) or arrivals (open model).
#[derive(Debug)]
pub struct Load {
    /// Its table's header.
    pub place: Place,
    /// Closed: how many.
    pub users: Field<i64>,
    /// Closed: how many more each second.
    pub spawn_rate: Field<f64>,
    /// Closed: pause between task runs.
    pub think: Field<Think>,
    /// Closed: one task run in each interval of this length.
    pub pacing: Field<Duration>,
    /// Closed: task runs of each user.
    pub iterations: Field<i64>,
    /// Closed: task runs of all users together.
    pub shared_iterations: Field<i64>,
    /// Closed: how long a run may finish when its user leaves.
    pub graceful_ramp_down: Field<Duration>,
    /// When it begins.
    pub start: Field<Duration>,
    /// How long it runs before what is measured.
    pub warmup: Field<Duration>,
    /// Open: arrivals per second.
    pub rate: Field<f64>,
    /// Open: how they are spread.
    pub arrivals: Field<Arrivals>,
    /// Open: most task runs at once.
    pub max_in_flight: Field<i64>,
    /// Open: most arrivals waiting.
    pub max_queue: Field<i64>,
    /// When no further run starts.
    pub duration: Field<Duration>,
    /// Users or rates over time.
    pub stages: Field<Vec<Stage>>,
    /// How long runs may finish after the end.
    pub graceful_stop: Field<Duration>,
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

/// A straight line to a level.
#[derive(Debug)]
pub struct Stage {
    /// Where it stands.
    pub place: Place,
    /// How long it takes.
    pub duration: Field<Duration>,
    /// Closed: users at its end.
    pub users: Field<i64>,
    /// Open: arrivals per second at its end.
    pub rate: Field<f64>,
}

/// How arrivals are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrivals {
    /// Evenly.
    Constant,
    /// With exponential gaps.
    Poisson,
}

pub(super) const LOAD: Keys = Keys {
    table: "[load]",
    names: &[
        "users",
        "spawn_rate",
        "think",
        "pacing",
        "iterations",
        "shared_iterations",
        "rate",
        "arrivals",
        "max_in_flight",
        "max_queue",
        "duration",
        "stages",
        "graceful_stop",
        "graceful_ramp_down",
        "start",
        "warmup",
    ],
};

pub(super) const PAUSE: Keys = Keys {
    table: "a pause",
    names: &["normal", "stddev", "exponential"],
};

pub(super) const STAGE: Keys = Keys {
    table: "a stage",
    names: &["duration", "users", "rate"],
};

pub(super) fn read(reader: &Reader, node: &Node) -> Option<Load> {
    let fields = reader.table(node, &LOAD)?;
    Some(Load {
        place: node.place,
        users: fields.field("users", Reader::whole),
        spawn_rate: fields.field("spawn_rate", Reader::rate),
        think: fields.field("think", think),
        pacing: fields.field("pacing", Reader::duration),
        iterations: fields.field("iterations", Reader::whole),
        shared_iterations: fields.field("shared_iterations", Reader::whole),
        graceful_ramp_down: fields.field("graceful_ramp_down", Reader::duration),
        start: fields.field("start", Reader::duration),
        warmup: fields.field("warmup", Reader::duration),
        rate: fields.field("rate", Reader::rate),
        arrivals: fields.field("arrivals", arrivals),
        max_in_flight: fields.field("max_in_flight", Reader::whole),
        max_queue: fields.field("max_queue", Reader::whole),
        duration: fields.field("duration", Reader::duration),
        stages: fields.field("stages", |r, node| r.list(node, stage)),
        graceful_stop: fields.field("graceful_stop", Reader::duration),
    })
}

/// A pause: a text, or a table for a distribution.
pub(super) fn think(reader: &Reader, node: &Node) -> Option<Think> {
    const HELP: &str =
        r#"write "1s..3s", { normal = "2s", stddev = "500ms" } or { exponential = "2s" }"#;
    if !node.is_table() {
        let (least, most) = reader.pause(node)?;
        return Some(Think::Uniform(least, most));
    }
    let fields = reader.table(node, &PAUSE)?;
    let length = |key| fields.field(key, Reader::duration);
    match (length("normal"), length("stddev"), length("exponential")) {
        (Field::Given(mean), Field::Given(stddev), Field::Absent) => {
            Some(Think::Normal(mean.value, stddev.value))
        }
        (Field::Absent, Field::Absent, Field::Given(mean)) => Some(Think::Exponential(mean.value)),
        (Field::Bad(_), ..) | (_, Field::Bad(_), _) | (.., Field::Bad(_)) => None,
        _ => reader.wrong_value(node, "not one distribution of pauses", Some(HELP)),
    }
}

fn stage(reader: &Reader, node: &Node) -> Option<Stage> {
    let fields = reader.table(node, &STAGE)?;
    Some(Stage {
        place: node.place,
        duration: fields.field("duration", Reader::duration),
        users: fields.field("users", Reader::whole),
        rate: fields.field("rate", Reader::rate),
    })
}

fn arrivals(reader: &Reader, node: &Node) -> Option<Arrivals> {
    let known = [
        ("constant", Arrivals::Constant),
        ("poisson", Arrivals::Poisson),
    ];
    reader.one_of(node, &known, "no known way for arrivals to come")
}
