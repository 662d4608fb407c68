DROP INDEX weather_data_location;
