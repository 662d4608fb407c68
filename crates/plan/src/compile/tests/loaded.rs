use super::*;
use crate::{
    background::{CallTarget, Loaded},
    describe::words,
    verify::Question,
};

const SHARED: &str = r#"
    [target]
    url = "http://h/api"
    [database.main]
    url = "sqlite:x.db"
    [http]
    headers = { authorization = "Bearer ${TOKEN}" }
    [data]
    place = { get = "/places?key=s3cret", json = "$.places[*]", columns = ["id", "name"], order = { weighted = "hits" } }
    product = { sql = "SELECT id FROM products WHERE price < $1", params = [10], order = { zipf = 1.1 }, scope = "user" }
    [[population]]
    name = "a"
    load = { users = 1 }
    task = [{ name = "t", step = [{ get = "/{{place.id}}/{{place.name}}/{{product}}" }] }]
    [[population]]
    name = "b"
    load = { users = 1 }
    task = [{ name = "t", step = [{ get = "/{{place.name}}" }] }]
    [[population]]
    name = "c"
    target = { url = "http://other" }
    load = { users = 1 }
    data = { x = 1, place = { get = "https://third/list", order = "unique" } }
    task = [{ name = "t", step = [{ get = "/{{place}}" }] }]
"#;

#[test]
fn what_populations_share_is_loaded_once() {
    let plan = plan(SHARED);
    let shown = |loaded: &Loaded| {
        let what = match &loaded.question {
            Question::Http(call) => match &plan.background.calls[*call].server {
                CallTarget::Target(population) => format!("target of {population}"),
                CallTarget::Other(_, url) => url.to_string(),
            },
            Question::Sql(query) => format!("{:?}", query.params),
        };
        let (take, fills) = (&loaded.take, &loaded.fills);
        format!("{} {take} {fills:?} {what}", loaded.written)
    };
    let all: Vec<String> = plan.background.loaded.iter().map(shown).collect();
    insta::assert_snapshot!(all.join("\n"));
    assert!(plan.populations[2].variables[1].generator.is_unique());
    let sources = |population: usize| {
        let variables = plan.populations[population].variables.iter();
        variables.map(|it| it.source).collect::<Vec<_>>()
    };
    // Columns of the same rows have one source.
    assert_eq!(sources(0), sources(1));
    assert_eq!(sources(0)[0], sources(0)[1]);
    assert!(sources(2).iter().all(|own| !sources(0).contains(own)));
    insta::assert_snapshot!(words(&plan));
}
