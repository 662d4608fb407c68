//! Commands beside the load.

pub use super::group::ProcessGroup;
use std::{
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::Command,
    sync::watch,
    task::JoinHandle,
    time::timeout,
};

/// Length of the tail of a command's output that is kept.
const KEPT: usize = 2048;

/// Longest time that pipes are read after the end of a command whose background still holds them
/// open.
const DRAIN: Duration = Duration::from_millis(100);

/// A command that is over.
pub struct Ended {
    /// Note about a success, or the reason for a failure.
    pub result: Result<String, String>,
    /// Process group of what the command has put into the background.
    pub left: Option<ProcessGroup>,
}

/// Runs a command until it ends or `over` says that everything does; then its process group ends
/// with it. After the command's own end what it has put into the background goes on in `left`.
///
/// # Errors
/// In words, when it cannot be started.
pub async fn run(words: &[String], mut over: watch::Receiver<bool>) -> Result<Ended, String> {
    let (program, arguments) = words.split_first().ok_or("no program")?;
    let group = ProcessGroup::new()
        .map_err(|error| format!("/bin/sh, which guards {program}, cannot be started: {error}"))?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(group.id())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("{program} cannot be started: {error}"))?;
    let mut out = Output::of(child.stdout.take());
    let mut err = Output::of(child.stderr.take());
    let ended = tokio::select! {
        ended = child.wait() => ended,
        // An error means that nobody is there to say it: then it is over as well.
        _ = over.wait_for(|over| *over) => {
            group.end().await;
            let _ = child.wait().await;
            return Ok(Ended {
                result: Ok("ended with the load".to_owned()),
                left: None,
            });
        }
    };
    let _ = timeout(DRAIN, async { tokio::join!(out.read(), err.read()) }).await;
    let result = match ended {
        Ok(status) if status.success() => Ok(String::new()),
        Ok(status) => {
            let mut said = err.kept();
            said.extend(out.kept());
            let said = String::from_utf8_lossy(&said);
            let last = said.trim().lines().next_back().unwrap_or_default().trim();
            Err(match last {
                "" => format!("{program}: {status}"),
                last => format!("{program}: {status}: {last}"),
            })
        }
        Err(error) => Err(format!("{program}: {error}")),
    };
    Ok(Ended {
        result,
        left: Some(group).filter(|group| !group.is_empty()),
    })
}

/// The last of what a command writes to a pipe. It is read until nobody holds the pipe any more,
/// so that what is in the background may write for as long as it likes.
struct Output {
    kept: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Output {
    fn of(pipe: Option<impl AsyncRead + Unpin + Send + 'static>) -> Self {
        let kept = Arc::default();
        Self {
            reader: pipe.map(|pipe| tokio::spawn(keep(pipe, Arc::clone(&kept)))),
            kept,
        }
    }

    /// Waits for the end of the pipe. May be given up at any time.
    async fn read(&mut self) {
        if let Some(reader) = &mut self.reader {
            // Fails only while the runtime ends.
            let _ = reader.await;
            self.reader = None;
        }
    }

    fn kept(&self) -> Vec<u8> {
        self.kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Reads to the end, and keeps the last of it.
async fn keep(mut pipe: impl AsyncRead + Unpin, kept: Arc<Mutex<Vec<u8>>>) {
    let mut chunk = [0; 1024];
    while let Ok(read @ 1..) = pipe.read(&mut chunk).await {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(&chunk[..read]);
        let surplus = kept.len().saturating_sub(KEPT);
        kept.drain(..surplus);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use tokio::time::sleep;

    fn words(script: &str) -> Vec<String> {
        ["sh", "-c", script].map(str::to_owned).to_vec()
    }

    #[tokio::test]
    async fn the_end_of_a_command_is_told_with_what_it_said() {
        let (_over, ends) = watch::channel(false);
        let run = |script: &str| {
            let (words, ends) = (words(script), ends.clone());
            async move { run(&words, ends).await.and_then(|ended| ended.result) }
        };
        assert_eq!(run("echo fine").await, Ok(String::new()));
        let told = run("echo a; echo too bad >&2; exit 3").await.unwrap_err();
        assert_eq!(told, "sh: exit status: 3: a");
        let told = run("echo no room >&2; exit 4").await.unwrap_err();
        assert_eq!(told, "sh: exit status: 4: no room");
        let told = run("yes | head -c 1000000; exit 5").await.unwrap_err();
        assert_eq!(told, "sh: exit status: 5: y");
        let missing = super::run(&["./no-such-program".to_owned()], ends.clone()).await;
        let told = missing.err().unwrap();
        assert!(
            told.starts_with("./no-such-program cannot be started"),
            "{told}"
        );
    }

    #[tokio::test]
    async fn it_ends_with_the_load_and_all_it_started_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pids");
        let (over, ends) = watch::channel(false);
        // Neither listens to the request to end.
        let script = format!(
            "trap '' TERM; (trap '' TERM; sleep 60 & echo $! >> {0}; wait) & echo $! >> {0}; \
             echo $$ >> {0}; wait; sleep 60",
            file.display()
        );
        let words = words(&script);
        let end = async {
            while fs::read_to_string(&file)
                .unwrap_or_default()
                .lines()
                .count()
                < 3
            {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            over.send_replace(true);
        };
        let (ended, ()) = tokio::join!(run(&words, ends), end);
        let result = ended.unwrap().result;
        assert_eq!(result, Ok("ended with the load".to_owned()));
        for pid in fs::read_to_string(&file).unwrap().lines() {
            gone(pid).await;
        }
    }

    /// Waits until this process is gone; one that nobody has waited for yet is there as a zombie.
    async fn gone(pid: &str) {
        loop {
            match fs::read_to_string(format!("/proc/{pid}/stat")) {
                Ok(stat) if !stat.contains(") Z") => sleep(Duration::from_millis(5)).await,
                _ => return,
            }
        }
    }

    #[tokio::test]
    async fn a_background_goes_on_until_its_group_ends() {
        let (_over, ends) = watch::channel(false);
        // The script writes to a pipe that is read for as long as it lives.
        let script =
            "(trap '' TERM; while :; do echo tick; sleep 0.01; done) & echo $! >&2; exit 3";
        let ended = run(&words(script), ends.clone()).await.unwrap();
        let told = ended.result.unwrap_err();
        assert_eq!(told, "sh: exit status: 3: tick");
        let group = ended.left.unwrap();
        let guard = group.id().to_string();
        sleep(Duration::from_millis(100)).await;
        assert!(!group.is_empty());
        group.end().await;
        gone(&guard).await;

        let alone = run(&words("true"), ends).await.unwrap();
        assert!(alone.left.is_none());
    }

    #[tokio::test]
    async fn a_group_that_is_dropped_is_killed() {
        let group = ProcessGroup::new().unwrap();
        let mut child = Command::new("sleep")
            .arg("600")
            .process_group(group.id())
            .spawn()
            .unwrap();
        assert!(!group.is_empty());
        drop(group);
        assert!(!child.wait().await.unwrap().success());
    }
}
