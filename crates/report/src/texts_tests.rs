use super::*;
use crate::{
    csv,
    fixture::{FixtureRun, MS, fail, run},
    hdr, html, json, junit, markdown, terminal,
};
use loadgen_core::printable::is_printable;
use loadgen_driver::ErrorClass;

const HOSTILE: &str = "\x1b]0;title\x07\u{9b}2J\u{202e}<script>alert(1)</script>|\r\n- x";

/// A run with something of everything.
fn full() -> ResultFile {
    let mut made = run(&FixtureRun {
        seconds: 2,
        change: &|snapshot| fail(snapshot, ErrorClass::Timeout, "no answer", 900 * MS),
        ..FixtureRun::default()
    });
    let metadata = &mut made.metadata;
    metadata.failures.push("the event failed".to_owned());
    metadata.warnings.push("a warning".to_owned());
    metadata.plan = serde_json::json!({"steps": {"a": ["SELECT 1"]}});
    let background = &mut metadata.background;
    background.events.push(Event {
        name: "restart".to_owned(),
        t_s: 1.0,
        took_s: 0.1,
        ok: false,
        message: Some("exit status: 3".to_owned()),
    });
    background.verify.push(Verification {
        name: "stored".to_owned(),
        expect: "value == 1".to_owned(),
        value: None,
        before: None,
        ok: false,
        message: Some("no row".to_owned()),
    });
    let series = Series {
        metric: "requests".to_owned(),
        unit: "/s".to_owned(),
        points: vec![(0.0, 1.0)],
        min: 1.0,
        mean: 1.0,
        max: 1.0,
        last: 1.0,
        delta: None,
    };
    let observed = Observed {
        series: vec![series],
        failures: 1,
        message: Some("status 500".to_owned()),
    };
    background.observed.insert("app".to_owned(), observed);
    let statement = StatementActivity {
        sql: "SELECT 1".to_owned(),
        calls: 3,
        mean_us: 1.0,
    };
    let activity = Activity {
        backend: "PostgreSQL".to_owned(),
        source: Some("pg_stat_statements".to_owned()),
        statements: vec![statement],
        counters: BTreeMap::from([("commits".to_owned(), 1.0)]),
        message: Some("less".to_owned()),
    };
    background.databases.insert("main".to_owned(), activity);
    made.result()
}

/// Puts hostile text into every string of a JSON, and into keys that are names.
fn poison(value: &mut Value, path: &str) {
    match value {
        // Values that a reader parses stay as they are: times and histograms.
        Value::String(_) if path.ends_with("started_at") || path.contains("/hdr") => {}
        Value::String(text) => text.push_str(HOSTILE),
        Value::Array(items) => {
            let path = format!("{path}/item");
            items.iter_mut().for_each(|item| poison(item, &path));
        }
        Value::Object(entries) => {
            let named = ["observed", "steps", "groups", "by_class", "databases"];
            let renames = named.iter().any(|name| path.ends_with(name));
            let old = mem::take(entries);
            for (key, mut value) in old {
                poison(&mut value, &format!("{path}/{key}"));
                let key = match renames {
                    true => format!("{key}{HOSTILE}"),
                    false => key,
                };
                entries.insert(key, value);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn poisoned() -> ResultFile {
    let mut value = serde_json::to_value(full()).unwrap();
    poison(&mut value, "");
    json::parse(&value.to_string()).unwrap()
}

#[test]
fn every_text_of_a_saved_result_is_visited() {
    let result = poisoned();
    let text = serde_json::to_string(&result).unwrap();
    let mut hostile = 0;
    let value: Value = serde_json::from_str(&text).unwrap();
    fn look(value: &Value, found: &mut impl FnMut(&str)) {
        match value {
            Value::String(text) => found(text),
            Value::Array(items) => items.iter().for_each(|item| look(item, found)),
            Value::Object(entries) => entries.iter().for_each(|(key, value)| {
                found(key);
                look(value, found);
            }),
            _ => {}
        }
    }
    look(&value, &mut |text| {
        hostile += usize::from(text.contains("title"));
        let plain = |c| is_printable(c) || matches!(c, '\n' | '\t');
        assert!(text.chars().all(plain), "{text:?}");
    });
    assert!(hostile > 50, "{hostile} hostile texts");
}

#[test]
fn no_form_of_a_hostile_result_has_control_characters() {
    let result = poisoned();
    let style = |colour| terminal::TerminalStyle {
        colour,
        unicode: true,
        width: 100,
    };
    let own = regex::Regex::new("\x1b\\[[0-9;]*m").unwrap();
    let own_colours = |text: &str| own.replace_all(text, "").into_owned();
    for (form, text) in [
        ("terminal", terminal::summary(&result, &style(false))),
        (
            "colours",
            own_colours(&terminal::summary(&result, &style(true))),
        ),
        ("markdown", markdown::text(&result)),
        ("csv", csv::text(&result).unwrap()),
        ("html", html::text(&result).unwrap()),
        ("junit", junit::text(&result).unwrap()),
        ("log", hdr::interval_log(&result).unwrap()),
        ("percentiles", hdr::percentiles(&result).unwrap()),
        ("json", json::text(&result)),
    ] {
        let bad = text.char_indices().find(|(_, c)| {
            !(is_printable(*c) || matches!(c, '\n' | '\t') || *c == '\r' && form == "csv")
        });
        let around = bad.map(|(at, _)| text[at.saturating_sub(40)..].chars().take(80));
        let around: Option<String> = around.map(Iterator::collect);
        assert_eq!(around, None, "{form}");
        if matches!(form, "markdown" | "html") {
            assert!(!text.contains("<script>alert"), "{form}");
        }
    }
}
