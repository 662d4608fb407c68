//! What the full client needs of a population: how its clients are made, and its requests.

use super::{
    jar::Jar,
    names::Names,
    probe::{Probe, Resolver, Timing},
};
use loadgen_core::time::Clock;
use loadgen_plan::http::{Http2, Settings};
use reqwest::{Client, Proxy, redirect};
use rustls::ClientConfig;
use std::sync::Arc;

/// A population's part, the same for all workers.
#[derive(Debug)]
pub(in crate::http) struct FullSetup {
    pub settings: Settings,
    /// None when nothing is asked by https.
    tls: Option<Arc<ClientConfig>>,
    proxy: Option<Proxy>,
}

impl FullSetup {
    /// # Errors
    /// In words, when no client can be made.
    pub(in crate::http) fn new(
        settings: &Settings,
        tls: Option<Arc<ClientConfig>>,
    ) -> Result<Self, String> {
        let proxy = settings.proxy.as_ref().map(|url| Proxy::all(url.clone()));
        let setup = Self {
            settings: settings.clone(),
            tls,
            proxy: proxy.transpose().map_err(words)?,
        };
        // Whatever is wrong is wrong for every user.
        let probe = Arc::new(Probe::new(Clock::start()));
        setup.client(&probe, &Arc::default(), None)?;
        Ok(setup)
    }

    /// A client of one user, which shares with others what can be shared: trust and addresses.
    pub(super) fn client(
        &self,
        probe: &Arc<Probe>,
        names: &Arc<Names>,
        jar: Option<Arc<Jar>>,
    ) -> Result<Client, String> {
        let resolver = Resolver {
            names: Arc::clone(names),
            probe: Arc::clone(probe),
        };
        let mut builder = Client::builder()
            .connect_timeout(self.settings.connect_timeout)
            .connector_layer(Timing(Arc::clone(probe)))
            .dns_resolver(Arc::new(resolver))
            // A user has one request under way, so more than one connection to a server is none
            // of its own; the server says when it has had enough of it.
            .pool_max_idle_per_host(1)
            .pool_idle_timeout(None)
            // They are followed by the driver, which knows what another server may not be told.
            .redirect(redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            // The environment's proxies are not the scenario's.
            .no_proxy();
        if let Some(proxy) = &self.proxy {
            builder = builder.proxy(proxy.clone());
        }
        if let Some(tls) = &self.tls {
            builder = builder.tls_backend_preconfigured(ClientConfig::clone(tls));
        }
        if let Some(jar) = jar {
            builder = builder.cookie_provider(jar);
        }
        builder = match self.settings.http2 {
            None => builder.http1_only(),
            Some(Http2::Negotiate) => builder,
            Some(Http2::Require) => builder.http2_prior_knowledge(),
        };
        builder.build().map_err(words)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is used to map errors")]
fn words(error: reqwest::Error) -> String {
    use std::error::Error;
    error
        .source()
        .map_or_else(|| error.to_string(), ToString::to_string)
}
