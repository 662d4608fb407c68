use super::*;
use crate::http::StatusRange;

#[test]
fn paths_are_escaped_and_values_more_so() {
    let path = |line: &str| rendered(&step(line).path);
    assert_eq!(path("get = '/a/{{n}}'"), "/a/7");
    assert_eq!(
        path("get = '/a/{{text}}?b={{text}}'"),
        "/a/a%20b%2F%22%26?b=a%20b%2F%22%26"
    );
    assert_eq!(path("get = '/é a/%2F?x=[1]&y'"), "/%C3%A9%20a/%2F?x=[1]&y");
    assert_eq!(path("get = '/{{run.id}}'"), format!("/{}", run_id()));
    assert_eq!(
        path("get = '/a'\nquery = { 'q&' = '{{text}} &', n = 5, x = ['1', true], f = 1.50 }"),
        "/a?q%26=a%20b%2F%22%26%20%26&n=5&x=1&x=true&f=1.50"
    );
    assert_eq!(
        path("get = '/a?b=1'\nquery = { c = '{{n}}' }"),
        "/a?b=1&c=7"
    );
    assert_eq!(path("get = '/${HOST}'"), "/hunter2.example");
}

#[test]
fn bodies_are_rendered_with_their_type() {
    let json = step(
        "post = '/'\njson = { id = '{{n}}', name = '{{text}}', both = '<{{n}} {{text}}>', f = 1.0, b = true, l = [1, '${COUNT}'], d = 1979-05-27, run = '{{run.id}}' }",
    );
    let body: serde_json::Value =
        serde_json::from_str(&rendered(json.body.as_ref().unwrap())).unwrap();
    let expected = serde_json::json!({
        "id": 7, "name": "a b/\"&", "both": "<7 a b/\"&>", "f": 1.0, "b": true, "l": [1, " 7 "],
        "d": "1979-05-27", "run": run_id().to_string(),
    });
    assert_eq!(body, expected);
    assert_eq!(rendered(&json.headers[0].1), "application/json");
    let order = rendered(json.body.as_ref().unwrap());
    assert!(
        order.find("id").unwrap() < order.find("both").unwrap(),
        "as in the file"
    );

    let form = step("put = '/'\nform = { 'a b' = '{{text}} é', n = '{{n}}' }");
    assert_eq!(
        rendered(form.body.as_ref().unwrap()),
        "a+b=a+b%2F%22%26+%C3%A9&n=7"
    );
    assert_eq!(
        rendered(&form.headers[0].1),
        "application/x-www-form-urlencoded"
    );

    let raw = step("patch = '/'\nbody = '<{{text}}> {{\"{{\"}}'");
    assert_eq!(rendered(raw.body.as_ref().unwrap()), "<a b/\"&> {{");
    assert!(raw.headers.is_empty());
    assert!(step("post = '/'").body.is_none());
}

#[test]
fn braces_from_the_environment_are_no_holes() {
    let env = [("BRACES".to_owned(), "{{nothing}}".to_owned())];
    let inputs = Inputs {
        env: &env,
        ..Inputs::none()
    };
    let text =
        with_task("[load]\nusers = 1").replace("get = '/'", "post = '/'\nbody = '${BRACES}'");
    let scenario = parse(Path::new("t.toml"), text, &inputs).unwrap();
    let step = only_step(compile(&scenario, &settings()).unwrap());
    assert_eq!(rendered(&step.body.unwrap()), "{{nothing}}");
}

#[test]
fn headers_are_merged_by_name() {
    let text = "[target]\nurl = 'http://h'\n[load]\nusers = 1\n\
        [http]\nheaders = { Accept = 'text/html', x-run = '{{run.id}}' }\n\
        [[task]]\nname = 't'\n[[task.step]]\npost = '/'\njson = 1\n\
        headers = { accept = ['a', 'b'], content-type = 'application/vnd+json' }\n";
    let step = only_step(plan(text));
    let headers: Vec<(String, String)> = step
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), rendered(value)))
        .collect();
    let id = run_id().to_string();
    let expected = [
        ("x-run", id.as_str()),
        ("accept", "a"),
        ("accept", "b"),
        ("content-type", "application/vnd+json"),
    ];
    assert_eq!(headers, expected.map(|(n, v)| (n.to_owned(), v.to_owned())));
}

#[test]
fn expectations_are_ranges_and_texts() {
    let expect = step(
        "get = '/'\nexpect = { status = [200, '3xx', '404-410'], body = ['ok', '{{run.id}}'] }",
    )
    .expect;
    let range = |first, last| StatusRange { first, last };
    assert_eq!(
        expect.status,
        [range(200, 200), range(300, 399), range(404, 410)]
    );
    assert_eq!(*expect.body_contains[0].bytes, *b"ok");
    assert_eq!(
        &*expect.body_contains[1].bytes,
        run_id().to_string().as_bytes()
    );
    assert!(step("get = '/'").expect.status.is_empty());
}

#[test]
fn every_method_is_known() {
    for method in ["get", "post", "put", "patch", "delete", "head", "options"] {
        let made = step(&format!("{method} = '/'")).method;
        assert_eq!(made.as_str(), method.to_uppercase());
    }
}

#[test]
fn http_settings_have_their_defaults_and_start_at_the_scenario() {
    let population = &plan(&with_task("[load]\nusers = 1")).populations[0];
    let http = &population.http;
    assert_eq!(http.connect_timeout, Duration::from_secs(10));
    assert_eq!(http.connections.dns, Duration::from_secs(30));
    assert_eq!((http.max_head, http.max_body), (64 << 10, 64 << 20));
    assert!(http.user_agent.contains(&run_id().to_string()));
    assert_eq!(population.graceful_stop, Duration::from_secs(30));
    let text = with_task(
        "[load]\nusers = 1\n[http]\nca = 'ca.pem'\ninsecure = true\nmax_body = '1MB'\nconnect_timeout = '2s'
         dns = '0s'",
    );
    let http = &plan(&text).populations[0].http;
    assert_eq!(http.ca_file.as_deref(), Some(Path::new("dir/ca.pem")));
    assert!(http.insecure);
    assert_eq!(http.max_body, 1_000_000);
    assert_eq!(http.connect_timeout, Duration::from_secs(2));
    assert_eq!(http.connections.dns, Duration::ZERO);
}

#[test]
fn what_a_step_extracts_is_there_for_the_later_ones() {
    let text = "[target]\nurl = 'http://h'\n[load]\nusers = 1\n\
        [data]\nn.uniform = { from = 1, to = 2 }\n\
        [[task]]\nname = 'a'\n[[task.step]]\nget = '/1'\nextract = { id = '$.id', t = { header = 'x-t' } }\n\
        [[task.step]]\nget = '/{{n}}/{{id}}'\nexpect = { json = { '$.id' = '{{id}}' } }\n\
        [[task]]\nname = 'b'\n[[task.step]]\nhead = '/2'\nextract = { t = { cookie = 'c' } }\n";
    let plan = plan(text);
    let population = &plan.populations[0];
    assert_eq!(population.extracted, ["id", "t"]);
    let variables = |task: usize, step: usize| {
        let step = as_http(&population.tasks[task].steps[step]);
        step.extract.iter().map(|e| e.variable).collect::<Vec<_>>()
    };
    // After the one variable of [data].
    assert_eq!((variables(0, 0), variables(1, 0)), (vec![1, 2], vec![2]));
    let second = as_http(&population.tasks[0].steps[1]);
    let mut out = Vec::new();
    second
        .path
        .render(&[Value::Int(5), Value::Text("a/b".into())], &mut out);
    assert_eq!(out, b"/5/a%2Fb");
    // Only what is drawn is drawn.
    assert_eq!(population.tasks[0].draws, [0]);
    assert_eq!(plan.written.checks(1), ["$.id = {{id}}"]);
    let shown = crate::describe::words(&plan);
    assert!(
        shown.contains("keeps id from $.id, keeps t from the header x-t"),
        "{shown}"
    );
    let expects = "any status below 400 and $.id = {{id}}";
    assert!(shown.contains(expects), "{shown}");
}

/// The names of headers, and of those that only the target is sent.
fn header_names(step: &HttpStep) -> (Vec<&str>, Vec<&str>) {
    let confidential = step.elsewhere.iter().flat_map(|to| &to.confidential);
    (
        step.headers.iter().map(|(name, _)| name.as_str()).collect(),
        confidential.map(|(name, _)| name.as_str()).collect(),
    )
}

#[test]
fn a_whole_url_is_sent_no_secrets_of_the_target() {
    let with = |line: &str| {
        let text = format!(
            "[target]\nurl = 'http://u:p@h/api'\n[load]\nusers = 1\n\
             [http]\nheaders = {{ accept = 'a', x-api-key = 'k', host = 'own' }}\n\
             [data]\nn.uniform = {{ from = 1, to = 2 }}\ntext.weighted = {{ x = 1 }}\n\
             [[task]]\nname = 't'\n[[task.step]]\n{line}\n"
        );
        only_step(plan(&text))
    };
    let step = with("get = '/x'");
    assert!(step.elsewhere.is_none());
    let all = ["accept", "x-api-key", "host", "authorization"];
    assert_eq!(header_names(&step), (all.to_vec(), vec![]));

    let step = with("post = 'https://id.example:8443/a/{{text}}?b'\nquery = { c = '{{n}}' }");
    let confidential = vec!["x-api-key", "host", "authorization"];
    assert_eq!(header_names(&step), (vec!["accept"], confidential.clone()));
    assert_eq!(rendered(&step.path), "/a/a%20b%2F%22%26?b&c=7");
    let server = step.elsewhere.unwrap().server.unwrap();
    assert_eq!(server.as_str(), "https://id.example:8443/");

    let step = with("delete = 'http://ada:pw%201@h2?q'");
    assert_eq!(rendered(&step.path), "/?q");
    let own = ["accept", "authorization"];
    assert_eq!(
        header_names(&step),
        (own.to_vec(), vec!["x-api-key", "host"])
    );
    assert_eq!(rendered(&step.headers[1].1), "Basic YWRhOnB3IDE=");
    assert_eq!(step.written.path, "http://(redacted)@h2?q");

    for line in ["url = '{{text}}'", "get = '{{ text }}'"] {
        let step = with(line);
        assert_eq!(step.method, http::Method::GET);
        assert_eq!(rendered(&step.path), "a b/\"&");
        assert_eq!(header_names(&step), (vec!["accept"], confidential.clone()));
        let elsewhere = step.elsewhere.unwrap();
        assert_eq!((elsewhere.server, &*elsewhere.base), (None, "/api/"));
    }
    let step = with("url = 'http://h/{{n}}'\nmethod = 'PURGE'\nheaders.x-api-key = 'own'");
    assert_eq!(step.method.as_str(), "PURGE");
    let own = ["accept", "x-api-key"];
    assert_eq!(
        header_names(&step),
        (own.to_vec(), vec!["host", "authorization"])
    );
}

#[test]
fn whole_urls_need_no_target() {
    let task = "[load]\nusers = 1\n[data]\nu = { list = ['http://h/'] }\n[[task]]\nname = 't'\n\
        [[task.step]]\nget = 'http://h/x'\n[[task.step]]\nurl = '{{u}}'\n";
    assert_eq!(plan(task).populations[0].target, crate::Target::None);
    let settings = Settings {
        target: Some("http://target".to_owned()),
        ..settings()
    };
    let plan = plan_with(task, &settings);
    assert!(matches!(plan.populations[0].target, crate::Target::Urls(_)));
}

#[test]
fn basic_credentials_are_a_header() {
    let value = |line: &str| {
        let step = step(line);
        let named = |(name, _): &&(_, _)| *name == http::header::AUTHORIZATION;
        let values: Vec<String> = step
            .headers
            .iter()
            .filter(named)
            .map(|(_, v)| rendered(v))
            .collect();
        assert!(
            !format!("{:?}", step.written).contains("pw"),
            "{:?}",
            step.written
        );
        values
    };
    assert_eq!(
        value("get = '/'\nbasic = { user = 'ada', password = 'pw:1' }"),
        ["Basic YWRhOnB3OjE="]
    );
    // user7:pw a b/"&
    assert_eq!(
        value("get = '/'\nbasic = { user = 'user{{n}}', password = 'pw {{text}}' }"),
        ["Basic dXNlcjc6cHcgYSBiLyIm"]
    );
    let text = "[target]\nurl = 'http://u:p@h'\n[load]\nusers = 1\n\
        [http]\nbasic = { user = 'a', password = 'b' }\n[[task]]\nname = 't'\n";
    for (line, expected) in [
        ("", "Basic YTpi"),
        ("basic = { user = 'c', password = 'd' }", "Basic Yzpk"),
        ("headers.authorization = 'own'", "own"),
    ] {
        let step = only_step(plan(&format!("{text}[[task.step]]\nget = '/'\n{line}\n")));
        assert_eq!(step.headers.len(), 1);
        assert_eq!(rendered(&step.headers[0].1), expected);
    }
}
