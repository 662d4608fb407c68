//! Requests and statements of verifications, before the load and after it.

use super::{CallSession, Caller, Databases};
use loadgen_data::Value;
use loadgen_gate::{self as gate, Verified};
use loadgen_plan::{
    Plan,
    verify::{Question, Verify},
};
use loadgen_record::Counts;
use std::{rc::Rc, sync::Arc, time::Duration};
use tokio::time::{Instant, sleep};

/// Between two times that the same is asked, when the answer may still come true.
const AGAIN: Duration = Duration::from_millis(500);

/// A plan's verifications.
pub struct Questions {
    plan: Arc<Plan>,
    caller: Rc<Caller>,
    databases: Databases,
    /// By verification; None: it asks a database.
    lines: Vec<Option<CallSession>>,
    /// By verification: the answer from before the load.
    before: Vec<Option<f64>>,
}

impl Questions {
    /// Nothing is asked yet.
    pub fn new(plan: &Arc<Plan>, caller: &Rc<Caller>, databases: Databases) -> Self {
        let verify = plan.background.verify.iter();
        let lines = verify.map(|verify| match &verify.question {
            Question::Http(call) => Some(caller.line(*call)),
            Question::Sql(_) => None,
        });
        Self {
            lines: lines.collect(),
            before: vec![None; plan.background.verify.len()],
            plan: Arc::clone(plan),
            caller: Rc::clone(caller),
            databases,
        }
    }

    /// Asks before the load. Gives a warning in words for each that has no answer yet and needs
    /// none.
    ///
    /// # Errors
    /// In words, when one has no answer and could not be judged without it.
    pub async fn before(&mut self) -> Result<Vec<String>, String> {
        let mut warnings = Vec::new();
        for index in 0..self.lines.len() {
            let answer = self.ask(index).await;
            let verify = &self.plan.background.verify[index];
            match answer {
                Ok(number) => self.before[index] = Some(number),
                Err(problem) => {
                    let text = format!("`{}` has no value before the load: {problem}", verify.name);
                    if verify.expect.needs_before() {
                        return Err(text);
                    }
                    warnings.push(text);
                }
            }
        }
        Ok(warnings)
    }

    /// Verifications that an interrupt kept from being asked after the run.
    pub fn unasked(&self) -> Vec<Verified> {
        let unasked = |before: &Option<f64>| Verified {
            ok: false,
            before: *before,
            value: None,
            message: "interrupted before there was a response".to_owned(),
        };
        self.before.iter().map(unasked).collect()
    }

    /// Asks after the run, again and again where the answer may still come true. Puts what became
    /// of each in the place of its [`Questions::unasked`]; may be given up at any time.
    pub async fn after(&mut self, counts: &Counts, judged: &mut [Verified]) {
        let began = Instant::now();
        let mut open: Vec<usize> = (0..judged.len()).collect();
        loop {
            let mut still = Vec::new();
            for index in open {
                let late = began.elapsed() >= self.plan.background.verify[index].within;
                let value = self.ask(index).await;
                let verify: &Verify = &self.plan.background.verify[index];
                judged[index] = gate::verify(verify, self.before[index], value, counts);
                if !judged[index].ok && !late {
                    still.push(index);
                }
            }
            if still.is_empty() {
                return;
            }
            open = still;
            sleep(AGAIN).await;
        }
    }

    async fn ask(&mut self, index: usize) -> Result<f64, String> {
        let question = &self.plan.background.verify[index].question;
        let value = match (question, &mut self.lines[index]) {
            (Question::Http(_), Some(line)) => {
                let answer = self.caller.ask(line).await;
                let answer = answer.map_err(|failure| failure.detail.to_string())?;
                answer.into_iter().next()
            }
            (Question::Http(_), None) => None,
            (Question::Sql(query), _) => {
                let rows = self.databases.rows(query).await?;
                let first = rows.into_iter().next().ok_or("no row")?;
                first.into_iter().next().map(|(_, value)| value)
            }
        };
        let value = value.unwrap_or(Value::Unset);
        number(&value).ok_or_else(|| match value {
            Value::Unset => "no value".to_owned(),
            value => {
                let mut text = Vec::new();
                value.write_text(&mut text);
                text.truncate(80);
                format!("`{}` is no number", text.escape_ascii())
            }
        })
    }
}

/// A value as a number, whatever it is written as; true is 1.
fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Bool(value) => f64::from(u8::from(*value)),
        Value::Text(text) => match text.trim() {
            "true" => 1.0,
            "false" => 0.0,
            text => text.parse().ok()?,
        },
        other => other.as_f64()?,
    };
    number.is_finite().then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_seen_in_whatever_form_they_come() {
        for (value, expected) in [
            (Value::Int(-7), Some(-7.0)),
            (Value::Float(0.5), Some(0.5)),
            (Value::Text(" 12.50\n".into()), Some(12.5)),
            (
                Value::Number("18446744073709551615".into()),
                Some(18_446_744_073_709_551_615.0),
            ),
            (Value::Bool(true), Some(1.0)),
            (Value::Text("false".into()), Some(0.0)),
            (Value::Text("many".into()), None),
            (Value::Text("inf".into()), None),
            (Value::Text("".into()), None),
            (Value::Json("[1]".into()), None),
            (Value::Unset, None),
        ] {
            assert_eq!(number(&value), expected, "{value:?}");
        }
    }
}
