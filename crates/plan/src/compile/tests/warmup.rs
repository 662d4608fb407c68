use super::*;
use crate::describe::{json, words};

fn shown(plan: &Plan) -> String {
    let words = words(plan);
    let wanted = |line: &&str| !line.starts_with("target") && !line.starts_with("client");
    let words: Vec<&str> = words.lines().filter(wanted).collect();
    let words = words.join("\n");
    let from = words.find("load").unwrap();
    words[from..]
        .split("\nat the end")
        .next()
        .unwrap()
        .to_owned()
}

const FOREVER: f64 = f64::INFINITY;

#[test]
fn a_warm_up_comes_before_the_load_at_the_level_with_which_it_begins() {
    let cases = [
        (
            "users = 5\nduration = '1m'\nwarmup = '30s'",
            vec![(0.0, FOREVER, 5.0, 5.0)],
            Some(90),
        ),
        // Users come in the warm-up.
        (
            "users = 50\nspawn_rate = 5\nwarmup = '30s'",
            vec![(0.0, 10.0, 0.0, 50.0), (10.0, FOREVER, 50.0, 50.0)],
            None,
        ),
        (
            "stages = [{ duration = '0s', rate = 20 }, { duration = '10s', rate = 100 }, \
             { duration = '5s', rate = 0 }]\nwarmup = '30s'",
            vec![
                (0.0, 0.0, 0.0, 20.0),
                (0.0, 30.0, 20.0, 20.0),
                (30.0, 40.0, 20.0, 100.0),
                (40.0, 45.0, 100.0, 0.0),
            ],
            Some(45),
        ),
        (
            "rate = '10/s'\nduration = '1m'\nwarmup = '0s'",
            vec![(0.0, FOREVER, 10.0, 10.0)],
            Some(60),
        ),
    ];
    let mut texts = Vec::new();
    for (load, curve, length) in cases {
        let plan = plan(&with_task(&format!("[load]\n{load}")));
        let own = &plan.populations[0].load;
        assert_eq!(segments(own), curve, "{load}");
        assert_eq!(own.duration(), length.map(Duration::from_secs), "{load}");
        texts.push(shown(&plan));
    }
    insta::assert_snapshot!(texts.join("\n"));
}

const TWO: &str = r#"
    target.url = "http://h"
    [[population]]
    name = "a"
    load = { rate = "10/s", duration = "1m", warmup = "30s" }
    task = [{ name = "t", step = [{ get = "/" }] }]
    [[population]]
    name = "b"
    load = { users = 4, duration = "1m", warmup = "10s" }
    task = [{ name = "t", step = [{ get = "/" }] }]
    [[population]]
    name = "c"
    load = { users = 2, start = "20s", duration = "40s" }
    task = [{ name = "t", step = [{ get = "/" }] }]
    [[event]]
    at = "15s"
    get = "/"
"#;

#[test]
fn warm_ups_of_several_populations_end_together() {
    let plan = plan(TWO);
    assert_eq!(plan.warmup, Duration::from_secs(30));
    let curves: Vec<_> = plan.populations.iter().map(|p| segments(&p.load)).collect();
    assert_eq!(curves[0], [(0.0, FOREVER, 10.0, 10.0)]);
    assert_eq!(
        curves[1],
        [(0.0, 20.0, 0.0, 0.0), (20.0, FOREVER, 4.0, 4.0)]
    );
    assert_eq!(
        curves[2],
        [(0.0, 50.0, 0.0, 0.0), (50.0, FOREVER, 2.0, 2.0)]
    );
    for population in &plan.populations {
        assert_eq!(population.load.duration(), Some(Duration::from_secs(90)));
    }
    let json = json(&plan);
    assert_eq!(json["warmup_s"], 30.0);
    assert_eq!(json["populations"][1]["warmup_s"], 10.0);
    // The file counts from the end of the warm-up.
    assert_eq!(json["events"][0]["at_s"], 15.0);
    insta::assert_snapshot!(words(&plan));
}

#[test]
fn a_length_that_is_asked_for_is_that_of_what_is_measured() {
    let settings = Settings {
        duration: Some(Duration::from_secs(20)),
        ..settings()
    };
    let plan = plan_with(TWO, &settings);
    assert_eq!(plan.warmup, Duration::from_secs(10));
    let ends: Vec<_> = plan.populations.iter().map(|p| p.load.duration()).collect();
    assert_eq!(ends, [Some(Duration::from_secs(30)); 3]);
}
