ALTER TABLE weather_data ADD CONSTRAINT weather_data_pkey PRIMARY KEY (id);

-- Holds the temperature too, so that an average rarely touches the table.
CREATE INDEX weather_data_location ON weather_data (location, temperature);
