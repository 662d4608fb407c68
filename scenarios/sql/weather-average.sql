-- The average temperature of a place, over all its records.
SELECT location, avg(temperature) AS average
FROM weather_data
WHERE location = $1
GROUP BY location
