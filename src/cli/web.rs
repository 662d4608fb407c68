//! Flags of the live page, and what they mean.

use super::output;
use crate::{
    dashboard::Web,
    report::{
        ResultFile,
        verdict::{Outcome, verdict},
    },
    run::Interrupts,
    scenario::units,
};
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

/// Flags for the live page.
#[derive(Debug, Clone, clap::Args)]
pub struct Browsers {
    /// Shows the run in browsers on this machine while it goes on [default: a free port of
    /// 127.0.0.1, which is told]
    #[arg(long, value_name = "ADDR", value_parser = address, num_args = 0..=1,
          default_missing_value = "127.0.0.1:0", env = "LOADGEN_WEB")]
    web: Option<SocketAddr>,
    /// Keeps serving the page after the end, for so long or until interrupted
    #[arg(long, value_name = "TIME", value_parser = units::duration, num_args = 0..=1,
          requires = "web", env = "LOADGEN_WEB_LINGER")]
    web_linger: Option<Option<Duration>>,
}

impl Browsers {
    /// Starts the server, if one is asked for.
    ///
    /// # Errors
    /// In words, when its address cannot be had.
    pub fn serve(&self) -> Result<Option<Web>, String> {
        let Some(address) = self.web else {
            return Ok(None);
        };
        Web::start(address)
            .map(Some)
            .map_err(|error| format!("the live page cannot be served at {address}: {error}"))
    }

    /// Keeps serving for as long as was asked.
    pub async fn linger(&self, web: Option<Web>, interrupts: &Interrupts) {
        let (Some(web), Some(length)) = (web, self.web_linger) else {
            return;
        };
        let url = web.url();
        let words = match length {
            Some(length) => format!(
                "for {}, or until interrupted",
                crate::human::duration(length)
            ),
            None => "until interrupted".to_owned(),
        };
        output::tell(&format!("the run can still be seen at {url} {words}\n"));
        let over = async {
            match length {
                Some(length) => tokio::time::sleep(length).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = over => {}
            () = interrupts.next() => {}
        }
    }
}

/// Tells browsers how it ended.
pub fn end(web: Option<&Web>, result: &ResultFile) {
    let Some(web) = web else {
        return;
    };
    let (outcome, words) = verdict(result);
    let outcome = match outcome {
        Outcome::Passed => "passed",
        Outcome::Done => "done",
        Outcome::Failed => "failed",
    };
    web.end(&words, outcome);
}

/// `8080`, `:8080`, `localhost:8080`, `127.0.0.1:8080` or `[::1]:8080`.
fn address(text: &str) -> Result<SocketAddr, String> {
    let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let port = text.strip_prefix("localhost:").unwrap_or(text);
    let port = port.strip_prefix(':').unwrap_or(port);
    let parsed = match (port.parse::<u16>(), text.parse::<IpAddr>()) {
        (Ok(port), _) => Some(SocketAddr::new(local, port)),
        (_, Ok(ip)) => Some(SocketAddr::new(ip, 0)),
        _ => text.parse().ok(),
    };
    match parsed {
        Some(address) if address.ip().is_loopback() => Ok(address),
        Some(address) => Err(format!(
            "{} is not on this machine's loopback: the page has no password. Use 127.0.0.1, and \
             from elsewhere a tunnel, such as `ssh -L 8080:127.0.0.1:8080 HOST`",
            address.ip()
        )),
        None => Err(
            "write an address such as 127.0.0.1:8080, or put --web last to have a free port"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn addresses_are_on_loopback() {
        for (text, address) in [
            ("8080", "127.0.0.1:8080"),
            (":8080", "127.0.0.1:8080"),
            ("localhost:8080", "127.0.0.1:8080"),
            ("127.0.0.1:0", "127.0.0.1:0"),
            ("127.0.0.1", "127.0.0.1:0"),
            ("[::1]:80", "[::1]:80"),
            ("::1", "[::1]:0"),
        ] {
            assert_eq!(super::address(text).unwrap().to_string(), address, "{text}");
        }
        for text in ["0.0.0.0:8080", "10.1.2.3:80", "[::]:80"] {
            assert!(
                super::address(text).unwrap_err().contains("loopback"),
                "{text}"
            );
        }
        for text in ["scenario.toml", "", "example.org:80", "127.0.0.1:99999"] {
            let problem = super::address(text).unwrap_err();
            assert!(problem.contains("--web last"), "{text}: {problem}");
        }
    }
}
