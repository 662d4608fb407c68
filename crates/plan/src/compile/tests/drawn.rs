use super::*;
use crate::describe::words;
use loadgen_data::{Generator, rng};

fn with_data(data: &str, path: &str) -> Plan {
    plan(&format!(
        "seed = 3\n[target]\nurl = 'http://h'\n[load]\nusers = 2\n[data]\n{data}\n\
         [[task]]\nname = 't'\n[[task.step]]\nget = '/{path}'\n"
    ))
}

/// The first draws of a user.
fn first(generator: &Generator, draws: u64) -> Vec<Value> {
    let mut rng = rng::stream(3, 0, rng::Purpose::User, 0);
    (0..draws)
        .map(|number| generator.draw(&mut rng, number))
        .collect()
}

#[test]
fn the_columns_of_a_file_are_variables_with_types_that_stay_in_one_row() {
    for order in ["sequential", "random", "shuffled", "unique"] {
        let data = format!(
            "c = {{ csv = 'customers.csv', order = '{order}' }}\nx = {{ csv = 'one.csv' }}"
        );
        let plan = with_data(&data, "{{c.zip}}/{{x}}");
        let population = &plan.populations[0];
        let names: Vec<&str> = population
            .variables
            .iter()
            .map(|v| v.name.as_str())
            .collect();
        assert_eq!(names, ["c.id", "c.name", "c.zip", "x"]);
        // Unused variables are not drawn.
        assert_eq!(population.tasks[0].draws, [2, 3]);
        // Columns have one source.
        let sources: Vec<usize> = population.variables.iter().map(|v| v.source).collect();
        assert_eq!(sources, [0, 0, 0, 1]);
        let text = |text: &str| Value::Text(text.into());
        let number = |text: &str| Value::Number(text.into());
        let rows = [
            [Value::Int(1), text("Ada"), text("007")],
            [Value::Int(2), text("Grace, H."), text("010")],
            [Value::Int(3), text("Edith"), text("100")],
        ];
        let columns: Vec<Vec<Value>> = (0..3)
            .map(|column| first(&population.variables[column].generator, 3))
            .collect();
        let rounds = columns[0].iter().zip(&columns[1]).zip(&columns[2]);
        for ((id, name), zip) in rounds {
            let row = [id.clone(), name.clone(), zip.clone()];
            assert!(rows.contains(&row), "{order}: {row:?}");
        }
        let switch = with_data("x = { csv = 'switch.csv' }", "{{x}}");
        let switch = first(&switch.populations[0].variables[0].generator, 2);
        assert_eq!(switch, [Value::Bool(true), Value::Bool(false)]);
        let codes = first(&population.variables[3].generator, 3);
        assert_eq!(codes, [number("1.50"), Value::Int(2), number("1.50")]);
    }
}

#[test]
fn lists_constants_and_made_up_values_are_drawn_and_described() {
    let plan = with_data(
        "greeting = 'hello'\nlimit = 10\non = true\ntoken = 'hunter2'\n\
         colour = { list = ['red', 7, false] }\nid = { uuid = {} }\nat = { timestamp = 'unix_ms' }\n\
         who = { fake = 'name' }\nkey = { string = { length = '4..6', alphabet = 'ab' } }",
        "{{greeting}}",
    );
    let drawn = |index: usize| first(&plan.populations[0].variables[index].generator, 4);
    assert_eq!(drawn(0)[0], Value::Text("hello".into()));
    assert_eq!(drawn(1)[0], Value::Int(10));
    assert_eq!(drawn(2)[0], Value::Bool(true));
    let colours = [
        Value::Text("red".into()),
        Value::Int(7),
        Value::Bool(false),
        Value::Text("red".into()),
    ];
    assert_eq!(drawn(4), colours);
    let Value::Text(key) = &drawn(8)[0] else {
        panic!("no text")
    };
    assert!(
        (4..=6).contains(&key.len()) && key.chars().all(|c| "ab".contains(c)),
        "{key}"
    );
    let shown = words(&plan);
    assert!(!shown.contains("hunter2"), "{shown}");
    let data = shown.find("data").unwrap();
    insta::assert_snapshot!(shown[data..].split("\nseed").next().unwrap());
}

#[test]
fn populations_share_what_stands_outside_of_them_and_nothing_else() {
    let text = |data: &str| {
        let own = |name: &str, data: &str| {
            format!(
                "[[population]]\nname = '{name}'\nload = {{ users = 1 }}\n{data}\n\
                 task = [{{ name = 't', step = [{{ get = '/{{{{x}}}}' }}] }}]\n"
            )
        };
        let (outside, inside) = match data.strip_prefix("shared ") {
            Some(shared) => (format!("data = {shared}\n"), String::new()),
            None => (String::new(), format!("data = {data}")),
        };
        let target = "seed = 3\ntarget = { url = 'http://h' }\n";
        format!(
            "{target}{outside}{}{}",
            own("a", &inside),
            own("b", &inside)
        )
    };
    let numbers: Vec<String> = (0..50).map(|number| number.to_string()).collect();
    let list = format!(
        "{{ x = {{ list = [{}], order = 'shuffled' }} }}",
        numbers.join(", ")
    );
    for (data, shared) in [(format!("shared {list}"), true), (list, false)] {
        let plan = plan(&text(&data));
        let [a, b] = [0, 1].map(|population| &plan.populations[population].variables[0]);
        assert_eq!(a.source == b.source, shared);
        assert_eq!(first(&a.generator, 50) == first(&b.generator, 50), shared);
    }
}
