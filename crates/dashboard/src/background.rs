//! Background of the load on live displays: events, and the target's metrics.

/// Most readings that are kept of a metric; then every second one is left out.
const MOST_READINGS: usize = 600;

/// Most metrics that are shown: more would be a wall.
const MOST_METRICS: usize = 48;

/// Something that was done to the world during the run.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveEvent {
    /// Its name.
    pub name: String,
    /// Start, in seconds from the start of the run.
    pub at: f64,
    /// True if it succeeded.
    pub ok: bool,
    /// Note or error; may be empty.
    pub message: String,
}

impl LiveEvent {
    /// Returns true if both are about the same run of the same event.
    pub fn is_same(&self, other: &LiveEvent) -> bool {
        self.at == other.at && self.name == other.name
    }
}

/// The course of one metric of the system under test.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveSeries {
    /// Name of the source, such as `app`.
    pub source: String,
    /// Name of the metric.
    pub metric: String,
    /// Its unit; empty for plain numbers.
    pub unit: String,
    /// Seconds from the start of the run, and values.
    pub points: Vec<(f64, f64)>,
}

impl LiveSeries {
    /// `source metric`.
    pub fn title(&self) -> String {
        format!("{} {}", self.source, self.metric)
    }

    /// The least and the greatest value.
    pub fn range(&self) -> (f64, f64) {
        let values = self.points.iter().map(|(_, value)| *value);
        let none = (f64::INFINITY, f64::NEG_INFINITY);
        values.fold(none, |(least, most), value| {
            (least.min(value), most.max(value))
        })
    }

    /// Returns true if the value changed.
    pub fn moves(&self) -> bool {
        let (least, most) = self.range();
        least < most
    }

    /// The latest value.
    pub fn last(&self) -> Option<f64> {
        self.points.last().map(|(_, value)| *value)
    }
}

/// A reading of one metric at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading<'a> {
    /// See [`LiveSeries::source`].
    pub source: &'a str,
    /// See [`LiveSeries::metric`].
    pub metric: &'a str,
    /// See [`LiveSeries::unit`].
    pub unit: &'a str,
    /// In seconds from the start of the run.
    pub at: f64,
    /// Value.
    pub value: f64,
}

/// Adds a reading to the course of its metric; metrics beyond a number are left to the report.
pub fn add(observed: &mut Vec<LiveSeries>, reading: &Reading<'_>) {
    let known = observed
        .iter()
        .position(|one| one.source == reading.source && one.metric == reading.metric);
    if known.is_none() && observed.len() == MOST_METRICS {
        return;
    }
    let index = known.unwrap_or_else(|| {
        observed.push(LiveSeries {
            source: reading.source.to_owned(),
            metric: reading.metric.to_owned(),
            unit: reading.unit.to_owned(),
            points: Vec::new(),
        });
        observed.len() - 1
    });
    let points = &mut observed[index].points;
    points.push((reading.at, reading.value));
    if points.len() > MOST_READINGS {
        let mut index = 0;
        points.retain(|_| {
            index += 1;
            index % 2 == 1
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_join_the_course_of_their_metric_in_bounded_memory() {
        let mut observed = Vec::new();
        for second in 0..5_000 {
            for metric in ["connections", "cpu"] {
                let reading = Reading {
                    source: "app",
                    metric,
                    unit: "",
                    at: f64::from(second),
                    value: f64::from(second) / 2.0,
                };
                add(&mut observed, &reading);
            }
        }
        assert_eq!(observed.len(), 2);
        for one in &observed {
            assert!(one.points.len() <= MOST_READINGS);
            assert_eq!(one.points[0], (0.0, 0.0));
            assert!(one.points.is_sorted_by(|one, next| one.0 < next.0));
            assert!(one.last().unwrap() > 2_490.0);
        }
        assert_eq!(observed[1].title(), "app cpu");
    }

    #[test]
    fn what_was_under_way_is_over_in_its_place() {
        let event = |at: f64, message: &str| LiveEvent {
            name: "stress".to_owned(),
            at,
            ok: true,
            message: message.to_owned(),
        };
        let mut state = super::super::State::default();
        state.event(event(1.0, "under way"));
        state.event(event(2.0, "under way"));
        assert!(state.knows(&event(1.0, "")) && !state.knows(&event(3.0, "")));
        state.event(event(1.0, "ended with the load"));
        let shown = state.events.iter().map(|event| &*event.message);
        assert_eq!(
            shown.collect::<Vec<_>>(),
            ["ended with the load", "under way"]
        );
    }

    #[test]
    fn only_so_many_metrics_are_shown() {
        let mut observed = Vec::new();
        for index in 0..MOST_METRICS + 5 {
            let metric = format!("m{index}");
            let reading = Reading {
                source: "app",
                metric: &metric,
                unit: "",
                at: 0.0,
                value: 1.0,
            };
            add(&mut observed, &reading);
        }
        assert_eq!(observed.len(), MOST_METRICS);
    }
}
