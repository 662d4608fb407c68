//! Destination of a step's request: the session's server, another one, or a URL that is filled in.

use super::{
    HttpDriver, Session, address::is_same_server, codec::Memo, peer::Peer, request::Request,
};
use crate::{ErrorClass, Failure};
use loadgen_data::Value;
use loadgen_plan::{
    HttpStep,
    http::Elsewhere,
    written::{cut, redact_query},
};
use std::cell::RefCell;
use url::{ParseError, Url};

/// Destination of a step's request, and the request as it is sent there.
pub(super) struct Destination<'d> {
    pub peer: Peer<'d>,
    pub request: &'d Request,
    /// Of earlier responses to the request.
    pub memo: &'d RefCell<Memo>,
    /// The URL, where it was filled in.
    pub url: Option<Box<Url>>,
}

impl HttpDriver {
    /// The destination of a step, which stands at its index in the plan.
    ///
    /// # Errors
    /// When a URL that is filled in is none that a request can go to.
    pub(super) fn destination(
        &self,
        session: &Session,
        (index, http): (usize, &HttpStep),
        values: &[Value],
    ) -> Result<Destination<'_>, Failure> {
        let (population, server) = (session.population, session.server);
        let (requests, memos) = (&self.setup.requests[index], &self.memos[index]);
        let servers = &self.setup.servers[population];
        let Some(elsewhere) = &http.elsewhere else {
            let addresses = &self.addresses[population][server];
            return Ok(Destination {
                peer: Peer::Own(&servers[server], addresses),
                request: &requests[server],
                memo: &memos[server],
                url: None,
            });
        };
        let filled = match &elsewhere.server {
            Some(_) => None,
            None => {
                let own = servers.get(server).map(|server| &server.base);
                Some(Box::new(filled(http, elsewhere, own, values)?))
            }
        };
        let url = filled.as_deref().or(elsewhere.server.as_ref());
        let url = url.ok_or_else(|| refused("is missing"))?;
        let is_own = servers.iter().any(|own| is_same_server(&own.base, url));
        let variant = Request::variant(is_own);
        Ok(Destination {
            peer: self.peer(session, url)?,
            request: &requests[variant],
            memo: &memos[variant],
            url: filled,
        })
    }

    /// The method and URL of a step's request as they may be shown.
    pub(super) fn shown(
        &self,
        session: &Session,
        step: (usize, &HttpStep),
        values: &[Value],
    ) -> String {
        let (_, http) = step;
        let url = match self.destination(session, step, values) {
            // A URL that is none.
            Err(_) => http.written.path.clone(),
            Ok(Destination { url: Some(url), .. }) => redact_query(url.as_str()),
            Ok(to) => {
                let server = to.peer.server().base.as_str();
                let mut url = server.trim_end_matches('/').as_bytes().to_vec();
                http.path.render(values, &mut url);
                redact_query(&String::from_utf8_lossy(&url))
            }
        };
        format!("{} {}", http.method, cut(&url))
    }
}

fn refused(why: &str) -> Failure {
    Failure::text(ErrorClass::Other, format!("not sent: the URL {why}"))
}

/// The URL that a step's text becomes with these values; a relative one starts from the session's
/// `own` server. Messages have nothing of it, because it may be a secret.
fn filled(
    http: &HttpStep,
    elsewhere: &Elsewhere,
    own: Option<&Url>,
    values: &[Value],
) -> Result<Url, Failure> {
    let mut text = Vec::new();
    http.path.render(values, &mut text);
    let text = String::from_utf8(text).map_err(|_| refused("is not UTF-8"))?;
    if text.is_empty() {
        return Err(refused("is empty"));
    }
    // The parser would leave them out.
    if let Some(bad) = text.chars().find(|c| c.is_whitespace() || c.is_control()) {
        return Err(refused(&format!("has the character {bad:?}")));
    }
    let parsed = match Url::parse(&text) {
        Err(ParseError::RelativeUrlWithoutBase) => {
            let own = own.ok_or_else(|| refused("is relative, and there is no target"))?;
            own.join(&elsewhere.base).and_then(|base| base.join(&text))
        }
        parsed => parsed,
    };
    let mut url = parsed.map_err(|error| refused(&format!("cannot be used: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refused("is neither http nor https"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused("has a user in it; `basic` has a place for one"));
    }
    url.set_fragment(None);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::tests::step;
    use http::Method;
    use loadgen_data::{Escape, Template, template::Part};

    fn filled_with(value: &str, base: &str) -> Result<String, String> {
        let mut http = step(Method::GET, "");
        http.path = Template::new([Part::Variable(0, Escape::None)]);
        let elsewhere = Elsewhere {
            server: None,
            base: base.to_owned(),
            confidential: Vec::new(),
        };
        let own = Url::parse("http://h:81/").unwrap();
        let values = [Value::Text(value.into())];
        filled(&http, &elsewhere, Some(&own), &values)
            .map(String::from)
            .map_err(|failure| failure.detail.to_string())
    }

    #[test]
    fn a_url_is_taken_as_it_is_and_a_relative_one_starts_from_the_target() {
        for (value, base, url) in [
            (
                "/items?page=2&per=10#top",
                "/",
                "http://h:81/items?page=2&per=10",
            ),
            ("next/2", "/", "http://h:81/next/2"),
            ("next/2", "/api/", "http://h:81/api/next/2"),
            ("/next", "/api/", "http://h:81/next"),
            ("?page=2", "/api/", "http://h:81/api/?page=2"),
            ("//other/x", "/", "http://other/x"),
            ("https://other:8443/a%2Fb", "/", "https://other:8443/a%2Fb"),
            ("HTTP://H:81/x", "/", "http://h:81/x"),
            ("/\u{e9}", "/", "http://h:81/%C3%A9"),
        ] {
            assert_eq!(filled_with(value, base).as_deref(), Ok(url), "{value}");
        }
    }

    #[test]
    fn what_is_no_url_is_not_sent() {
        for (value, why) in [
            ("", "is empty"),
            ("/a b", "has the character ' '"),
            (" /a", "has the character ' '"),
            ("/a\r\nx: y", "has the character '\\r'"),
            ("/a\tb", "has the character '\\t'"),
            ("/a\u{7f}", "has the character '\\u{7f}'"),
            ("ftp://host/", "is neither http nor https"),
            ("localhost:80/", "is neither http nor https"),
            ("http://u:p@h/", "has a user in it"),
            ("http://", "cannot be used: empty host"),
            ("http://[x/", "cannot be used"),
        ] {
            let refused = filled_with(value, "/").unwrap_err();
            let expected = format!("not sent: the URL {why}");
            assert!(refused.starts_with(&expected), "{value:?}: {refused}");
        }
    }
}
