//! The hot spots of scenarios/weather/weighted.toml as a Goose program: the users are Goose's, the
//! locations that they ask for come from loadgen's generators, read from that scenario.
//!
//! ```sh
//! loadgen target weather --port 5000
//! cargo run --release -p goose-example -- --host http://127.0.0.1:5000 \
//!     --users 100 --increase-rate 10 --run-time 30s
//! ```
//!
//! `SEED` decides what is asked for; `SUMMARY` names a file for the figures in JSON.

use goose::prelude::*;
use loadgen::{
    data::{
        Value,
        rng::{Purpose, Stream, stream},
    },
    plan::{Plan, Settings, compile},
    scenario::{self, Inputs},
};
use std::{error::Error, fs, path::Path, sync::OnceLock, time::Duration};
use uuid::Uuid;

const SCENARIO: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../scenarios/weather/weighted.toml"
);

/// Plan that all users share: the scenario as loadgen reads it.
static PLAN: OnceLock<Plan> = OnceLock::new();

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let _ = PLAN.set(plan()?);
    let metrics = GooseAttack::initialize()?
        .register_scenario(
            scenario!("ask")
                .set_wait_time(Duration::from_secs(1), Duration::from_secs(2))?
                .register_transaction(transaction!(begin).set_on_start())
                .register_transaction(transaction!(ask).set_name("ask")),
        )
        .execute()
        .await?;
    if let Ok(file) = std::env::var("SUMMARY") {
        fs::write(file, summary(&metrics).to_string())?;
    }
    Ok(())
}

/// The scenario, with a seed of its own unless `SEED` is set.
fn plan() -> Result<Plan, Box<dyn Error>> {
    let inputs = Inputs {
        environment: &|name| std::env::var(name).ok(),
        files: &|path| fs::read(path),
        ..Inputs::none()
    };
    let path = Path::new(SCENARIO);
    let scenario = scenario::parse(path, fs::read_to_string(path)?, &inputs)?;
    let mut settings = Settings::new(Uuid::now_v7());
    if let Ok(seed) = std::env::var("SEED") {
        settings.seed = Some(seed.parse()?);
    }
    Ok(compile(&scenario, &settings)?)
}

/// A user's own random numbers.
#[derive(Clone)]
struct Locations {
    rng: Stream,
}

impl Locations {
    fn next(&mut self) -> String {
        let population = PLAN.get().and_then(|plan| plan.populations.first());
        let mut variables = population.iter().flat_map(|own| &own.variables);
        let location = variables.find(|variable| variable.name == "location");
        let value = location.map(|location| location.generator.draw(&mut self.rng, 0));
        match value {
            Some(Value::Text(text)) => text.to_string(),
            _ => String::new(),
        }
    }
}

async fn begin(user: &mut GooseUser) -> TransactionResult {
    let index = user.weighted_users_index as u64;
    let seed = PLAN.get().map_or(0, |plan| plan.seed);
    user.set_session_data(Locations {
        rng: stream(seed, 0, Purpose::User, index),
    });
    Ok(())
}

async fn ask(user: &mut GooseUser) -> TransactionResult {
    let location = user
        .get_session_data_mut::<Locations>()
        .map(Locations::next);
    let form = [("location", location.unwrap_or_default())];
    let goose = user.post_form("/query", &form).await?;
    // The time to the head is what Goose counts; the rest is read so that the connection lives on.
    if let Ok(response) = goose.response {
        let _ = response.bytes().await;
    }
    Ok(())
}

/// Measurements with the keys of loadgen's result.
fn summary(metrics: &GooseMetrics) -> serde_json::Value {
    let asked = metrics.requests.values().next();
    let percentile = |p| asked.map(|asked| asked.raw_data.percentile_us(p));
    serde_json::json!({
        "count": asked.map_or(0, |asked| asked.success_count),
        "errors": asked.map_or(0, |asked| asked.fail_count),
        "duration_s": metrics.duration,
        "p50": percentile(0.5),
        "p95": percentile(0.95),
        "p99": percentile(0.99),
    })
}
