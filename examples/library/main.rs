//! A run from Rust, without a command line: a scenario is put together, run, watched, and its
//! result read.
//!
//! ```sh
//! loadgen target hello --port 8080
//! cargo run --release --example library -- http://127.0.0.1:8080/
//! ```

use loadgen::{
    driver::NoCustom,
    plan::{Settings, compile},
    run::{Cause, Interrupts, Observer, Options, Run, RunError, RunInfo, Second},
    scenario::{Inputs, parse},
};
use std::{error::Error, path::Path, process::ExitCode};
use uuid::Uuid;

/// Prints what goes on.
struct Progress;

impl Observer for Progress {
    fn message(&mut self, text: &str) {
        println!("{text}");
    }

    fn begin(&mut self, info: &RunInfo) -> Result<(), Cause> {
        println!("driving {} with {} workers", info.target, info.workers);
        Ok(())
    }

    fn second(&mut self, second: &Second<'_>) {
        let runs: u64 = second.snapshot.tasks.iter().map(|task| task.count()).sum();
        println!("second {}: {runs} runs", second.snapshot.second + 1);
    }

    fn failed(&mut self, error: &RunError) {
        println!("no result, because of the {:?}: {error}", error.phase);
    }
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let url = std::env::args().nth(1).ok_or("which URL?")?;
    let text = format!(
        "target.url = {url:?}\n\
         thresholds = ['error_rate < 1%']\n\
         load = {{ rate = 50, duration = '3s' }}\n\
         [[task]]\nname = 'get'\n[[task.step]]\nget = '/'\n"
    );
    let scenario = parse(Path::new("library.toml"), text, &Inputs::none())?;
    let id = Uuid::now_v7();
    let plan = compile(&scenario, &Settings::new(id))?;
    let run = Run::new(&scenario, plan, Options::new(id, NoCustom))?;

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let finished = runtime.block_on(async {
        let interrupts = Interrupts::default();
        let sender = interrupts.clone();
        // Any task or thread may end the run; here it is Ctrl-C.
        tokio::spawn(async move {
            while tokio::signal::ctrl_c().await.is_ok() {
                sender.send();
            }
        });
        run.execute(&mut Progress, &interrupts).await
    });
    let Ok(finished) = finished else {
        return Ok(ExitCode::FAILURE);
    };
    let good = finished.is_good();
    let result = finished.into_result();
    let p99 = result.totals.latency_us.map(|latency| latency.p99 / 1e3);
    println!(
        "{} requests, {} errors, p99 {:.1} ms, {}",
        result.totals.count,
        result.totals.errors.count,
        p99.unwrap_or(f64::NAN),
        if good { "good" } else { "not good" }
    );
    Ok(ExitCode::from(result.run.exit_code))
}
