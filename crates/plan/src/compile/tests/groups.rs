//! Groups of steps.

use super::*;
use crate::{Op, threshold::Scope};

const SHOP: &str = r#"
thresholds = [
    { task = "shop/browse", expr = "p95 < 1s" },
    { task = "test/shop/look", expr = "p95 < 1s" },
    { task = "shop", expr = "p95 < 1s" },
]
[target]
url = "http://127.0.0.1:1"
[load]
users = 1
[data]
id = { sequence = {}, scope = "step" }
[[task]]
name = "home"
[[task.step]]
get = "/"
[[task]]
name = "shop"
[[task.step]]
get = "/start"
repeat = 2
[[task.step]]
name = "browse"
repeat = "2..5"
[[task.step.step]]
get = "/list"
extract = { seen = "$.id" }
[[task.step.step]]
name = "look"
[[task.step.step.step]]
get = "/item/{{seen}}"
[[task.step]]
get = "/item/{{seen}}/buy"
"#;

#[test]
fn steps_and_groups_are_laid_out_flat() {
    let plan = plan(SHOP);
    let ids = |labels: &[crate::Label]| -> Vec<String> {
        labels.iter().map(|label| label.id.clone()).collect()
    };
    assert_eq!(ids(&plan.groups), ["test/shop/browse", "test/shop/look"]);
    assert_eq!(
        ids(&plan.steps),
        [
            "test/home/GET /",
            "test/shop/GET /start",
            "test/shop/GET /list",
            "test/shop/GET /item/{{seen}}",
            "test/shop/GET /item/{{seen}}/buy",
        ]
    );
    let within: Vec<_> = plan.steps.iter().map(|step| step.groups.clone()).collect();
    assert_eq!(within, [vec![], vec![], vec![0], vec![0, 1], vec![]]);
    assert_eq!(plan.groups[1].groups, [0]);
    assert_eq!(plan.groups[1].task_index, 1);
    let task = &plan.populations[0].tasks[1];
    let program = [
        Op::Enter(0),
        Op::Step(0),
        Op::Leave(0),
        Op::Enter(1),
        Op::Step(1),
        Op::Enter(2),
        Op::Step(2),
        Op::Leave(2),
        Op::Leave(1),
        Op::Step(3),
    ];
    assert_eq!(task.program, program);
    let repeats: Vec<_> = task.groups.iter().map(|group| group.repeat).collect();
    assert_eq!(repeats, [(2, 2), (2, 5), (1, 1)]);
    let often: Vec<u64> = task.most_often().map(|(_, times)| times).collect();
    assert_eq!(often, [2, 5, 5, 1]);
    let scopes: Vec<_> = plan.thresholds.iter().map(|t| t.scope).collect();
    assert_eq!(scopes, [Scope::Group(0), Scope::Group(1), Scope::Task(1)]);
}

#[test]
fn check_and_the_result_tell_of_groups() {
    let plan = plan(SHOP);
    insta::assert_snapshot!(crate::describe::words(&plan));
    let json = crate::describe::json(&plan);
    insta::assert_json_snapshot!(json["populations"][0]["tasks"][1]["groups"]);
}
