//! Suites: several scenarios, and what is made of them.

use super::*;
use crate::{
    self as plan, Suite,
    suite::{OnFailure, Phase},
};
use loadgen_scenario::{File, parse_any};

type Files<'a> = &'a dyn Fn(&Path) -> std::io::Result<Vec<u8>>;

pub fn compiled(text: &str, files: Files<'_>, settings: &Settings) -> Result<Suite, Error> {
    compiled_with(text, &Inputs { files, ..inputs() }, settings)
}

fn compiled_with(text: &str, inputs: &Inputs<'_>, settings: &Settings) -> Result<Suite, Error> {
    let path = Path::new("suite.toml");
    let suite = match parse_any(path, text.to_owned(), inputs) {
        Ok(File::Suite(suite)) => *suite,
        Ok(File::Scenario(_)) => panic!("not taken for a suite: {text}"),
        Err(report) => return Err(Error::Invalid(report)),
    };
    compile_suite(suite, settings, run_id)
}

/// Two scenarios of users, one of arrivals, one without an end and one that is wrong.
fn scenarios(path: &Path) -> std::io::Result<Vec<u8>> {
    let task = "[[task]]\nname = 't'\n[[task.step]]\nget = '/'\n";
    let with = |load: &str, target: &str| format!("[load]\n{load}\n[target]\n{target}\n{task}");
    Ok(match path.to_str().unwrap() {
        "users.toml" => with("users = 10\nduration = '1m'", "app = 'orders'"),
        "more.toml" => with("users = 40\nduration = '3m'", "app = 'orders'"),
        "two.toml" => with(
            "users = 1\nduration = '1m'",
            "app = 'orders'\ninstances = 2",
        ),
        "rate.toml" => with("rate = '20/s'\nduration = '1m'", "app = 'weather'"),
        "endless.toml" => with("users = 10", "app = 'orders'"),
        "counted.toml" => with("users = 10\niterations = 5", "app = 'orders'"),
        "wrong.toml" => "[load]\nuser = 5\n".to_owned(),
        "no.toml" => "a = \n".to_owned(),
        "nested.toml" => "[[phase]]\nscenario = 'users.toml'\n".to_owned(),
        _ => return Err(std::io::ErrorKind::NotFound.into()),
    }
    .into())
}

fn suite_with(text: &str, settings: &Settings) -> Suite {
    compiled(text, &scenarios, settings).unwrap_or_else(|error| panic!("{error}"))
}

fn suite(text: &str) -> Suite {
    suite_with(text, &settings())
}

fn told(text: &str) -> String {
    match compiled(text, &scenarios, &settings()) {
        Err(Error::Invalid(report)) => report.to_string(),
        other => panic!("{other:?}"),
    }
}

const THREE: &str = "
[suite]
pause = '30s'
[[phase]]
scenario = 'users.toml'
[[phase]]
name = 'crowd'
scenario = 'more.toml'
pause = '1m'
[[phase]]
scenario = 'rate.toml'
";

#[test]
fn phases_are_their_scenarios_with_what_the_suite_changes() {
    let suite = suite(
        "name = 's'\nthresholds = ['p95 < 1s']\n\
         [suite]\non_failure = 'continue'\n\
         [target]\napp = 'orders'\ninstances = 3\n\
         [[phase]]\nscenario = 'users.toml'\nusers = 4\nduration = '10s'\npause = '5s'\n\
         [[phase]]\nname = 'b'\nscenario = 'more.toml'\n\
         thresholds = [{ task = 't', expr = 'max < 5s' }]\n\
         set = { 'load.think' = '2s', 'task.t.step.0.get' = '/x', thresholds = ['errors == 0'] }\n",
    );
    assert_eq!(
        (suite.name.as_str(), suite.on_failure),
        ("s", OnFailure::Continue)
    );
    let [first, second] = suite.phases.as_slice() else {
        panic!("{suite:?}");
    };
    assert_eq!((first.name.as_str(), first.pause.as_secs()), ("users", 5));
    assert_eq!(first.plan.peak_users(), Some(4.0));
    assert_eq!(first.plan.length(), Some(Duration::from_secs(10)));
    assert_eq!((second.name.as_str(), second.pause.as_secs()), ("b", 0));
    assert_eq!(second.plan.peak_users(), Some(40.0));
    assert_eq!(second.plan.steps[0].name, "GET /x");
    let exprs = |phase: &Phase| {
        let thresholds = phase.plan.thresholds.iter();
        thresholds.map(|t| t.expr.clone()).collect::<Vec<_>>()
    };
    assert_eq!(exprs(first), ["p95 < 1s"]);
    // Thresholds of the phase replace the scenario's own of the same metric; the others follow.
    assert_eq!(exprs(second), ["errors == 0", "p95 < 1s", "max < 5s"]);
    for phase in &suite.phases {
        assert!(phase.plan.apps().all(|app| app.settings.instances == 3));
    }
    assert_eq!(suite.bundles().len(), 1);
    let changed = ["target", "thresholds", "load.think", "task.t.step.0.get"];
    assert_eq!(second.changed[..4], changed);
}

#[test]
fn a_target_for_all_beats_those_of_the_scenarios() {
    let target = Some("http://127.0.0.1:9".to_owned());
    let suite = suite_with(
        THREE,
        &Settings {
            target,
            ..settings()
        },
    );
    assert!(
        suite
            .phases
            .iter()
            .all(|phase| phase.plan.apps().count() == 0)
    );
}

#[test]
fn flags_scale_the_suite_as_a_whole() {
    let flags = Settings {
        users: Some(20),
        rate: Some(5.0),
        duration: Some(Duration::from_secs(65)),
        ..settings()
    };
    let suite = suite_with(THREE, &flags);
    let seen: Vec<_> = suite
        .phases
        .iter()
        .map(|phase| {
            let plan = &phase.plan;
            let seconds = |time: Duration| time.as_secs_f64();
            let length = plan.length().map(seconds);
            (
                seconds(phase.pause),
                length,
                plan.peak_users(),
                plan.peak_rate(),
            )
        })
        .collect();
    // In all 60 + (60 + 180) + (30 + 60) = 390 seconds, so a sixth of each.
    assert_eq!(
        seen,
        [
            (0.0, Some(10.0), Some(5.0), None),
            (10.0, Some(30.0), Some(20.0), None),
            (5.0, Some(10.0), None, Some(5.0)),
        ]
    );
    for (flags, message) in [
        (
            Settings {
                rate: Some(5.0),
                ..settings()
            },
            "--rate: no phase of this suite has a rate; use --users",
        ),
        (
            Settings {
                users: Some(0),
                ..settings()
            },
            "--users is from 1 to 1000000, not 0",
        ),
    ] {
        match compiled("[[phase]]\nscenario = 'users.toml'\n", &scenarios, &flags) {
            Err(Error::Usage(told)) => assert_eq!(told, message),
            other => panic!("{other:?}"),
        }
    }
    // A number of runs has no length that could be scaled.
    let counted = "[[phase]]\nscenario = 'users.toml'\n[[phase]]\nscenario = 'counted.toml'\n";
    let flags = Settings {
        duration: Some(Duration::from_secs(6)),
        ..settings()
    };
    let suite = suite_with(counted, &flags);
    assert_eq!(suite.phases[1].plan.length(), None);
    assert_eq!(suite.phases[0].plan.length(), Some(Duration::from_secs(6)));
}

#[test]
fn services_are_started_anew_only_for_a_phase_that_wants_them_otherwise() {
    let phases = |files: &[&str]| {
        let phases = files.iter().enumerate().map(|(index, file)| {
            format!("[[phase]]\nname = 'p{index}'\nscenario = '{file}.toml'\n")
        });
        suite(&phases.collect::<String>()).bundles()
    };
    assert_eq!(phases(&["users", "rate", "more"]).len(), 1);
    assert_eq!(phases(&["users", "two", "two"]), [0..1, 1..3]);
    assert_eq!(phases(&["users", "two", "users"]), [0..1, 1..2, 2..3]);
    let shown = plan::describe::suite(&suite(THREE));
    assert!(
        shown.contains("services    started once for all phases"),
        "{shown}"
    );
    assert!(
        shown.contains("== 2. crowd (more.toml), after a pause of 1m"),
        "{shown}"
    );
    let anew = suite("[[phase]]\nscenario = 'users.toml'\n[[phase]]\nscenario = 'two.toml'\n");
    let shown = plan::describe::suite(&anew);
    assert!(
        shown.contains("started anew for two, where temporary databases begin empty"),
        "{shown}"
    );
}

#[test]
fn every_problem_of_every_file_is_told_in_its_place() {
    let bad = "
name = 'bad'
thresholds = ['p95 <']
pauses = '1s'
[suite]
on_failure = 'never'
[[phase]]
scenario = 'users.toml'
rate = 5
users = 0
set = { 'load.users.more' = 1, 'load..x' = 2, 'load.thinks' = '1s' }
[[phase]]
scenario = 'rate.toml'
users = 5
duration = '0s'
[[phase]]
scenario = 'wrong.toml'
name = ''
[[phase]]
scenario = 'no.toml'
[[phase]]
scenario = 'nested.toml'
[[phase]]
scenario = 'missing-${HOST}.toml'
[[phase]]
name = 'nothing'
";
    insta::assert_snapshot!(told(bad));
}

#[test]
fn what_would_not_work_together_is_told() {
    let bad = "
[[phase]]
scenario = 'endless.toml'
[[phase]]
scenario = 'users.toml'
[[phase]]
scenario = 'users.toml'
";
    insta::assert_snapshot!(told(bad));
    assert!(told("[suite]\npause = '1s'\n").contains("no phases"));
    assert!(told("phase = []\n").contains("no phases"));
    assert!(told("version = 9\n[[phase]]\nscenario = 'users.toml'\n").contains("version 9"));
}

#[test]
fn flags_reach_into_the_suite_and_are_told_as_flags() {
    let set = [("phase.crowd.users", "7"), ("suite.pause", "1s")];
    let set = set.map(|(path, value)| (path.to_owned(), value.to_owned()));
    let with = |set: &[(String, String)]| {
        let inputs = Inputs {
            set,
            files: &scenarios,
            ..inputs()
        };
        compiled_with(THREE, &inputs, &settings())
    };
    let suite = with(&set).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(suite.phases[1].plan.peak_users(), Some(7.0));
    assert_eq!(suite.phases[2].pause, Duration::from_secs(1));
    let set = [("phase.crowd.set", "{ 'load.user' = 7 }".to_owned())];
    let set = set.map(|(path, value)| (path.to_owned(), value));
    let told = with(&set).unwrap_err().to_string();
    assert!(told.contains("command line:1:25"), "{told}");
    assert!(told.contains("unknown key `user` in [load]"), "{told}");
}
