//! Verifications: what was asked after the run, against what was acknowledged during it.

use loadgen_plan::verify::{Amount, Outcome, Sign, Subject, Truth, Verify};
use loadgen_record::counts::{Count, Counts};

/// Result of a verification.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified {
    /// True if it holds.
    pub ok: bool,
    /// The answer before the load, where one was given.
    pub before: Option<f64>,
    /// The answer after the run, where one was given.
    pub value: Option<f64>,
    /// The comparison in numbers, or why there is none.
    pub message: String,
}

/// Judges the answer after the run. `before` is the one from before the load.
pub fn verify(
    verify: &Verify,
    before: Option<f64>,
    value: Result<f64, String>,
    counts: &Counts,
) -> Verified {
    let (value, message) = match value {
        Ok(value) => (Some(value), String::new()),
        Err(problem) => (None, problem),
    };
    let mut verified = Verified {
        ok: false,
        before,
        value,
        message,
    };
    let Some(value) = value else {
        return verified;
    };
    let inputs = Inputs {
        verify,
        value,
        // Expectations that need the value from before always have it.
        before: before.unwrap_or(f64::NAN),
        counts,
    };
    let (ok, numbers) = inputs.truth(&verify.expect);
    let leaves = inputs.leaves();
    verified.ok = ok;
    verified.message = if ok {
        format!("{numbers} ({leaves})")
    } else {
        format!("{numbers} is not true ({leaves})")
    };
    verified
}

/// Numbers that an expectation may use.
struct Inputs<'a> {
    verify: &'a Verify,
    value: f64,
    before: f64,
    counts: &'a Counts,
}

impl Inputs<'_> {
    /// Returns true if it holds, and the condition with numbers in place of names.
    fn truth(&self, truth: &Truth) -> (bool, String) {
        match truth {
            Truth::Chain(first, rest) => {
                let mut left = self.amount(first);
                let mut text = shown(left);
                let mut holds = true;
                for (op, next) in rest {
                    let right = self.amount(next);
                    holds &= op.holds(left, right);
                    text.push_str(&format!(" {op} {}", shown(right)));
                    left = right;
                }
                (holds, text)
            }
            Truth::All(parts) => self.joined(parts, " and ", |held| held.iter().all(|held| *held)),
            Truth::Any(parts) => self.joined(parts, " or ", |held| held.iter().any(|held| *held)),
        }
    }

    fn joined(&self, parts: &[Truth], word: &str, holds: fn(&[bool]) -> bool) -> (bool, String) {
        let each = parts.iter().map(|part| {
            let (held, text) = self.truth(part);
            match part {
                Truth::Any(_) => (held, format!("({text})")),
                _ => (held, text),
            }
        });
        let (held, texts): (Vec<bool>, Vec<String>) = each.unzip();
        (holds(&held), texts.join(word))
    }

    /// Not a number where something is divided by zero; then no comparison holds.
    fn amount(&self, amount: &Amount) -> f64 {
        match amount {
            Amount::Number(number) => *number,
            Amount::Value => self.value,
            Amount::Before => self.before,
            Amount::Count(outcome, index) => self.count(*outcome, *index),
            Amount::Minus(of) => -self.amount(of),
            Amount::Both(left, sign, right) => {
                let (left, right) = (self.amount(left), self.amount(right));
                match sign {
                    Sign::Plus => left + right,
                    Sign::Minus => left - right,
                    Sign::Times => left * right,
                    Sign::By if right == 0.0 => f64::NAN,
                    Sign::By => left / right,
                }
            }
        }
    }

    fn count(&self, outcome: Outcome, index: usize) -> f64 {
        let subject = self.verify.subjects.get(index).map(|(_, subject)| *subject);
        let counted = match subject {
            Some(Subject::Task(task)) => self.counts.tasks.get(task),
            Some(Subject::Step(step)) => self.counts.steps.get(step),
            Some(Subject::Group(group)) => self.counts.groups.get(group),
            None => None,
        };
        let Count {
            ok,
            failed,
            unknown,
        } = counted.copied().unwrap_or_default();
        let number = match outcome {
            Outcome::Ok => ok,
            Outcome::Failed => failed,
            Outcome::Unknown => unknown,
            Outcome::Count => ok + failed,
        };
        number as f64
    }

    /// Lists all names with their numbers: `value 7, ok('buy') 5`.
    fn leaves(&self) -> String {
        let mut named: Vec<String> = Vec::new();
        for leaf in self.verify.expect.leaves() {
            let name = match leaf {
                Amount::Value => "value".to_owned(),
                Amount::Before => "before".to_owned(),
                Amount::Count(outcome, index) => {
                    let subject = self.verify.subjects.get(*index);
                    let name = subject.map_or("", |(name, _)| name);
                    format!("{outcome}('{name}')")
                }
                _ => continue,
            };
            let text = format!("{name} {}", shown(self.amount(leaf)));
            if !named.contains(&text) {
                named.push(text);
            }
        }
        named.join(", ")
    }
}

fn shown(number: f64) -> String {
    if number.is_nan() {
        return "(divided by zero)".to_owned();
    }
    // Twelve digits: 0.3 and not 0.30000000000000004.
    let short: f64 = format!("{number:.11e}").parse().unwrap_or(number);
    if short == 0.0 {
        return "0".to_owned();
    }
    short.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use loadgen_plan::verify::{Question, parse};
    use std::time::Duration;

    /// Returns the counts of a task `buy` and its step `buy/pay`.
    fn counts() -> Counts {
        let count = |ok, failed, unknown| Count {
            ok,
            failed,
            unknown,
        };
        Counts {
            tasks: vec![count(1000, 7, 2)],
            steps: vec![count(1003, 4, 1)],
            groups: Vec::new(),
        }
    }

    fn asked(expect: &str, before: Option<f64>, value: Result<f64, &str>) -> Verified {
        let parsed = parse(expect).unwrap();
        let subjects = parsed.names.into_iter().map(|(name, _)| {
            let subject = match name.as_str() {
                "buy" => Subject::Task(0),
                _ => Subject::Step(0),
            };
            (name, subject)
        });
        let question = Verify {
            name: "n".into(),
            question: Question::Http(0),
            expect: parsed.truth,
            written: expect.into(),
            subjects: subjects.collect(),
            within: Duration::ZERO,
        };
        verify(&question, before, value.map_err(str::to_owned), &counts())
    }

    #[test]
    fn what_was_acknowledged_is_held_against_the_answer() {
        let expect = "ok('buy') <= value - before <= ok('buy') + unknown('buy')";
        for (value, ok, message) in [
            (
                11_002.0,
                true,
                "1000 <= 1002 <= 1002 (ok('buy') 1000, value 11002, before 10000, unknown('buy') 2)",
            ),
            (
                10_999.0,
                false,
                "1000 <= 999 <= 1002 is not true \
                 (ok('buy') 1000, value 10999, before 10000, unknown('buy') 2)",
            ),
            (
                11_003.0,
                false,
                "1000 <= 1003 <= 1002 is not true \
                 (ok('buy') 1000, value 11003, before 10000, unknown('buy') 2)",
            ),
        ] {
            let verified = asked(expect, Some(10_000.0), Ok(value));
            assert_eq!((verified.ok, verified.message.as_str()), (ok, message));
            assert_eq!(verified.value, Some(value));
            assert_eq!(verified.before, Some(10_000.0));
        }
    }

    #[test]
    fn every_part_of_an_expectation_counts() {
        let holds = |expect: &str| asked(expect, Some(2.0), Ok(0.3)).ok;
        for expect in [
            "value == 0.3",
            "value != 3",
            "0 < value < 1 > before / 4",
            "count('buy') == 1007 and ok('buy/pay') == 1003",
            "failed('buy') - failed('buy/pay') == 3 and unknown('buy/pay') == 1",
            "value < 0 or before * -2 == -4",
            "(value < 0 or value > 0) and before >= 2",
            "1 + 2 * 3 - 4 / 2 == 5",
        ] {
            assert!(holds(expect), "{expect}");
        }
        for expect in [
            "value == 0.4",
            "0 < value < 0.1 < 1",
            "value > 0 and before < 0",
            "value < 0 or before < 0",
            "value / (before - 2) > 0",
            "value / (before - 2) < 0 or 1 != 1 / (before - 2)",
        ] {
            assert!(!holds(expect), "{expect}");
        }
        let message = asked("(1 > 2 or 2 > value) and 3 / 0 < value", None, Ok(0.3)).message;
        assert_eq!(
            message,
            "(1 > 2 or 2 > 0.3) and (divided by zero) < 0.3 is not true (value 0.3)"
        );
    }

    #[test]
    fn a_question_without_an_answer_does_not_hold() {
        let verified = asked("value == 0", None, Err("no row"));
        assert_eq!(
            verified,
            Verified {
                ok: false,
                before: None,
                value: None,
                message: "no row".into()
            }
        );
    }
}
