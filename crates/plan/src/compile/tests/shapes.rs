use super::*;
use crate::{Arrivals, Scope, Think, describe::words, threshold};

#[test]
fn users_come_at_their_spawn_rate_and_stay() {
    let load = &plan(&with_task(
        "[load]\nusers = 50\nspawn_rate = 5\nthink = '1s..3s'",
    ))
    .populations[0]
        .load;
    assert_eq!(
        segments(load),
        [(0.0, 10.0, 0.0, 50.0), (10.0, f64::INFINITY, 50.0, 50.0)]
    );
    let Load::Closed(closed) = load else {
        panic!("open")
    };
    let seconds = Duration::from_secs;
    assert_eq!(closed.think, Think::Uniform(seconds(1), seconds(3)));
    assert_eq!(closed.duration, None);
}

#[test]
fn stages_begin_at_zero_and_may_jump() {
    let text = "[load]\nstages = [{duration='0s', rate='10/s'}, {duration='10s', rate=10}, {duration='5s', rate='600/m'}, {duration = '5s', rate = 0}]\narrivals = 'poisson'\nmax_in_flight = 5\nmax_queue = 0\ngraceful_stop = '0s'";
    let population = &plan(&with_task(text)).populations[0];
    assert_eq!(
        segments(&population.load),
        [
            (0.0, 0.0, 0.0, 10.0),
            (0.0, 10.0, 10.0, 10.0),
            (10.0, 15.0, 10.0, 10.0),
            (15.0, 20.0, 10.0, 0.0)
        ]
    );
    let Load::Open(open) = &population.load else {
        panic!("closed")
    };
    assert_eq!(open.duration, Some(Duration::from_secs(20)));
    assert_eq!((open.max_in_flight, open.max_queue), (5, 0));
    assert_eq!(open.arrivals, Arrivals::Poisson);
    assert_eq!(population.graceful_stop, Duration::ZERO);
}

#[test]
fn an_open_load_has_its_defaults() {
    let plan = plan(&with_task("[load]\nrate = '2.5/s'"));
    let Load::Open(open) = &plan.populations[0].load else {
        panic!("closed")
    };
    assert_eq!((open.max_in_flight, open.max_queue), (1000, 150));
    assert_eq!(open.arrivals, Arrivals::Constant);
}

#[test]
fn the_environment_may_say_numbers_and_times() {
    let text = "seed = '${COUNT}'\n[load]\nusers = '${COUNT}'\nduration = '${COUNT}m'\nspawn_rate = '${N:-2.5}'\n[http]\ninsecure = '${N:-true}'\n[data]\nn.uniform = { from = '${N:-1}', to = '${COUNT}' }";
    // `7 m` with its blanks is read like `7m`.
    let plan = plan(&with_task(text));
    assert_eq!(plan.seed, 7);
    let population = &plan.populations[0];
    assert_eq!(population.load.duration(), Some(Duration::from_secs(420)));
    assert_eq!(segments(&population.load)[0], (0.0, 2.8, 0.0, 7.0));
    assert!(population.http.insecure);
    let mut rng = loadgen_data::rng::stream(1, 0, loadgen_data::rng::Purpose::Run, 0);
    let drawn = population.variables[0].generator.draw(&mut rng, 0);
    assert!(
        matches!(drawn, Value::Int(1..=7)),
        "whole, because both ends are"
    );
}

#[test]
fn draws_are_just_what_is_used_in_the_order_of_the_file() {
    let text = "[target]\nurl = 'http://h'\n[load]\nusers = 1\n[data]\n\
        z.uniform = { from = 1, to = 2 }\n\
        unused.uniform = { from = 1, to = 2 }\n\
        a.uniform = { from = 1, to = 2 }\n\
        s = { uniform = { from = 1, to = 2 }, scope = 'step' }\n\
        u = { sequence = {}, scope = 'user' }\n\
        r = { sequence = {}, scope = 'run' }\n\
        [[task]]\nname = 'one'\n\
        [[task.step]]\nget = '/{{a}}/{{u}}'\nthink = '1s'\n\
        [[task.step]]\npost = '/{{z}}/{{a}}'\njson = ['{{s}}', '{{s}}', 'x {{r}}']\n\
        [[task]]\nname = 'two'\n[[task.step]]\nget = '/'\nheaders = { x = '{{s}}' }\n";
    let plan = plan(text);
    let population = &plan.populations[0];
    let names: Vec<&str> = population
        .variables
        .iter()
        .map(|v| v.name.as_str())
        .collect();
    assert_eq!(names, ["z", "unused", "a", "s", "u", "r"]);
    assert_eq!(population.variables[4].scope, Scope::User);
    let one = &population.tasks[0];
    assert_eq!(one.draws, [0, 2]);
    assert_eq!(one.steps[0].draws, [] as [usize; 0]);
    assert_eq!(one.steps[0].think, Think::Constant(Duration::from_secs(1)));
    assert_eq!(one.steps[1].draws, [3]);
    let two = &population.tasks[1];
    assert_eq!((two.index, two.steps[0].index), (1, 2));
    assert_eq!(two.draws, [] as [usize; 0]);
    assert_eq!(two.steps[0].draws, [3]);
    let ids: Vec<&str> = plan.steps.iter().map(|label| label.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "test/one/GET /{{a}}/{{u}}",
            "test/one/POST /{{z}}/{{a}}",
            "test/two/GET /"
        ]
    );
    assert!(population.choice.is_some());
}

#[test]
fn populations_share_what_they_do_not_have() {
    let text = r#"
name = "mixed"
thresholds = [
    { task = "readers/look", expr = "p95 < 1s" },
    { task = "buy", expr = "ok.p99.9 < 1s", window = "10s", abort = true, after = "5s" },
    "rate > 1/m",
]
[target]
url = "http://shared"
[http]
timeout = "3s"
[data]
id.sequence = { from = 5, step = 5, to = 50 }
price.normal = { mean = 10.0, stddev = 2.5, min = 0.5 }
[[population]]
name = "readers"
load = { rate = "60/m", duration = "1m", arrivals = "poisson" }
[[population.task]]
name = "look"
[[population.task.step]]
get = "/{{id}}"
[[population]]
name = "buyers"
target = { url = ["https://a", "https://b"] }
load = { users = 10, duration = "2s", spawn_rate = 2 }
data = { id = { zipf = { from = 1, to = 9, exponent = 1 }, scope = "user" } }
[[population.task]]
name = "look"
weight = 1
[[population.task.step]]
name = "front page"
get = "/{{id}}"
expect = { status = "2xx", body = "welcome" }
[[population.task]]
name = "buy"
weight = 2
[[population.task.step]]
post = "/"
body = "two\nlines"
think = "1s..2s"
timeout = "500ms"
"#;
    let plan = plan(text);
    let ids: Vec<&str> = plan.tasks.iter().map(|task| task.id.as_str()).collect();
    assert_eq!(ids, ["readers/look", "buyers/look", "buyers/buy"]);
    let scopes: Vec<threshold::Scope> = plan.thresholds.iter().map(|t| t.scope).collect();
    let expected = [
        threshold::Scope::Task(0),
        threshold::Scope::Task(2),
        threshold::Scope::Totals,
    ];
    assert_eq!(scopes, expected);
    insta::assert_snapshot!(words(&plan));
}

#[test]
fn a_name_shared_by_populations_must_be_told_apart() {
    let text = "thresholds = [{ task = 't', expr = 'p95 < 1s' }]\n[target]\nurl = 'http://h'\n\
        [[population]]\nname = 'a'\nload.users = 1\ntask = [{ name = 't', step = [{ get = '/' }] }]\n\
        [[population]]\nname = 'b'\nload.users = 2\ntask = [{ name = 't', step = [{ get = '/' }] }]\n";
    let report = problems(Path::new("x.toml"), text, &inputs()).unwrap();
    assert_eq!(report.problems().len(), 1);
    assert_eq!(report.problems()[0].help.as_deref(), Some(r#"write "a/t""#));
}

#[test]
fn shapes_of_closed_loads_are_compiled_and_described() {
    let shown = |load: &str| {
        let plan = plan(&with_task(&format!("[load]\n{load}")));
        let words = words(&plan);
        let from = words.find("load").unwrap();
        let line = words[from..].split("\nat the end").next().unwrap();
        (plan, line.to_owned())
    };
    let mut lines = Vec::new();
    for load in [
        "users = 5\niterations = 10",
        "users = 5\nshared_iterations = 1000\nduration = '1m'",
        "users = 5\npacing = '10s'\nstart = '30s'\nduration = '1m'",
        "users = 5\nspawn_rate = 1\nstart = '30s'\nthink = { normal = '2s', stddev = '500ms' }",
        "stages = [{ duration = '0s', users = 5 }, { duration = '10s', users = 0 }]\ngraceful_ramp_down = '0s'\nthink = { exponential = '2s' }",
        "rate = '10/s'\nduration = '1m'\nstart = '30s'",
    ] {
        lines.push(shown(load).1);
    }
    insta::assert_snapshot!(lines.join("\n"));
    let (plan, _) = shown("users = 5\nduration = '1m'\nstart = '30s'");
    assert_eq!(
        plan.populations[0].load.duration(),
        Some(Duration::from_secs(90))
    );
    let expected = [(0.0, 30.0, 0.0, 0.0), (30.0, f64::INFINITY, 5.0, 5.0)];
    assert_eq!(segments(&plan.populations[0].load), expected);
    // The start is a part of the length that --duration asks for.
    let settings = Settings {
        duration: Some(Duration::from_secs(9)),
        ..settings()
    };
    let text = with_task("[load]\nusers = 5\nduration = '1m'\nstart = '30s'");
    let load = &plan_with(&text, &settings).populations[0].load;
    assert_eq!(load.duration(), Some(Duration::from_secs(9)));
    assert_eq!(segments(load)[0].1, 3.0);
}
