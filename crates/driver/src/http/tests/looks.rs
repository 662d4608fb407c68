//! Looking into answers: checks beyond status and text, and values for later steps.

use super::*;
use loadgen_data::{Pattern, jsonpath::JsonPath, pattern::Rules};
use loadgen_plan::http::{Extract, ExtractSource, JsonCheck, Wanted};
use std::num::NonZeroU16;

const PAGE: &str = r#"{"id": 17, "ok": true, "items": [{"p": 1.0}, {"p": 1}], "none": null,
    "long": -123456789012345678901234567890.10, "prices": [18.50, 45.00]}"#;

fn page() -> Vec<u8> {
    format!(
        "HTTP/1.1 103 Early Hints\r\nX-Kind: early\r\n\r\n\
         HTTP/1.1 201 Created\r\nX-Kind: application/json\r\nSet-Cookie: sid=abc; Path=/\r\n\
         Content-Length: {}\r\n\r\n{PAGE}",
        PAGE.len()
    )
    .into_bytes()
}

fn path(text: &str) -> JsonPath {
    JsonPath::parse(text).unwrap()
}

fn check(text: &str, wanted: Wanted) -> JsonCheck {
    let path = path(text);
    JsonCheck { path, wanted }
}

fn extract(variable: usize, source: ExtractSource) -> Extract {
    Extract {
        variable,
        name: format!("v{variable}"),
        source,
        written: None,
    }
}

/// The outcome of one step that is answered by `acts`, and what became of its values.
async fn done(step: HttpStep, act: Act, values: &mut [Value]) -> Outcome {
    let server = Server::start([vec![Act::Hear, act, Act::Stay]]).await;
    let mut user = User::new(&server.url, [step]);
    let progress = Progress::default();
    let step = (0, &user.steps[0]);
    user.driver
        .step(&mut user.session, step, values, &progress)
        .await
}

#[tokio::test]
async fn values_are_taken_with_their_types_however_the_answer_comes() {
    let step = || HttpStep {
        extract: vec![
            extract(0, ExtractSource::Json(path("$.id"))),
            extract(1, ExtractSource::Json(path("$.ok"))),
            extract(5, ExtractSource::Json(path("$.long"))),
            extract(6, ExtractSource::Json(path("$.prices"))),
            extract(2, ExtractSource::Header("x-kind".parse().unwrap())),
            extract(3, ExtractSource::Cookie("sid".into())),
            extract(
                4,
                ExtractSource::Regex(Pattern::new(r#""id": (\d+)"#, Rules::BODY).unwrap()),
            ),
        ],
        ..get()
    };
    for act in [Act::Say(page()), Act::Drip(page())] {
        let mut values = vec![Value::Unset; 7];
        let outcome = done(step(), act, &mut values).await;
        assert!(outcome.failure.is_none(), "{outcome:?}");
        let expected = [
            Value::Int(17),
            Value::Bool(true),
            Value::Text("application/json".into()),
            Value::Text("abc".into()),
            Value::Text("17".into()),
            Value::Number("-123456789012345678901234567890.10".into()),
            Value::Json("[18.50,45.00]".into()),
        ];
        assert_eq!(values, expected);
    }
}

#[tokio::test]
async fn what_is_not_there_fails_the_step_and_changes_nothing_else() {
    for (source, said) in [
        (
            ExtractSource::Json(path("$.none")),
            "no v0: nothing at $.none",
        ),
        (
            ExtractSource::Header("x-b".parse().unwrap()),
            "no v0: no header x-b",
        ),
        (
            ExtractSource::Cookie("x-kind".into()),
            "no v0: no cookie x-kind is set",
        ),
        (
            ExtractSource::Form("csrf".into()),
            "no v0: no field csrf in a form",
        ),
        (
            ExtractSource::Regex(Pattern::new("z+", Rules::BODY).unwrap()),
            "no v0: the body does not match /z+/",
        ),
    ] {
        let mut values = [Value::Int(1)];
        let step = HttpStep {
            extract: vec![extract(0, source)],
            ..get()
        };
        let outcome = done(step, Act::Say(page()), &mut values).await;
        assert_eq!(class_of(&outcome), Some(ErrorClass::Expectation));
        assert_eq!(words(&outcome), said);
        // Nothing was checked, so nothing was missed.
        assert_eq!((outcome.missed, values), (0, [Value::Int(1)]));
    }
}

#[tokio::test]
async fn every_check_is_told_and_the_first_missed_one_is_the_failure() {
    let range = |first, last| StatusRange { first, last };
    let text = |text: &str| BodyText {
        bytes: text.as_bytes().into(),
        written: text.to_owned(),
    };
    let contains = |name: &str, sought: &str| (name.parse().unwrap(), text(sought));
    let expect = Expect {
        status: vec![range(201, 201)],
        body_contains: vec![text("items"), text("nowhere")],
        header_contains: vec![contains("x-kind", "json"), contains("x-kind", "early")],
        json: vec![
            check("$.items[*].p", Wanted::Fixed(Value::Int(1))),
            check("$.id", Wanted::Variable(0)),
            check("$.ok", Wanted::Fixed(Value::Text("true".into()))),
            check("$.gone", Wanted::Fixed(Value::Int(1))),
        ],
        size: Some((1, 5)),
        duration: Some(LONG),
    };
    let step = HttpStep { expect, ..get() };
    let outcome = done(step, Act::Say(page()), &mut [Value::Int(17)]).await;
    let missed: Vec<u32> = (0..64)
        .filter(|place| outcome.missed >> place & 1 == 1)
        .collect();
    assert_eq!(missed, [2, 4, 7, 8, 9]);
    assert_eq!(outcome.status.map(NonZeroU16::get), Some(201));
    assert_eq!(words(&outcome), "the body does not contain `nowhere`");
}

#[tokio::test]
async fn a_failed_status_comes_first_and_no_answer_misses_everything() {
    let expect = || Expect {
        size: Some((0, 1)),
        ..Expect::default()
    };
    let step = || HttpStep {
        expect: expect(),
        ..get()
    };
    let refused = say("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy");
    let outcome = done(step(), refused, &mut []).await;
    assert_eq!(class_of(&outcome), Some(ErrorClass::Status5xx));
    assert_eq!(outcome.status.map(NonZeroU16::get), Some(503));
    assert_eq!(outcome.missed, 1);
    let outcome = done(step(), Act::Reset, &mut []).await;
    assert_eq!(class_of(&outcome), Some(ErrorClass::Reset));
    assert_eq!((outcome.status, outcome.missed), (None, u64::MAX));
}
