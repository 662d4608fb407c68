//! Time to first byte.

use super::*;
use futures_util::future::join;

#[tokio::test]
async fn it_ends_with_the_first_byte_that_is_not_interim() {
    let (head, body) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
    let server = Server::start([vec![
        Act::Hear,
        say(interim),
        Act::Await(head.clone()),
        say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"),
        Act::Await(body.clone()),
        say("ok"),
        Act::Stay,
    ]])
    .await;
    let mut user = User::new(&server.url, [get()]);
    let clock = user.clock;
    let marks = async {
        while server.heard().is_empty() {
            tokio::task::yield_now().await;
        }
        // The client reads what was sent only after the runtime has polled its sockets; allow for
        // that.
        let read = || tokio::time::sleep(Duration::from_millis(50));
        read().await;
        let before_head = clock.now();
        head.notify_one();
        read().await;
        let before_body = clock.now();
        body.notify_one();
        (before_head, before_body)
    };
    let (outcome, (before_head, before_body)) = join(user.succeed(), marks).await;
    let first = outcome.first_byte_at.unwrap();
    assert!(before_head <= first && first <= before_body);
    assert!(before_body <= outcome.ended_at);
    assert_eq!(outcome.ttfb(), Some(first - outcome.sent_at.unwrap()));
}

#[tokio::test]
async fn an_answer_that_is_no_success_has_one() {
    let answer = say("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n");
    let server = Server::start([vec![Act::Hear, answer, Act::Stay]]).await;
    let mut user = User::new(&server.url, [get()]);
    let outcome = user.fail(ErrorClass::Status5xx).await;
    assert!(outcome.ttfb().is_some());
}

#[tokio::test]
async fn without_an_answer_there_is_none() {
    let close = vec![Act::Hear];
    let server = Server::start([close.clone(), close]).await;
    let mut user = User::new(&server.url, [post()]);
    let outcome = user.fail(ErrorClass::Reset).await;
    assert_eq!(outcome.ttfb(), None);
}

#[tokio::test]
async fn an_answer_that_comes_whole_takes_one_look_at_the_clock() {
    let server = Server::start([vec![Act::Hear, ok(), Act::Hear, ok(), Act::Stay]]).await;
    let mut user = User::new(&server.url, [get()]);
    for _ in 0..2 {
        let outcome = user.succeed().await;
        assert_eq!(outcome.first_byte_at, Some(outcome.ended_at));
    }
}

#[tokio::test]
async fn heads_that_come_byte_by_byte_are_told_apart() {
    let whole = "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let server = Server::start([vec![Act::Hear, Act::Drip(whole.into()), Act::Stay]]).await;
    let mut user = User::new(&server.url, [get()]);
    let outcome = user.succeed().await;
    assert!(outcome.ttfb().is_some());
}
