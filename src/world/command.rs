//! Commands beside the load.

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use std::{process::Stdio, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::Command,
    sync::watch,
    time::timeout,
};

/// How long a command that is told to end may take before it is killed.
const GRACE: Duration = Duration::from_secs(1);

/// How much of what a command says last is kept.
const KEPT: usize = 2048;

/// A process group that is killed when this is dropped.
struct Group(Option<Pid>);

impl Group {
    fn signal(&self, signal: Signal) {
        if let Some(leader) = self.0 {
            // It may be gone already.
            let _ = killpg(leader, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::SIGKILL);
    }
}

/// Runs a command until it ends or `over` says that everything does; then what it started in its
/// process group ends with it. Tells what is to be known of a good end.
///
/// # Errors
/// In words, with what it said last, when it cannot be started or does not end well.
pub async fn run(words: &[String], mut over: watch::Receiver<bool>) -> Result<String, String> {
    let (program, arguments) = words.split_first().ok_or("no program")?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("{program} cannot be started: {error}"))?;
    let leader = child.id().and_then(|id| i32::try_from(id).ok());
    let mut group = Group(leader.map(Pid::from_raw));
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let said = (child.stdout.take(), child.stderr.take());
    let ended = {
        let listen = async {
            tokio::join!(keep(said.0, &mut out), keep(said.1, &mut err));
            std::future::pending::<()>().await;
        };
        tokio::pin!(listen);
        let ended = tokio::select! {
            ended = child.wait() => Some(ended),
            () = &mut listen => None,
            // An error means that nobody is there to say it: then it is over as well.
            _ = over.wait_for(|over| *over) => None,
        };
        if ended.is_some() {
            // What is still in the pipes, unless something else holds them open.
            let _ = timeout(Duration::from_millis(100), &mut listen).await;
        }
        ended
    };
    let Some(ended) = ended else {
        group.signal(Signal::SIGTERM);
        // One that does not listen is killed with its group below.
        let _ = timeout(GRACE, child.wait()).await;
        group.signal(Signal::SIGKILL);
        let _ = child.wait().await;
        group.0 = None;
        return Ok("ended with the load".to_owned());
    };
    // The number may be another's from now on.
    group.0 = None;
    match ended {
        Ok(status) if status.success() => Ok(String::new()),
        Ok(status) => {
            err.extend(out);
            let said = String::from_utf8_lossy(&err);
            let last = said.trim().lines().next_back().unwrap_or_default().trim();
            Err(match last {
                "" => format!("{program}: {status}"),
                last => format!("{program}: {status}: {last}"),
            })
        }
        Err(error) => Err(format!("{program}: {error}")),
    }
}

/// Reads to the end, and keeps the last of it.
async fn keep(pipe: Option<impl AsyncRead + Unpin>, kept: &mut Vec<u8>) {
    let Some(mut pipe) = pipe else { return };
    let mut chunk = [0; 1024];
    while let Ok(read @ 1..) = pipe.read(&mut chunk).await {
        kept.extend_from_slice(&chunk[..read]);
        let surplus = kept.len().saturating_sub(KEPT);
        kept.drain(..surplus);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, path::Path};

    fn words(script: &str) -> Vec<String> {
        ["sh", "-c", script].map(str::to_owned).to_vec()
    }

    #[tokio::test]
    async fn the_end_of_a_command_is_told_with_what_it_said() {
        let (_over, ends) = watch::channel(false);
        let run = |script: &str| {
            let (words, ends) = (words(script), ends.clone());
            async move { run(&words, ends).await }
        };
        assert_eq!(run("echo fine").await, Ok(String::new()));
        let told = run("echo a; echo too bad >&2; exit 3").await.unwrap_err();
        assert_eq!(told, "sh: exit status: 3: a");
        let told = run("echo no room >&2; exit 4").await.unwrap_err();
        assert_eq!(told, "sh: exit status: 4: no room");
        let told = run("yes | head -c 1000000; exit 5").await.unwrap_err();
        assert_eq!(told, "sh: exit status: 5: y");
        let missing = super::run(&["./no-such-program".to_owned()], ends.clone()).await;
        let told = missing.unwrap_err();
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
        let (result, ()) = tokio::join!(run(&words, ends), end);
        assert_eq!(result, Ok("ended with the load".to_owned()));
        for pid in fs::read_to_string(&file).unwrap().lines() {
            let gone = || {
                let stat = fs::read_to_string(format!("/proc/{pid}/stat"));
                // What nobody has waited for yet is there as a zombie.
                !Path::new(&format!("/proc/{pid}")).exists()
                    || stat.is_ok_and(|stat| stat.contains(") Z"))
            };
            while !gone() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }
}
