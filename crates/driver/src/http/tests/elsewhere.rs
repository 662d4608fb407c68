//! Requests to servers that need not be the target's.

use super::{cookies::answer, *};
use http::header::{ACCEPT, AUTHORIZATION, HOST};
use loadgen_data::Escape;
use loadgen_plan::http::Elsewhere;

/// A step for the server at `url`, or for the URL that variable 0 holds; the target's own hosts are
/// sent a secret and another Host.
fn elsewhere(url: Option<&str>, path: Template) -> HttpStep {
    let confidential = vec![
        (AUTHORIZATION, literal("Bearer secret")),
        (HOST, literal("own")),
    ];
    HttpStep {
        path,
        elsewhere: Some(Box::new(Elsewhere {
            server: url.map(|url| url.parse().unwrap()),
            base: "/base/".to_owned(),
            confidential,
        })),
        headers: vec![(ACCEPT, literal("text/plain"))],
        ..get()
    }
}

fn filled() -> HttpStep {
    elsewhere(None, Template::new([Part::Variable(0, Escape::None)]))
}

impl User {
    async fn go(&mut self, step: usize, url: &str) -> Outcome {
        let mut values = [Value::Text(url.into())];
        let progress = Progress::default();
        let step = (step, &self.steps[step]);
        let done = self
            .driver
            .step(&mut self.session, step, &mut values, &progress);
        done.await
    }
}

async fn answering(times: usize) -> Server {
    let answers = (0..times).flat_map(|_| [Act::Hear, ok()]);
    Server::start([answers.chain([Act::Stay]).collect()]).await
}

#[tokio::test]
async fn a_whole_url_goes_to_its_server_without_the_targets_secrets() {
    let (target, other) = (answering(2).await, answering(2).await);
    let step = elsewhere(Some(&other.url), literal("/token?a=b"));
    let mut user = User::with(settings(), &[&target.url], 0, [get(), step]);
    for step in [0, 1, 0, 1] {
        let outcome = user.run(step).await;
        assert_eq!(class_of(&outcome), None, "{outcome:?}");
        assert_eq!(outcome.reconnects, 0);
    }
    for request in other.heard().iter() {
        assert_eq!(first_line(request), "GET /token?a=b HTTP/1.1");
        let host = format!("127.0.0.1:{}", other.port());
        assert_eq!(header(request, "host"), [host]);
        assert_eq!(header(request, "accept"), ["text/plain"]);
        assert_eq!(header(request, "authorization").len(), 0);
    }
    // Each has one connection, which is kept.
    assert_eq!((target.heard().len(), other.heard().len()), (2, 2));
}

#[tokio::test]
async fn the_targets_own_hosts_are_sent_everything() {
    let target = answering(3).await;
    let whole = elsewhere(Some(&target.url), literal("/whole"));
    let mut user = User::with(settings(), &[&target.url], 0, [get(), whole, filled()]);
    user.succeed().await;
    assert_eq!(class_of(&user.run(1).await), None);
    let outcome = user.go(2, &format!("{}/filled#top", target.url)).await;
    assert_eq!(class_of(&outcome), None, "{outcome:?}");
    // On the connection that the session has.
    assert_eq!(outcome.connect, None);
    let heard = target.heard();
    for (request, path) in heard[1..].iter().zip(["/whole", "/filled"]) {
        assert_eq!(first_line(request), format!("GET {path} HTTP/1.1"));
        assert_eq!(header(request, "host"), ["own"]);
        assert_eq!(header(request, "authorization"), ["Bearer secret"]);
    }
}

#[tokio::test]
async fn a_url_that_is_filled_in_goes_where_it_says() {
    let (target, other) = (answering(2).await, answering(1).await);
    let mut user = User::with(settings(), &[&target.url], 0, [filled()]);
    for url in ["/next?page=2", "next", &format!("{}/x?y", other.url)] {
        let outcome = user.go(0, url).await;
        assert_eq!(class_of(&outcome), None, "{outcome:?}");
        assert!(!outcome.unknown);
    }
    let lines: Vec<String> = target.heard().iter().map(|r| first_line(r)).collect();
    assert_eq!(
        lines,
        ["GET /next?page=2 HTTP/1.1", "GET /base/next HTTP/1.1"]
    );
    let heard = other.heard();
    assert_eq!(first_line(&heard[0]), "GET /x?y HTTP/1.1");
    let host = format!("127.0.0.1:{}", other.port());
    assert_eq!(header(&heard[0], "host"), [host]);
    assert_eq!(header(&heard[0], "authorization").len(), 0);
}

#[tokio::test]
async fn what_is_no_url_fails_its_step_and_is_not_sent() {
    let target = answering(1).await;
    let mut user = User::with(settings(), &[&target.url], 0, [filled()]);
    for url in ["/a\r\nx: y", "", "gopher://host/"] {
        let outcome = user.go(0, url).await;
        assert_eq!(class_of(&outcome), Some(ErrorClass::Other));
        assert_eq!(outcome.sent_at, None);
        assert!(words(&outcome).starts_with("not sent: the URL "));
    }
    assert_eq!(target.heard().len(), 0);
}

#[tokio::test]
async fn without_a_target_whole_urls_are_asked_for() {
    let other = answering(2).await;
    let step = elsewhere(Some(&other.url), literal("/a"));
    let mut user = User::with(settings(), &[], 0, [step, filled()]);
    user.preflight().await.unwrap();
    user.succeed().await;
    let outcome = user.go(1, &format!("{}/b", other.url)).await;
    assert_eq!(class_of(&outcome), None, "{outcome:?}");
    let outcome = user.go(1, "/c").await;
    assert!(words(&outcome).ends_with("is relative, and there is no target"));
    assert_eq!(other.heard().len(), 2);
}

#[tokio::test]
async fn cookies_and_redirects_are_those_of_the_server_that_is_asked() {
    let acts = vec![
        Act::Hear,
        answer("Set-Cookie: target=1\r\n", ""),
        Act::Hear,
        ok(),
        Act::Stay,
    ];
    let target = Server::start([acts]).await;
    let back = format!(
        "HTTP/1.1 302 Found\r\nLocation: {}/back\r\nSet-Cookie: other=1\r\n\
         Content-Length: 0\r\n\r\n",
        target.url
    );
    let acts = vec![Act::Hear, say(back), Act::Hear, ok(), Act::Stay];
    let other = Server::start([acts]).await;
    let url = format!("http://localhost:{}", other.port());
    let mut step = elsewhere(Some(&url), literal("/login"));
    step.headers.push((AUTHORIZATION, literal("Basic own")));
    let settings = Settings {
        cookies: true,
        redirects: 2,
        ..settings()
    };
    let mut user = User::with(settings, &[&target.url], 0, [get(), step, filled()]);
    user.succeed().await;
    let outcome = user.run(1).await;
    assert_eq!(class_of(&outcome), None, "{outcome:?}");
    let outcome = user.go(2, &format!("{url}/after")).await;
    assert_eq!(class_of(&outcome), None, "{outcome:?}");
    assert_eq!(outcome.connect, None);

    let (target, other) = (target.heard(), other.heard());
    // What the step itself says is sent to the server that it names, and no further.
    assert_eq!(header(&other[0], "authorization"), ["Basic own"]);
    assert_eq!(header(&other[0], "cookie").len(), 0);
    assert_eq!(header(&other[1], "cookie"), ["other=1"]);
    assert_eq!(first_line(&target[1]), "GET /back HTTP/1.1");
    assert_eq!(header(&target[1], "cookie"), ["target=1"]);
    assert_eq!(header(&target[1], "authorization").len(), 0);
}
