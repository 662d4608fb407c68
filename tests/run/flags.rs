//! Flags, the environment, and commands besides `run`.

use super::{
    measured,
    result::{at, count},
    with_code,
};
use std::{
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};
use test_support::{
    loadgen::Loadgen,
    processes::list,
    truth::{Log, TruthServer},
};

/// Two users for half a second, with a threshold that fails.
fn scenario(url: &str) -> String {
    format!(
        "thresholds = [\"count < 1\"]\ntarget.url = \"{url}\"\n\
         load = {{ users = 2, duration = \"500ms\" }}\n\
         [[task]]\nname = \"get\"\n[[task.step]]\nget = \"/work\"\n"
    )
}

fn server() -> TruthServer {
    TruthServer::steady(Duration::from_millis(2))
}

fn loadgen(server: &TruthServer) -> Loadgen {
    Loadgen::scenario(&scenario(&server.url()))
}

#[test]
fn quiet_shows_nothing_but_problems() {
    let server = server();
    let finished = loadgen(&server).args(&["--quiet"]).run().expect_code(99);
    assert_eq!(finished.stdout, "");
    let lines: Vec<&str> = finished.stderr.lines().collect();
    assert!(
        lines[0].starts_with("scenario: FAILED: 1 of 1 threshold did not hold (exit code 99)"),
        "{}",
        finished.stderr
    );
    assert_eq!(lines.len(), 2, "{}", finished.stderr);
    let passed = loadgen(&server).args(&["-q", "--no-thresholds"]).run();
    let passed = passed.expect_code(0);
    assert_eq!((&*passed.stdout, &*passed.stderr), ("", ""));
    assert!(count(&with_code(&finished)["totals"], "count") > 0);
    let finished = loadgen(&server)
        .args(&["-q", "--rate", "9"])
        .run()
        .expect_code(2);
    assert!(
        finished.stderr.starts_with("error: "),
        "{}",
        finished.stderr
    );
}

#[test]
fn no_thresholds_measures_without_judging() {
    let server = server();
    let finished = loadgen(&server)
        .args(&["--no-thresholds"])
        .run()
        .expect_code(0);
    let result = with_code(&finished);
    assert_eq!(result["thresholds"], serde_json::json!([]));
    assert!(
        finished
            .stdout
            .ends_with("\nDONE: no thresholds were set\n"),
        "{}",
        finished.stdout
    );
}

/// Without a terminal `auto` and `progress` are lines too: drawing in place would be rubbish there.
#[test]
fn progress_is_lines_on_standard_error_where_there_is_no_terminal() {
    let server = server();
    let text = scenario(&server.url()).replace("500ms", "5500ms");
    let runs = ["plain", "progress", "auto", "off"].map(|kind| {
        let args = ["run", "s.toml", "--dashboard", kind, "--no-thresholds"];
        (kind, Loadgen::new(&args).file("s.toml", &text).start())
    });
    for (kind, run) in runs {
        let finished = run.finish().expect_code(0);
        let lines: Vec<&str> = finished.stderr.lines().collect();
        match kind {
            "off" => assert_eq!(finished.stderr, ""),
            _ => assert_eq!(lines.len(), 1, "{kind}: {lines:?}"),
        }
        for part in [&finished.stderr, &finished.stdout] {
            assert!(!part.contains(['\x1b', '\r']), "{kind}: {part:?}");
        }
        let first = finished.stdout.lines().next().unwrap();
        assert!(first.starts_with("s · "), "the summary: {first}");
    }
}

#[test]
fn variables_come_from_flags_the_environment_or_their_defaults() {
    let server = server();
    let text = format!(
        "target.url = \"http://{}:${{PORT}}\"\n\
         load = {{ users = \"${{USERS:-3}}\", duration = \"${{LENGTH}}\" }}\n\
         [[task]]\nname = \"get\"\n[[task.step]]\nget = \"/work/${{A}}/${{B:-b}}/$${{C}}\"\n",
        server.address().ip()
    );
    let port = server.address().port().to_string();
    let finished = Loadgen::scenario(&text)
        .args(&["--env", "LENGTH=300ms", "--env", "A=flag=x"])
        .env("A", "environment")
        .env("B", "")
        .env("PORT", &port)
        .run();
    let result = measured(&finished);
    assert_eq!(
        result["plan"]["populations"][0]["load"]["users"][0]["to"],
        3.0
    );
    let log = server.stop();
    assert!(
        log.served
            .iter()
            .all(|it| it.request.path == "/work/flag=x/b/$%7BC%7D"),
        "{:?}",
        log.served[0]
    );

    let finished = Loadgen::scenario(&text)
        .env("PORT", &port)
        .run()
        .expect_code(104);
    for name in ["LENGTH", "A"] {
        assert!(
            finished.stderr.contains(name),
            "{name}: {}",
            finished.stderr
        );
    }
}

#[test]
fn set_changes_values_of_the_file() {
    let server = server();
    let finished = loadgen(&server)
        .args(&["--set", "load.users=1", "--set", "load.duration = 400ms"])
        .args(&[
            "--set",
            "task.get.step.0.get=/work/set",
            "--set",
            "name=changed",
        ])
        .args(&["--set", r#"thresholds = ["errors == 0"]"#])
        .run()
        .expect_code(0);
    let result = measured(&finished);
    assert_eq!(result["scenario"]["name"], "changed");
    assert_eq!(result["plan"]["populations"][0]["load"]["duration_s"], 0.4);
    let log = server.stop();
    assert!(log.served.iter().all(|it| it.request.path == "/work/set"));
    assert_eq!(log.connections, 1 + 1);
}

#[test]
fn a_flag_beats_the_environment_which_beats_the_file() {
    let (file, environment) = (server(), server());
    let finished = Loadgen::new(&["run", "s.toml", "--users", "1", "--seed", "9"])
        .file("s.toml", &scenario(&file.url()))
        .args(&["--no-thresholds"])
        .env("LOADGEN_TARGET", &environment.url())
        .env("LOADGEN_USERS", "4")
        .env("LOADGEN_DURATION", "300ms")
        .env("LOADGEN_SEED", "8")
        .env("LOADGEN_WORKERS", "1")
        .env("LOADGEN_MAX_LAG", "7ms")
        .env("LOADGEN_JSON", "result.json")
        .env("LOADGEN_DASHBOARD", "off")
        .run();
    let result = measured(&finished);
    assert_eq!(file.stop().connections, 0);
    assert_eq!(environment.stop().connections, 1 + 1);
    assert_eq!(result["scenario"]["seed"], 9);
    assert_eq!(result["plan"]["populations"][0]["load"]["duration_s"], 0.3);
    assert_eq!(result["generators"][0]["workers"], 1);
    assert_eq!(result["plan"]["validity"]["max_lag_s"], 0.007);

    let finished = Loadgen::new(&["run", "s.toml"])
        .env("LOADGEN_RATE", "fast")
        .run()
        .expect_code(2);
    assert!(finished.stderr.contains("--rate"), "{}", finished.stderr);
}

#[test]
fn rate_sets_the_peak_and_duration_the_length() {
    let server = server();
    let text = format!(
        "target.url = \"{}\"\nload.stages = [{{ duration = \"1m\", rate = 10 }}, \
         {{ duration = \"1m\", rate = 10 }}]\n\
         [[task]]\nname = \"get\"\n[[task.step]]\nget = \"/work\"\n",
        server.url()
    );
    let finished = Loadgen::scenario(&text)
        .args(&["--rate", "6000/m", "--duration", "2s"])
        .run();
    let result = measured(&finished);
    // Half of it on the way up.
    assert_eq!(server.stop().served.len(), 50 + 100);
    assert!(at(&result, "run.duration_s") < 30.0);
}

#[test]
fn workers_are_no_more_than_users() {
    let server = server();
    let args = ["--workers", "8", "--no-thresholds"];
    let result = measured(&loadgen(&server).args(&args).run());
    assert_eq!(result["generators"][0]["workers"], 2);
    drop::<Log>(server.stop());
}

#[test]
fn the_result_may_go_to_a_stream() {
    let server = server();
    let args = [
        "run",
        "s.toml",
        "--quiet",
        "--no-thresholds",
        "--json",
        "/dev/stdout",
    ];
    let run = Loadgen::new(&args)
        .file("s.toml", &scenario(&server.url()))
        .run()
        .expect_code(0);
    let result: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    super::result::check(&result);
    assert_eq!(run.files(), ["s.toml"]);
}

#[test]
fn check_prints_the_plan_and_touches_nothing() {
    let server = server();
    let text = scenario(&server.url());
    let finished = Loadgen::new(&["check", "s.toml", "--users", "5", "--seed", "3"])
        .file("s.toml", &text)
        .env("TMPDIR", "/proc/none")
        .run()
        .expect_code(0);
    for part in ["5 users", &server.url(), "GET /work", "count < 1"] {
        assert!(
            finished.stdout.contains(part),
            "{part}: {}",
            finished.stdout
        );
    }
    assert_eq!(finished.stderr, "");
    assert_eq!(finished.files(), ["s.toml"]);
    assert_eq!(server.stop().connections, 0);

    for bad in [
        &["check", "s.toml", "--rate", "5"][..],
        &["check", "s.toml", "--fast"],
    ] {
        let finished = Loadgen::new(bad).file("s.toml", &text).run().expect_code(2);
        assert_eq!(finished.stdout, "");
    }
    let bad = Loadgen::new(&["check", "s.toml"])
        .file("s.toml", "users = 1")
        .run()
        .expect_code(104);
    assert!(bad.stderr.contains("s.toml:1:1"), "{}", bad.stderr);
}

#[test]
fn every_scenario_that_is_shipped_is_valid() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let folders = list(&folder)
        .into_iter()
        .map(|name| folder.join(name))
        .filter(|path| path.is_dir());
    let folders: Vec<_> = folders.chain([folder.clone()]).collect();
    assert!(folders.len() > 5);
    for folder in folders {
        for name in list(&folder).iter().filter(|name| name.ends_with(".toml")) {
            let path = folder.join(name);
            let finished = Loadgen::new(&["check", path.to_str().unwrap()])
                .run()
                .expect_code(0);
            assert!(!finished.stdout.is_empty(), "{name}");
        }
    }
}

#[test]
fn completions_are_written_for_shells() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let finished = Loadgen::new(&["completions", shell]).run().expect_code(0);
        for word in ["loadgen", "check", "dashboard", "no-thresholds"] {
            assert!(finished.stdout.contains(word), "{shell}: {word}");
        }
        if shell == "bash" {
            let mut bash = Command::new("bash")
                .args(["-n"])
                .stdin(Stdio::piped())
                .spawn()
                .unwrap();
            let mut script = bash.stdin.take().unwrap();
            std::io::Write::write_all(&mut script, finished.stdout.as_bytes()).unwrap();
            drop(script);
            assert!(bash.wait().unwrap().success());
        }
    }
    Loadgen::new(&["completions", "tea"]).run().expect_code(2);
}

#[test]
fn help_and_version_are_no_errors() {
    for args in [
        &["--help"][..],
        &["run", "--help"],
        &["target", "--help"],
        &["-V"],
    ] {
        let finished = Loadgen::new(args).run().expect_code(0);
        assert!(!finished.stdout.is_empty() && finished.stderr.is_empty());
    }
    let version = Loadgen::new(&["--version"]).run();
    assert_eq!(
        version.stdout,
        concat!("loadgen ", env!("CARGO_PKG_VERSION"), "\n")
    );
}
