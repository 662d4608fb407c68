//! Bounds of a load are the run's, however many workers there are, and a load is as long as
//! planned.

use super::{
    measured,
    result::{at, count, named},
};
use std::{fs, time::Duration};
use test_support::{loadgen::Loadgen, truth::TruthServer};

const WORK: Duration = Duration::from_millis(2);

#[test]
fn no_more_connections_than_slots_and_no_arrival_beside_a_free_one() {
    let (narrow, wide) = (TruthServer::steady(WORK), TruthServer::steady(WORK));
    let population = |name, load, server: &TruthServer| {
        let url = server.url();
        format!(
            "[[population]]\nname = '{name}'\ntarget.url = '{url}'\nload = {{ {load}, duration = '1s' }}\n\
             task = [{{ name = 't', step = [{{ get = '/' }}] }}]\n"
        )
    };
    let text = [
        population("narrow", "rate = '100/s', max_in_flight = 2", &narrow),
        population("wide", "rate = '100/s', max_in_flight = 16", &wide),
    ];
    let args = ["--workers", "8"];
    let result = measured(&Loadgen::scenario(&text.concat()).args(&args).run());
    assert_eq!(result["generators"][0]["workers"], 8);
    for (server, most) in [(&narrow, 2), (&wide, 16)] {
        assert_eq!(server.requests(), 100);
        // One more to see that it is there.
        assert!(server.connections() <= most + 1, "{}", server.connections());
    }
    for id in ["narrow/t", "wide/t"] {
        let task = named(&result["tasks"], "id", id);
        assert_eq!((count(task, "count"), count(task, "dropped")), (100, 0));
        assert_eq!(at(task, "rate_per_s"), (100 - count(task, "late")) as f64);
    }
}

#[test]
fn a_silent_end_is_waited_for_and_what_users_left_undone_is_told() {
    let server = TruthServer::steady(WORK);
    let text = format!(
        r#"
        target.url = "{}"
        [[population]]
        name = "arrivals"
        load = {{ stages = [{{ duration = "0s", rate = "20/s" }}, {{ duration = "1s", rate = "20/s" }}, {{ duration = "0s", rate = 0 }}, {{ duration = "1s", rate = 0 }}] }}
        task = [{{ name = "t", step = [{{ get = "/" }}] }}]
        [[population]]
        name = "users"
        load = {{ shared_iterations = 1000, think = "100ms", stages = [{{ duration = "0s", users = 2 }}, {{ duration = "500ms", users = 2 }}, {{ duration = "0s", users = 0 }}, {{ duration = "1s", users = 0 }}] }}
        task = [{{ name = "t", step = [{{ get = "/" }}] }}]
        [[event]]
        name = "recovered?"
        at = "1700ms"
        get = "/recovered"
        "#,
        server.url()
    );
    let finished = Loadgen::scenario(&text).args(&["--out", "out"]).run();
    let result = measured(&finished);
    let length = at(&result, "run.duration_s");
    assert!((2.0..3.0).contains(&length), "{length}");
    assert_eq!(result["events"][0]["ok"], true, "{}", result["events"]);
    let arrivals = named(&result["tasks"], "id", "arrivals/t");
    let in_time = count(arrivals, "count") - count(arrivals, "late");
    assert_eq!(at(arrivals, "rate_per_s"), in_time as f64 / 2.0);
    let users = count(named(&result["tasks"], "id", "users/t"), "count");
    let told = format!(
        "{} iterations of users not done: no user was left",
        1000 - users
    );
    let warnings = result["warnings"].as_array().unwrap();
    assert!(
        warnings.iter().any(|warning| *warning == *told),
        "{warnings:?}"
    );
    let journal = fs::read_to_string(finished.path("out/intervals.jsonl")).unwrap();
    assert_eq!(Loadgen::retold(&journal).result(), result);
}
