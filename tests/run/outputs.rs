//! Files that a run writes: none over another, nor over what is read, and none of two runs mixed.

use super::{measured, serving, silence, status};
use nix::{
    sys::{
        signal::Signal::{SIGINT, SIGKILL, SIGTERM},
        stat::Mode,
    },
    unistd::{Uid, mkfifo},
};
use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink},
    time::Duration,
};
use test_support::{loadgen::Loadgen, processes::list, truth::TruthServer};

/// A user with rows of a file, for as long as `load` says.
fn text(server: &TruthServer, load: &str) -> String {
    format!(
        "[target]\nurl = '{}'\n[load]\nusers = 1\nthink = '5ms'\n{load}\n[data]\n\
         user = {{ csv = 'users.csv' }}\n[[task]]\nname = 't'\n[[task.step]]\nget = '/{{{{user}}}}'\n",
        server.url()
    )
}

fn run(server: &TruthServer, args: &[&str]) -> Loadgen {
    Loadgen::new(&["run", "s.toml", "--quiet"])
        .args(args)
        .file("s.toml", &text(server, "duration = '1s'"))
        .file("users.csv", "name\na\nb\n")
        .folder("sub")
}

#[test]
fn outputs_over_each_other_or_over_inputs_are_refused_before_the_load() {
    let server = serving(|_| status(200));
    for (args, words) in [
        (
            &["--json", "x", "--html", "x"][..],
            "x would be written by --json and by --html",
        ),
        (
            &["--json", "sub/../x", "--csv", "./x"],
            "./x would be written by --json and by --csv",
        ),
        (
            &["--out", "sub", "--html", "sub/result.json"],
            "sub/result.json would be written by --html and by --out",
        ),
        (
            &["--out", "sub", "--json", "sub/intervals.jsonl"],
            "sub/intervals.jsonl would be written by --json and by --out",
        ),
        (
            &["--csv", "users.csv"],
            "--csv would write users.csv over users.csv, which is read",
        ),
        (
            &["--json", "sub/../s.toml"],
            "--json would write sub/../s.toml over s.toml, which is read",
        ),
        (
            &[
                "--hdr",
                "data.db",
                "--set",
                "database.main.url=sqlite:data.db?mode=rwc",
            ],
            "--hdr would write data.db over data.db, which is read",
        ),
        (
            &["--junit", "ca.pem", "--set", "http.ca=ca.pem"],
            "--junit would write ca.pem over ca.pem, which is read",
        ),
    ] {
        let finished = run(&server, args).run().expect_code(2);
        assert!(finished.stderr.contains(words), "{}", finished.stderr);
        assert_eq!(finished.files(), ["s.toml", "sub", "users.csv"]);
        let kept = fs::read_to_string(finished.path("users.csv")).unwrap();
        assert_eq!(kept, "name\na\nb\n");
    }
    assert_eq!(server.requests(), 0);
    // One form twice, and outputs that take any number of writers.
    let args = [
        "--json",
        "sub/result.json",
        "--out",
        "sub",
        "--html",
        "/dev/null",
    ];
    let finished = run(&server, &args).args(&["--csv", "/dev/null"]).run();
    assert!(
        matches!(finished.code(), Some(0 | 96)),
        "{}",
        finished.stderr
    );
}

#[test]
fn outputs_over_inputs_are_refused_by_links_and_in_suites_and_reports() {
    let server = serving(|_| status(200));
    let linked = run(&server, &["--json", "link"]);
    symlink("users.csv", linked.place("link")).unwrap();
    let finished = linked.run().expect_code(2);
    assert!(
        finished.stderr.contains("which is read"),
        "{}",
        finished.stderr
    );

    let suite = Loadgen::new(&["run", "suite.toml", "--html", "s.toml"])
        .file("suite.toml", "[[phase]]\nscenario = 's.toml'\n")
        .file("s.toml", &text(&server, "duration = '1s'"))
        .file("users.csv", "name\na\n");
    let finished = suite.run().expect_code(2);
    assert!(
        finished.stderr.contains("which is read"),
        "{}",
        finished.stderr
    );

    let result = run(&server, &["--out", "o"]).run();
    let saved = fs::read_to_string(result.path("o/result.json")).unwrap();
    let report = Loadgen::new(&["report", "r.json", "--csv", "r.json"]).file("r.json", &saved);
    let finished = report.run().expect_code(2);
    assert_eq!(fs::read_to_string(finished.path("r.json")).unwrap(), saved);
    // A journal is no output of a report.
    let journal = fs::read_to_string(result.path("o/intervals.jsonl")).unwrap();
    let report = Loadgen::new(&["report", "o/intervals.jsonl", "--out", "o"]);
    let report = report.folder("o").file("o/intervals.jsonl", &journal);
    let finished = report.run().expect_code(0);
    assert_eq!(
        fs::read_to_string(finished.path("o/result.json")).unwrap(),
        saved
    );
}

#[test]
fn a_folder_is_of_one_run_at_a_time_and_of_one_run_alone() {
    let server = serving(|_| status(200));
    let mut first = Loadgen::new(&["run", "s.toml", "--quiet", "--out", "o"])
        .file("s.toml", &text(&server, ""))
        .file("users.csv", "name\na\n")
        .start();
    first.wait_until("under load", |it| it.path("o/intervals.jsonl").exists());
    let folder = first.path("o").display().to_string();
    let second = run(&server, &["--out", &folder]).run().expect_code(2);
    assert!(
        second.stderr.contains("another run is writing to"),
        "{}",
        second.stderr
    );
    first.signal(SIGINT);
    let first = first.finish().expect_code(105);

    // A later run that is killed leaves nothing of an earlier one.
    let folder = first.path("o");
    let at = folder.display().to_string();
    fs::write(folder.join("notes.txt"), "mine").unwrap();
    fs::create_dir(folder.join("01-old")).unwrap();
    fs::copy(
        folder.join("result.json"),
        folder.join("01-old/result.json"),
    )
    .unwrap();
    let mut third = Loadgen::new(&["run", "s.toml", "--quiet", "--out", &at])
        .file("s.toml", &text(&server, ""))
        .file("users.csv", "name\na\n")
        .start();
    third.wait_until("replaced", |_| {
        list(&folder) == ["intervals.jsonl", "notes.txt"]
    });
    third.signal(SIGKILL);
    third.finish();
}

/// The load is over, and the result waits for a reader; an interrupt ends that, and loses nothing
/// else.
#[test]
fn a_pipe_that_nobody_reads_is_waited_for_until_an_interrupt() {
    let server = serving(|_| status(200));
    let loadgen = run(&server, &["--json", "result.json", "--html", "pipe"]);
    mkfifo(&loadgen.place("pipe"), Mode::S_IRWXU).unwrap();
    let mut running = loadgen.start();
    running.wait_until("written", |it| it.path("result.json").exists());
    std::thread::sleep(Duration::from_millis(300));
    running.signal(SIGTERM);
    let finished = running.finish().expect_code(105);
    assert!(
        finished
            .stderr
            .contains("interrupted while a reader was waited for"),
        "{}",
        finished.stderr
    );
    finished.result();
}

/// A journal is written while the load goes on, which would wait for the reader.
#[test]
fn a_pipe_in_place_of_the_journal_is_refused_before_the_load() {
    let server = serving(|_| status(200));
    let loadgen = run(&server, &["--out", "sub"]);
    mkfifo(&loadgen.place("sub/intervals.jsonl"), Mode::S_IRWXU).unwrap();
    let finished = loadgen.run().expect_code(2);
    let words = "cannot write sub/intervals.jsonl: it is a pipe";
    assert!(finished.stderr.contains(words), "{}", finished.stderr);
    assert_eq!(server.requests(), 0);
}

/// Neither can be replaced: a file that is mounted, and one of somebody else's in a folder where only
/// owners may rename.
#[test]
fn what_cannot_be_replaced_is_written_in_place() {
    let server = serving(|_| status(200));
    if !Uid::effective().is_root() {
        // Nobody else may mount, nor give files away.
        return;
    }
    let args = ["--json", "mounted.json", "--html", "sticky/report.html"];
    let loadgen = run(&server, &args)
        .folder("sticky")
        .file("mounted.json", "old")
        .file("sticky/report.html", "old");
    let sticky = loadgen.place("sticky");
    let outputs = [loadgen.place("mounted.json"), sticky.join("report.html")];
    let theirs = Some(65534);
    chown(&sticky, theirs, None).unwrap();
    chown(&outputs[1], theirs, None).unwrap();
    fs::set_permissions(&sticky, PermissionsExt::from_mode(0o1777)).unwrap();
    fs::set_permissions(&outputs[1], PermissionsExt::from_mode(0o666)).unwrap();
    let number = |path| fs::metadata(path).unwrap().ino();
    let before = outputs.each_ref().map(number);
    let finished = loadgen.with_mounted("mounted.json").run();
    assert!(
        matches!(finished.code(), Some(0 | 96)),
        "{}",
        finished.stderr
    );
    for path in &outputs {
        let text = fs::read_to_string(path).unwrap();
        assert!(text.len() > 3, "{} is not written", path.display());
    }
    assert_eq!(before, outputs.each_ref().map(number), "written in place");
}

#[test]
fn a_pipe_in_place_of_certificates_is_not_waited_for_without_an_end() {
    let server = serving(|_| silence());
    for (set, words) in [
        ("http.ca=pipe", "brought nothing for 5s"),
        ("http.ca=/dev/zero", "more than 16 MiB"),
    ] {
        let loadgen = run(&server, &["--target", "https://127.0.0.1:9", "--set", set]);
        mkfifo(&loadgen.place("pipe"), Mode::S_IRWXU).unwrap();
        let finished = loadgen.run().expect_code(98);
        assert!(finished.stderr.contains(words), "{}", finished.stderr);
    }
    let endless = Loadgen::new(&["check", "/dev/zero"]).run().expect_code(2);
    assert!(
        endless.stderr.contains("more than 256 MiB"),
        "{}",
        endless.stderr
    );
    let data = run(&server, &["--set", "data.user={csv='/dev/zero'}"]).run();
    let data = data.expect_code(104);
    assert!(data.stderr.contains("more than 256 MiB"), "{}", data.stderr);
}

#[test]
fn variables_that_are_set_to_nothing_are_not_set() {
    let server = serving(|_| status(200));
    let names = [
        "TARGET",
        "USERS",
        "RATE",
        "DURATION",
        "SEED",
        "TRACE",
        "WORKERS",
        "DASHBOARD",
        "JSON",
        "HTML",
        "JUNIT",
        "CSV",
        "HDR",
        "OUT",
        "WEB",
        "WEB_LINGER",
        "PROMETHEUS_LISTEN",
        "OTLP_METRICS",
        "METRICS_INTERVAL",
        "METRIC_NAMES",
    ];
    let loadgen = Loadgen::scenario(&text(&server, "duration = '1s'"));
    let loadgen = loadgen.file("users.csv", "name\na\n");
    let loadgen = names.iter().fold(loadgen, |loadgen, name| {
        loadgen.env(&format!("LOADGEN_{name}"), "")
    });
    measured(&loadgen.run());
    let target = Loadgen::new(&["target", "orders", "--port", "0", "--managed"])
        .env("LOADGEN_DATABASE", "")
        .env("LOADGEN_CACHE", "")
        .run();
    assert!(target.stderr.is_empty(), "{}", target.stderr);
}

/// As the folder `/tmp` is to others: files in it cannot be replaced, but may be written.
#[test]
fn files_that_cannot_be_replaced_are_written_in_place() {
    let server = serving(|_| status(200));
    let loadgen = run(&server, &["--json", "fixed/result.json"]).folder("fixed");
    let folder = loadgen.place("fixed");
    fs::write(folder.join("result.json"), "old").unwrap();
    let only_read = fs::Permissions::from_mode(0o555);
    fs::set_permissions(&folder, only_read).unwrap();
    let finished = loadgen.run();
    // Whoever may do everything replaces it all the same.
    let text = fs::read_to_string(finished.path("fixed/result.json")).unwrap();
    assert!(text.starts_with("{\"schema\":1,"), "{}", finished.stderr);
    let open = fs::Permissions::from_mode(0o755);
    fs::set_permissions(finished.path("fixed"), open).unwrap();
    assert!(
        matches!(finished.code(), Some(0 | 96)),
        "{}",
        finished.stderr
    );
}

#[test]
fn of_many_problems_the_first_are_told() {
    let server = serving(|_| status(200));
    let keys: String = (0..5_000).map(|key| format!("k{key} = 1\n")).collect();
    let finished = Loadgen::new(&["check", "s.toml"])
        .file("s.toml", &(text(&server, "duration = '1s'") + &keys))
        .file("users.csv", "name\na\n")
        .run()
        .expect_code(104);
    assert!(
        finished
            .stderr
            .ends_with("and 4900 more\n\ns.toml: 5000 problems\n"),
        "{}",
        &finished.stderr[finished.stderr.len().saturating_sub(200)..]
    );
    assert_eq!(finished.stderr.matches("error: ").count(), 100);
}

/// The kind of a file is seen from what is in it.
#[test]
fn a_journal_is_one_by_any_name() {
    let server = serving(|_| status(200));
    let finished = run(&server, &["--out", "o"]).run();
    let read = |name: &str| fs::read_to_string(finished.path(name)).unwrap();
    let (journal, result) = (read("o/intervals.jsonl"), read("o/result.json"));
    for (name, text) in [("killed.log", &journal), ("result.jsonl", &result)] {
        let report = Loadgen::new(&["report", name, "--json", "again.json"]).file(name, text);
        let again = report.run().expect_code(0);
        assert_eq!(
            fs::read_to_string(again.path("again.json")).unwrap(),
            result
        );
    }
}
