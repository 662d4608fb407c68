//! Makes the requests beside the load, by the same clients that drive.

use loadgen_core::time::Clock;
use loadgen_data::Value;
use loadgen_driver::{
    ErrorClass, Failure, KindDriver, Progress, Timers, Worker,
    http::{self, SetupError},
};
use loadgen_plan::{Plan, background::CallTarget};
use std::{slice, sync::Arc};
use url::Url;

/// Makes a plan's calls.
pub struct Caller {
    plan: Arc<Plan>,
    driver: http::HttpDriver,
    /// By call: to how many servers it goes.
    servers: Vec<usize>,
}

/// The connections of one call, kept from one time that it is made to the next.
pub struct CallSession {
    call: usize,
    sessions: Vec<http::Session>,
}

impl Caller {
    /// For the calls of a plan; `urls` is what each population drives. Connects nothing yet.
    ///
    /// # Errors
    /// When a server's URL or certificates cannot be used.
    pub fn new(plan: &Arc<Plan>, urls: &[Vec<Url>], clock: Clock) -> Result<Self, SetupError> {
        let targets: Vec<http::Target<'_>> = plan
            .background
            .calls
            .iter()
            .enumerate()
            .map(|(index, call)| {
                let population = call.server.population();
                http::Target {
                    settings: &plan.populations[population].http,
                    urls: match &call.server {
                        CallTarget::Target(_) => &urls[population],
                        CallTarget::Other(_, url) => slice::from_ref(url),
                    },
                    steps: vec![(index, &call.request)],
                }
            })
            .collect();
        let setup = Arc::new(http::Setup::new(&targets)?);
        let worker = Worker {
            clock,
            timers: Timers::default(),
            index: 0,
        };
        Ok(Self {
            servers: targets.iter().map(|target| target.urls.len()).collect(),
            driver: KindDriver::new(&worker, &setup),
            plan: Arc::clone(plan),
        })
    }

    /// Connections for the call at this index of the plan's calls; none is open yet.
    pub fn line(&self, call: usize) -> CallSession {
        // A call stands where a population would, which takes its servers in turn.
        let session = |server| self.driver.session(call, server as u64);
        CallSession {
            call,
            sessions: (0..self.servers[call]).map(session).collect(),
        }
    }

    /// Makes a call on every server that it goes to, one after the other. Gives what it extracted,
    /// by server.
    ///
    /// # Errors
    /// In words, when it fails on one of them.
    pub async fn call(&self, line: &mut CallSession) -> Result<Vec<Vec<Value>>, String> {
        let several = line.sessions.len() > 1;
        let mut extracted = Vec::new();
        for server in 0..line.sessions.len() {
            let values = self.one(line, server).await;
            extracted.push(values.map_err(|failure| match several {
                true => format!("server {}: {}", server + 1, failure.detail),
                false => failure.detail.to_string(),
            })?);
        }
        Ok(extracted)
    }

    /// Makes a call on the first server that it goes to.
    ///
    /// # Errors
    /// When it fails.
    pub async fn ask(&self, line: &mut CallSession) -> Result<Vec<Value>, Failure> {
        self.one(line, 0).await
    }

    async fn one(&self, line: &mut CallSession, server: usize) -> Result<Vec<Value>, Failure> {
        let request = &self.plan.background.calls[line.call].request;
        let Some(session) = line.sessions.get_mut(server) else {
            let words = "there is no server to ask";
            return Err(Failure::text(ErrorClass::Other, words));
        };
        let mut values = vec![Value::Unset; request.extract.len()];
        let progress = Progress::default();
        let step = (line.call, request);
        let done = self
            .driver
            .execute(session, 0, step, &mut values, &progress);
        match done.await.failure {
            None => Ok(values),
            Some(failure) => Err(failure),
        }
    }
}
