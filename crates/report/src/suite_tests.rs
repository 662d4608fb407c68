//! A suite in every form of report.

use super::{
    ResultFile, SuiteFile,
    fixture::{FixtureRun, MS, fail, p95, run},
    html, json, junit, markdown,
    suite::{self, Phase, State, SuiteRun},
    terminal::{TerminalStyle, suite_summary},
};
use loadgen_driver::ErrorClass;

const STYLE: TerminalStyle = TerminalStyle {
    colour: false,
    unicode: true,
    width: 100,
};

fn fine() -> ResultFile {
    let course = FixtureRun {
        seconds: 3,
        ..FixtureRun::default()
    };
    run(&course).result()
}

fn failed() -> ResultFile {
    let mut made = run(&FixtureRun {
        seconds: 3,
        change: &|snapshot| fail(snapshot, ErrorClass::Timeout, "no <answer>", 900 * MS),
        ..FixtureRun::default()
    });
    made.thresholds.push(p95(5));
    made.metadata.exit_code = 99;
    made.result()
}

fn phase(name: &str, state: State, result: Option<ResultFile>, message: Option<&str>) -> Phase {
    let code = result.as_ref().map(|result| result.run.exit_code);
    Phase {
        name: name.to_owned(),
        file: format!("{name}.toml"),
        pause_s: 10.0,
        state,
        exit_code: match state {
            State::NotStarted => Some(97),
            _ => code,
        },
        message: message.map(str::to_owned),
        result: result.map(Box::new),
    }
}

fn with(phases: Vec<Phase>, exit_code: u8) -> SuiteFile {
    SuiteFile {
        schema: suite::SCHEMA,
        suite: SuiteRun {
            name: "orders".to_owned(),
            file: "orders.toml".to_owned(),
            sha256: "ab".repeat(32),
            arguments: Vec::new(),
            id: "0199f3a2-7c1e-7b52-9d3a-0c5d9c1e8a41".to_owned(),
            started_at: "2026-11-21T07:38:00Z".parse().unwrap(),
            duration_s: 75.5,
            on_failure: "continue".to_owned(),
            interrupted: false,
            failures: Vec::new(),
            exit_code,
            version: "0.1.0".to_owned(),
        },
        phases,
    }
}

/// One phase of each kind.
fn mixed() -> SuiteFile {
    let mut suite = with(
        vec![
            phase("warm-up", State::Ran, Some(fine()), None),
            phase("load & <more>", State::Ran, Some(failed()), None),
            phase("gone", State::NotStarted, None, Some("nobody | there")),
            phase("spike", State::NotRun, None, Some("gone failed")),
        ],
        97,
    );
    suite
        .suite
        .failures
        .push("the bundled target failed".to_owned());
    suite
}

#[test]
fn the_summary_has_each_phase_with_figures_and_verdict() {
    insta::assert_snapshot!("suite_terminal", suite_summary(&mixed(), &STYLE));
    let narrow = TerminalStyle { width: 60, ..STYLE };
    let longest = suite_summary(&mixed(), &narrow);
    // The verdict is one line however long.
    let lines = longest.lines().filter(|line| !line.starts_with("FAILED"));
    let longest = lines.map(|line| line.chars().count()).max();
    assert!(longest <= Some(60), "{longest:?}");
}

#[test]
fn other_forms_have_each_phase() {
    insta::assert_snapshot!("suite_junit", junit::suite(&mixed()).unwrap());
    insta::assert_snapshot!("suite_markdown", markdown::suite(&mixed()));
    let page = html::suite(&mixed()).unwrap();
    assert_eq!(page.matches("<article ").count(), 2);
    assert_eq!(page.matches("<html").count(), 1);
    assert!(page.contains(r##"<a href="#phase-2">load &#38; &#60;more&#62;</a>"##));
    assert!(page.contains("NOT STARTED: nobody | there"));
}

#[test]
fn the_verdict_is_over_all_phases() {
    let ran = |result: ResultFile| phase("a", State::Ran, Some(result), None);
    let said = |suite: &SuiteFile| suite.verdict().1;
    assert_eq!(said(&with(vec![ran(fine())], 0)), "PASSED: 1 phase");
    let mut unjudged = fine();
    unjudged.thresholds.clear();
    let unjudged = with(vec![ran(unjudged)], 0);
    assert_eq!(said(&unjudged), "DONE: 1 phase, no thresholds were set");
    assert_eq!(
        said(&mixed()),
        "FAILED: 2 of 4 phases failed, 1 failure, 1 was not run (exit code 97)"
    );
    let mut interrupted = mixed();
    interrupted.suite.interrupted = true;
    assert!(said(&interrupted).starts_with("INTERRUPTED after 1m 16s · FAILED: 2 of 4"));
}

#[test]
fn a_suite_is_read_back_and_not_taken_for_a_run() {
    let suite = mixed();
    let text = suite::text(&suite);
    match json::read(&text).unwrap() {
        json::Saved::Suite(read) => assert_eq!(*read, suite),
        json::Saved::Run(_) => panic!("taken for a run"),
    }
    let refused = json::parse(&text).unwrap_err().to_string();
    assert!(
        refused.contains("those of its phases are in it"),
        "{refused}"
    );
    let newer = text.replacen("\"schema\":1", "\"schema\":2", 1);
    let refused = json::read(&newer).unwrap_err().to_string();
    assert!(refused.contains("schema 2"), "{refused}");
}

/// docs/suite.schema.json is what programs that read results are written against.
#[test]
fn the_schema_of_suites_is_the_one_in_the_documentation() {
    super::formats_tests::schema_is_written::<SuiteFile>("suite.schema.json");
}
