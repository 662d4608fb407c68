//! Redirects, on connections of our own.

use super::{cookies::answer, *};
use loadgen_plan::http::{Extract, ExtractSource};

fn following(redirects: usize) -> Settings {
    Settings {
        redirects,
        ..settings()
    }
}

fn redirect(to: &str) -> Act {
    say(format!(
        "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"
    ))
}

#[tokio::test]
async fn redirects_are_followed_as_far_as_is_allowed() {
    let acts = |hops: usize| {
        let hop = |number: usize| [Act::Hear, redirect(&format!("/{number}"))];
        let mut acts: Vec<Act> = (1..=hops).flat_map(hop).collect();
        acts.extend([Act::Hear, ok(), Act::Stay]);
        vec![acts]
    };
    for (hops, most, expected) in [(2, 2, None), (3, 2, Some(ErrorClass::Protocol))] {
        let server = Server::start(acts(hops)).await;
        let following = Settings {
            redirects: most,
            ..settings()
        };
        let mut user = User::with(following, &[&server.url], 0, [post()]);
        let outcome = user.run(0).await;
        assert_eq!(class_of(&outcome), expected);
        let lines: Vec<String> = server.heard().iter().map(|r| first_line(r)).collect();
        assert_eq!(
            lines,
            ["POST / HTTP/1.1", "GET /1 HTTP/1.1", "GET /2 HTTP/1.1"]
        );
        if expected.is_some() {
            assert_eq!(words(&outcome), "more than 2 redirects");
            assert!(!outcome.unknown);
        }
        assert_eq!((outcome.reconnects, outcome.retries), (0, 0));
    }
    // Without leave to follow it, a redirect is an answer like any other.
    let server = Server::start(acts(1)).await;
    let mut user = User::new(&server.url, [get()]);
    user.succeed().await;
    assert_eq!(server.heard().len(), 1);
}

#[tokio::test]
async fn a_redirect_takes_no_secret_to_another_server() {
    let other = Server::start([vec![Act::Hear, ok(), Act::Stay]]).await;
    let to = redirect(&format!("{}/there", other.url));
    let server = Server::start([vec![Act::Hear, to, Act::Stay]]).await;
    let following = Settings {
        redirects: 5,
        ..settings()
    };
    let step = HttpStep {
        headers: vec![
            (http::header::AUTHORIZATION, literal("Bearer secret")),
            (
                http::HeaderName::from_static("x-api-key"),
                literal("secret"),
            ),
            (http::header::ACCEPT, literal("text/plain")),
        ],
        ..get()
    };
    let mut user = User::with(following, &[&server.url], 0, [step]);
    let outcome = user.succeed().await;
    // The connection to the other server is none that replaces one.
    assert_eq!(outcome.reconnects, 0);
    for (name, there) in [("authorization", 0), ("x-api-key", 0), ("accept", 1)] {
        assert_eq!(header(&server.heard()[0], name).len(), 1);
        assert_eq!(header(&other.heard()[0], name).len(), there, "{name}");
    }
}

#[tokio::test]
async fn bytes_and_times_are_those_of_the_whole_way() {
    let acts = vec![Act::Hear, redirect("/there"), Act::Hear, ok(), Act::Stay];
    let server = Server::start([acts.clone(), acts]).await;
    let mut user = User::with(following(1), &[&server.url], 0, [post()]);
    let outcome = user.succeed().await;
    assert_eq!(outcome.bytes_sent, server.bytes_heard());
    let (redirect, ok) = (redirect("/there"), ok());
    let (Act::Say(redirect), Act::Say(ok)) = (redirect, ok) else {
        return;
    };
    assert_eq!(outcome.bytes_received, (redirect.len() + ok.len()) as u64);
    assert!(outcome.connect.is_some());
}

#[tokio::test]
async fn a_body_is_sent_again_where_the_server_says_so() {
    let again = "HTTP/1.1 307 Temporary Redirect\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n";
    let acts = vec![Act::Hear, say(again), Act::Hear, ok(), Act::Stay];
    let server = Server::start([acts]).await;
    let step = HttpStep {
        body: Some(Template::new([Part::Variable(
            0,
            loadgen_data::Escape::None,
        )])),
        ..post()
    };
    let mut user = User::with(following(1), &[&server.url], 0, [step]);
    let mut values = [Value::Text("content".into())];
    let progress = Progress::default();
    let step = (0, &user.steps[0]);
    let done = user
        .driver
        .step(&mut user.session, step, &mut values, &progress);
    assert_eq!(class_of(&done.await), None);
    let heard = server.heard();
    assert_eq!(first_line(&heard[1]), "POST /there HTTP/1.1");
    assert!(heard[1].ends_with(b"\r\n\r\ncontent"));
}

#[tokio::test]
async fn a_redirect_that_cannot_be_followed_fails() {
    for (location, said) in [
        ("", "a redirect (302) without Location"),
        ("Location: ftp://x/\r\n", "a redirect to a URL of ftp:"),
        ("Location: http://127.0.0.1:1/\r\n", "Connection refused"),
    ] {
        let head = format!("HTTP/1.1 302 Found\r\n{location}Content-Length: 0\r\n\r\n");
        let server = Server::start([vec![Act::Hear, say(head), Act::Stay]]).await;
        let mut user = User::with(following(3), &[&server.url], 0, [get()]);
        let outcome = user.run(0).await;
        assert!(words(&outcome).contains(said), "{outcome:?}");
        assert!(!outcome.unknown);
    }
}

#[tokio::test]
async fn each_server_keeps_its_connection_and_its_cookies() {
    let other = Server::start([vec![
        Act::Hear,
        answer("Set-Cookie: other=1\r\n", ""),
        Act::Hear,
        ok(),
        Act::Stay,
    ]])
    .await;
    let away = |cookie: &str| {
        let to = format!("http://localhost:{}/there", other.port());
        say(format!(
            "HTTP/1.1 302 Found\r\nLocation: {to}\r\n{cookie}Content-Length: 0\r\n\r\n"
        ))
    };
    let first = away("Set-Cookie: own=1\r\n");
    let acts = vec![Act::Hear, first, Act::Hear, away(""), Act::Stay];
    let server = Server::start([acts]).await;
    let settings = Settings {
        cookies: true,
        ..following(1)
    };
    let mut user = User::with(settings, &[&server.url], 0, [get()]);
    for reused in [false, true] {
        let outcome = user.succeed().await;
        assert_eq!(outcome.connect.is_none(), reused);
        assert_eq!(outcome.reconnects, 0);
    }
    let cookies = |server: &Server| {
        let all = server.heard();
        let each = all
            .iter()
            .map(|request| header(request, "cookie").join(" and "));
        each.collect::<Vec<_>>()
    };
    assert_eq!(cookies(&server), ["", "own=1"]);
    assert_eq!(cookies(&other), ["", "other=1"]);
    let host = header(&other.heard()[0], "host");
    assert_eq!(host, [format!("localhost:{}", other.port())]);
}

#[tokio::test]
async fn a_cookie_that_a_redirect_sets_can_be_extracted() {
    let sets =
        "HTTP/1.1 302 Found\r\nLocation: /\r\nSet-Cookie: sid=1\r\nContent-Length: 0\r\n\r\n";
    let acts = vec![Act::Hear, say(sets), Act::Hear, ok(), Act::Stay];
    let server = Server::start([acts]).await;
    let step = HttpStep {
        extract: vec![Extract {
            variable: 0,
            name: "sid".to_owned(),
            source: ExtractSource::Cookie("sid".to_owned()),
            written: None,
        }],
        ..get()
    };
    let mut user = User::with(following(1), &[&server.url], 0, [step]);
    user.succeed().await;
}
