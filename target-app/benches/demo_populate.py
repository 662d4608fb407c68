"""Fills weather_data as such demos do: Faker, psycopg2, batches of 1,000 rows of VALUES.

usage: demo_populate.py URL RECORDS; prints the seconds that the rows took.
"""

import random
import sys
import time

import psycopg2
from faker import Faker
from psycopg2.extras import execute_values

BATCH_SIZE = 1000


def main():
    url, total = sys.argv[1], int(sys.argv[2])
    fake = Faker()
    fake.seed_instance(1)
    random.seed(1)
    locations = [fake.city() for _ in range(1000)]
    connection = psycopg2.connect(url)
    cursor = connection.cursor()
    began = time.monotonic()
    for first in range(0, total, BATCH_SIZE):
        batch = [
            (
                random.choice(locations),
                round(random.uniform(-10, 40), 1),
                random.randint(20, 100),
                round(random.uniform(0, 20), 1),
                fake.date_time_between(start_date="-5y", end_date="now"),
            )
            for _ in range(min(BATCH_SIZE, total - first))
        ]
        execute_values(
            cursor,
            "INSERT INTO weather_data (location, temperature, humidity, wind_speed, timestamp) VALUES %s",
            batch,
            page_size=BATCH_SIZE,
        )
        connection.commit()
    print(time.monotonic() - began)


if __name__ == "__main__":
    main()
