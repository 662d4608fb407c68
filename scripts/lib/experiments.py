"""Plots and the table of docs/experiments.md: experiments.py RESULTS IMAGES

RESULTS holds SCENARIO-CACHE.json of six runs, with what Redis counted in SCENARIO-CACHE.redis.
"""

import json
import pathlib
import sys

import matplotlib

matplotlib.use("svg")
from hdrh.histogram import HdrHistogram  # noqa: E402
from matplotlib import pyplot as plt, ticker  # noqa: E402

SCENARIOS = ["random", "fixed", "weighted"]
CACHES = {"off": "#d1495b", "redis": "#00798c"}
# Seconds of the timeline that make one point of a curve.
BIN = 10


def merged(entries):
    """All latencies of some entries of a timeline, in nanoseconds."""
    whole = HdrHistogram(1, 3_600_000_000_000, 3)
    for entry in entries:
        for step in entry["steps"].values():
            if step["count"]:
                whole.add(HdrHistogram.decode(step["hdr"]["latency"]))
    return whole


def ms(nanoseconds):
    return nanoseconds / 1e6


class Run:
    def __init__(self, folder, scenario, cache):
        self.scenario, self.cache = scenario, cache
        result = json.loads((folder / f"{scenario}-{cache}.json").read_text())
        self.timeline = result["timeline"]
        self.totals = result["totals"]
        self.length = result["run"]["duration_s"]
        counted = (folder / f"{scenario}-{cache}.redis").read_text().split()
        # A request that misses looks twice, the second time as the one that loads the value.
        self.hits = int(counted[counted.index("keyspace_hits") + 1]) / self.totals["count"]
        self.all = merged(self.timeline)

    def between(self, start, end):
        return merged(e for e in self.timeline if start <= e["t_s"] < end)

    def bins(self):
        """Per bin: its middle, the users there, and the latencies."""
        for start in range(0, int(self.length) - BIN + 1, BIN):
            entries = [e for e in self.timeline if start <= e["t_s"] < start + BIN]
            if entries:
                users = sum(e["users"] for e in entries) / len(entries)
                yield start + BIN / 2, users, merged(entries)


def plainly(panel):
    """A logarithmic axis of times, with numbers that people read."""
    panel.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
    panel.yaxis.set_major_formatter(ticker.FormatStrFormatter("%g"))
    panel.yaxis.set_minor_formatter(ticker.NullFormatter())


def over_time(runs, path):
    figure, panels = plt.subplots(1, 3, figsize=(12, 3.6), sharey=True)
    for panel, scenario in zip(panels, SCENARIOS):
        users = panel.twinx()
        for cache, colour in CACHES.items():
            run = runs[scenario, cache]
            points = list(run.bins())
            time = [t for t, _, _ in points]
            panel.plot(time, [ms(h.get_value_at_percentile(95)) for _, _, h in points],
                       color=colour, label=f"p95, cache {cache}")
            panel.plot(time, [ms(h.get_value_at_percentile(50)) for _, _, h in points],
                       color=colour, linestyle=":", label=f"p50, cache {cache}")
            users.fill_between(time, [u for _, u, _ in points], color="#8d99ae", alpha=0.08)
        users.set_ylim(0, 1100)
        users.set_yticks([0, 250, 500, 750, 1000] if scenario == SCENARIOS[-1] else [])
        panel.set_title(scenario)
        panel.set_yscale("log")
        plainly(panel)
        panel.set_xlabel("seconds")
        panel.grid(alpha=0.25)
    users.set_ylabel("users (area)")
    panels[0].set_ylabel("response time, ms")
    panels[0].legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path)


def percentiles(runs, path):
    figure, panel = plt.subplots(figsize=(8, 4.2))
    shares = [50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99]
    for scenario, style in zip(SCENARIOS, ["-", "--", ":"]):
        for cache, colour in CACHES.items():
            values = [ms(runs[scenario, cache].all.get_value_at_percentile(p)) for p in shares]
            panel.plot([1 / (1 - p / 100) for p in shares], values, style, color=colour,
                       label=f"{scenario}, cache {cache}")
    panel.set_xscale("log")
    panel.set_yscale("log")
    panel.set_xticks([1 / (1 - p / 100) for p in (50, 90, 99, 99.9, 99.99)],
                     ["p50", "p90", "p99", "p99.9", "p99.99"])
    panel.minorticks_off()
    plainly(panel)
    panel.set_ylabel("response time, ms")
    panel.grid(alpha=0.25)
    panel.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path)


def table(runs):
    print("| locations | cache | requests | errors | from the cache | mean | p50 | p95 | p99 | max | mean of the first 20 s | mean of the last minute |")
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    for (scenario, cache), run in runs.items():
        hits = f"{100 * run.hits:.1f} %" if run.hits else ""
        whole = run.all
        figures = [whole.get_mean_value()] + [whole.get_value_at_percentile(p) for p in (50, 95, 99, 100)]
        figures += [run.between(0, 20).get_mean_value(), run.between(run.length - 60, run.length).get_mean_value()]
        print(f"| {scenario} | {cache} | {run.totals['count']:,} | {run.totals['errors']['count']:,} | {hits} | "
              + " | ".join(f"{ms(figure):.2f} ms" for figure in figures) + " |")


def main():
    results, images = map(pathlib.Path, sys.argv[1:3])
    # The same figures shall give the same files.
    plt.rcParams["svg.hashsalt"] = "loadgen"
    runs = {(s, c): Run(results, s, c) for s in SCENARIOS for c in CACHES}
    over_time(runs, images / "experiments-time.svg")
    percentiles(runs, images / "experiments-percentiles.svg")
    table(runs)


main()
