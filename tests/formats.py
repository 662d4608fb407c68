"""Reads every file that `loadgen run --out DIR` writes with the tool it is meant for, and prints as
JSON what was found: formats.py DIR SCHEMA. Whatever cannot be read is an exception."""

import csv
import io
import json
import pathlib
import sys

import jsonschema
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader
from junitparser import Failure, JUnitXml

folder, schema = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
NS_PER_MS = 1_000_000

result = json.loads((folder / "result.json").read_text())
schema = json.loads(schema.read_text())
jsonschema.Draft202012Validator.check_schema(schema)
jsonschema.validate(result, schema)
without_run = {key: value for key, value in result.items() if key != "run"}
refused = not jsonschema.Draft202012Validator(schema).is_valid(without_run)


def cases():
    for suite in JUnitXml.fromfile(str(folder / "junit.xml")):
        for case in suite:
            failed = [kind for kind in case.result if isinstance(kind, Failure)]
            yield [case.name, "failed" if failed else "passed" if case.is_passed else "error"]


def histogram(text):
    return HdrHistogram.decode(text)


def header(histogram):
    """As HdrHistogram itself prints it."""
    out = io.BytesIO()
    histogram.output_percentile_distribution(out, NS_PER_MS)
    return out.getvalue().decode().splitlines()[:2]


def check_percentiles(lines, histogram):
    """Each row must be true of the histogram; they end with the greatest value."""
    total = histogram.get_total_count()
    up_to = {}
    for entry in histogram.get_recorded_iterator():
        value = histogram.get_highest_equivalent_value(entry.value_iterated_to)
        up_to[f"{value / NS_PER_MS:.3f}"] = entry.total_count_to_this_value
    rows = [line.split() for line in lines if not line.startswith("#")]
    for value, share, count, *inverse in rows:
        assert up_to[value] == int(count), (value, count)
        assert int(count) >= float(share) * total - 1e-6, (share, count)
        assert not inverse or abs(float(inverse[0]) - 1 / (1 - float(share))) < 0.01, inverse
    assert [float(rows[-1][1]), int(rows[-1][2]), len(rows[-1])] == [1.0, total, 3], rows[-1]
    return len(rows)


def intervals():
    reference = HdrHistogram(1, 3_600_000_000_000, 3)
    reader = HistogramLogReader(str(folder / "latency.hlog"), reference)
    while (interval := reader.get_next_interval_histogram()) is not None:
        yield [interval.get_tag(), interval.get_total_count()]


whole = histogram(result["totals"]["hdr"]["latency"])
hgrm = (folder / "latency.hgrm").read_text().splitlines()
with open(folder / "timeline.csv", newline="") as file:
    rows = list(csv.DictReader(file))

json.dump(
    {
        "incomplete_is_refused": refused,
        "cases": list(cases()),
        "total": whole.get_total_count(),
        "max_ns": whole.get_max_value(),
        "hgrm_header_is_right": hgrm[:2] == header(whole),
        "hgrm_rows": check_percentiles(hgrm[2:], whole),
        "intervals": list(intervals()),
        "csv": [row for row in rows if row["step"] == "totals"],
        "steps": sorted({row["step"] for row in rows}),
    },
    sys.stdout,
)
