//! Requests to other hosts than the target, and credentials of each user.

use super::{measured, result::count, serving, status};
use std::collections::BTreeSet;
use test_support::{answer::Answer, loadgen::Loadgen};

/// A provider of identities is another host than what is driven, and pages lead from one to the next.
#[test]
fn tokens_come_from_another_host_and_pages_from_responses() {
    let provider = serving(|request| match request.header("authorization") {
        // load:s3cret
        Some("Basic bG9hZDpzM2NyZXQ=") => Answer::new(200, r#"{"access_token":"t0k"}"#),
        other => Answer::new(401, &format!("{other:?}")),
    });
    let other = serving(|request| match request.header("authorization") {
        None => Answer::new(200, "{}"),
        Some(_) => Answer::new(400, "a secret of another host"),
    });
    let last = format!("{}/work/last", other.url());
    let target = serving(move |request| {
        let next = match request.path.as_str() {
            "/work/api/items" => "/work/api/items?page=2&per=10",
            "/work/api/items?page=2&per=10" => &last,
            _ => return Answer::new(404, "{}"),
        };
        match request.header("authorization") {
            Some("Bearer t0k") => Answer::new(200, &format!(r#"{{"next":"{next}"}}"#)),
            _ => Answer::new(401, "{}"),
        }
    });
    let finished = Loadgen::scenario(&format!(
        r#"
        target.url = "{}/work/api"
        load = {{ users = 2, iterations = 3 }}
        http = {{ headers = {{ authorization = "Bearer {{{{token}}}}" }} }}
        [[setup.step]]
        post = "{}/work/token"
        basic = {{ user = "load", password = "s3cret" }}
        form = {{ grant_type = "client_credentials" }}
        extract = {{ token = "$.access_token" }}
        [[task]]
        name = "pages"
        [[task.step]]
        get = "/items"
        extract = {{ next = "$.next" }}
        [[task.step]]
        url = "{{{{next}}}}"
        extract = {{ last = "$.next" }}
        [[task.step]]
        get = "{{{{last}}}}"
        "#,
        target.url(),
        provider.url(),
    ))
    .run();
    let result = measured(&finished);
    assert_eq!(count(&result["totals"], "errors.count"), 0, "{result}");
    assert_eq!(count(&result["totals"], "count"), 18);
    assert_eq!(other.stop().served.len(), 6);
}

#[test]
fn each_user_has_credentials_of_its_own() {
    let server = serving(|request| match request.header("authorization") {
        // ada:pw 1 and bob:pé:2
        Some("Basic YWRhOnB3IDE=" | "Basic Ym9iOnDDqToy") => status(200),
        _ => status(401),
    });
    let finished = Loadgen::scenario(&format!(
        r#"
        target.url = "{}"
        load = {{ users = 2, iterations = 2 }}
        data.u = {{ csv = "users.csv", scope = "user" }}
        [[task]]
        name = "t"
        [[task.step]]
        get = "/work"
        basic = {{ user = "{{{{u.name}}}}", password = "{{{{u.password}}}}" }}
        "#,
        server.url()
    ))
    .file("users.csv", "name,password\nada,pw 1\nbob,p\u{e9}:2\n")
    .run();
    let result = measured(&finished);
    assert_eq!(count(&result["totals"], "errors.count"), 0, "{result}");
    let credentials = server.stop().served;
    let credentials: BTreeSet<_> = credentials
        .iter()
        .map(|served| served.request.header("authorization").unwrap().to_owned())
        .collect();
    assert_eq!(credentials.len(), 2);
}
