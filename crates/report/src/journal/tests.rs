use super::*;
use crate::fixture::{FixtureRun, Made, run};
use loadgen_core::time::SECOND;
use loadgen_record::{Size, testing::any_snapshot};
use proptest::{collection::vec, prelude::*};
use std::cell::RefCell;

fn header(made: &Made) -> Header {
    let metadata = &made.metadata;
    Header {
        max_lag_ns: usual_lag(),
        schema: WIRE_VERSION,
        version: metadata.program.version.clone(),
        run: Beginning {
            scenario: metadata.scenario.clone(),
            plan: metadata.plan.clone(),
            id: metadata.id.clone(),
            started_at: metadata.started_at,
            target: metadata.target.clone(),
            load: metadata.load.clone(),
            workers: metadata.program.workers,
            load_ends: None,
        },
        names: made.names().into_owned(),
        thresholds: made.thresholds.clone(),
        warmup_ns: 0,
        periods: Periods::default(),
        watch: ObservedSources::default(),
    }
}

fn end(made: &Made) -> End {
    End {
        elapsed_ns: made.recording.totals.elapsed,
        overdue: made.recording.totals.overdue,
        stopped_ns: None,
        periods: None,
        interrupted: made.metadata.interrupted,
        failures: made.metadata.failures.clone(),
        warnings: made.metadata.warnings.clone(),
        background: made.metadata.background.clone(),
        exit_code: made.metadata.exit_code,
        host: None,
        cpu_seconds: made.metadata.program.cpu_seconds,
        max_rss_bytes: made.metadata.program.max_rss_bytes,
    }
}

/// The text of the journal of a run.
fn written(made: &Made, snapshots: &[Snapshot]) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut journal = Journal::create(file.path(), &header(made)).unwrap();
    for snapshot in snapshots {
        journal.append(snapshot, 0.5, 1_000).unwrap();
    }
    journal.end(end(made)).unwrap();
    std::fs::read_to_string(file.path()).unwrap()
}

/// A run of a second each.
fn made(snapshots: &[Snapshot]) -> (Made, Vec<Snapshot>) {
    let seen = RefCell::new(Vec::new());
    let mut made = run(&FixtureRun {
        seconds: snapshots.len() as u64,
        elapsed: snapshots.len() as u64 * SECOND,
        change: &|snapshot| {
            let second = snapshot.second;
            *snapshot = snapshots[second as usize].clone();
            snapshot.second = second;
            seen.borrow_mut().push(snapshot.clone());
        },
        ..FixtureRun::default()
    });
    let undone = "3 iterations not done: no user was left";
    made.metadata.warnings.push(undone.to_owned());
    (made, seen.into_inner())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn it_comes_to_the_result_of_the_run(snapshots in vec(any_snapshot(Size::new(3, 2, 0)), 1..4)) {
        let (made, seen) = made(&snapshots);
        let text = written(&made, &seen);
        prop_assert_eq!(result(&text), Ok(made.result()));
    }

    #[test]
    fn damage_is_refused_or_read(
        snapshot in any_snapshot(Size::new(3, 2, 0)),
        at in any::<prop::sample::Index>(),
        byte in b' '..b'~',
    ) {
        let (made, seen) = made(&[snapshot]);
        let mut text = written(&made, &seen).into_bytes();
        let at = at.index(text.len());
        text[at] = byte;
        let text = String::from_utf8_lossy(&text);
        if let Err(problem) = result(&text) {
            prop_assert!(!problem.is_empty());
        }
    }
}

#[test]
fn other_versions_and_other_orders_are_refused_in_words() {
    let (made, seen) = made(&[Snapshot::new(0, Size::new(3, 2, 0))]);
    let text = written(&made, &seen);
    let (first, rest) = text.split_once('\n').unwrap();
    let now = format!("\"schema\":{WIRE_VERSION}");
    let of_schema = |schema| text.replacen(&now, &format!("\"schema\":{schema}"), 1);
    let twice = format!("{first}\n{}\n{rest}", rest.lines().next().unwrap());
    let refused = [
        of_schema(WIRE_VERSION - 1),
        of_schema(WIRE_VERSION + 1),
        String::new(),
        "{}\n".to_owned(),
        twice,
    ];
    let refused = refused.map(|text| result(&text).unwrap_err());
    insta::assert_snapshot!(refused.join("\n"), @r"
    it was written by an older loadgen: use that one
    it was written by a newer loadgen: use that one
    its first line is missing
    line 1 is damaged: missing field `schema` at line 1 column 2
    line 3 is damaged: it is not of second 1
    ");
}

#[test]
fn damage_and_seconds_that_cannot_be_are_refused_in_words() {
    let (made, seen) = made(&[Snapshot::new(0, Size::new(3, 2, 0))]);
    let text = written(&made, &seen);
    let (first, rest) = text.split_once('\n').unwrap();
    let last = rest.lines().last().unwrap();
    for (damaged, words) in [
        // Cut off, but not at its end.
        (format!("{first}\n{{\n{rest}"), "line 2 is damaged: EOF"),
        (
            text.replacen("\"second\":0", "\"second\":1000000000", 1),
            "line 2 is damaged: it is not of second 0",
        ),
        (
            text.replacen("\"elapsed_ns\":", "\"elapsed_ns\":999999", 1),
            "it is damaged: its end is that of a run of ",
        ),
        (
            format!("{text}{last}\n"),
            "is damaged: the run ended before it",
        ),
    ] {
        let refused = result(&damaged).unwrap_err();
        assert!(refused.contains(words), "{refused}: {damaged}");
    }
}
