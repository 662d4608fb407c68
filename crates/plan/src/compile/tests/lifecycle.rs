//! Steps besides the tasks.

use super::*;
use crate::{Label, Population, threshold::Scope};

const SHOP: &str = r#"
thresholds = [
    { task = "user_start", expr = "p95 < 1s" },
    { task = "test/user_start/log in", expr = "p95 < 1s" },
]
[target]
url = "http://127.0.0.1:1"
[load]
users = 1
[data]
name = { sequence = {} }
[[setup.step]]
post = "/shops/{{name}}"
extract = { shop = "$.id" }
[[setup.step]]
put = "/shops/{{shop}}"
[[user_start.step]]
name = "log in"
step = [{ post = "/login", form = { shop = "{{shop}}" }, extract = { token = "$.token" } }]
[[task]]
name = "look"
[[task.step]]
get = "/shops/{{shop}}/{{token}}"
[[teardown.step]]
delete = "/shops/{{shop}}"
"#;

#[test]
fn a_shared_header_is_sent_as_soon_as_what_it_has_is_there() {
    let text = SHOP.replace(
        "[load]",
        "[http]\nheaders = { x-shop = '{{shop}} {{name}}', x-user = '{{token}}', x-all = 'a' }\n[load]",
    );
    let plan = plan(&text);
    let names = |index: usize| {
        let steps = plan.populations.iter().flat_map(Population::steps);
        let mut steps = steps.filter(|step| step.index == index);
        let headers = steps
            .next()
            .unwrap()
            .kind
            .http()
            .unwrap()
            .written
            .headers
            .iter();
        let names: Vec<&str> = headers.map(|(name, _)| name.as_str()).collect();
        names.join(" ")
    };
    let shown: Vec<String> = (0..plan.steps.len() + plan.lifecycle_steps.len())
        .map(|index| format!("{}: {}", plan.step(index).unwrap().id, names(index)))
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
    test/look/GET /shops/{{shop}}/{{token}}: x-shop x-user x-all
    test/user_start/POST /login: x-shop x-all content-type
    test/setup/POST /shops/{{name}}: x-all
    test/setup/PUT /shops/{{shop}}: x-shop x-all
    test/teardown/DELETE /shops/{{shop}}: x-shop x-all
    ");
}

#[test]
fn what_is_not_measured_has_numbers_after_what_is() {
    let plan = plan(SHOP);
    let ids =
        |labels: &[Label]| -> Vec<String> { labels.iter().map(|label| label.id.clone()).collect() };
    assert_eq!(ids(&plan.tasks), ["test/look", "test/user_start"]);
    assert_eq!(
        ids(&plan.steps),
        [
            "test/look/GET /shops/{{shop}}/{{token}}",
            "test/user_start/POST /login"
        ]
    );
    assert_eq!(
        ids(&plan.lifecycle_steps),
        [
            "test/setup/POST /shops/{{name}}",
            "test/setup/PUT /shops/{{shop}}",
            "test/teardown/DELETE /shops/{{shop}}",
        ]
    );
    let population = &plan.populations[0];
    let indices: Vec<usize> = population.steps().map(|step| step.index).collect();
    assert_eq!(indices, [2, 3, 4, 1, 0]);
    assert_eq!(plan.step(4).unwrap().name, "DELETE /shops/{{shop}}");
    assert_eq!(population.user_start.as_ref().unwrap().index, 1);
    assert_eq!(population.extracted, ["shop", "token"]);
    let scopes: Vec<_> = plan.thresholds.iter().map(|t| t.scope).collect();
    assert_eq!(scopes, [Scope::Task(1), Scope::Group(0)]);
}

#[test]
fn check_and_the_result_tell_of_the_lifecycle() {
    let plan = plan(SHOP);
    insta::assert_snapshot!(crate::describe::words(&plan));
    let json = crate::describe::json(&plan);
    let ids = |key: &str| json["populations"][0][key]["steps"][0]["id"].clone();
    assert_eq!(ids("setup"), "test/setup/POST /shops/{{name}}");
    assert_eq!(ids("user_start"), "test/user_start/POST /login");
    assert_eq!(ids("teardown"), "test/teardown/DELETE /shops/{{shop}}");
}
