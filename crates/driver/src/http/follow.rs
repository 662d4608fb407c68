//! Follows redirects.

use super::{
    HttpDriver, Session,
    address::target_of,
    codec::Memo,
    deadline::Deadline,
    exchange::{Exchanged, Outgoing, Sending},
    expect::headers,
    measurement::Measurement,
    redirect::{self, Redirects},
    request::{Fill, Request},
};
use crate::{ErrorClass, Failure};
use std::cell::RefCell;
use url::Url;

/// A step's first request, and what goes on with it.
pub(super) struct Following<'a> {
    pub request: &'a Request,
    /// URL of the server that it was sent to.
    pub base: &'a Url,
    pub fill: Fill<'a>,
    pub deadline: &'a mut Deadline,
    pub measured: &'a mut Measurement,
}

impl HttpDriver {
    /// Goes where the response to the step's own request leads, and on, and takes the cookies of
    /// all responses.
    pub(super) async fn follow(
        &self,
        session: &mut Session,
        step: Following<'_>,
        mut exchanged: Exchanged,
    ) -> Result<Exchanged, Failure> {
        let policy = &self.setup.policies[session.population];
        let protocol = |words: String| Failure::text(ErrorClass::Protocol, words);
        // Rendered again, without the jar's cookies: each place gets its own.
        let mut original = self.buffers.lend();
        let sent = step.request.render(&step.fill, &mut original);
        let way = Redirects::of(sent, step.base, policy.redirects);
        let mut way = way.ok_or_else(|| protocol("a request that cannot be redirected".into()))?;
        let mut written = self.buffers.lend();
        // Those of responses that lead on.
        let mut set_cookies = Vec::new();
        let memo = RefCell::new(Memo::default());
        loop {
            let response = &exchanged.response;
            let site = redirect::site(way.url());
            let target = target_of(way.url()).as_bytes();
            if response.fields.cookies
                && let Some(user) = &mut session.user
            {
                user.keep_cookies(&response.head, site, target, self.clock);
            }
            let leads_on = way.follow(exchanged.status, location(&response.head));
            if !leads_on.map_err(protocol)? {
                break;
            }
            if step.request.looks.keeps_head {
                exchanged.response.set_cookies(&mut set_cookies);
            }
            exchanged.response.give_back(&self.buffers);
            let peer = self.peer(session, way.url())?;
            let (connection, jar) = peer.connection(session);
            way.write(jar, self.clock, &mut written);
            let sending = Sending {
                outgoing: Outgoing::Written(&written),
                looks: &step.request.looks,
                policy,
                memo: &memo,
                head: way.method() == http::Method::HEAD,
                idempotent: way.method().is_idempotent(),
                close: step.request.close,
                progress: None,
            };
            let (deadline, measured) = (&mut *step.deadline, &mut *step.measured);
            exchanged = self
                .exchange(connection, &sending, deadline, measured)
                .await?;
        }
        exchanged.response.insert_fields(&set_cookies);
        self.buffers.give_back(original);
        self.buffers.give_back(written);
        Ok(exchanged)
    }
}

fn location(head: &[u8]) -> Option<&[u8]> {
    let mut fields = headers(head);
    let found = fields.find(|(name, _)| name.eq_ignore_ascii_case("location"));
    found.map(|(_, value)| value)
}
