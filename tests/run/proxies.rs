//! Loads through proxies.

use super::measured;
use std::time::Duration;
use test_support::{
    loadgen::Loadgen,
    proxies::{LOGIN, RealProxy},
    socks::{Asked, SocksProxy},
    tls::TlsFront,
    truth::{Log, TruthServer},
};

#[test]
fn real_proxies_are_understood() {
    let server = TruthServer::steady(Duration::ZERO);
    let secure = TlsFront::start(server.address());
    let (http, socks) = (RealProxy::tinyproxy(), RealProxy::microsocks());
    let proxies = [("http", http.address()), ("socks5h", socks.address())];
    for (scheme, address) in proxies {
        for url in [server.url(), secure.url()] {
            let text = format!(
                r#"
                target.url = "{url}"
                http = {{ proxy = "{scheme}://{LOGIN}@{address}", insecure = true }}
                load = {{ users = 3, iterations = 4 }}
                [[task]]
                name = "t"
                [[task.step]]
                get = "/work"
                "#
            );
            let result = measured(&Loadgen::scenario(&text).run());
            let totals = &result["totals"];
            assert_eq!(totals["count"], 12, "{scheme} {url}");
            assert_eq!(totals["errors"]["count"], 0, "{totals}");
            // Tinyproxy closes connections after each response that it passes on, and does not say so.
            let in_the_open = scheme == "http" && url == server.url();
            let closed = if in_the_open { 12 - 3 } else { 0 };
            assert_eq!(totals["reconnects"], closed, "{scheme} {url}");
        }
    }
    let Log { served, .. } = server.stop();
    assert_eq!(served.len(), 4 * 12);
    let leaked = |name: &str| served.iter().any(|one| one.request.header(name).is_some());
    assert!(!leaked("proxy-authorization"));
}

#[test]
fn requests_go_through_a_socks_proxy() {
    let server = TruthServer::steady(Duration::ZERO);
    let port = server.address().port();
    // The scheme says who looks up the name: loadgen, or the proxy.
    for (scheme, user, login, target, host) in [
        ("socks5", "", None, "127.0.0.1", "127.0.0.1"),
        (
            "socks5",
            "me:word@",
            Some(("me", "word")),
            "127.0.0.1",
            "127.0.0.1",
        ),
        ("socks5h", "", None, "shop.example", "shop.example"),
    ] {
        let proxy = SocksProxy::start(login);
        let text = format!(
            r#"
            target.url = "http://{target}:{port}"
            http = {{ proxy = "{scheme}://{user}{}" }}
            load = {{ users = 3, iterations = 4 }}
            [[setup.step]]
            post = "/ready"
            [[task]]
            name = "t"
            [[task.step]]
            get = "/work"
            "#,
            proxy.address()
        );
        let finished = Loadgen::scenario(&text).run();
        let result = measured(&finished);
        assert_eq!(result["totals"]["count"], 12, "{scheme}");
        assert_eq!(result["totals"]["errors"]["count"], 0);
        assert!(!result.to_string().contains("word"), "a secret is shown");
        let asked = Asked {
            login: login.map(|(name, word)| (name.to_owned(), word.to_owned())),
            host: format!("{host}:{port}"),
        };
        // The setup's connection, and one for each user.
        assert_eq!(proxy.asked(), vec![asked; 4], "{scheme}");
    }
    // The preflight asks the proxy alone, so nobody came to the server but through it.
    let Log {
        connections,
        served,
        ..
    } = server.stop();
    assert_eq!((connections, served.len()), (12, 36));
}

#[test]
fn a_socks_proxy_that_refuses_is_told() {
    let server = TruthServer::steady(Duration::ZERO);
    let proxy = SocksProxy::start(Some(("me", "word")));
    let text = format!(
        r#"
        target.url = "{}"
        http = {{ proxy = "socks5://me:wrong@{}" }}
        load = {{ users = 2, iterations = 1 }}
        thresholds = ["error_rate == 0%"]
        [[task]]
        name = "t"
        [[task.step]]
        get = "/work"
        "#,
        server.url(),
        proxy.address()
    );
    let finished = Loadgen::scenario(&text).run();
    let result = super::with_code(&finished);
    assert_eq!(result["totals"]["errors"]["count"], 2);
    assert_eq!(server.connections(), 0);
    let samples = result["totals"]["errors"]["samples"].to_string();
    assert!(samples.to_lowercase().contains("socks"), "{samples}");
    assert!(!samples.contains("wrong"), "{samples}");
}
