//! Features that users of an application need: cookies, redirects, files.

use super::{measured, serving};
use serde_json::json;
use test_support::{
    answer::Answer,
    loadgen::Loadgen,
    request::Request,
    truth::{Log, TruthServer},
};

/// Gives every connection a cookie of its own at `/work/login`, and sends on from there to a page
/// for which that cookie is needed.
fn shop() -> TruthServer {
    serving(|request: &Request| {
        let sid = format!("sid={}", request.connection);
        let known = request.header("cookie") == Some(&sid);
        match (request.path.as_str(), known) {
            ("/work/login", _) => Answer::raw(format!(
                "HTTP/1.1 303 See Other\r\nLocation: /work/home\r\nSet-Cookie: {sid}; Path=/\r\n\
                 Content-Length: 0\r\n\r\n"
            )),
            (_, true) => Answer::new(200, "welcome back"),
            (_, false) => Answer::new(401, "who are you?"),
        }
    })
}

fn task(url: &str) -> String {
    format!(
        r#"
        target.url = "{url}"
        http = {{ cookies = true, redirects = 1 }}
        [[task]]
        name = "shop"
        [[task.step]]
        post = "/work/login"
        form = {{ name = "ada" }}
        expect = {{ status = 200, body = "welcome" }}
        [[task.step]]
        get = "/work/again"
        "#
    )
}

#[test]
fn users_keep_their_cookies_and_their_connections() {
    let server = shop();
    let text = format!(
        "load = {{ users = 3, iterations = 4 }}\n{}",
        task(&server.url())
    );
    let result = measured(&Loadgen::scenario(&text).run());
    let totals = &result["totals"];
    assert_eq!(
        (&totals["count"], &totals["errors"]["count"]),
        (&json!(24), &json!(0))
    );
    assert_eq!(totals["reconnects"], 0);
    let Log {
        served,
        connections,
        problems,
        ..
    } = server.stop();
    // The preflight's, and one for each user: each cookie came back on its own connection.
    assert_eq!((connections, served.len()), (4, 3 * 4 * 3));
    assert_eq!(problems, [""; 0]);
}

#[test]
fn each_arrival_is_a_user_of_its_own() {
    let server = shop();
    let load = "load = { rate = \"60/s\", duration = \"1s\", max_in_flight = 2 }\n";
    let text = format!("{load}{}", task(&server.url()));
    let result = measured(&Loadgen::scenario(&text).run());
    assert_eq!(result["totals"]["errors"]["count"], 0);
    let Log { served, .. } = server.stop();
    let logins = served
        .iter()
        .filter(|one| one.request.path == "/work/login");
    let logins: Vec<_> = logins.map(|one| one.request.header("cookie")).collect();
    assert_eq!(logins, vec![None; 60]);
}

#[test]
fn files_are_sent_and_secrets_in_files_are_not_shown() {
    let server = serving(|request| {
        let all = format!(
            "{} {}",
            request.text(),
            request.header("authorization").unwrap()
        );
        Answer::new(200, &all)
    });
    let text = format!(
        r#"
        target.url = "{}"
        load = {{ users = 1, iterations = 2 }}
        [http]
        headers = {{ authorization = "Bearer ${{file:secrets/token}}" }}
        [[task]]
        name = "upload"
        [[task.step]]
        post = "/work"
        multipart = {{ note = "run {{{{run.id}}}}", report = {{ file = "report.txt", type = "text/x-report" }} }}
        expect = {{ body = ["ten pages", "text/x-report", "filename=\"report.txt\"", "Bearer ${{file:secrets/token}}"] }}
        "#,
        server.url()
    );
    let with_files = |loadgen: Loadgen| {
        loadgen
            .file("scenario.toml", &text)
            .file("report.txt", "ten pages")
            .folder("secrets")
            .file("secrets/token", "hidden-token\n")
    };
    let check = with_files(Loadgen::new(&["check", "scenario.toml"])).run();
    let said = check.expect_code(0).stdout;
    assert!(said.contains("report: the file report.txt"), "{said}");
    let finished = with_files(Loadgen::scenario(&text)).run();
    let result = measured(&finished);
    assert_eq!(result["totals"]["errors"]["count"], 0);
    for shown in [
        &said,
        &finished.stdout,
        &finished.stderr,
        &result.to_string(),
    ] {
        assert!(!shown.contains("hidden-token"), "{shown}");
    }
    let Log { served, .. } = server.stop();
    let heard = served[0].request.header("authorization");
    assert_eq!(heard, Some("Bearer hidden-token"));
}

#[test]
fn the_cookies_of_a_users_login_are_kept_for_all_its_runs() {
    // A session is known by its cookie alone, and a shop by what its setup was told.
    let server = serving(|request: &Request| {
        let cookie = request.header("cookie").unwrap_or_default();
        let own = format!("sid={}", request.connection);
        match request.path.as_str() {
            "/work/login" if cookie.is_empty() => Answer::raw(format!(
                "HTTP/1.1 200 OK\r\nSet-Cookie: {own}; Path=/\r\nSet-Cookie: lang=en; Path=/\r\n\
                 Content-Length: 2\r\n\r\n{{}}"
            )),
            "/work/shops" => Answer::raw(
                "HTTP/1.1 201 Created\r\nSet-Cookie: admin=yes; Path=/\r\nX-Shop: 42\r\n\
                 Content-Length: 2\r\n\r\n{}",
            ),
            // The steps of a setup, and of a teardown, are done by one client each.
            "/work/shops/42/open" if cookie == "admin=yes" => Answer::new(200, "{}"),
            "/work/shops/42" if request.method == "DELETE" && cookie.is_empty() => {
                Answer::new(200, "{}")
            }
            "/work/shops/42/items" if cookie.contains(&own) && cookie.contains("lang=en") => {
                Answer::new(200, "{}")
            }
            _ => Answer::new(403, "{}"),
        }
    });
    let text = format!(
        r#"
        target.url = "{}"
        http = {{ cookies = true }}
        load = {{ users = 3, iterations = 5, think = "1ms" }}
        [[setup.step]]
        post = "/work/shops"
        extract = {{ shop = {{ header = "x-shop" }} }}
        [[setup.step]]
        put = "/work/shops/{{{{shop}}}}/open"
        [[user_start.step]]
        post = "/work/login"
        [[task]]
        name = "look"
        [[task.step]]
        get = "/work/shops/{{{{shop}}}}/items"
        [[teardown.step]]
        delete = "/work/shops/{{{{shop}}}}"
        "#,
        server.url()
    );
    let finished = Loadgen::scenario(&text).args(&["--workers", "2"]).run();
    let result = measured(&finished);
    assert_eq!(result["totals"]["count"], 3 + 15);
    assert_eq!(result["totals"]["errors"]["count"], 0);
    let Log { served, .. } = server.stop();
    assert_eq!(served.len(), 2 + 3 + 15 + 1);
}

#[test]
fn a_client_of_earlier_versions_has_no_effect_and_that_is_told() {
    let server = serving(|_| Answer::new(200, "{}"));
    let text = format!(
        r#"
        target.url = "{}"
        http = {{ client = "full" }}
        load = {{ users = 1, iterations = 1 }}
        [[task]]
        name = "t"
        [[task.step]]
        get = "/work"
        "#,
        server.url()
    );
    let note = "client = \"full\" has no effect: there is one HTTP client";
    let check = Loadgen::new(&["check", "scenario.toml"]).file("scenario.toml", &text);
    let plan = check.run().expect_code(0).stdout;
    assert!(plan.contains(note), "{plan}");
    let finished = Loadgen::new(&["run", "scenario.toml", "--dashboard", "plain"])
        .args(&["--json", "result.json"])
        .file("scenario.toml", &text)
        .run();
    assert_eq!(measured(&finished)["totals"]["errors"]["count"], 0);
    assert!(finished.stderr.contains(note), "{}", finished.stderr);
}
