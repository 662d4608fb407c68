//! Steps that a program of its own does.

mod step;

use super::{ErrorClass, Failure, Outcome, Progress};
use loadgen_core::time::{Clock, Nanos, nanos};
use loadgen_data::Value;
use loadgen_plan::CustomStep;
use std::{future::ready, time::Duration};

/// Executes a program's own steps, the scenario's `custom` ones. Each worker thread has a clone,
/// which serves all of its users.
pub trait Custom: Clone + Send + Sync + 'static {
    /// State that a user keeps from one step to the next: its connection. It never leaves its
    /// thread.
    type Session: 'static;

    /// A session for the user or slot of this number, over all workers; connects nothing yet.
    fn session(&self, index: u64) -> Self::Session;

    /// Does one step to its end. What it takes too long for is given up, and the session with it;
    /// it also ends by a failure that is no response of the other side ([`ErrorClass::is_answer`]).
    ///
    /// # Errors
    /// When the step failed; `?` makes a failure of an I/O error.
    fn call(
        &self,
        session: &mut Self::Session,
        call: &mut Call<'_>,
    ) -> impl Future<Output = Result<(), Failure>>;

    /// Checks before the run that the other side is there.
    ///
    /// # Errors
    /// In words, when it is not: the run ends with exit code 97.
    fn ready(&self) -> impl Future<Output = Result<(), String>> {
        ready(Ok(()))
    }
}

/// A step that is to be done, and what is measured of it.
#[derive(Debug)]
pub struct Call<'a> {
    clock: Clock,
    progress: &'a Progress,
    step: &'a CustomStep,
    text: &'a [u8],
    values: &'a mut [Value],
    connect: Option<Nanos>,
    first_byte_at: Option<Nanos>,
    bytes: (u64, u64),
    extracted: bool,
}

impl<'a> Call<'a> {
    /// Text of the scenario with its variables filled in.
    pub fn text(&self) -> &'a [u8] {
        self.text
    }

    /// A connection was opened for it, in this time; it counts as a part of the response time.
    pub fn connected(&mut self, took: Duration) {
        self.connect = Some(nanos(took));
    }

    /// The first byte is about to be sent: the service time begins.
    pub fn sending(&mut self) {
        self.progress.sent(self.clock.now());
    }

    /// The first byte of the response is there: the time to first byte ends. Only the first call
    /// counts; without any, that time is not measured.
    pub fn first_byte(&mut self) {
        let clock = self.clock;
        self.first_byte_at.get_or_insert_with(|| clock.now());
    }

    /// So many bytes were sent, and so many received; adds up.
    pub fn moved(&mut self, sent: u64, received: u64) {
        self.bytes.0 += sent;
        self.bytes.1 += received;
    }

    /// Fills in what the scenario's `extract` asks for: `find` has the value of each place in the
    /// answer that it names.
    ///
    /// # Errors
    /// When there is no such place.
    pub fn extract(&mut self, find: impl Fn(&str) -> Option<Value>) -> Result<(), Failure> {
        for extract in &self.step.extract {
            let found = find(&extract.source).ok_or_else(|| {
                let words = format!("no {}: nothing at `{}`", extract.name, extract.source);
                Failure::text(ErrorClass::Expectation, words)
            })?;
            if let Some(value) = self.values.get_mut(extract.variable) {
                *value = found;
            }
        }
        self.extracted = true;
        Ok(())
    }
}

/// Nothing: loadgen as it comes.
#[derive(Debug, Clone, Copy)]
pub struct NoCustom;

impl Custom for NoCustom {
    type Session = ();

    fn session(&self, _index: u64) {}

    async fn call(&self, _session: &mut (), _call: &mut Call<'_>) -> Result<(), Failure> {
        // No plan has such a step then.
        Err(Failure::text(ErrorClass::Other, "nobody can do this step"))
    }
}

/// Drives the `custom` steps of one worker's users.
#[derive(Debug)]
pub struct CustomDriver<C> {
    clock: Clock,
    custom: C,
}

/// State of a user.
#[derive(Debug)]
pub struct Session<S> {
    index: u64,
    /// None before the first step, and when nobody knows what state it is in.
    own: Option<S>,
    text: Vec<u8>,
}

impl<C: Custom> CustomDriver<C> {
    /// The driver of one worker.
    fn of(clock: Clock, custom: C) -> Self {
        Self { clock, custom }
    }

    /// A session for the user or slot number `index`.
    fn begin(&self, index: u64) -> Session<C::Session> {
        Session {
            index,
            own: None,
            text: Vec::new(),
        }
    }

    /// Does a step within its time.
    async fn step(
        &self,
        session: &mut Session<C::Session>,
        step: &CustomStep,
        values: &mut [Value],
        progress: &Progress,
    ) -> Outcome {
        session.text.clear();
        step.text.render(values, &mut session.text);
        // It is gone when this future is dropped half way.
        let own = session.own.take();
        let mut own = own.unwrap_or_else(|| self.custom.session(session.index));
        let mut call = Call {
            clock: self.clock,
            progress,
            step,
            text: &session.text,
            values,
            connect: None,
            first_byte_at: None,
            bytes: (0, 0),
            extracted: step.extract.is_empty(),
        };
        let began = self.clock.now();
        let done = tokio::time::timeout(step.timeout, self.custom.call(&mut own, &mut call)).await;
        let failure = match done {
            Ok(Ok(())) if !call.extracted => Some(Failure::text(
                ErrorClass::Expectation,
                "nothing was extracted from the response",
            )),
            Ok(done) => done.err(),
            Err(_) => Some(Failure::timeout("no complete answer", step.timeout)),
        };
        let answered = failure.as_ref().is_none_or(|f| f.class.is_answer());
        let (connect, first_byte_at, bytes) = (call.connect, call.first_byte_at, call.bytes);
        if answered {
            session.own = Some(own);
        }
        let sent_at = progress.sent_at();
        Outcome {
            // A program that says nothing of it has sent it at once.
            sent_at: sent_at.or_else(|| failure.is_none().then_some(began)),
            first_byte_at,
            ended_at: self.clock.now(),
            connect,
            unknown: sent_at.is_some() && !answered,
            missed: if failure.is_none() { 0 } else { u64::MAX },
            failure,
            bytes_sent: bytes.0,
            bytes_received: bytes.1,
            ..Outcome::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loadgen_data::Template;
    use loadgen_plan::custom::Extract;

    /// Answers by what it is told to do, and counts the steps of its session.
    #[derive(Clone)]
    struct Echo;

    impl Custom for Echo {
        type Session = i64;

        fn session(&self, index: u64) -> i64 {
            index as i64 * 100
        }

        async fn call(&self, session: &mut i64, call: &mut Call<'_>) -> Result<(), Failure> {
            *session += 1;
            let count = *session;
            call.connected(Duration::from_micros(7));
            tokio::time::sleep(Duration::from_millis(10)).await;
            if call.text() != b"quiet" {
                call.sending();
            }
            call.moved(2, 0);
            tokio::time::sleep(Duration::from_millis(3)).await;
            if call.text() != b"quiet" {
                call.first_byte();
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
            call.first_byte();
            call.moved(1, 40);
            match call.text() {
                b"refused" => Err(Failure::text(ErrorClass::Constraint, "no")),
                b"lost" => Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))?,
                b"slow" => std::future::pending().await,
                b"silent" => Ok(()),
                _ => call.extract(|source| (source == "count").then_some(Value::Int(count))),
            }
        }
    }

    async fn done(session: &mut Session<i64>, text: &str, source: &str) -> (Outcome, Value) {
        let step = CustomStep {
            text: Template::literal(text.as_bytes()),
            extract: vec![Extract {
                name: "n".into(),
                source: source.into(),
                variable: 1,
            }],
            timeout: Duration::from_secs(1),
            written: String::new(),
        };
        let mut values = [Value::Unset, Value::Unset];
        let driver = CustomDriver::of(Clock::of_runtime(), Echo);
        let progress = Progress::default();
        let outcome = driver.step(session, &step, &mut values, &progress).await;
        let [_, value] = values;
        (outcome, value)
    }

    #[tokio::test(start_paused = true)]
    async fn a_step_is_measured_from_what_its_program_says() {
        const MS: Nanos = 1_000_000;
        let mut session = CustomDriver::of(Clock::of_runtime(), Echo).begin(3);
        let (outcome, value) = done(&mut session, "ask", "count").await;
        assert!(outcome.failure.is_none() && !outcome.unknown);
        assert_eq!(value, Value::Int(301));
        assert_eq!(outcome.sent_at, Some(10 * MS));
        assert_eq!(outcome.ttfb(), Some(3 * MS));
        assert_eq!(outcome.ended_at, 15 * MS);
        assert_eq!(outcome.connect, Some(7_000));
        assert_eq!((outcome.bytes_sent, outcome.bytes_received), (3, 40));
        let (outcome, _) = done(&mut session, "quiet", "count").await;
        assert_eq!(outcome.sent_at, Some(0));
        assert_eq!(outcome.ttfb(), Some(15 * MS));
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_outlives_answers_and_nothing_else() {
        let mut session = CustomDriver::of(Clock::of_runtime(), Echo).begin(0);
        let class = |outcome: &Outcome| outcome.failure.as_ref().map(|failure| failure.class);
        for (text, source, expected, unknown, next) in [
            ("refused", "count", ErrorClass::Constraint, false, 2),
            ("ask", "other", ErrorClass::Expectation, false, 4),
            ("silent", "count", ErrorClass::Expectation, false, 6),
            ("lost", "count", ErrorClass::Reset, true, 1),
            ("slow", "count", ErrorClass::Timeout, true, 1),
        ] {
            let (outcome, value) = done(&mut session, text, source).await;
            assert_eq!(class(&outcome), Some(expected), "{text}");
            assert_eq!((outcome.unknown, value), (unknown, Value::Unset), "{text}");
            let (outcome, value) = done(&mut session, "ask", "count").await;
            assert_eq!((class(&outcome), value), (None, Value::Int(next)), "{text}");
        }
    }
}
