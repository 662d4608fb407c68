use super::*;
use crate::describe::{json, words};
use proptest::prelude::*;

/// Whatever comes of `text`, it is no panic, and every problem lies inside of a text.
fn survives(text: &str, set: &[(String, String)]) -> Result<(), TestCaseError> {
    let inputs = Inputs { set, ..inputs() };
    let path = Path::new("fuzz.toml");
    let report = match parse(path, text.to_owned(), &inputs) {
        Err(report) => report,
        Ok(scenario) => match compile(&scenario, &settings()) {
            Ok(plan) => {
                prop_assert!(!words(&plan).is_empty() && json(&plan).is_object());
                return Ok(());
            }
            Err(Error::Invalid(report)) => report,
            Err(Error::Usage(message)) => panic!("no flag was given: {message}"),
        },
    };
    prop_assert!(!report.problems().is_empty(), "refused without a reason");
    for problem in report.problems() {
        let spans = std::iter::once(problem.span).chain(problem.other.iter().map(|o| o.0));
        for span in spans {
            let length = match span.source {
                0 => text.len(),
                flag => {
                    let (path, value) = &set[flag - 1];
                    format!("--set {path}={value}").len()
                }
            };
            prop_assert!(span.start <= span.end && span.end <= length, "{problem:?}");
        }
    }
    prop_assert!(report.to_string().contains("problem"));
    Ok(())
}

const SAMPLES: [&str; 3] = [
    include_str!("../../../../../scenarios/read-heavy.toml"),
    include_str!("../../../../../scenarios/spike.toml"),
    include_str!("../../../../../scenarios/hot-spots.toml"),
];

/// Snippets that people and other tools write into such files.
fn snippet() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "",
            "\"",
            "'",
            "[",
            "]",
            "[[",
            "{",
            "}",
            "{{",
            "}}",
            "{{x}}",
            "${",
            "${X}",
            "${X:-1}",
            "=",
            ".",
            "\n",
            "\r\n",
            "#",
            ",",
            "-1",
            "0",
            "1e999",
            "nan",
            "1..3s",
            "\"\"\"",
            "\\",
            "\\u00e9",
            "é",
            "😀",
            "\u{feff}",
            "[load]",
            "[[population]]",
            "users = 3\n",
            "rate = 5\n",
            "null",
            "true",
            "1979-05-27",
            "99999999999999999999",
            "p95 <",
            "\u{0}",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ]
}

fn boundary(text: &str, at: usize) -> usize {
    text.floor_char_boundary(at % (text.len() + 1))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn mutated_scenarios_survive(
        sample in 0..SAMPLES.len(),
        edits in prop::collection::vec((any::<usize>(), 0usize..40, snippet()), 1..5),
    ) {
        let mut text = SAMPLES[sample].to_owned();
        for (at, length, snippet) in edits {
            let start = boundary(&text, at);
            let end = boundary(&text, start + length).max(start);
            text.replace_range(start..end, &snippet);
        }
        survives(&text, &[])?;
    }

    #[test]
    fn any_text_survives(text in any::<String>()) {
        survives(&text, &[])?;
    }

    #[test]
    fn any_flag_survives(
        path in prop_oneof![
            prop::sample::select(vec![
                "load", "load.users", "task.0", "task.ask.step.0.post", "data.location", "name",
                "thresholds.0", "target.app", "load.stages", "task.'ask'.weight", "seed",
            ]).prop_map(str::to_owned),
            "[a-z.'\"0-9 é]{0,20}",
        ],
        value in snippet(),
    ) {
        survives(SAMPLES[2], &[(path, value)])?;
    }
}
