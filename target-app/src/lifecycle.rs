//! The life of the process: in the foreground, or managed by a parent.
//!
//! A managed process belongs to whoever holds the other end of its stdin. When that end closes, the
//! parent is gone, however it went, and the process cleans up after itself and ends. This holds
//! from its first moment, while the database is still being filled too.

use serde_json::json;
use std::fmt::Display;
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Duration;
use tokio::signal::unix::SignalKind;
use tokio::sync::oneshot;

use crate::folder::TempFolder;
use crate::signals::{Signals, watch};
use crate::{App, Args, Command, Error, Location, Setup, seed};

/// Longest time for requests in flight to end after a signal, in the foreground.
const FOREGROUND_GRACE: Duration = Duration::from_secs(5);

/// Longest time for it when managed: the parent is waiting, or gone.
const MANAGED_GRACE: Duration = Duration::from_secs(1);

/// Runs what the command line asks for, until it is done, SIGINT, SIGQUIT, SIGTERM or SIGHUP arrives, or, when
/// managed, stdin ends. Needs a tokio runtime with time and I/O enabled. Ending because it was told
/// to is no error.
pub async fn run(args: Args) -> Result<(), Error> {
    match &args.command {
        Some(Command::Seed(seed)) => {
            let mut signals = Signals::install()?;
            tokio::select! {
                biased;
                () = signals.any() => Err(Error::Interrupted),
                done = seed::run(seed) => print(done?),
            }
        }
        None if args.managed => managed(&args).await,
        None => foreground(&args).await,
    }
}

async fn foreground(args: &Args) -> Result<(), Error> {
    let mut signals = Signals::install()?;
    let stop = signals.any();
    serve(args, stop, FOREGROUND_GRACE, |app, folder| {
        for endpoint in app.endpoints() {
            print(format_args!("{:17} {}", endpoint.name, endpoint.url()))?;
        }
        match folder {
            Some(folder) => print(format_args!(
                "data in {}, removed at the end; Ctrl-C stops",
                folder.display()
            )),
            None => print("Ctrl-C stops"),
        }
    })
    .await
}

async fn managed(args: &Args) -> Result<(), Error> {
    let result = serve_for_parent(args).await;
    if let Err(error) = &result {
        print(json!({ "ready": false, "error": error.to_string() }))?;
    }
    result
}

async fn serve_for_parent(args: &Args) -> Result<(), Error> {
    let mut signals = Signals::install()?;
    // Comes when the parent ends while this process is stopped, and would end it untidily.
    let _ignored = watch(SignalKind::hangup())?;
    let parent_gone = watch_stdin()?;
    let stop = async {
        tokio::select! {
            _ = parent_gone => {}
            () = signals.terminate() => {}
        }
    };
    serve(args, stop, MANAGED_GRACE, |app, folder| {
        let services: Vec<_> = app
            .endpoints()
            .iter()
            .map(|endpoint| {
                json!({
                    "service": endpoint.service.name(),
                    // A scenario knows a service by its name, which then is its first port's.
                    "name": match endpoint.service.listeners().first() {
                        Some(&(first, _)) if first == endpoint.name => endpoint.service.name(),
                        _ => endpoint.name,
                    },
                    "url": endpoint.url(),
                })
            })
            .collect();
        print(json!({ "ready": true, "services": services, "data_dir": folder.map(Path::to_string_lossy) }))
    })
    .await
}

/// Serves until `stop`, which may come before the services are ready; then nothing is announced.
/// The temporary folder, if one was needed, is gone afterwards.
async fn serve(
    args: &Args,
    stop: impl Future<Output = ()>,
    grace: Duration,
    announce: impl FnOnce(&App, Option<&Path>) -> Result<(), Error>,
) -> Result<(), Error> {
    raise_open_files();
    let (folder, location) = match &args.database {
        Some(location) => (None, location.clone()),
        None => {
            let folder = match &args.data_dir {
                Some(given) => TempFolder::given(given),
                None => TempFolder::new()?,
            };
            let path = folder.path().to_path_buf();
            (Some(folder), Location::Folder(path))
        }
    };
    let served = async {
        let usual = match args.services[..] {
            [service] => service.usual_pool(),
            _ => None,
        };
        let usual = usual.unwrap_or(location.usual_pool());
        let pool = args.pool.settings(usual)?;
        let mut setup = Setup::new(&args.services, args.port, location)?;
        setup.pool = pool;
        setup.cache = args.cache.clone().unwrap_or_default();
        setup.drop_orders = args.options.drop_orders;
        setup.metering = args.options.metering(&setup.cache);
        setup.sns = args.options.sns();
        setup.telemetry = args.options.telemetry();
        if let Some(port) = args.options.metrics_port(args.port) {
            setup = setup.with_metrics_port(port);
        }
        tokio::pin!(stop);
        let app = tokio::select! {
            biased;
            () = &mut stop => return Ok(()),
            app = App::start(&setup) => app?,
        };
        let announced = announce(&app, folder.as_ref().map(TempFolder::path));
        if announced.is_ok() {
            stop.await;
        }
        app.stop(grace).await;
        announced
    };
    let served = served.await;
    let removed = match folder {
        Some(folder) => folder.remove().await,
        None => Ok(()),
    };
    served.and(removed)
}

/// One line on stdout, at once.
fn print(line: impl Display) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .map_err(|source| Error::Process {
            what: "writing to stdout",
            source,
        })
}

/// Resolves when stdin ends. A plain thread, because the runtime would wait for one of its own that
/// is stuck in a read.
fn watch_stdin() -> Result<oneshot::Receiver<()>, Error> {
    let (ended, receiver) = oneshot::channel();
    let watch = move || {
        let mut stdin = io::stdin().lock();
        let mut ignored = [0; 64];
        loop {
            match stdin.read(&mut ignored) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        // The receiver is gone when the process is ending already.
        let _ = ended.send(());
    };
    std::thread::Builder::new()
        .name("stdin".to_owned())
        .spawn(watch)
        .map_err(|source| Error::Process {
            what: "watching stdin",
            source,
        })?;
    Ok(receiver)
}

/// Lets as many clients connect as the system permits. Failing leaves the limit that there is.
fn raise_open_files() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}
