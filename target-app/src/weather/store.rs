//! The SQL of the service.

use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

use crate::database::{Database, Statement, Value};

/// Answered from the index alone.
static AVERAGE: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new(
        "weather_data",
        "SELECT count(*), avg(temperature) FROM weather_data WHERE location = ?",
    )
});

/// Steps through the index from one location to the next, which MySQL does by itself; elsewhere
/// `SELECT DISTINCT` would read all of it.
static LOCATIONS: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new(
        "weather_data",
        "WITH RECURSIVE step (location) AS ( \
             SELECT min(location) FROM weather_data \
             UNION ALL \
             SELECT (SELECT min(location) FROM weather_data WHERE location > step.location) \
             FROM step WHERE location IS NOT NULL \
         ) SELECT location FROM step WHERE location IS NOT NULL",
    )
    .on_mysql("SELECT DISTINCT location FROM weather_data ORDER BY location")
});

/// Figures of a location.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Average {
    /// Degrees Celsius, to the hundredth.
    pub(super) average_temperature: f64,
    /// Number of records that it is the average of.
    pub(super) records: i64,
}

/// The average of `location`, if there are records of it.
pub(super) async fn average(
    database: &Database,
    location: &str,
) -> Result<Option<Average>, sqlx::Error> {
    // PostgreSQL refuses the one, and MySQL ignores the other when it compares: no name has either.
    if location.contains('\0') || location.ends_with(' ') {
        return Ok(None);
    }
    let mut session = database.read().await?;
    let row = session
        .fetch_optional(&AVERAGE, &[Value::Text(location)])
        .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let (records, average): (i64, Option<f64>) = (row.get(0)?, row.get(1)?);
    Ok(average.map(|average| Average {
        average_temperature: (average * 100.0).round() / 100.0,
        records,
    }))
}

/// Every location, sorted.
pub(crate) async fn locations(database: &Database) -> Result<Vec<String>, sqlx::Error> {
    let rows = database.read().await?.fetch_all(&LOCATIONS, &[]).await?;
    rows.iter().map(|row| row.get(0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Service, database::query_plan};

    #[tokio::test]
    async fn an_average_reads_the_index_alone() {
        assert_eq!(
            query_plan(Service::Weather, &AVERAGE).await,
            ["SEARCH weather_data USING COVERING INDEX weather_data_location (location=?)"]
        );
    }
}
