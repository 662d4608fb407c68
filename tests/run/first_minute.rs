//! A stranger's first minute: the scenarios that are shipped, against the bundled services.

use super::{result, with_code};
use sha2::Digest;
use std::{
    fs,
    path::{Path, PathBuf},
};
use test_support::loadgen::{Finished, Loadgen};

fn shipped(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("scenarios")
        .join(name)
}

fn sha256(path: &Path) -> String {
    let digest = sha2::Sha256::digest(fs::read(path).unwrap());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn run(name: &str, args: &[&str]) -> Finished {
    let path = shipped(name);
    Loadgen::new(&["run", path.to_str().unwrap(), "--json", "result.json"])
        .args(args)
        .run()
}

#[test]
fn the_first_command_measures_and_leaves_nothing_but_its_result() {
    let finished = run("read-heavy.toml", &["--duration", "3s"]);
    let result = with_code(&finished);
    match finished.code() {
        // On a machine that does ten other things it may be slow, or loadgen late.
        Some(99) => assert_eq!(result["totals"]["errors"]["count"], 0),
        code => assert!(matches!(code, Some(0 | 96)), "{}", finished.stdout),
    }
    let ids = ["read-heavy/read order", "read-heavy/create order"];
    assert!(result::count(result::named(&result["tasks"], "id", ids[0]), "count") > 0);
    result::named(&result["tasks"], "id", ids[1]);
    assert_eq!(
        result["scenario"]["sha256"],
        sha256(&shipped("read-heavy.toml"))
    );
    assert_eq!(finished.files(), ["result.json"]);

    assert!(
        finished.stderr.starts_with("starting the bundled target\n"),
        "{}",
        finished.stderr
    );
    let columns = [
        "count", "req/s", "errors", "p95", "p50", "p90", "p99", "max",
    ];
    let mut lines = finished.stdout.lines();
    let head = lines.find(|line| line.split_whitespace().eq(columns));
    assert!(head.is_some(), "{}", finished.stdout);
}

#[test]
fn nothing_is_left_after_a_failed_threshold_either() {
    let finished = run(
        "normal.toml",
        &["--duration", "1s", "--set", r#"thresholds = ["p95 < 1ns"]"#],
    );
    let result = with_code(&finished);
    assert!(
        matches!(finished.code(), Some(96 | 99)),
        "{}",
        finished.stdout
    );
    assert_eq!(result["thresholds"][0]["ok"], false);
    assert!(
        finished.stdout.contains("1 threshold did not hold"),
        "{}",
        finished.stdout
    );
}
