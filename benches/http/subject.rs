//! Subjects that take turns: loadgen with one thing asked for, or what it is compared with.

use super::{form, site::Site};
use crate::{
    Result,
    client::{Client, Job, Load},
    loadgen::{BUILT, HttpRun, Scenario, step},
    process,
};
use flate2::{Decompress, FlushDecompress, Status};
use std::time::{Duration, Instant};

/// Each has a request under way at all times.
pub const CONNECTIONS: usize = 50;

/// Binary logarithm of gzip's largest window.
const WINDOW: u8 = 15;

/// In the order of the turns and of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    Plain,
    Cookies,
    Renewed,
    Redirects,
    Post,
    Multipart,
    Packed,
    Inflating,
    Gzip,
    WrkTls,
    Tls,
    H2load,
    Http2,
}

impl Subject {
    /// Every one.
    pub const ALL: [Self; 13] = [
        Self::Plain,
        Self::Cookies,
        Self::Renewed,
        Self::Redirects,
        Self::Post,
        Self::Multipart,
        Self::Packed,
        Self::Inflating,
        Self::Gzip,
        Self::WrkTls,
        Self::Tls,
        Self::H2load,
        Self::Http2,
    ];

    /// As it stands in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain GET",
            Self::Cookies => "two cookies of a login",
            Self::Renewed => "a cookie that each response sets",
            Self::Redirects => "a redirect before each response",
            Self::Post => "plain POST of a form's bytes",
            Self::Multipart => "the same form by multipart",
            Self::Packed => "gzip, left packed",
            Self::Inflating => "inflating alone, by flate2",
            Self::Gzip => "gzip, inflated",
            Self::WrkTls => "wrk, HTTPS/1.1",
            Self::Tls => "HTTPS/1.1",
            Self::H2load => "h2load -m1, HTTP/2 over TLS",
            Self::Http2 => "HTTP/2 over TLS",
        }
    }

    /// CPU time of an exchange, in microseconds.
    pub fn run(self, site: &Site, length: Duration) -> Result<f64> {
        let get = |http, path| loadgen(site, length, (false, http), &step(path), 1);
        let secure = |http| loadgen(site, length, (true, http), &step("/"), 1);
        let post = |step: &str| loadgen(site, length, (false, ""), step, 1);
        match self {
            Self::Plain => get("", "/"),
            Self::Cookies => {
                let login = "[[user_start.step]]\nget = \"/login\"\n";
                let steps = step("/") + login;
                loadgen(site, length, (false, "cookies = true"), &steps, 1)
            }
            Self::Renewed => get("cookies = true", "/renewed"),
            Self::Redirects => loadgen(site, length, (false, "redirects = 1"), &step("/moved"), 2),
            Self::Post => post(&form::plain()),
            Self::Multipart => post(&form::in_parts()),
            Self::Packed => get("", "/list"),
            Self::Inflating => inflating(&site.packed, length),
            Self::Gzip => get("compression = [\"gzip\"]", "/list"),
            Self::WrkTls => other(Client::Wrk, site, length),
            Self::Tls => secure(""),
            Self::H2load => other(Client::H2load, site, length),
            Self::Http2 => secure("http2 = \"negotiate\""),
        }
    }
}

/// A run of loadgen with or without TLS and with a key of `[http]`; each request that it counts makes
/// so many exchanges.
fn loadgen(
    site: &Site,
    length: Duration,
    (secure, http): (bool, &str),
    steps: &str,
    exchanges: u64,
) -> Result<f64> {
    let before = site.nginx.requests()?;
    let scenario = Scenario {
        base: &site.base(secure),
        http: &format!("{http}\n{}", site.trust()),
        load: &format!("users = {CONNECTIONS}"),
        length,
        steps,
    };
    let mut done = HttpRun::of(BUILT.as_ref(), &scenario)?.run()?;
    done.requests *= exchanges;
    // Logins, and two exchanges under way on each connection at the end.
    site.nginx.check(before, &done, 4 * CONNECTIONS)?;
    Ok(done.cpu_us())
}

/// A run of another client over TLS.
fn other(client: Client, site: &Site, length: Duration) -> Result<f64> {
    let before = site.nginx.requests()?;
    let done = client.run(Job {
        url: &format!("{}/", site.base(true)),
        connections: CONNECTIONS,
        load: Load::Closed,
        length,
    })?;
    site.nginx.check(before, &done, 2 * CONNECTIONS)?;
    Ok(done.cpu_us())
}

/// The crate that loadgen unpacks with, on the same bytes again and again.
fn inflating(packed: &[u8], length: Duration) -> Result<f64> {
    let mut output = vec![0; 32 * 1024];
    let until = Instant::now() + length;
    let mut times = 0_u32;
    let mut whole = true;
    let took = process::on_client_core(|| {
        while Instant::now() < until {
            let mut decoder = Decompress::new_gzip(WINDOW);
            let status = decoder.decompress(packed, &mut output, FlushDecompress::None);
            whole &= matches!(status, Ok(Status::StreamEnd));
            times += 1;
        }
    })?;
    match whole {
        true => Ok(took.as_secs_f64() * 1e6 / f64::from(times)),
        false => Err("the list does not unpack".into()),
    }
}
