//! The way of a task run through its program: what it does next, and which groups it is in.

use super::{draws::Draws, frame::Frame};
use loadgen_plan::{Group, Op, Step, Task};
use loadgen_record::Start;

/// Position of a run in its program.
#[derive(Debug, Default)]
pub struct Walk {
    next: usize,
    /// The outermost group first; memory that is used again by the next run.
    frames: Vec<Frame>,
}

/// Next operation of a run.
pub enum NextOperation<'t> {
    /// A step to be done.
    Step(&'t Step),
    /// The end of a repetition of the group with this index.
    Left(usize, Start),
}

/// Begins a repetition; tells how often it may be begun anew.
fn begin(group: &Group, draws: &mut Draws) -> u32 {
    let tries = group
        .transaction
        .map_or(1, |transaction| transaction.max_tries.get());
    if tries > 1 {
        draws.save();
    }
    tries - 1
}

impl Walk {
    /// A walk from the start, in the memory of one before.
    pub fn new(mut frames: Vec<Frame>) -> Self {
        frames.clear();
        Self { next: 0, frames }
    }

    /// Gives the memory back.
    pub fn into_frames(self) -> Vec<Frame> {
        self.frames
    }

    /// Goes on; None at the end of the program.
    pub fn advance<'t>(&mut self, task: &'t Task, draws: &mut Draws) -> Option<NextOperation<'t>> {
        loop {
            let op = task.program.get(self.next)?;
            self.next += 1;
            match *op {
                Op::Step(index) => return task.steps.get(index).map(NextOperation::Step),
                Op::Enter(index) => {
                    let group = task.groups.get(index)?;
                    let (least, most) = group.repeat;
                    self.frames.push(Frame {
                        group: index,
                        left: draws.count(least, most).saturating_sub(1),
                        since: None,
                        lag: 0,
                        tries: begin(group, draws),
                    });
                }
                Op::Leave(index) => {
                    let group = task.groups.get(index)?;
                    if let Some((measured, since)) = self.leave(group, draws) {
                        return Some(NextOperation::Left(measured, since));
                    }
                }
            }
        }
    }

    /// Ends a repetition. Returns the group's index and when it began, if that is to be told.
    fn leave(&mut self, group: &Group, draws: &mut Draws) -> Option<(usize, Start)> {
        let mut frame = self.frames.pop()?;
        let told = group.index.zip(frame.start());
        if group.transaction.is_some() {
            draws.forget();
        }
        if frame.left > 0 {
            frame.left -= 1;
            frame.since = None;
            frame.lag = 0;
            frame.tries = begin(group, draws);
            self.frames.push(frame);
            self.next = group.enter + 1;
        }
        told
    }

    /// Goes back to the start of the transaction that the run is in, if it may be tried again.
    pub fn retry(&mut self, task: &Task) -> bool {
        let Some((depth, group)) = self.transaction(task) else {
            return false;
        };
        let frame = &mut self.frames[depth];
        let again = frame.tries > 0;
        if again {
            frame.tries -= 1;
            self.frames.truncate(depth + 1);
            self.next = group.enter + 1;
        }
        again
    }

    /// Returns true if the run is in a transaction.
    pub fn is_in_transaction(&self, task: &Task) -> bool {
        self.transaction(task).is_some()
    }

    /// The transaction that the run is in, and how deep.
    fn transaction<'t>(&self, task: &'t Task) -> Option<(usize, &'t Group)> {
        let frames = self.frames.iter().enumerate();
        let groups =
            frames.filter_map(|(depth, frame)| Some((depth, task.groups.get(frame.group)?)));
        groups.rev().find(|(_, group)| group.transaction.is_some())
    }

    /// Notes the start of a step, and calls `begun` with each named group that begins with it.
    pub fn begin(&mut self, task: &Task, start: Start, mut begun: impl FnMut(usize)) {
        for frame in &mut self.frames {
            frame.lag += start.lag;
            if frame.since.is_none() {
                frame.since = Some(start.intended);
                if let Some(index) = task.groups.get(frame.group).and_then(|group| group.index) {
                    begun(index);
                }
            }
        }
    }

    /// The named groups that the run is in and a step of which has begun, with their starts.
    pub fn open(&self, task: &Task) -> impl Iterator<Item = (usize, Start)> {
        self.frames.iter().filter_map(|frame| {
            let index = task.groups.get(frame.group)?.index?;
            Some((index, frame.start()?))
        })
    }
}
