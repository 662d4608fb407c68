//! Opening connections to MySQL and MariaDB.

use super::roots;
use crate::plan::sql::{ConnectParams, Database, Isolation, Tls};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Executor, MySqlConnection, Row,
    mysql::{MySqlConnectOptions, MySqlSslMode},
};

/// Options of connections to a database that keep `capacity` prepared statements.
///
/// # Errors
/// In words, when a certificate file cannot be used.
pub fn options(
    database: &Database,
    url: &ConnectParams,
    capacity: usize,
) -> Result<MySqlConnectOptions, String> {
    let mut options = MySqlConnectOptions::new()
        .statement_cache_capacity(capacity)
        .disable_statement_logging()
        // The session shall be as the server makes it for everyone. The character set is agreed
        // on in the handshake.
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        .timezone(url.get("time-zone").map(str::to_owned))
        .set_names(false);
    options = options.host(url.get("host").unwrap_or("localhost"));
    if let Some(port) = url.get("port") {
        options = options.port(port.parse().map_err(|_| "it has no port".to_owned())?);
    }
    type Set = fn(MySqlConnectOptions, &str) -> MySqlConnectOptions;
    let others: [(&str, Set); 9] = [
        ("user", |it, value| it.username(value)),
        ("password", |it, value| it.password(value)),
        ("dbname", |it, value| it.database(value)),
        ("socket", |it, value| it.socket(value)),
        ("ssl-ca", |it, value| it.ssl_ca(value)),
        ("ssl-cert", |it, value| it.ssl_client_cert(value)),
        ("ssl-key", |it, value| it.ssl_client_key(value)),
        ("charset", |it, value| it.charset(value)),
        ("collation", |it, value| it.collation(value)),
    ];
    for (name, set) in others {
        if let Some(value) = url.get(name) {
            options = set(options, value);
        }
    }
    let has_ca = database.ca_file.is_some() || url.get("ssl-ca").is_some();
    let named = url.get("ssl-mode").unwrap_or("PREFERRED");
    let mode = match database.tls {
        Some(Tls::Disable) => MySqlSslMode::Disabled,
        Some(Tls::Prefer) => MySqlSslMode::Preferred,
        // Who names an authority wants it checked.
        Some(Tls::Require) if has_ca => MySqlSslMode::VerifyCa,
        Some(Tls::Require) => MySqlSslMode::Required,
        Some(Tls::VerifyCa) => MySqlSslMode::VerifyCa,
        Some(Tls::VerifyFull) => MySqlSslMode::VerifyIdentity,
        None => named
            .parse()
            .map_err(|error: sqlx::Error| error.to_string())?,
    };
    options = options.ssl_mode(mode);
    let checks = matches!(mode, MySqlSslMode::VerifyCa | MySqlSslMode::VerifyIdentity);
    Ok(match checks && url.get("ssl-ca").is_none() {
        true => options.ssl_ca_from_pem(roots::pem(database)?),
        false => options,
    })
}

/// Opens a connection with the settings that the scenario gives its session, and tells its number.
///
/// # Errors
/// When there is no server, or it does not let us in.
pub async fn open(
    options: &MySqlConnectOptions,
    database: &Database,
) -> Result<(MySqlConnection, u64), sqlx::Error> {
    let mut connection = options.connect().await?;
    let rows = connection
        .fetch_all(AssertSqlSafe(greeting(database)))
        .await?;
    let row = rows.last().ok_or(sqlx::Error::RowNotFound)?;
    Ok((connection, row.try_get_unchecked(0)?))
}

/// SQL to run on each new connection: sets the statement timeout and isolation level that the
/// scenario gives, and selects the connection number as the only value.
fn greeting(database: &Database) -> String {
    let limit = database.server_limit.then_some(database.statement_timeout);
    let isolation = database.isolation.map_or("", Isolation::sql);
    let mut sql = String::new();
    // The comments that only MariaDB, and only MySQL, reads: each has a variable of its own.
    if let Some(limit) = limit {
        let (seconds, millis) = (limit.as_secs_f64(), limit.as_millis().max(1));
        sql += &format!(
            "SET SESSION /*M!100101 max_statement_time = {seconds:.6} */ \
             /*!50708 max_execution_time = {millis} */;"
        );
    }
    if !isolation.is_empty() {
        sql += &format!("SET SESSION TRANSACTION ISOLATION LEVEL {isolation};");
    }
    sql + "SELECT CONNECTION_ID()"
}
