//! Readers that go away: `loadgen ... | head` must lose nothing and end as it would.

use super::{result::count, with_code};
use std::{
    fs::File,
    io::{PipeWriter, pipe},
    time::Duration,
};
use test_support::{loadgen::Loadgen, truth::TruthServer};

/// The writing end of a pipe that nobody reads.
fn nobody() -> PipeWriter {
    pipe().unwrap().1
}

fn full() -> File {
    File::options().write(true).open("/dev/full").unwrap()
}

fn run(server: &TruthServer) -> Loadgen {
    Loadgen::scenario(&format!(
        "target.url = \"{}\"\nload = {{ users = 1, duration = \"200ms\" }}\n\
         [[task]]\nname = \"get\"\n[[task.step]]\nget = \"/work\"\n",
        server.url()
    ))
}

#[test]
fn a_run_ends_as_it_would_and_its_result_is_written() {
    let server = TruthServer::steady(Duration::from_millis(1));
    let finished = run(&server).stdout_to(nobody()).run().expect_code(0);
    assert!(count(&with_code(&finished)["totals"], "count") > 0);
    assert_eq!(finished.stderr, "");

    // Nor does it matter that nobody hears of a problem.
    let deaf = run(&server).stdout_to(nobody()).stderr_to(nobody());
    with_code(
        &deaf
            .args(&["--set", "thresholds = ['count < 1']"])
            .run()
            .expect_code(99),
    );
    let deaf = run(&server)
        .stderr_to(nobody())
        .args(&["--set", "load.user=1"]);
    deaf.run().expect_code(104);
}

#[test]
fn progress_that_nobody_reads_does_not_end_the_run() {
    let text = "target.app = \"orders\"\nload = { users = 1, duration = \"200ms\" }\n\
                [[task]]\nname = \"get\"\n[[task.step]]\nget = \"/health\"\n";
    let loadgen = Loadgen::new(&["run", "s.toml", "--json", "result.json"]).file("s.toml", text);
    let finished = loadgen.stderr_to(nobody()).run().expect_code(0);
    with_code(&finished);
}

#[test]
fn a_summary_that_cannot_be_written_is_told() {
    let server = TruthServer::steady(Duration::from_millis(1));
    let finished = run(&server).stdout_to(full()).run().expect_code(1);
    assert!(count(&finished.result()["totals"], "count") > 0);
    let told = "error: cannot write to standard output: ";
    assert!(finished.stderr.starts_with(told), "{}", finished.stderr);
}

#[test]
fn other_commands_do_not_mind_either() {
    let valid = "target.app = \"orders\"\nload.users = 1\n\
                 [[task]]\nname = \"get\"\n[[task.step]]\nget = \"/\"\n";
    for args in [
        &["check", "s.toml"][..],
        &["completions", "bash"],
        &["--help"],
    ] {
        let loadgen = || Loadgen::new(args).file("s.toml", valid);
        let finished = loadgen().stdout_to(nobody()).run().expect_code(0);
        assert_eq!(finished.stderr, "");
    }
    for args in [&["check", "s.toml"][..], &["completions", "bash"]] {
        let loadgen = Loadgen::new(args).file("s.toml", valid).stdout_to(full());
        let finished = loadgen.run().expect_code(1);
        assert!(
            finished.stderr.contains("cannot write"),
            "{}",
            finished.stderr
        );
    }
}
