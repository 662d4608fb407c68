//! The verdict as JUnit XML: each threshold and verification a test case, and one each for what else decides over
//! the exit code, so that a report without failures means exit code 0.

use super::{
    model::{ResultFile, Threshold, Verification},
    suite::{Phase, SuiteFile},
};
use crate::terminal::without_population;
use loadgen_core::human;
use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};
use std::time::Duration;

/// The XML.
///
/// # Errors
/// In words, when it cannot be made.
pub fn text(result: &ResultFile) -> Result<String, String> {
    let suite = cases(result.scenario.name.as_str(), result);
    report(result.run.duration_s, vec![suite])
}

/// The XML of a suite: each phase a test suite, and one for the suite itself.
///
/// # Errors
/// In words, when it cannot be made.
pub fn suite(suite: &SuiteFile) -> Result<String, String> {
    let mut suites: Vec<TestSuite> = suite.phases.iter().map(phase).collect();
    let mut own = TestSuite::new(suite.suite.name.as_str());
    let mut ended = suite.suite.failures.clone();
    if suite.suite.interrupted {
        let length = human::length(suite.suite.duration_s);
        ended.insert(0, format!("interrupted after {length}"));
    }
    own.add_test_case(case(
        &suite.suite.name,
        "the suite came to its end",
        "run",
        &ended,
    ));
    suites.push(own);
    report(suite.suite.duration_s, suites)
}

fn phase(phase: &Phase) -> TestSuite {
    if let Some(result) = &phase.result {
        return cases(&phase.name, result);
    }
    let (outcome, verdict) = phase.verdict();
    let name = "the phase was run";
    let mut suite = TestSuite::new(phase.name.as_str());
    suite.add_test_case(match outcome {
        Some(_) => case(&phase.name, name, "run", &[verdict]),
        None => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(verdict);
            let mut case = TestCase::new(name, status);
            case.set_classname(format!("{}.run", phase.name));
            case
        }
    });
    suite
}

fn report(length: f64, suites: Vec<TestSuite>) -> Result<String, String> {
    let mut report = Report::new("loadgen");
    report.set_time(Duration::try_from_secs_f64(length).unwrap_or_default());
    report.add_test_suites(suites);
    report
        .to_string()
        .map_err(|error| format!("the result cannot be put as XML: {error}"))
}

/// A run as a test suite of this name.
fn cases(name: &str, result: &ResultFile) -> TestSuite {
    let run = &result.run;
    let mut suite = TestSuite::new(name);
    suite.set_time(Duration::try_from_secs_f64(run.duration_s).unwrap_or_default());
    for (name, value) in [
        ("run", run.id.clone()),
        ("started_at", run.started_at.to_string()),
        ("target", run.target.clone()),
        ("load", run.load.clone()),
        ("seed", result.scenario.seed.to_string()),
        ("scenario_sha256", result.scenario.sha256.clone()),
        ("exit_code", run.exit_code.to_string()),
    ] {
        suite.add_property(Property::new(name, value));
    }
    let thresholds = result.thresholds.iter();
    suite.add_test_cases(thresholds.map(|threshold| self::threshold(name, result, threshold)));
    let verified = result.verify.iter();
    suite.add_test_cases(verified.map(|verify| verification(name, verify)));
    let mut ended = run.failures.clone();
    if run.interrupted {
        let length = human::length(run.duration_s);
        ended.insert(0, format!("interrupted after {length}"));
    }
    suite.add_test_case(case(name, "the run came to its end", "run", &ended));
    suite.add_test_case(case(
        name,
        "the load generator was not the bottleneck",
        "invalid",
        &run.invalid_reasons,
    ));
    if !result.warnings.is_empty() {
        suite.set_system_err(result.warnings.join("\n"));
    }
    suite
}

fn threshold(suite: &str, result: &ResultFile, threshold: &Threshold) -> TestCase {
    let observed = match threshold.observed {
        Some(observed) => format!(
            "observed {}{}",
            human::distinct(observed, threshold.limit),
            threshold.unit
        ),
        None => "nothing was observed".to_owned(),
    };
    let said = match &threshold.message {
        Some(message) => format!("{observed}: {message}"),
        None => observed,
    };
    let samples = human::plural(threshold.samples, "sample");
    let mut status = if threshold.ok {
        TestCaseStatus::success()
    } else {
        TestCaseStatus::non_success(NonSuccessKind::Failure)
    };
    if !threshold.ok {
        status
            .set_type("threshold")
            .set_message(format!("{} did not hold: {said}", threshold.expr))
            .set_description(format!("{said} ({samples})"));
    }
    let name = match threshold.scope.as_str() {
        "totals" => threshold.expr.clone(),
        task => format!("{} ({})", threshold.expr, without_population(result, task)),
    };
    let mut case = TestCase::new(name, status);
    case.set_classname(format!("{suite}.thresholds"));
    case.set_system_out(format!("{said} ({samples})"));
    case
}

fn verification(suite: &str, verify: &Verification) -> TestCase {
    let said = verify.message.as_deref().unwrap_or_default();
    let mut status = if verify.ok {
        TestCaseStatus::success()
    } else {
        TestCaseStatus::non_success(NonSuccessKind::Failure)
    };
    if !verify.ok {
        status
            .set_type("verification")
            .set_message(format!("{} did not hold: {said}", verify.expect))
            .set_description(said);
    }
    let mut case = TestCase::new(verify.name.as_str(), status);
    case.set_classname(format!("{suite}.verify"));
    case.set_system_out(format!("{}: {said}", verify.expect));
    case
}

/// A case that fails with an error for each of `problems`.
fn case(suite: &str, name: &str, kind: &str, problems: &[String]) -> TestCase {
    let mut status = if problems.is_empty() {
        TestCaseStatus::success()
    } else {
        TestCaseStatus::non_success(NonSuccessKind::Error)
    };
    if let Some(first) = problems.first() {
        status
            .set_type(kind)
            .set_message(first.as_str())
            .set_description(problems.join("\n"));
    }
    let mut case = TestCase::new(name, status);
    case.set_classname(format!("{suite}.run"));
    case
}
