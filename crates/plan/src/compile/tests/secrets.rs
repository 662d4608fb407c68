use super::*;
use crate::describe::{json, words};

#[test]
fn nothing_shown_or_stored_holds_a_secret() {
    let text = r#"
name = "s ${TOKEN}"
thresholds = [{ task = "t ${TOKEN}", expr = "p95 < 1s" }]
[target]
url = ["http://user:hunter2@${HOST}:80", "http://user:hunter2@127.0.0.1:81"]
[load]
users = "${COUNT}"
[http]
ca = "${HOST}.pem"
headers = { authorization = "Bearer hunter2", Cookie = "session=hunter2", x-trace = "${TOKEN}" }
[[task]]
name = "t ${TOKEN}"
[[task.step]]
get = "/a/${TOKEN}?access_token=hunter2"
query = { api_key = "hunter2", q = "${TOKEN}" }
headers = { X-Api-Key = "hunter2" }
expect = { body = "${TOKEN}" }
[[task.step]]
post = "/b"
json = { user = "u", password = "hunter2", nested = [{ secret = { a = "hunter2" } }], n = "${TOKEN}" }
[[task.step]]
post = "/c"
form = { password = "hunter2", n = "${TOKEN}" }
[[task.step]]
post = "/d"
body = "${TOKEN}"
"#;
    let plan = plan(text);
    let described = json(&plan);
    for shown in [
        words(&plan),
        described.to_string(),
        format!("{:?}", plan.steps),
    ] {
        assert!(!shown.contains("hunter2"), "{shown}");
    }
    insta::assert_json_snapshot!(described);
}

#[test]
fn a_bundled_service_is_described_without_its_secrets() {
    let text = r#"
load.users = 1
[target]
app = "weather"
instances = 2
database = "postgres://me:hunter2@db/weather"
cache = "redis://:hunter2@cache"
pool = { max = 9, timeout = "2s" }
flags = ["--log-json", "--otlp=http://u:hunter2@x"]
[[task]]
name = "t"
[[task.step]]
get = "/"
"#;
    let plan = plan(text);
    let (words, json) = (words(&plan), json(&plan).to_string());
    assert!(!words.contains("hunter2"), "{words}");
    assert!(!json.contains("hunter2"), "{json}");
    insta::assert_snapshot!(words);
}
