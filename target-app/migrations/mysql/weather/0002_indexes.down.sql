DROP INDEX weather_data_location ON weather_data;
