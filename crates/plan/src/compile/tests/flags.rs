use super::*;
use crate::Target;

fn set(text: &str, flags: &[(&str, &str)]) -> Plan {
    let set: Vec<(String, String)> = flags
        .iter()
        .map(|(path, value)| (path.to_string(), value.to_string()))
        .collect();
    let inputs = Inputs {
        set: &set,
        ..inputs()
    };
    let path = Path::new("test.toml");
    let scenario = parse(path, text.to_owned(), &inputs).unwrap_or_else(|e| panic!("{e}"));
    compile(&scenario, &settings()).unwrap_or_else(|error| panic!("{error}"))
}

fn usage(text: &str, settings: &Settings) -> String {
    match compile(&read(text), settings) {
        Err(Error::Usage(message)) => message,
        other => panic!("{other:?}"),
    }
}

const CLOSED: &str = "[load]\nusers = 50\nspawn_rate = 5\nduration = '5m'";
const STAGES: &str = "[load]\nstages = [{duration = '10s', users = 50}, {duration = '20s', users = 500}, {duration = '0s', users = 1}]";
const OPEN: &str = "[load]\nrate = '100/s'\nduration = '1m'";

#[test]
fn set_replaces_adds_and_reaches_into_lists() {
    let text = with_task("[load]\nusers = 5");
    let plan = set(
        &text,
        &[
            ("load.users", "7"),
            ("load.duration", " 90s"),
            ("http.timeout", "5s"),
            ("task.t.weight", "3"),
            ("task.0.step.0.get", "/x?n=1"),
            ("task.t.step.0.headers", "{ a = 1 }"),
            ("name", "12"),
            ("target", " { app = 'orders' } "),
        ],
    );
    assert_eq!(plan.name, "12");
    let population = &plan.populations[0];
    assert_eq!(segments(&population.load), [(0.0, f64::INFINITY, 7.0, 7.0)]);
    assert_eq!(population.load.duration(), Some(Duration::from_secs(90)));
    assert_eq!(population.tasks[0].weight, 3.0);
    assert_eq!(plan.steps[0].name, "GET /x?n=1");
    assert!(matches!(&population.target, Target::App(app) if app.name == "orders"));
    let step = only_step(plan);
    assert_eq!(step.timeout, Duration::from_secs(5));
    assert_eq!(step.headers[0].0, "a");
}

#[test]
fn the_last_of_two_flags_wins() {
    let text = with_task("[load]\nusers = 5");
    let plan = set(&text, &[("load.users", "7"), ("load.users", "8")]);
    assert_eq!(segments(&plan.populations[0].load)[0].3, 8.0);
}

#[test]
fn env_flags_beat_the_environment() {
    let env = [("COUNT".to_owned(), "9".to_owned())];
    let inputs = Inputs {
        env: &env,
        ..inputs()
    };
    let text = with_task("[load]\nusers = '${COUNT}'");
    let scenario = parse(Path::new("t.toml"), text.clone(), &inputs).unwrap();
    let flagged = compile(&scenario, &settings()).unwrap();
    assert_eq!(segments(&flagged.populations[0].load)[0].3, 9.0);
    assert_eq!(segments(&plan(&text).populations[0].load)[0].3, 7.0);
}

#[test]
fn users_scale_to_their_peak() {
    let settings = Settings {
        users: Some(100),
        ..settings()
    };
    let flat = plan_with(&with_task(CLOSED), &settings);
    let expected = [(0.0, 20.0, 0.0, 100.0), (20.0, f64::INFINITY, 100.0, 100.0)];
    assert_eq!(segments(&flat.populations[0].load), expected);
    let staged = plan_with(&with_task(STAGES), &settings);
    let levels: Vec<f64> = segments(&staged.populations[0].load)
        .iter()
        .map(|s| s.3)
        .collect();
    assert_eq!(levels, [10.0, 100.0, 1.0], "whole users, and never none");
    let message = usage(&with_task(OPEN), &settings);
    assert!(message.contains("use --rate"), "{message}");
}

#[test]
fn users_are_shared_out_over_populations() {
    let text = "[target]\nurl = 'http://h'\n\
        [[population]]\nname = 'a'\nload.users = 1\ntask = [{ name = 't', step = [{ get = '/' }] }]\n\
        [[population]]\nname = 'b'\nload.users = 2\ntask = [{ name = 't', step = [{ get = '/' }] }]\n\
        [[population]]\nname = 'c'\nload.rate = 2\ntask = [{ name = 't', step = [{ get = '/' }] }]\n";
    let settings = Settings {
        users: Some(100),
        ..settings()
    };
    let peaks: Vec<f64> = plan_with(text, &settings)
        .populations
        .iter()
        .map(|population| segments(&population.load)[0].3)
        .collect();
    assert_eq!(peaks, [33.0, 67.0, 2.0]);
}

#[test]
fn a_rate_scales_to_its_peak_and_the_queue_with_it() {
    let settings = Settings {
        rate: Some(250.0),
        ..settings()
    };
    let plan = plan_with(&with_task(OPEN), &settings);
    let Load::Open(open) = &plan.populations[0].load else {
        panic!("closed");
    };
    assert_eq!(open.rate.peak(), 250.0);
    assert_eq!(open.max_queue, 15_000);
    let message = usage(&with_task(CLOSED), &settings);
    assert!(message.contains("use --users"), "{message}");
}

#[test]
fn a_duration_stretches_stages_and_times_exactly() {
    let settings = Settings {
        duration: Some(Duration::from_secs(7)),
        ..settings()
    };
    let text =
        format!("thresholds = [{{ expr = 'p95 < 1s', after = '15s', abort = true }}]\n{STAGES}");
    let staged = plan_with(&with_task(&text), &settings);
    let ends: Vec<u64> = match &staged.populations[0].load {
        Load::Closed(closed) => closed.users.segments().iter().map(|s| s.end).collect(),
        Load::Open(_) => panic!("open"),
    };
    assert_eq!(ends, [2_333_333_333, 7_000_000_000, 7_000_000_000]);
    assert_eq!(staged.thresholds[0].after, Duration::from_millis(3500));

    let flat = plan_with(&with_task(CLOSED), &settings);
    assert_eq!(flat.populations[0].load.duration(), settings.duration);
    assert_eq!(
        segments(&flat.populations[0].load)[0].1,
        10.0,
        "users still come at 5/s"
    );
    let endless = plan_with(&with_task("[load]\nusers = 1"), &settings);
    assert_eq!(endless.populations[0].load.duration(), settings.duration);
}

#[test]
fn extreme_durations_do_not_overflow() {
    for seconds in [1e-9, 366.0 * 86_400.0] {
        let settings = Settings {
            duration: Some(Duration::from_secs_f64(seconds)),
            ..settings()
        };
        for own in ["1ns", "366d"] {
            let load = format!(
                "thresholds = [{{ expr = 'p95 < 1s', after = '366d' }}]\n\
                 [load]\nusers = 1\nduration = '{own}'"
            );
            let plan = plan_with(&with_task(&load), &settings);
            assert_eq!(plan.populations[0].load.duration(), settings.duration);
        }
    }
}

#[test]
fn a_target_flag_beats_the_file_and_stands_in_for_it() {
    let settings = Settings {
        target: Some("https://user:p%40ss@example.org:8443/v1/".to_owned()),
        ..settings()
    };
    let text = "[load]\nusers = 1\n[[task]]\nname = 't'\n[[task.step]]\nget = '/a'\n";
    for text in [text.to_owned(), with_task("[load]\nusers = 1")] {
        let plan = plan_with(&text, &settings);
        let Target::Urls(urls) = &plan.populations[0].target else {
            panic!("not a URL");
        };
        assert_eq!(urls[0].as_str(), "https://example.org:8443/");
        assert_eq!(
            plan.written.populations[0].urls,
            ["https://(redacted)@example.org:8443/v1"]
        );
        let step = only_step(plan);
        assert!(rendered(&step.path).starts_with("/v1/"));
        assert_eq!(rendered(&step.headers[0].1), "Basic dXNlcjpwQHNz");
    }
}

#[test]
fn flags_that_mean_nothing_are_usage_errors() {
    let text = with_task(CLOSED);
    for wrong in [
        Settings {
            users: Some(0),
            ..settings()
        },
        Settings {
            users: Some(MOST_USERS + 1),
            ..settings()
        },
        Settings {
            rate: Some(0.0),
            ..settings()
        },
        Settings {
            rate: Some(f64::NAN),
            ..settings()
        },
        Settings {
            rate: Some(-1.0),
            ..settings()
        },
        Settings {
            duration: Some(Duration::ZERO),
            ..settings()
        },
        Settings {
            duration: Some(Duration::MAX),
            ..settings()
        },
        Settings {
            target: Some("localhost:80".to_owned()),
            ..settings()
        },
    ] {
        assert!(!usage(&text, &wrong).is_empty());
    }
}

#[test]
fn a_seed_is_given_or_chosen_from_the_run() {
    let text = with_task(CLOSED);
    let chosen = plan(&text);
    assert_eq!((chosen.seed, chosen.written.seed_chosen), (42, true));
    let written = plan(&format!("seed = 9\n{text}"));
    assert_eq!((written.seed, written.written.seed_chosen), (9, false));
    let settings = Settings {
        seed: Some(u64::MAX),
        ..settings()
    };
    assert_eq!(
        plan_with(&format!("seed = 9\n{text}"), &settings).seed,
        u64::MAX
    );
}

#[test]
fn the_bound_of_lag_is_the_flags_then_the_files_then_the_usual() {
    let own = with_task("[load]\nusers = 5\n[validity]\nmax_lag = '7ms'");
    let usual = with_task("[load]\nusers = 5");
    let flag = Settings {
        max_lag: Some(Duration::from_micros(500)),
        ..settings()
    };
    for (text, settings, bound) in [
        (&usual, &settings(), 2_000),
        (&own, &settings(), 7_000),
        (&own, &flag, 500),
        (&usual, &flag, 500),
    ] {
        let plan = plan_with(text, settings);
        assert_eq!(plan.max_lag, Duration::from_micros(bound));
    }
}
