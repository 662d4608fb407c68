//! The live page in a real browser: what it shows while a run goes on and when it is over.

use nix::sys::signal::Signal;
use std::{
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    time::Duration,
};
use test_support::{
    answer::Answer,
    browser::Browser,
    loadgen::{Loadgen, Running},
    stalls::Stalls,
    truth::TruthServer,
};

/// A server in which a task fails now and then.
fn server() -> TruthServer {
    TruthServer::start(Stalls::none(), |request| match request.path.as_str() {
        "/metrics" => Answer::new(200, "# TYPE pool_in_use gauge\npool_in_use 7\n"),
        path => {
            let status = if path == "/work/write" { 503 } else { 200 };
            Answer::new(status, "{}").after(Duration::from_millis(5))
        }
    })
}

/// A run without an end, watched at the address that is returned.
fn watched(server: &TruthServer, more: &[&str]) -> (Running, String) {
    let text = format!(
        "name = \"watched <i>closely<i>\"\nthresholds = [\"p95 < 1m\", \"errors == 0\"]\n\
         target.url = \"{}\"\nload = {{ users = 3, think = \"20ms\" }}\n\
         [[task]]\nname = \"read\"\nweight = 3\n[[task.step]]\nget = \"/work/read\"\n\
         [[task]]\nname = \"write\"\n[[task.step]]\npost = \"/work/write\"\n\
         [[event]]\nname = \"queries are slow\"\nat = \"0s\"\nget = \"/demo\"\n\
         [[observe]]\nprometheus = \"/metrics\"\n",
        server.url()
    );
    let run = Loadgen::scenario(&text).args(&["--web"]).args(more);
    let mut running = run.start();
    let told = "can be watched at ";
    running.wait_until("served", |it| it.stderr().contains(told));
    let said = running.stderr();
    let (_, url) = said.split_once(told).unwrap();
    let url = url.lines().next().unwrap().to_owned();
    (running, url)
}

/// Pictures to be looked at.
fn picture(browser: &mut Browser, name: &str) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    browser.picture(&folder.join(format!("live-{name}.png")));
}

/// Nothing on the console, and nobody asked but the page's own server.
fn clean(browser: &Browser, url: &str) {
    assert_eq!(browser.console, [""; 0]);
    assert!(!browser.requests.is_empty());
    for request in &browser.requests {
        assert!(request.starts_with(url), "{request}");
    }
}

#[test]
fn the_page_shows_a_run_and_keeps_it() {
    let server = server();
    let (running, url) = watched(&server, &[]);
    let mut desk = Browser::start(1280, 900);
    let mut phone = Browser::start(375, 720);
    for browser in [&mut desk, &mut phone] {
        browser.open(&url);
        browser.wait_for(
            "typeof points !== 'undefined' && points.length > 2 && charts.size >= 6 \
             && now.events.length === 1 && readings.get('app pool_in_use')?.points.length > 2",
        );
        let text = browser.text();
        for part in [
            "watched <i>closely<i>",
            "3 users",
            "p95 < 1m",
            "read/GET /work/read",
            "status 503",
            "queries are slow",
            "app pool_in_use",
        ] {
            assert!(text.contains(part), "{part}:\n{text}");
        }
        // Nothing is wider than the window.
        let wide = "document.documentElement.scrollWidth <= innerWidth";
        assert_eq!(browser.value(wide), true);
        let drawn = "[...document.querySelectorAll('canvas')].every((one) => one.width > 100)";
        assert_eq!(browser.value(drawn), true);
        assert_eq!(browser.value("document.querySelectorAll('i').length"), 1);
    }

    picture(&mut desk, "desk");
    picture(&mut phone, "phone");
    // A step is chosen; the page is loaded again; a dark system.
    desk.value("document.querySelectorAll('#steps tbody tr')[2].click()");
    desk.wait_for(
        "document.querySelector('#steps tr.chosen')?.innerText.includes('write/POST /work/write')",
    );
    let before = desk.value("points.length").as_u64().unwrap();
    desk.reload();
    desk.wait_for(&format!(
        "typeof points !== 'undefined' && points.length >= {before} && points[0].t === 0"
    ));
    desk.dark(true);
    desk.wait_for(
        "charts.size >= 5 && getComputedStyle(document.body).backgroundColor === 'rgb(20, 23, 28)'",
    );
    picture(&mut desk, "dark");

    running.signal(Signal::SIGINT);
    let finished = running.finish().expect_code(105);
    for browser in [&mut desk, &mut phone] {
        browser.wait_for("document.getElementById('status')?.innerText.startsWith('The run ended. INTERRUPTED after')");
        // It stays readable: everything can still be chosen, drawn and read.
        browser.value("choose(1)");
        browser.size(700, 800);
        browser
            .wait_for("document.querySelector('#steps tr.chosen')?.innerText.includes('read/GET')");
        clean(browser, &url);
    }
    let shown = desk.value("points.reduce((sum, point) => sum + point.y[0][0], 0)");
    let counted = finished.result()["totals"]["count"].as_u64().unwrap();
    assert!(shown.as_u64().unwrap() <= counted, "{shown} of {counted}");
}

#[test]
fn a_page_is_served_for_longer_where_that_is_asked_for() {
    let server = server();
    let (mut running, url) = watched(&server, &["--web-linger", "--duration", "1s"]);
    running.wait_until("over", |it| it.stderr().contains("can still be seen"));
    let mut late = Browser::start(800, 600);
    late.open(&url);
    late.wait_for("document.getElementById('status')?.innerText.includes('FAILED: 1 of 2')");
    clean(&late, &url);
    running.signal(Signal::SIGTERM);
    // The signal ends the serving: the run was over. Where the machine was too busy it is invalid.
    let code = running.finish().code();
    assert!(matches!(code, Some(99 | 96)), "{code:?}");
}

#[test]
fn others_are_refused_and_stalled_viewers_cost_nothing() {
    let server = server();
    let (running, url) = watched(&server, &[]);
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let ask = |head: &str| {
        let mut stream = TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        stream
    };
    let mut refused = String::new();
    let mut stranger = ask("GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
    stranger.read_to_string(&mut refused).unwrap();
    assert!(refused.starts_with("HTTP/1.1 403"), "{refused}");
    // They ask and never read; the run goes on, and ends.
    let stalled: Vec<TcpStream> = (0..50)
        .map(|_| ask("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        .collect();
    let served = server.requests();
    let mut running = running;
    running.wait_until("more requests", |_| server.requests() > served + 20);
    running.signal(Signal::SIGINT);
    running.finish().expect_code(105);
    drop(stalled);
}

#[test]
fn only_loopback_is_served() {
    let run = Loadgen::new(&["run", "s.toml", "--web", "0.0.0.0:8080"]).run();
    let run = run.expect_code(2);
    assert!(
        run.stderr.contains("is not on this machine's loopback"),
        "{}",
        run.stderr
    );
}
