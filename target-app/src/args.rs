//! The command line of `loadgen target` and of the `target-app` program.

use std::path::PathBuf;
use std::time::Duration;

use crate::{CacheSetting, Error, Location, Options, PoolSettings, Service};

/// Which services to run, where, and on which data.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    /// Something else than serving.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Services to run [default: all]
    #[arg(value_enum, value_name = "SERVICE")]
    pub services: Vec<Service>,

    /// First port on 127.0.0.1; further services take the ones that follow; 0 takes any free port
    /// [default: orders 5000, weather 5001, shop 30010, 30015 and 30016, metering 8081, hello 3000]
    #[arg(long, value_name = "N", env = "LOADGEN_PORT")]
    pub port: Option<u16>,

    /// sqlite:FILE, sqlite:FOLDER/ for one file per service, postgres://USER@HOST/DATABASE or
    /// mysql://USER@HOST/DATABASE [default: SQLite in a temporary folder, removed at the end]
    #[arg(
        long,
        value_name = "URL",
        env = "LOADGEN_DATABASE",
        hide_env_values = true
    )]
    pub database: Option<Location>,

    /// Where weather keeps the averages that were asked for, for five minutes: off, memory or
    /// redis://HOST:PORT [default: off]
    #[arg(
        long,
        value_name = "CACHE",
        env = "LOADGEN_CACHE",
        hide_env_values = true
    )]
    pub cache: Option<CacheSetting>,

    /// How connections are held.
    #[command(flatten)]
    pub pool: PoolArgs,

    /// The flags of single services and of telemetry.
    #[command(flatten)]
    pub options: Options,

    /// Report readiness as JSON on stdout, ignore SIGINT, and end when stdin does: how `loadgen
    /// run` owns its target.
    #[arg(long, hide = true)]
    pub managed: bool,

    /// Folder for the data in place of a temporary one, removed at the end as that is: whoever
    /// made it removes it too, should this process be killed.
    #[arg(long, hide = true, value_name = "FOLDER", conflicts_with = "database")]
    pub data_dir: Option<PathBuf>,
}

/// How connections to the database are held.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub struct PoolArgs {
    /// Connections that are opened at the start and kept [default: 5; SQLite: as many as there are
    /// cores, from 2 to 4]
    #[arg(long, value_name = "N", env = "LOADGEN_POOL_MIN",
        value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub pool_min: Option<u32>,

    /// Connections that are opened when requests need them, at most [default: 15; SQLite: the
    /// minimum]
    #[arg(long, value_name = "N", env = "LOADGEN_POOL_MAX",
        value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub pool_max: Option<u32>,

    /// How long a request waits for a connection before it is answered 503 [default: 5s]
    #[arg(long, value_name = "TIME", env = "LOADGEN_POOL_TIMEOUT", value_parser = humantime::parse_duration)]
    pub pool_timeout: Option<Duration>,

    /// A connection for every request, as many as the database allows
    #[arg(long, env = "LOADGEN_NO_POOL", conflicts_with_all = ["pool_min", "pool_max"])]
    pub no_pool: bool,
}

impl PoolArgs {
    /// Settings that they ask for on top of `usual`, if anything.
    pub(crate) fn settings(&self, usual: PoolSettings) -> Result<Option<PoolSettings>, Error> {
        let acquire_timeout = self.pool_timeout.unwrap_or(usual.acquire_timeout());
        if self.no_pool {
            return Ok(Some(PoolSettings::Unpooled { acquire_timeout }));
        }
        if (self.pool_min, self.pool_max, self.pool_timeout) == (None, None, None) {
            return Ok(None);
        }
        let (usual_min, usual_max) = usual.bounds();
        // The one that was named moves the other along.
        let max = self
            .pool_max
            .unwrap_or(usual_max.max(self.pool_min.unwrap_or(0)));
        let min = self.pool_min.unwrap_or(usual_min.min(max));
        if min > max {
            return Err(Error::PoolBounds { min, max });
        }
        Ok(Some(PoolSettings::Pooled {
            min,
            max,
            acquire_timeout,
        }))
    }
}

/// What `target` does besides serving.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Command {
    /// Fill a service's database and exit
    Seed(SeedArgs),
}

/// What to fill a database with.
#[derive(Debug, Clone, clap::Args)]
pub struct SeedArgs {
    /// Service whose data to make
    #[arg(value_enum, value_name = "SERVICE")]
    pub service: Service,

    /// As for serving [default: sqlite:SERVICE.db, a file in this folder]
    #[arg(
        long,
        value_name = "URL",
        env = "LOADGEN_DATABASE",
        hide_env_values = true
    )]
    pub database: Option<Location>,

    /// Orders, or weather records [default: 10000 orders, 100000 weather records]
    #[arg(long, value_name = "N", env = "LOADGEN_RECORDS",
        value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub records: Option<u64>,

    /// Seed of the random data; the same seed gives the same rows, timestamps apart
    #[arg(long, value_name = "N", env = "LOADGEN_SEED", default_value_t = crate::seed::DEFAULT_SEED)]
    pub seed: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Parser, error::ErrorKind};

    /// As the program mounts it.
    #[derive(Parser)]
    struct Flat {
        #[command(flatten)]
        args: Args,
    }

    /// As `loadgen target` mounts it.
    #[derive(Parser)]
    enum Nested {
        Target(Args),
    }

    fn both(line: &str) -> Result<Args, clap::Error> {
        let words = line.split_whitespace();
        let flat = Flat::try_parse_from(["target-app"].into_iter().chain(words.clone()));
        let nested = Nested::try_parse_from(["loadgen", "target"].into_iter().chain(words));
        assert_eq!(flat.is_ok(), nested.is_ok(), "{line}");
        nested.map(|Nested::Target(args)| args)
    }

    #[test]
    fn services_are_positional_and_default_to_all() {
        let args = both("").unwrap();
        assert!(args.services.is_empty() && args.port.is_none() && !args.managed);
        let args = both("weather orders --port 0 --database sqlite://data/x.db").unwrap();
        assert_eq!(args.services, [Service::Weather, Service::Orders]);
        assert_eq!(args.port, Some(0));
        assert!(args.database.is_some());
    }

    #[test]
    fn seed_is_a_command_beside_them() {
        let args = both("seed weather --database sqlite:x.db --records 500 --seed 9").unwrap();
        let Some(Command::Seed(seed)) = args.command else {
            panic!("not a seed command")
        };
        assert_eq!(
            (seed.service, seed.records, seed.seed),
            (Service::Weather, Some(500), 9)
        );
    }

    #[test]
    fn pool_bounds_move_each_other() {
        let settings = |line| {
            let pool = both(line).unwrap().pool;
            pool.settings(PoolSettings::SERVER)
        };
        let pooled = |min, max, seconds| {
            Some(PoolSettings::Pooled {
                min,
                max,
                acquire_timeout: Duration::from_secs(seconds),
            })
        };
        assert_eq!(settings("").unwrap(), None);
        assert_eq!(settings("--pool-max 3").unwrap(), pooled(3, 3, 5));
        assert_eq!(settings("--pool-min 20").unwrap(), pooled(20, 20, 5));
        assert_eq!(settings("--pool-timeout 3s").unwrap(), pooled(5, 15, 3));
        assert_eq!(
            settings("--no-pool --pool-timeout 1s").unwrap(),
            Some(PoolSettings::Unpooled {
                acquire_timeout: Duration::from_secs(1)
            })
        );
        let error = settings("--pool-min 9 --pool-max 3").unwrap_err();
        assert_eq!(
            error.to_string(),
            "--pool-min 9 is more than --pool-max 3 allows"
        );
    }

    #[test]
    fn mistakes_are_usage_errors() {
        for (line, kind) in [
            ("baking", ErrorKind::InvalidValue),
            ("--port 70000", ErrorKind::ValueValidation),
            ("--database oracle://h/d", ErrorKind::ValueValidation),
            ("--no-pool --pool-max 3", ErrorKind::ArgumentConflict),
            ("--cache sometimes", ErrorKind::ValueValidation),
            ("--pool-max 0", ErrorKind::ValueValidation),
            ("--pool-timeout soon", ErrorKind::ValueValidation),
            ("seed", ErrorKind::MissingRequiredArgument),
            (
                "seed orders --database sqlite:x --records 0",
                ErrorKind::ValueValidation,
            ),
            (
                "--managed seed orders --database sqlite:x",
                ErrorKind::InvalidValue,
            ),
        ] {
            assert_eq!(both(line).unwrap_err().kind(), kind, "{line}");
        }
    }

    #[test]
    fn managed_is_not_advertised() {
        let help = <Flat as clap::CommandFactory>::command()
            .render_long_help()
            .to_string();
        assert!(
            help.contains("--database")
                && !help.contains("--managed")
                && !help.contains("--data-dir")
        );
    }
}
