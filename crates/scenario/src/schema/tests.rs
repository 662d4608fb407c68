use super::*;

const WRITTEN: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../docs/scenario.schema.json"
);

#[test]
fn the_schema_is_the_one_in_the_documentation() {
    let text = text();
    if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        std::fs::write(WRITTEN, &text).unwrap();
    }
    let written = std::fs::read_to_string(WRITTEN).unwrap_or_default();
    assert!(
        written == text,
        "{WRITTEN} is not what the readers take: \
         INSTA_UPDATE=always cargo test -p loadgen-scenario the_schema writes it"
    );
}

#[test]
fn every_key_has_its_words() {
    let document = document();
    let definitions = document["$defs"].as_object().unwrap().values();
    let tables = definitions.filter(|shape| shape["type"] == "object");
    let mut count = 0;
    for shape in tables.chain([&document]) {
        assert_eq!(shape["additionalProperties"], false, "{}", shape["title"]);
        for (key, shown) in shape["properties"].as_object().unwrap() {
            let words = shown["description"].as_str().unwrap_or_default();
            assert!(words.len() > 5, "{}: {key}: {words:?}", shape["title"]);
            count += 1;
        }
    }
    assert!(count > 200, "{count}");
}

/// The keys of a scenario mean nothing in a suite, and the other way round.
#[test]
fn a_file_is_a_scenario_or_a_suite() {
    let schema = document();
    let refused = schema["then"]["properties"].as_object().unwrap();
    let suite: Vec<&str> = keys::<Suite>().iter().map(|key| key.name).collect();
    let scenario = keys::<Root>().into_iter().map(|key| key.name);
    let scenario: Vec<&str> = scenario.filter(|key| !suite.contains(key)).collect();
    assert_eq!(refused.len(), scenario.len());
    assert!(scenario.iter().all(|key| refused[*key] == json!(false)));
}

/// Checks that the schema's types are as narrow as the reader's.
#[test]
fn values_have_the_types_that_are_read() {
    let schema = document();
    let shape = |table: &str, key: &str| {
        let mut shape = schema["$defs"][table]["properties"][key].clone();
        shape.as_object_mut().unwrap().remove("description");
        shape
    };
    let reference = |name: &str| json!({ "$ref": format!("#/$defs/{name}") });
    let env = reference("environment");
    assert_eq!(
        shape("load", "users"),
        json!({ "anyOf": [env, { "type": "integer" }] })
    );
    assert_eq!(shape("load", "duration"), reference("duration-text"));
    assert_eq!(
        shape("load", "rate"),
        json!({ "anyOf": [reference("rate-text"), { "type": "number" }] })
    );
    assert_eq!(
        shape("load", "arrivals"),
        json!({ "anyOf": [{ "enum": ["constant", "poisson"] }, env] })
    );
    assert_eq!(
        shape("load", "think"),
        json!({ "anyOf": [reference("pause-text"), reference("pause")] })
    );
    // Keys that depend on another key, and keys that exclude each other.
    let order = ["sequential", "shuffled", "random", "unique"];
    assert_eq!(
        shape("variable-of-data", "order"),
        json!({ "anyOf": [{ "enum": order }, env, reference("order-of-rows")] })
    );
    let items = json!({ "anyOf": [reference("task.step"), reference("group-of-steps")] });
    assert_eq!(
        shape("task", "step"),
        json!({ "type": "array", "items": items })
    );
    assert_eq!(shape("event", "at"), json!({ "type": "string" }));
    assert_eq!(shape("task.step", "json"), json!({}));
}
