//! The scenarios that are shipped: each is valid as it is, and runs on what it is made for.

use super::{measured, result, with_code};
use serde_json::Value;
use std::path::{Path, PathBuf};
use test_support::{
    loadgen::{Finished, Loadgen},
    redis::Redis,
    servers::{Server, ServerKind},
};

/// Thresholds that say nothing about the machine.
const UNHURRIED: &str = r#"thresholds = ["error_rate < 1%", "p95 < 10m", "dropped == 0"]"#;

/// The flow of orders, shortened as a whole: one service and one database for all of it.
#[test]
fn the_flow_of_orders() {
    let path = file("suites/orders.toml");
    for database in [String::new(), Server::shared(ServerKind::MariaDb).fresh()] {
        let loadgen = loadgen_suite(&path).args(&["--allow-exec"]);
        let phases = flow(&path, loadgen.env("DATABASE", &database));
        let names: Vec<&str> = phases.iter().map(|phase| text(&phase["name"])).collect();
        let [first, middle @ .., last] = names.as_slice() else {
            panic!("{names:?}");
        };
        assert_eq!((*first, *last), ("stabilise", "ramp to zero"));
        assert_eq!(
            middle,
            ["normal", "read-heavy", "write-heavy", "db-cpu-stress"]
        );
        let target = |phase: &Value| phase["result"]["run"]["target"].clone();
        for phase in &phases {
            assert_eq!(target(phase), target(&phases[0]), "one target for all");
            assert!(phase["result"]["verify"].as_array().unwrap().len() >= 2);
        }
    }
}

fn file(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    folder.join(name)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// No threshold judges so few requests; a machine that makes loadgen itself late shall
/// not leave out the phases that follow.
fn loadgen_suite(path: &Path) -> Loadgen {
    Loadgen::new(&["run", path.to_str().unwrap(), "--json", "result.json"]).args(&[
        "--duration",
        "12s",
        "--users",
        "20",
        "--no-thresholds",
        "--set",
        "suite.on_failure=continue",
    ])
}

/// The phases of a suite, each of which came to its end without errors; all that is verified after
/// it holds.
fn flow(path: &Path, loadgen: Loadgen) -> Vec<Value> {
    let finished = loadgen.run();
    let name = path.display();
    let result = finished.result();
    let phases = result["phases"].as_array().unwrap();
    for phase in phases {
        assert_eq!(phase["state"], "ran", "{name}: {}", finished.stderr);
        let result = &phase["result"];
        result::check(result);
        assert!(result::count(&result["totals"], "count") > 0, "{name}");
        assert_eq!(result["totals"]["errors"]["count"], 0, "{name}");
        for kind in ["verify", "events"] {
            for judged in result[kind].as_array().unwrap() {
                assert_eq!(judged["ok"], true, "{name}: {judged}");
            }
        }
    }
    // Only the generator's lateness may stand in the way of 0.
    assert!(matches!(finished.code(), Some(0 | 96)), "{name}");
    phases.clone()
}

/// The scenarios of a folder below `scenarios`; `""`: those that stand there themselves.
fn files(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(file(folder)).unwrap();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

fn loadgen(path: &Path, args: &[&str]) -> Loadgen {
    Loadgen::new(&["run", path.to_str().unwrap(), "--json", "result.json"])
        .args(&["--duration", "2s", "--users", "20", "--set", UNHURRIED])
        .args(args)
}

/// It did what it is for, without errors, and everything that it verifies holds.
fn check(path: &Path, finished: &Finished) -> Value {
    let result = measured(finished);
    let name = path.display();
    let totals = &result["totals"];
    assert!(result::count(totals, "count") > 0, "{name}");
    assert_eq!(totals["errors"]["count"], 0, "{name}: {}", finished.stdout);
    assert_eq!(totals["interrupted"], 0, "{name}");
    for kind in ["thresholds", "verify", "events"] {
        for judged in result[kind].as_array().unwrap() {
            assert_eq!(judged["ok"], true, "{name}: {judged}");
        }
    }
    result
}

/// Without a database or with one: bundled services say so in the plan.
fn driven(result: &Value) -> (&str, &str) {
    let app = result["plan"]["populations"][0]["target"]["app"].as_str();
    (app.unwrap(), result["run"]["target"].as_str().unwrap())
}

#[test]
fn those_that_need_nothing_else() {
    for path in ["", "hello", "weather"].into_iter().flat_map(files) {
        if path.ends_with("db-cpu-stress.toml") {
            continue;
        }
        let result = check(&path, &loadgen(&path, &[]).run());
        assert_eq!(result["thresholds"].as_array().unwrap().len(), 3);
        let (app, target) = driven(&result);
        assert!(
            target.starts_with(&format!("bundled {app} at http://127.0.0.1:")),
            "{target}"
        );
    }
}

/// Arguments of a weather experiment.
fn switches(cache: &str, pool: bool, instances: usize) -> Vec<String> {
    let set = [
        format!("target.cache={cache}"),
        format!("target.pool={pool}"),
        format!("target.instances={instances}"),
    ];
    set.into_iter()
        .flat_map(|set| ["--set".to_owned(), set])
        .collect()
}

/// Each with the cache on or off, with the pool or without, on one instance and on three: all
/// that can be switched is understood, and each position of each switch is run.
#[test]
fn those_of_weather_with_their_switches() {
    let (database, redis) = (Server::shared(ServerKind::Postgres).fresh(), Redis::start());
    let redis = redis.url();
    for path in files("weather") {
        let name = path.to_str().unwrap();
        for (cache, pool) in [
            ("off", true),
            ("off", false),
            (&*redis, true),
            (&*redis, false),
        ] {
            for instances in [1, 3] {
                let switches = switches(cache, pool, instances);
                let switches: Vec<&str> = switches.iter().map(String::as_str).collect();
                let checked = Loadgen::new(&["check", name]).args(&switches).run();
                let shown = checked.expect_code(0).stdout;
                let turns = shown.contains("on free local ports, in turn");
                assert_eq!(turns, instances == 3, "{shown}");
                // Half of them are run, among them every pair of two positions.
                if (cache == "off") ^ pool ^ (instances == 1) {
                    continue;
                }
                let run = loadgen(&path, &switches).env("DATABASE", &database);
                let result = check(&path, &run.run());
                let servers = driven(&result).1.matches("http://").count();
                assert_eq!(servers, instances, "{name}");
            }
        }
    }
}

/// The commands that a file shows in its head are valid as they stand there.
#[test]
fn the_commands_that_weather_shows() {
    for path in files("weather") {
        let text = std::fs::read_to_string(&path).unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let commands: Vec<Vec<&str>> = text
            .lines()
            .map_while(|line| line.strip_prefix('#'))
            .filter_map(|line| line.strip_prefix("   loadgen run "))
            .map(|line| {
                line.split(" # ")
                    .next()
                    .unwrap()
                    .split_whitespace()
                    .collect()
            })
            .collect();
        assert!(commands.len() >= 3, "{}", path.display());
        for command in commands {
            let [file, flags @ ..] = command.as_slice() else {
                panic!("{command:?}");
            };
            assert_eq!(root.join(file), path);
            let checked = Loadgen::new(&["check", path.to_str().unwrap()]).args(flags);
            checked.run().expect_code(0);
        }
    }
}

#[test]
fn those_of_shop() {
    for (path, database) in files("shop").iter().flat_map(|path| {
        let postgres = Server::shared(ServerKind::Postgres).fresh();
        [(path, String::new()), (path, postgres)]
    }) {
        let finished = loadgen(path, &[]).env("DATABASE", &database).run();
        if path.ends_with("normal.toml") {
            check(path, &finished);
            continue;
        }
        // Slow queries and waits for a connection do not become shorter with the run.
        let result = with_code(&finished);
        assert!(result::count(&result["totals"], "count") > 0);
        let events = result["events"].as_array().unwrap();
        assert!(events.iter().all(|event| event["ok"] == true), "{events:?}");
        assert!(!events.is_empty());
    }
}

/// The pool's own figures in each experiment do not depend on how fast the machine is.
#[test]
fn the_pool_of_shop_is_seen_to_be_exhausted_and_to_recover() {
    let active = r#"observe.pool.database_pool_connections{state="active"}"#;
    for (name, limits) in [
        ("pool-exhaustion", vec!["max >= 95", "last <= 10"]),
        ("slow-queries", vec!["max > 10", "max < 95", "last <= 10"]),
    ] {
        let path = file(&format!("shop/{name}.toml"));
        let text = std::fs::read_to_string(&path).unwrap();
        let limits: Vec<String> = limits.iter().map(|l| format!("{active} {l}")).collect();
        for limit in &limits {
            assert!(text.contains(limit), "{name} has no {limit}");
        }
        let finished = Loadgen::new(&["run", path.to_str().unwrap(), "--json", "result.json"])
            .args(&["--duration", "12s"])
            .args(&["--set", &format!("thresholds = {limits:?}")])
            .run();
        for threshold in measured(&finished)["thresholds"].as_array().unwrap() {
            assert_eq!(threshold["ok"], true, "{name}: {threshold}");
        }
    }
}

/// It takes processors from whatever else runs here, so only for seconds, and ends with the load.
#[test]
fn the_one_that_runs_a_command() {
    let path = file("db-cpu-stress.toml");
    let without = loadgen(&path, &[]).run().expect_code(2);
    assert!(
        without.stderr.contains("--allow-exec"),
        "{}",
        without.stderr
    );
    let result = check(&path, &loadgen(&path, &["--allow-exec"]).run());
    let stress = &result["events"][0];
    assert_eq!(stress["message"], "ended with the load", "{stress}");
    let [orders, host] = ["app", "host"].map(|source| {
        let series = result["observed"][source]["series"].as_array().unwrap();
        series
            .iter()
            .map(|own| text(&own["metric"]))
            .collect::<Vec<_>>()
    });
    assert!(orders.contains(&"orders_processed_total"), "{orders:?}");
    assert!(
        host.contains(&"cpu") && host.contains(&"memory"),
        "{host:?}"
    );
}

#[test]
fn those_of_metering() {
    let redis = Redis::start();
    for path in files("metering") {
        let database = Server::shared(ServerKind::Postgres).fresh();
        let finished = loadgen(&path, &["--set", "target.flags=['--window', '1s']"])
            .env("DATABASE", &database)
            .env("REDIS", &redis.url())
            .run();
        let result = check(&path, &finished);
        assert_eq!(driven(&result).1.matches("http://").count(), 2);
        assert_eq!(result["verify"].as_array().unwrap().len(), 4);
        // The instances count as many as were acknowledged.
        let series = result["observed"]["instances"]["series"]
            .as_array()
            .unwrap();
        let taken = series
            .iter()
            .filter(|own| text(&own["metric"]).starts_with("metering_events_accepted_total{"));
        let taken: Vec<f64> = taken.map(|own| own["delta"].as_f64().unwrap()).collect();
        assert_eq!(taken.len(), 2);
        let count = result::count(&result["totals"], "count") as f64;
        let taken: f64 = taken.iter().sum();
        // A machine that is too slow for a look has missed some.
        let missed = result["observed"]["instances"]["failures"] != 0;
        assert!(
            taken == count || missed && taken < count,
            "{path:?}: {taken}"
        );
    }
}

#[test]
fn the_suite_of_metering() {
    let (path, redis) = (file("suites/metering.toml"), Redis::start());
    let mut loadgen = loadgen_suite(&path)
        .env("DATABASE", &Server::shared(ServerKind::Postgres).fresh())
        .env("REDIS", &redis.url());
    // The spike has its profile as well.
    for (phase, profile) in ["", "", "", "", "'--profile', 'spike', "]
        .iter()
        .enumerate()
    {
        let flags = format!("phase.{phase}.set={{'target.flags' = [{profile}'--window', '1s']}}");
        loadgen = loadgen.args(&["--set", &flags]);
    }
    let phases = flow(&path, loadgen);
    let names: Vec<&str> = phases.iter().map(|phase| text(&phase["name"])).collect();
    assert_eq!(names, ["warm-up", "smoke", "load", "stress", "spike"]);
    let target = |phase: &Value| phase["result"]["run"]["target"].clone();
    for (index, phase) in phases.iter().enumerate() {
        assert_eq!(text(&target(phase)).matches("http://").count(), 2);
        let same = target(phase) == target(&phases[0]);
        assert_eq!(same, index < 4, "the spike has instances of its own");
        let verified = phase["result"]["verify"].as_array().unwrap().len();
        assert_eq!(verified, if index < 4 { 4 } else { 5 });
    }
}
