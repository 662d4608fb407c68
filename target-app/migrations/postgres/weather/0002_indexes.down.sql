DROP INDEX weather_data_location;

ALTER TABLE weather_data DROP CONSTRAINT weather_data_pkey;
