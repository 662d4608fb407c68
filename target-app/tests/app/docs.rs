//! The examples of docs/target-app.md, run as they stand, one after the other.

use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Output;
use std::time::{Duration, Instant};
use target_app::{App, Setup};
use tokio::process::Command;

use crate::backend::Backend;

const DOCS: &str = include_str!("../../../docs/target-app.md");

/// Placeholder in the page for the id of the last message.
const MESSAGE_ID: &str = "MESSAGE_ID";

/// Parts of the output that change from one start, or one machine, to the next.
const CHANGING: [&str; 7] = [
    "created_at",
    "delivery_ms",
    "idle",
    "message_id",
    "received_at",
    "uptime_s",
    "window_start",
];

/// Every command with the answer that follows it.
fn examples() -> Vec<(&'static str, Value)> {
    let mut examples = Vec::new();
    let mut commands = Vec::new();
    // Odd parts are blocks of code: a language, and lines.
    for block in DOCS.split("```").skip(1).step_by(2) {
        let (language, text) = block.split_once('\n').unwrap();
        match language {
            "" => {
                commands = text
                    .lines()
                    .filter(|line| line.starts_with("curl "))
                    .collect()
            }
            "json" => {
                let answer: Value = serde_json::from_str(text).unwrap();
                let answers = commands.drain(..).map(|command| (command, answer.clone()));
                examples.extend(answers);
            }
            _ => {}
        }
    }
    examples
}

/// Leaves the keys of what changes, and not its values.
fn lasting(mut value: Value) -> Value {
    if let Some(object) = value.as_object_mut() {
        for (key, value) in object {
            *value = match CHANGING.contains(&key.as_str()) {
                true => Value::Null,
                false => lasting(value.take()),
            };
        }
    }
    value
}

async fn run(command: &str) -> Output {
    let command = command.replacen("curl", "curl -sS --fail-with-body --noproxy '*'", 1);
    let output = Command::new("sh").args(["-c", &command]).output().await;
    output.unwrap()
}

#[tokio::test]
async fn examples_answer_as_they_say() {
    let data = Backend::Sqlite.data();
    let mut setup = Setup::new(&[], Some(0), data.location()).unwrap();
    setup.records = None;
    let app = App::start(&setup).await.unwrap();
    let usual = Setup::new(&[], None, data.location()).unwrap();
    let services: BTreeMap<String, String> = usual
        .listeners
        .iter()
        .zip(app.endpoints())
        .map(|(usual, endpoint)| {
            let usual = format!("http://127.0.0.1:{}/", usual.port);
            (usual, format!("{}/", endpoint.url()))
        })
        .collect();
    let examples = examples();
    for usual in services.keys() {
        let asked = examples.iter().any(|(command, _)| command.contains(usual));
        assert!(asked, "no example asks {usual}");
    }

    let mut message_id = String::new();
    for (example, expected) in examples {
        let mut command = example.replace(MESSAGE_ID, &message_id);
        for (usual, here) in &services {
            command = command.replace(usual, here);
        }
        let mut output = run(&command).await;
        // A message needs a moment to come back.
        let deadline = Instant::now() + Duration::from_secs(60);
        while example.contains(MESSAGE_ID) && !output.status.success() && Instant::now() < deadline
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
            output = run(&command).await;
        }
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command}: {said}");
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        if let Some(id) = answer["message_id"].as_str() {
            message_id = id.to_owned();
        }
        assert_eq!(lasting(answer), lasting(expected), "{example}");
    }
}
