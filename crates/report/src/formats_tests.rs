//! The forms for other tools, against golden files; tests/formats.rs has each read by its tool.

use super::{
    csv,
    fixture::{FixtureRun, MS, fail, run},
    hdr, junit, markdown,
    model::ResultFile,
};
use loadgen_driver::ErrorClass;
use loadgen_record::{Size, Snapshot};

/// Failures, failed thresholds, an interrupt and names that every form must put in its own way.
fn difficult() -> ResultFile {
    let mut made = run(&FixtureRun {
        seconds: 3,
        change: &|snapshot| {
            fail(
                snapshot,
                ErrorClass::Timeout,
                "no <answer> | after\n1 s",
                900 * MS,
            )
        },
        ..FixtureRun::default()
    });
    let awkward = "GET /a,b?q=\"x\"&y=<z> 100%".to_owned();
    made.steps[0].name.clone_from(&awkward);
    made.steps[0].id = format!("read-heavy/read order/{awkward}");
    made.thresholds.push(super::fixture::p95(5));
    made.metadata.interrupted = true;
    made.metadata.exit_code = 105;
    made.result()
}

fn fine() -> ResultFile {
    run(&FixtureRun {
        seconds: 3,
        ..FixtureRun::default()
    })
    .result()
}

/// Nothing ended.
fn empty() -> ResultFile {
    run(&FixtureRun {
        seconds: 1,
        change: &|snapshot| *snapshot = Snapshot::new(snapshot.second, Size::new(3, 2, 0)),
        ..FixtureRun::default()
    })
    .result()
}

#[test]
fn junit_has_a_case_for_all_that_decides() {
    insta::assert_snapshot!("junit_passed", junit::text(&fine()).unwrap());
    insta::assert_snapshot!("junit_failed", junit::text(&difficult()).unwrap());
    insta::assert_snapshot!("junit_empty", junit::text(&empty()).unwrap());
}

#[test]
fn the_timeline_as_csv() {
    let text = csv::text(&difficult()).unwrap();
    assert_eq!(text.matches("\r\n").count(), text.matches('\n').count());
    insta::assert_snapshot!("csv", text.replace('\r', ""));
    insta::assert_snapshot!("csv_empty", csv::text(&empty()).unwrap().replace('\r', ""));
}

#[test]
fn percentiles_as_hdr_histogram_prints_them() {
    insta::assert_snapshot!("hgrm", hdr::percentiles(&fine()).unwrap());
    insta::assert_snapshot!("hgrm_empty", hdr::percentiles(&empty()).unwrap());
}

#[test]
fn the_interval_log_has_a_line_for_each_interval_and_step() {
    let text = hdr::interval_log(&difficult()).unwrap();
    let lines = text.lines().map(|line| match line.find("HISTFAAA") {
        Some(index) => format!("{}HISTFAAA...", &line[..index]),
        None => line.to_owned(),
    });
    insta::assert_snapshot!("hlog", lines.collect::<Vec<_>>().join("\n"));
}

#[test]
fn the_summary_in_markdown() {
    insta::assert_snapshot!("markdown_passed", markdown::text(&fine()));
    insta::assert_snapshot!("markdown_failed", markdown::text(&difficult()));
    insta::assert_snapshot!("markdown_empty", markdown::text(&empty()));
}

#[test]
fn a_damaged_histogram_is_told_in_words() {
    let mut result = fine();
    for text in ["?", "AAAA", ""] {
        result.totals.hdr.latency = Some(text.into());
        let interval = result.timeline[0].steps.values_mut().next().unwrap();
        interval.hdr.latency = Some(text.into());
        for refused in [
            hdr::percentiles(&result),
            hdr::interval_log(&result),
            csv::text(&result),
        ] {
            let problem = refused.unwrap_err();
            assert!(problem.starts_with("a histogram is not "), "{problem}");
        }
    }
}

/// docs/result.schema.json is what programs that read results are written against.
#[test]
fn the_schema_is_the_one_in_the_documentation() {
    schema_is_written::<ResultFile>("result.schema.json");
}

pub fn schema_is_written<T: schemars::JsonSchema>(file: &str) {
    let schema = schemars::schema_for!(T);
    let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
    let path = format!("{}/../../docs/{file}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        std::fs::write(&path, &text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == text,
        "docs/{file} is not that of the types: \
         INSTA_UPDATE=always cargo test -p loadgen-report the_schema writes it"
    );
}
