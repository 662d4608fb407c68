//! Jars beside the crate `cookie_store`, and where browsers differ from it.

use super::*;
use cookie_store::CookieStore;
use proptest::{collection::vec, prelude::*, sample::select};
use std::fmt::Write;
use url::Url;

const NOW: Moment = Moment {
    at: SECOND,
    unix: 1_800_000_000,
};

fn site(host: &str) -> Site<'_> {
    Site::new(host, false)
}

/// The value of `cookie` that a request has.
fn sent(jar: &Jar, site: Site<'_>, target: &str, own: &str) -> Option<String> {
    let mut out = format!("GET {target} HTTP/1.1\r\n").into_bytes();
    let start = out.len();
    let clock = Clock::of_runtime();
    let cookies = Cookies { jar, site, clock };
    write(
        Some(cookies),
        |out| out.extend_from_slice(own.as_bytes()),
        &mut out,
    );
    let line = String::from_utf8_lossy(&out.split_off(start)).into_owned();
    let value = line.strip_prefix("cookie: ")?.strip_suffix("\r\n");
    Some(value.unwrap().to_owned())
}

fn jar(set: &[(&str, &str, &str)]) -> Jar {
    let mut jar = Jar::default();
    for (host, path, field) in set {
        jar.set(field.as_bytes(), site(host), path.as_bytes(), NOW);
    }
    jar
}

#[test]
fn longer_paths_come_first_then_older_cookies() {
    let jar = jar(&[
        ("a", "/", "root=1"),
        ("a", "/", "deep=1; Path=/x/y"),
        ("a", "/", "root2=1; Path=/"),
        ("a", "/x/y/z?q=/", "default=1"),
        ("a", "/", "root=2"),
    ]);
    let all = sent(&jar, site("a"), "/x/y/z?/other", "").unwrap();
    assert_eq!(all, "deep=1; default=1; root=2; root2=1");
    assert_eq!(
        sent(&jar, site("a"), "/x/yy", "").unwrap(),
        "root=2; root2=1"
    );
    assert_eq!(sent(&jar, site("b"), "/", ""), None);
}

#[test]
fn the_scenario_wins() {
    let jar = jar(&[("a", "/", "sid=jar"), ("a", "/", "other=1")]);
    let both = sent(&jar, site("a"), "/", "variant=b; sid=own").unwrap();
    assert_eq!(both, "variant=b; sid=own; other=1");
    assert_eq!(sent(&Jar::default(), site("a"), "/", "x").unwrap(), "x");
}

#[test]
fn domains_are_those_that_a_host_may_set_for() {
    for (host, domain, to, there) in [
        ("www.shop.test", "shop.test", "api.shop.test", true),
        ("www.shop.test", ".Shop.Test", "shop.test", true),
        ("www.shop.test", "shop.test", "myshop.test", false),
        ("www.shop.test", "api.shop.test", "www.shop.test", false),
        ("www.shop.test", "test", "www.shop.test", false),
        ("www.shop.test", "", "www.shop.test", true),
        ("www.shop.test", "", "api.www.shop.test", false),
        ("localhost", "localhost", "localhost", true),
        ("127.0.0.1", "127.0.0.1", "127.0.0.1", true),
        ("127.0.0.1", "0.0.1", "127.0.0.1", false),
        ("10.0.0.1", "10.0.0.1", "1.10.0.0.1", false),
    ] {
        let field = format!("a=1; domain={domain}");
        let jar = jar(&[(host, "/", &field)]);
        let found = sent(&jar, site(to), "/", "").is_some();
        assert_eq!(found, there, "{domain} from {host} to {to}");
    }
}

#[test]
fn cookies_end_when_they_are_to() {
    let jar = jar(&[
        ("a", "/", "old=1"),
        ("a", "/", "old=; Max-Age=0"),
        ("a", "/", "past=1; Expires=Wed, 21 Oct 2015 07:28:00 GMT"),
        ("a", "/", "future=1; Expires=Fri, 01 Jan 2100 00:00:00 GMT"),
        ("a", "/", "nonsense=1; Expires=0; Max-Age=x"),
        (
            "a",
            "/",
            "both=1; Expires=Wed, 21 Oct 2015 07:28:00 GMT; Max-Age=60",
        ),
        ("a", "/", "negative=1; Max-Age=-1"),
        ("a", "/", "ages=1; Max-Age=99999999999999999999"),
    ]);
    let names: Vec<&[u8]> = jar.cookies.iter().map(Cookie::name).collect();
    assert_eq!(names, [&b"future"[..], b"nonsense", b"both", b"ages"]);
    let at = |name: &[u8], at| jar.value(name, site("a"), at).is_some();
    assert!(at(b"both", NOW.at + 59 * SECOND) && !at(b"both", NOW.at + 60 * SECOND));
    assert!(at(b"ages", Nanos::MAX - 1));
}

#[test]
fn secure_cookies_are_for_https_and_this_machine() {
    let from = |host, tls| {
        let mut jar = Jar::default();
        jar.set(b"a=1; Secure", Site::new(host, tls), b"/", NOW);
        [true, false].map(|tls| sent(&jar, Site::new(host, tls), "/", "").is_some())
    };
    assert_eq!(from("a.test", true), [true, false]);
    assert_eq!(from("a.test", false), [false, false]);
    for local in ["localhost", "x.localhost", "127.0.0.1", "::1"] {
        assert_eq!(from(local, false), [true, true], "{local}");
    }
}

#[test]
fn what_is_no_cookie_does_no_harm_to_others() {
    let long = format!("long={}", "x".repeat(LONGEST));
    let jar = jar(&[
        ("a", "/", "no pair"),
        ("a", "/", "=nameless"),
        ("a", "/", "control=\u{1}"),
        ("a", "/", &long),
        ("a", "/", " q = \"x y/=z==\" ;Path=relative; ;;HttpOnly"),
        ("a", "/", "größe=ü"),
    ]);
    let all = sent(&jar, site("a"), "/", "").unwrap();
    assert_eq!(all, "q=\"x y/=z==\"; größe=ü");
}

#[test]
fn a_jar_is_bounded() {
    let mut jar = Jar::default();
    for number in 0..=MOST {
        jar.set(format!("n{number}=1").as_bytes(), site("a"), b"/", NOW);
    }
    assert_eq!(jar.cookies.len(), MOST);
    assert!(jar.value(b"n0", site("a"), 0).is_none());
    assert!(jar.value(b"n1", site("a"), 0).is_some());
}

fn field() -> impl Strategy<Value = String> {
    let attribute = prop_oneof![
        select(vec!["/", "/x", "/x/", "/x/y", "x", ""]).prop_map(|path| format!("Path={path}")),
        select(vec!["a.test", ".a.test", "b.a.test", "c.test"])
            .prop_map(|domain| format!("domain={domain}")),
        select(vec![
            "Max-Age=0",
            "Max-Age=1000",
            "HttpOnly",
            "SameSite=Lax"
        ])
        .prop_map(str::to_owned),
    ];
    ("[ab]", "[xy]{0,2}", vec(attribute, 0..3)).prop_map(|(name, value, attributes)| {
        let mut field = format!("{name}={value}");
        for attribute in attributes {
            write!(field, "; {attribute}").unwrap();
        }
        field
    })
}

proptest! {
    /// The same cookies as the crate has, whose order is none.
    #[test]
    fn a_jar_is_a_cookie_store(
        set in vec((select(vec!["a.test", "b.a.test"]), select(vec!["/", "/x", "/x/y"]), field()), 1..8),
        host in select(vec!["a.test", "b.a.test", "c.b.a.test"]),
        target in select(vec!["/", "/x", "/x/", "/xy", "/x/y/z"]),
    ) {
        let mut store = CookieStore::default();
        let mut jar = Jar::default();
        let now = Moment::now(Clock::of_runtime());
        for (host, path, field) in &set {
            let url = Url::parse(&format!("http://{host}{path}")).unwrap();
            let _ = store.parse(field, &url);
            jar.set(field.as_bytes(), site(host), path.as_bytes(), now);
        }
        let url = Url::parse(&format!("http://{host}{target}")).unwrap();
        let pairs = store.get_request_values(&url);
        let mut theirs: Vec<String> =
            pairs.map(|(name, value)| format!("{name}={value}")).collect();
        let ours = sent(&jar, site(host), target, "").unwrap_or_default();
        let mut ours: Vec<&str> = ours.split("; ").filter(|pair| !pair.is_empty()).collect();
        theirs.sort();
        ours.sort_unstable();
        prop_assert_eq!(ours, theirs);
    }

    #[test]
    fn nothing_makes_it_panic(field in vec(any::<u8>(), 0..80), more in ".{0,80}") {
        let mut jar = Jar::default();
        jar.set(&field, site("a"), b"/", NOW);
        jar.set(more.as_bytes(), site("a"), b"", NOW);
        let _ = sent(&jar, site("a"), "/", &more);
    }
}
