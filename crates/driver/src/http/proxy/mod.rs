//! Proxies between a population and its servers. HTTP proxies pass requests for http on (`forward`);
//! everything else goes through tunnels, by CONNECT (`tunnel`) or SOCKS5 (`socks`).

mod forward;
mod socks;
mod tunnel;

pub(super) use self::forward::Forward;

use super::{
    SetupError,
    address::{basic, without_user},
    connect::endpoint::Endpoint,
    stream::Stream,
};
use crate::{Detail, Failure};
use percent_encoding::percent_decode_str;
use rustls::{ClientConfig, pki_types::ServerName};
use std::sync::Arc;
use url::{Host, Url};

/// A proxy, the same for all servers of a population.
#[derive(Debug)]
pub(super) struct Proxy {
    /// As it was given, for messages; without credentials.
    pub url: Url,
    /// Other end of connections to it.
    pub endpoint: Endpoint,
    pub tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    protocol: Protocol,
}

#[derive(Debug)]
enum Protocol {
    Http {
        /// The value of `proxy-authorization`.
        credentials: Option<String>,
    },
    Socks {
        /// User and password.
        login: Option<(String, String)>,
        /// The proxy looks up the names of servers.
        resolves: bool,
    },
}

impl Proxy {
    /// The proxy at `url`, asked by this `tls` where it is asked by https.
    pub(super) fn of(url: &Url, tls: Option<&Arc<ClientConfig>>) -> Result<Self, SetupError> {
        let shown = without_user(url);
        let refuse = |reason| SetupError::Url {
            url: shown.to_string(),
            reason,
        };
        let (protocol, usual_port) = match url.scheme() {
            "http" => (Protocol::http(url), 80),
            "https" => (Protocol::http(url), 443),
            "socks5" => (Protocol::socks(url, false), 1080),
            "socks5h" => (Protocol::socks(url, true), 1080),
            _ => return Err(refuse("no kind of proxy that is known")),
        };
        // Parsed again: an address in the URL of another scheme is taken for a name.
        let host = match Host::parse(url.host_str().unwrap_or_default()) {
            Ok(Host::Domain(name)) => name,
            Ok(Host::Ipv4(ip)) => ip.to_string(),
            Ok(Host::Ipv6(ip)) => ip.to_string(),
            Err(_) => return Err(refuse("it names no host")),
        };
        let tls = match tls.filter(|_| url.scheme() == "https") {
            Some(config) => {
                let name = ServerName::try_from(host.clone())
                    .map_err(|_| refuse("its host cannot stand in a certificate"))?;
                let mut config = ClientConfig::clone(config);
                config.alpn_protocols = vec![b"http/1.1".to_vec()];
                Some((Arc::new(config), name))
            }
            None => None,
        };
        let port = url.port().unwrap_or(usual_port);
        Ok(Self {
            endpoint: Endpoint::of(&host, port, &[]),
            url: shown,
            tls,
            protocol,
        })
    }

    /// Writes requests for the http server at `base`, if the proxy passes them on.
    pub(super) fn forward(&self, base: &Url) -> Option<Forward> {
        match &self.protocol {
            Protocol::Http { credentials } => Some(Forward::new(base, credentials.as_deref())),
            Protocol::Socks { .. } => None,
        }
    }

    /// Returns true if the names of servers are looked up by the proxy.
    pub(super) fn resolves(&self) -> bool {
        match self.protocol {
            Protocol::Http { .. } => true,
            Protocol::Socks { resolves, .. } => resolves,
        }
    }

    /// Makes a connection to the proxy one to `end`.
    ///
    /// # Errors
    /// When the proxy does not make it one; the message names the proxy.
    pub(super) async fn tunnel(&self, stream: Stream, end: &Endpoint) -> Result<Stream, Failure> {
        let opened = match &self.protocol {
            Protocol::Http { credentials } => {
                tunnel::open(stream, end, credentials.as_deref()).await
            }
            Protocol::Socks { login, .. } => socks::open(stream, end, login.as_ref()).await,
        };
        opened.map_err(|failure| self.named(failure))
    }

    /// A failure whose message names the proxy.
    pub(super) fn named(&self, failure: Failure) -> Failure {
        match failure.detail {
            Detail::Shortage(..) => failure,
            detail => Failure::text(failure.class, format!("the proxy {}: {detail}", self.url)),
        }
    }
}

impl Protocol {
    fn http(url: &Url) -> Self {
        Self::Http {
            credentials: basic(url),
        }
    }

    fn socks(url: &Url, resolves: bool) -> Self {
        let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let login = (!url.username().is_empty() || url.password().is_some()).then(|| {
            let password = url.password().unwrap_or_default();
            (decode(url.username()), decode(password))
        });
        Self::Socks { login, resolves }
    }
}
