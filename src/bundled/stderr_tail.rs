//! Tail of a child process's standard error.

use crate::printable;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    task::JoinHandle,
    time::{Instant, sleep},
};

const KEPT_LINES: usize = 20;

/// The last lines that the child wrote to standard error.
pub(super) struct StderrTail {
    lines: Arc<Mutex<VecDeque<String>>>,
    reader: JoinHandle<()>,
}

impl StderrTail {
    pub fn listen(stderr: impl AsyncRead + Unpin + Send + 'static) -> Self {
        let lines = Arc::new(Mutex::new(VecDeque::new()));
        let kept = Arc::clone(&lines);
        let reader = tokio::spawn(async move {
            let mut stderr = BufReader::new(stderr).lines();
            while let Ok(Some(line)) = stderr.next_line().await {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                if kept.len() == KEPT_LINES {
                    kept.pop_front();
                }
                kept.push_back(line);
            }
        });
        Self { lines, reader }
    }

    /// Adds what the child said last; call it when the child has ended.
    pub async fn explain(&self, mut problem: String) -> String {
        // The reader ends with the child's pipe; a grandchild could hold it open for longer.
        let end = Instant::now() + Duration::from_millis(200);
        while !self.reader.is_finished() && Instant::now() < end {
            sleep(Duration::from_millis(5)).await;
        }
        for line in &*self.lines.lock().unwrap_or_else(PoisonError::into_inner) {
            problem.push_str("\n  ");
            problem.push_str(&printable::line(line));
        }
        problem
    }
}
