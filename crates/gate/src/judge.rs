//! Thresholds while the run goes on, and when it is over.

use super::{
    Verdict,
    doubt::{self, Windows},
    evidence::{Tally, observe, times},
    window::Window,
};
use loadgen_core::{
    human,
    time::{Nanos, SECOND, nanos},
};
use loadgen_plan::{
    Label, Threshold,
    threshold::{Metric, Scope},
};
use loadgen_record::{Parts, RunTotals, Snapshot, UserTime, View};

/// Judges thresholds once a second and at the end.
///
/// A threshold without a window is decided by the whole run. One with a window must hold in every
/// window of that length, from `after` on; its verdict is the worst window's. A window in which
/// nothing was due and nothing under way is passed over. Once no further run starts, rates and
/// counts sink and silence is natural, so windows that end later are judged only by times, errors
/// and the like, where they have samples.
///
/// An `abort` threshold that fails once has failed, whatever comes after.
#[derive(Debug)]
pub struct Judge {
    standings: Vec<Standing>,
    /// Labels of the plan's steps.
    labels: Vec<Label>,
    load_end: Option<Nanos>,
    /// End of the warm-up.
    warmup: Nanos,
    aborted: bool,
}

#[derive(Debug)]
struct Standing {
    threshold: Threshold,
    window: Option<Window>,
    /// Its windows so far without lateness.
    punctual: Windows,
    now: Option<Verdict>,
    /// Cannot get better any more: the worst window, or what ended the run.
    kept: Option<Verdict>,
}

impl Judge {
    /// For the thresholds and the steps of a plan.
    pub fn new(thresholds: &[Threshold], steps: &[Label]) -> Self {
        Self {
            standings: thresholds.iter().cloned().map(Standing::new).collect(),
            labels: steps.to_vec(),
            load_end: None,
            warmup: 0,
            aborted: false,
        }
    }

    /// For a run whose warm-up ends then: nothing is judged before.
    pub fn with_warmup(mut self, end: Nanos) -> Self {
        self.warmup = end;
        self
    }

    /// Notes that no run starts after `at`: the planned end, an interrupt or an abort. The
    /// earliest counts.
    pub fn load_ends(&mut self, at: Nanos) {
        self.load_end = Some(self.load_end.map_or(at, |end| end.min(at)));
    }

    /// Takes the next second, with the totals up to its end. Returns the index of the `abort`
    /// threshold that has just failed, if the run is to be ended for it; that is said only once.
    pub fn update(&mut self, snapshot: &Snapshot, totals: &RunTotals) -> Option<usize> {
        if self.standings.is_empty() || snapshot.warmup {
            return None;
        }
        let end = (snapshot.second + 1) * SECOND;
        let ending = self.load_end.is_some_and(|load_end| end > load_end);
        // People count from the end of the warm-up.
        let passed = end.saturating_sub(self.warmup);
        let mut latest = Views::new(&self.labels, snapshot.parts());
        let mut whole = Views::new(&self.labels, totals.parts());
        let mut abort = None;
        for (index, standing) in self.standings.iter_mut().enumerate() {
            let scope = standing.threshold.scope;
            let early = end < self.warmup.saturating_add(nanos(standing.threshold.after));
            let failed = match standing.window {
                Some(_) => {
                    let users = totals.user_time_of(scope, &snapshot.user_time);
                    standing.slide(latest.of(scope), users, passed, early, ending)
                }
                None if early => false,
                None => standing.watch(whole.of(scope), totals, passed, ending),
            };
            if failed && standing.threshold.abort && !ending && abort.is_none() {
                abort = Some(index);
            }
        }
        if self.aborted {
            return None;
        }
        self.aborted = abort.is_some();
        abort
    }

    /// Returns the state of each threshold, by index; None for those that cannot be judged yet.
    pub fn standings(&self) -> Vec<Option<Verdict>> {
        self.standings
            .iter()
            .map(|standing| match &standing.kept {
                Some(kept) if !kept.ok => Some(kept.clone()),
                _ => standing.now.clone(),
            })
            .collect()
    }

    /// Returns the verdict on each threshold, by index, given the totals of the whole run.
    pub fn verdicts(&self, totals: &RunTotals) -> Vec<Verdict> {
        let mut whole = Views::new(&self.labels, totals.parts());
        self.standings
            .iter()
            .map(|standing| {
                let scope = standing.threshold.scope;
                let kept = standing.finished(totals.lag.max().unwrap_or_default());
                kept.unwrap_or_else(|| standing.conclude(whole.of(scope), totals))
            })
            .collect()
    }
}

impl Standing {
    fn new(threshold: Threshold) -> Self {
        Self {
            window: threshold.window.map(Window::new),
            punctual: Windows::default(),
            threshold,
            now: None,
            kept: None,
        }
    }

    /// Judges the window that ends now. Returns whether it failed.
    fn slide(
        &mut self,
        view: &View,
        users: UserTime,
        end: Nanos,
        early: bool,
        ending: bool,
    ) -> bool {
        let threshold = &self.threshold;
        let Some(window) = &mut self.window else {
            return false;
        };
        window.push(threshold.metric, view, users);
        let sinks = matches!(threshold.metric, Metric::Rate | Metric::Count);
        if !window.is_full() || !window.is_busy() || early || ending && sinks {
            return false;
        }
        let mut verdict = Verdict::of(
            threshold,
            observe(
                threshold.metric,
                window.tally(),
                window.times(),
                window.seconds(),
            ),
        );
        if ending && verdict.observed.is_none() {
            return false;
        }
        self.punctual.add(threshold, window, &verdict);
        let failed = !verdict.ok;
        self.now = Some(verdict.clone());
        if self
            .kept
            .as_ref()
            .is_none_or(|kept| verdict.is_worse_than(kept, threshold))
        {
            let index = format!(
                "worst {} window, from {} to {}",
                human::length(window.seconds()),
                human::length(end as f64 / SECOND as f64 - window.seconds()),
                human::length(end as f64 / SECOND as f64),
            );
            verdict.note = Some(match verdict.note {
                Some(note) => format!("{note} ({index})"),
                None => index,
            });
            self.kept = Some(verdict);
        }
        failed
    }

    /// Judges the run so far. Returns whether it failed; having no samples yet is no failure.
    fn watch(&mut self, view: &View, totals: &RunTotals, end: Nanos, ending: bool) -> bool {
        let verdict = self.whole(view, totals);
        let failed = !verdict.ok && verdict.observed.is_some();
        if failed && self.threshold.abort && !ending && self.kept.is_none() {
            let at = human::length(end as f64 / SECOND as f64);
            self.kept = Some(Verdict {
                note: Some(format!("ended the run at {at}")),
                ..verdict.clone()
            });
        }
        self.now = Some(verdict);
        failed
    }

    /// The verdict that cannot get better any more, given the longest lag of the run.
    fn finished(&self, longest: Nanos) -> Option<Verdict> {
        let mut kept = self.kept.clone()?;
        if self.window.is_some() {
            kept.doubtful = self.punctual.is_doubtful(&self.threshold, kept.ok, longest);
        }
        Some(kept)
    }

    /// Judges the whole run, when nothing before has decided.
    fn conclude(&self, view: &View, totals: &RunTotals) -> Verdict {
        let mut verdict = self.whole(view, totals);
        if self.window.is_some() && verdict.observed.is_some() {
            verdict.note = Some("no full window could be judged: this is the whole run".into());
        }
        verdict
    }

    fn whole(&self, view: &View, totals: &RunTotals) -> Verdict {
        let Threshold { metric, scope, .. } = self.threshold;
        let times = times(metric, view).unwrap_or_default();
        let seconds = totals.seconds_of(scope);
        let observation = observe(metric, &Tally::of(metric, view), &times, seconds);
        let mut verdict = Verdict::of(&self.threshold, observation);
        verdict.doubtful = doubt::of_run(&self.threshold, &verdict, view, totals);
        verdict
    }
}

/// Views of one set of measures, each made when first asked for.
struct Views<'a> {
    labels: &'a [Label],
    parts: Parts<'a>,
    made: Vec<(Scope, View)>,
}

impl<'a> Views<'a> {
    fn new(labels: &'a [Label], parts: Parts<'a>) -> Self {
        Self {
            labels,
            parts,
            made: Vec::new(),
        }
    }

    fn of(&mut self, scope: Scope) -> &View {
        let index = match self.made.iter().position(|(made, _)| *made == scope) {
            Some(index) => index,
            None => {
                let view = View::of(scope, self.labels, self.parts);
                self.made.push((scope, view));
                self.made.len() - 1
            }
        };
        &self.made[index].1
    }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
