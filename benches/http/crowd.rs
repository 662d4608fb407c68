//! Ten thousand users with cookies.

use super::{form, site::Site};
use crate::{
    Result,
    loadgen::{BUILT, HttpRun, Scenario, step},
    process::raise_open_files,
    report::Target,
};
use serde_json::Value;
use std::time::Duration;

/// How many.
const USERS: usize = 10_000;

/// So many come in a second.
const SPAWN_RATE: usize = 500;

/// All of them have come by then.
const COME: usize = USERS / SPAWN_RATE;

/// How long all of them are there.
const STAY: usize = 10;

/// Names of the figures over HTTP and over TLS, and bounds of the memory in MB.
const HTTP: (Names, f64) = (
    [
        "10,000 users with cookies: highest resident memory",
        "10,000 users with cookies: who came late",
        "10,000 users with cookies: schedule lag, p99",
        "10,000 users with cookies: errors",
    ],
    80.0,
);
const TLS: (Names, f64) = (
    [
        "the same over TLS: highest resident memory",
        "the same over TLS: who came late",
        "the same over TLS: schedule lag, p99",
        "the same over TLS: errors",
    ],
    250.0,
);

type Names = [&'static str; 4];

/// Bound of the schedule lag's p99 in ms.
const MOST_LAG: f64 = 2.0;

/// Runs them without and with TLS.
pub fn measure() -> Result<Vec<Target>> {
    // A connection of each user, at either end of it, and a few of their own.
    raise_open_files(USERS as u64 + 200)?;
    let site = Site::start(USERS, form::length())?;
    let mut targets = run(&site, false, HTTP)?;
    targets.extend(run(&site, true, TLS)?);
    Ok(targets)
}

fn run(site: &Site, secure: bool, (names, most_mb): (Names, f64)) -> Result<Vec<Target>> {
    let scenario = Scenario {
        base: &site.base(secure),
        http: &format!("cookies = true\n{}", site.trust()),
        load: &format!("users = {USERS}\nspawn_rate = {SPAWN_RATE}\nthink = \"1s..2s\""),
        length: Duration::from_secs((COME + STAY) as u64),
        steps: &(step("/") + "[[user_start.step]]\nget = \"/login\"\n"),
    };
    let mut run = HttpRun::of(BUILT.as_ref(), &scenario)?;
    let done = run.run()?;
    let result = run.result()?;
    let measured = [
        (done.rss_mb(), most_mb, " MB"),
        (late(&result)?, 0.0, ""),
        (lag(&result)?, MOST_LAG, " ms"),
        (done.errors as f64, 0.0, ""),
    ];
    let targets = names.into_iter().zip(measured);
    let target = |(name, (measured, at_most, unit))| Target {
        name,
        measured,
        at_most,
        unit,
    };
    Ok(targets.map(target).collect())
}

/// How many users were not there in the second after the one in which the last was to come.
fn late(result: &Value) -> Result<f64> {
    let timeline = result["timeline"].as_array().into_iter().flatten();
    let there = timeline
        .filter(|entry| entry["t_s"].as_f64() > Some(COME as f64))
        .find_map(|entry| entry["users"].as_f64());
    Ok(USERS as f64 - there.ok_or("no users in loadgen's result")?)
}

/// The schedule lag's p99 in ms.
fn lag(result: &Value) -> Result<f64> {
    let micros = result
        .pointer("/generators/0/schedule_lag_us/p99")
        .and_then(Value::as_f64);
    Ok(micros.ok_or("no schedule lag in loadgen's result")? / 1e3)
}
