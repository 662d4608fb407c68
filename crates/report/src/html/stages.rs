//! The stages of the load, from the plan of a result.

use loadgen_core::human;
use serde_json::Value;

/// A stretch in which the load holds a level or moves to one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stage {
    /// In seconds from the start of the run.
    pub start: f64,
    pub end: f64,
    /// Such as `to 500 users`.
    pub name: String,
}

/// The stages of all populations by their starts; none where a load stays the same.
pub(super) fn stages(plan: &Value) -> Vec<Stage> {
    let populations = plan["populations"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let mut all = Vec::new();
    let measured = plan["warmup_s"].as_f64().unwrap_or(0.0);
    for population in populations {
        let load = &population["load"];
        let (levels, unit) = match load["users"].as_array() {
            Some(users) => (Some(users), " users"),
            None => (load["rate"].as_array(), "/s"),
        };
        let last = load["duration_s"].as_f64().unwrap_or(f64::INFINITY);
        let mut own: Vec<Stage> = Vec::new();
        for level in levels.into_iter().flatten() {
            let number = |key: &str| level[key].as_f64();
            let (Some(start), Some(from), Some(to)) =
                (number("start_s"), number("from"), number("to"))
            else {
                continue;
            };
            let end = number("end_s").unwrap_or(last);
            // The part in the warm-up is no stage.
            let start = start.max(measured);
            if start < end && start < last {
                let level = human::rate(to);
                let level = level.trim_end_matches(".0");
                let way = if from == to { "" } else { "to " };
                own.push(Stage {
                    start,
                    end,
                    name: format!("{way}{level}{unit}"),
                });
            }
        }
        if own.len() > 1 {
            all.extend(own);
        }
    }
    if measured > 0.0 {
        let stage = |start, end, name: &str| Stage {
            start,
            end,
            name: name.to_owned(),
        };
        all.push(stage(0.0, measured, "warm-up"));
        if all.len() == 1 {
            all.push(stage(measured, f64::INFINITY, "measured"));
        }
    }
    all.sort_by(|one, other| one.start.total_cmp(&other.start));
    apart(all)
}

/// Merges the stages of several populations: stages with the same start are one, and each has room
/// until the next.
fn apart(all: Vec<Stage>) -> Vec<Stage> {
    let mut apart: Vec<Stage> = Vec::new();
    for stage in all {
        match apart.last_mut() {
            Some(last) if last.start == stage.start => {
                last.end = last.end.max(stage.end);
                if !last.name.split(", ").any(|name| name == stage.name) {
                    last.name = format!("{}, {}", last.name, stage.name);
                }
            }
            Some(last) => {
                last.end = last.end.min(stage.start);
                apart.push(stage);
            }
            None => apart.push(stage),
        }
    }
    apart
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn stages_are_those_of_the_plan_and_what_is_no_plan_has_none() {
        let level = |start: f64, end: Option<f64>, from: f64, to: f64| json!({"start_s": start, "end_s": end, "from": from, "to": to});
        let ramp = [
            level(0.0, Some(10.0), 0.0, 50.0),
            level(10.0, None, 50.0, 50.0),
        ];
        let load = json!({"users": ramp, "duration_s": 60.0});
        let found = stages(&json!({"populations": [{"load": load.clone()}]}));
        let texts: Vec<String> = found
            .iter()
            .map(|stage| format!("{}..{} {}", stage.start, stage.end, stage.name))
            .collect();
        assert_eq!(texts, ["0..10 to 50 users", "10..60 50 users"]);
        let other = json!({"rate": [level(0.0, Some(15.0), 0.0, 9.0), level(15.0, None, 9.0, 9.0)], "duration_s": 60.0});
        let several = stages(
            &json!({"populations": [{"load": load.clone()}, {"load": other}, {"load": load}]}),
        );
        let texts: Vec<String> = several
            .iter()
            .map(|stage| format!("{}..{} {}", stage.start, stage.end, stage.name))
            .collect();
        assert_eq!(
            texts,
            ["0..10 to 50 users, to 9/s", "10..15 50 users", "15..60 9/s"]
        );
        let steady = json!({"rate": [level(0.0, None, 5.0, 5.0)]});
        assert!(stages(&json!({"populations": [{"load": steady}]})).is_empty());
        assert!(stages(&json!({"populations": 7})).is_empty());
    }
}
