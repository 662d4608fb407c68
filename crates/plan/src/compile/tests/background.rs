//! Tests of what runs in the background of the load.

use super::*;
use crate::{
    background::CallTarget,
    verify::{Question, Subject},
};

const TWO: &str = "
    [[population]]
    name = 'shop'
    target.url = ['http://127.0.0.1:1/base', 'http://127.0.0.1:2/base']
    http = { headers = { x-a = 'a', x-b = '{{n}}', authorization = 'secret' } }
    data.n.sequence = {}
    load.users = 1
    [[population.task]]
    name = 'buy'
    step = [{ post = '/order' }, { name = 'pay/all', post = '/pay' }]
    [[population.task]]
    name = 'look'
    step = [{ name = 'twice', repeat = 2, step = [{ get = '/' }] }]

    [[population]]
    name = 'back'
    target.url = 'http://ada:pass@127.0.0.1:3'
    load.users = 1
    [[population.task]]
    name = 'buy'
    step = [{ get = '/' }]
    [[population.task]]
    name = 'more'
    step = [{ get = '/' }]
";

fn subjects(expect: &str) -> Vec<Subject> {
    let text = format!("{TWO}\n[[verify]]\nget = '/n'\nexpect = \"{expect}\"");
    let subjects = plan(&text).background.verify.remove(0).subjects;
    subjects.into_iter().map(|(_, subject)| subject).collect()
}

fn refused(expect: &str) -> String {
    let text = format!("{TWO}\n[[verify]]\nget = '/n'\nexpect = \"{expect}\"");
    let report = problems(Path::new("x.toml"), &text, &inputs()).unwrap();
    let [problem] = report.problems() else {
        panic!("{report}");
    };
    assert!(text[problem.span.start..problem.span.end].starts_with("buy"));
    format!("{}; {}", problem.message, problem.help.clone().unwrap())
}

#[test]
fn names_of_an_expectation_are_those_of_tasks_and_steps() {
    let counted = "ok('look') + ok('shop/buy') + ok('back/buy') + ok('more') + \
                   ok('shop/buy/POST /order') + ok('buy/pay/all') + ok('look/twice') + ok('look/GET /') + ok('more/GET /') == value";
    assert_eq!(
        subjects(counted),
        [
            Subject::Task(1),
            Subject::Task(0),
            Subject::Task(2),
            Subject::Task(3),
            Subject::Step(0),
            Subject::Step(1),
            Subject::Group(0),
            Subject::Step(2),
            Subject::Step(4),
        ]
    );
    assert_eq!(
        refused("ok('buy') == value"),
        "several tasks or steps are called `buy`; write the population before it: 'shop/buy'"
    );
    assert_eq!(
        refused("ok('buys') == value"),
        "no task has this name; did you mean `buy`?"
    );
}

#[test]
fn a_call_has_what_requests_of_its_population_have_in_common() {
    let text = format!(
        "{TWO}
        [[verify]]
        get = '/n?run={{{{run.id}}}}'
        expect = 'value == 0'
        [[verify]]
        population = 'back'
        get = '/n'
        headers = {{ x-a = 'own' }}
        expect = 'value == 0'
        timeout = '3s'
        [[verify]]
        get = 'http://eve:pass@127.0.0.1:4/a/?b=c&token=d'
        expect = 'value == 0'
        json = '$.n'"
    );
    let plan = plan(&text);
    let told: Vec<_> = plan
        .background
        .verify
        .iter()
        .map(|verify| {
            let Question::Http(index) = verify.question else {
                panic!("not a request")
            };
            let call = &plan.background.calls[index];
            let http = &call.request;
            assert_eq!(http.extract.len(), 1);
            let headers = http.headers.iter().map(|(name, value)| {
                let value = rendered(value);
                format!("{name}: {value}")
            });
            (
                call.server.clone(),
                call.name.clone(),
                rendered(&http.path),
                headers.collect::<Vec<_>>().join(", "),
                http.timeout.as_secs(),
            )
        })
        .collect();
    let run = run_id().to_string();
    assert_eq!(
        told,
        [
            (
                CallTarget::Target(0),
                "GET /n?run={{run.id}}".to_owned(),
                format!("/base/n?run={run}"),
                "x-a: a, authorization: secret".to_owned(),
                30
            ),
            (
                CallTarget::Target(1),
                "GET /n".to_owned(),
                "/n".to_owned(),
                "authorization: Basic YWRhOnBhc3M=, x-a: own".to_owned(),
                3
            ),
            (
                CallTarget::Other(0, "http://127.0.0.1:4".parse().unwrap()),
                "GET http://(redacted)@127.0.0.1:4/a/?b=c&token=(redacted)".to_owned(),
                "/a/?b=c&token=d".to_owned(),
                "x-a: a, authorization: Basic ZXZlOnBhc3M=".to_owned(),
                30
            ),
        ]
    );
}
