CREATE TABLE weather_data (
    id          INTEGER PRIMARY KEY,
    location    TEXT NOT NULL,
    temperature REAL NOT NULL,    -- degrees Celsius
    humidity    INTEGER NOT NULL, -- percent
    wind_speed  REAL NOT NULL,    -- metres per second
    timestamp   TEXT NOT NULL
) STRICT;
