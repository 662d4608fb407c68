-- Holds the temperature too, so that an average never touches the table.
CREATE INDEX weather_data_location ON weather_data (location, temperature);
