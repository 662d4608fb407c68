//! The memory of a run does not depend on how long it is or how much it sends.

use super::{
    result::{at, count},
    with_code,
};
use serde_json::Value;
use test_support::loadgen::Loadgen;

/// As many requests as can be made in so many seconds; a part of them fails, in ever new ways.
fn run(seconds: &str) -> Value {
    let text = r#"
target.app = "orders"
load.users = 8

[data]
id = { uniform = { from = 1, to = 20000 } }
nobody = { sequence = { from = 1000000 } }

[[task]]
name = "read"
weight = 9
[[task.step]]
get = "/api/order/{{id}}"
expect.status = 200

[[task]]
name = "fail"
[[task.step]]
get = "/api/order/{{nobody}}"
expect = { status = 404, body = "not this" }
"#;
    // The memory of this process is measured; others would only slow it down.
    let loadgen = Loadgen::scenario(text)
        .args(&["--duration", seconds])
        .alone();
    let finished = loadgen.run().expect_code(0);
    with_code(&finished)
}

#[test]
fn it_does_not_grow_with_the_length_of_a_run() {
    let (short, long) = (run("2s"), run("14s"));
    let requests = [&short, &long].map(|result| count(&result["totals"], "count"));
    assert!(requests[1] > 3 * requests[0], "{requests:?}");
    let memory = [&short, &long].map(|result| at(&result["generators"][0], "max_rss_bytes"));
    assert!(
        memory[1] < 1.2 * memory[0],
        "{memory:?} bytes for {requests:?} requests"
    );
}
