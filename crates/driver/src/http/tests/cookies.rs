//! Cookies of users, on connections of our own.

use super::*;
use loadgen_data::Escape;
use loadgen_plan::http::{Extract, ExtractSource};

fn keeping() -> Settings {
    Settings {
        cookies: true,
        ..settings()
    }
}

pub(super) fn answer(more: &str, body: &str) -> Act {
    let length = body.len();
    say(format!(
        "HTTP/1.1 200 OK\r\n{more}Content-Length: {length}\r\n\r\n{body}"
    ))
}

#[tokio::test]
async fn cookies_stay_with_their_user_and_are_forgotten_for_the_next() {
    let sets = |value: &str| {
        let cookie = format!("Set-Cookie: sid={value}; Path=/\r\n");
        vec![
            Act::Hear,
            answer(&cookie, ""),
            Act::Hear,
            ok(),
            Act::Hear,
            ok(),
            Act::Stay,
        ]
    };
    let server = Server::start([sets("ada"), sets("grace")]).await;
    let keeping = Settings {
        cookies: true,
        ..settings()
    };
    let mut ada = User::with(keeping, &[&server.url], 0, [get()]);
    let mut grace = ada.other(1);
    ada.succeed().await;
    for _ in 0..2 {
        let progress = Progress::default();
        let step = (0, &ada.steps[0]);
        let outcome = ada.driver.step(&mut grace, step, &mut [], &progress);
        assert_eq!(class_of(&outcome.await), None);
    }
    let outcome = ada.succeed().await;
    let sent: Vec<Vec<String>> = server
        .heard()
        .iter()
        .map(|request| header(request, "cookie"))
        .collect();
    let own = |value: &str| vec![format!("sid={value}")];
    assert_eq!(sent, [vec![], vec![], own("grace"), own("ada")]);
    let last = server.heard().last().unwrap().len();
    assert_eq!(outcome.bytes_sent, last as u64);

    // The slot's next arrival is somebody else.
    ada.driver.renew(&mut ada.session);
    let outcome = ada.succeed().await;
    assert_eq!(outcome.connect, None, "connections stay");
    assert!(header(server.heard().last().unwrap(), "cookie").is_empty());
}

/// The `cookie` fields of every request that the server heard.
fn sent(server: &Server) -> Vec<String> {
    let all = server.heard();
    all.iter()
        .map(|request| header(request, "cookie").join(" and "))
        .collect()
}

#[tokio::test]
async fn the_scenarios_own_cookies_are_merged_with_the_jars() {
    let hears = [
        Act::Hear,
        answer("Set-Cookie: sid=jar\r\nSet-Cookie: x=1\r\n", ""),
    ];
    let acts = hears.into_iter().cycle().take(4).chain([Act::Stay]);
    let server = Server::start([acts.collect()]).await;
    let own = HttpStep {
        headers: vec![(http::header::COOKIE, literal("variant=b; sid=own"))],
        body: Some(Template::new([Part::Variable(0, Escape::None)])),
        ..step(Method::POST, "/")
    };
    let mut user = User::with(keeping(), &[&server.url], 0, [own]);
    for _ in 0..2 {
        user.succeed().await;
    }
    let first = "variant=b; sid=own";
    assert_eq!(sent(&server), [first, "variant=b; sid=own; x=1"]);
}

#[tokio::test]
async fn cookies_go_where_they_belong() {
    let set = "Set-Cookie: deep=1\r\nSet-Cookie: root=1; Path=/\r\nSet-Cookie: foreign=1; Domain=b.test\r\n";
    let acts = vec![
        Act::Hear,
        answer(set, ""),
        Act::Hear,
        ok(),
        Act::Hear,
        ok(),
        Act::Stay,
    ];
    let server = Server::start([acts]).await;
    let paths = ["/a/b?c=/d/", "/a/c", "/ab"];
    let steps = paths.map(|path| step(Method::GET, path));
    let mut user = User::with(keeping(), &[&server.url], 0, steps);
    for step in 0..3 {
        assert_eq!(class_of(&user.run(step).await), None);
    }
    assert_eq!(sent(&server), ["", "deep=1; root=1", "root=1"]);
}

#[tokio::test]
async fn a_cookie_of_the_jar_is_a_value() {
    let acts = vec![
        Act::Hear,
        answer("Set-Cookie: sid=a=b\r\n", ""),
        Act::Hear,
        ok(),
        Act::Stay,
    ];
    let server = Server::start([acts]).await;
    let extracting = HttpStep {
        extract: vec![Extract {
            variable: 0,
            name: "sid".to_owned(),
            source: ExtractSource::Cookie("sid".to_owned()),
            written: None,
        }],
        ..get()
    };
    let steps = [get(), extracting];
    let mut user = User::with(keeping(), &[&server.url], 0, steps);
    user.succeed().await;
    let mut values = [Value::Unset];
    let progress = Progress::default();
    let step = (1, &user.steps[1]);
    let done = user
        .driver
        .step(&mut user.session, step, &mut values, &progress);
    assert_eq!(class_of(&done.await), None);
    assert_eq!(values, [Value::Text("a=b".into())]);
}
