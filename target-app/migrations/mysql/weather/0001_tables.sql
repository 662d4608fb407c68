CREATE TABLE weather_data (
    id          BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    location    VARCHAR(255) NOT NULL,
    temperature DOUBLE NOT NULL, -- degrees Celsius
    humidity    BIGINT NOT NULL, -- percent
    wind_speed  DOUBLE NOT NULL, -- metres per second
    timestamp   DATETIME NOT NULL
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
