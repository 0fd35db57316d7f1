"""Runs the servers in turns and prints what was measured; test/bench/run installs and builds before."""

import argparse
import dataclasses
import json
import os
import pathlib
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.path.join(os.path.dirname(__file__), "../e2e")]

import entries  # noqa: E402
import machine  # noqa: E402
import peers  # noqa: E402
import scenarios  # noqa: E402
from peers.peer import Place, wait_by_the_clock  # noqa: E402
from scenarios import EXPECTED, reason, say  # noqa: E402
from sink import Sink  # noqa: E402
from table import figure, listed, markdown, ratio  # noqa: E402

ROUNDS = 3
WARM_UP = 500  # sessions


class Comparison:
    """All servers beside each other, and what was measured of them or went wrong."""

    def __init__(self, place, classes, chosen, quick):
        self.place, self.quick, self.chosen = place, quick, chosen
        self.classes = classes
        self.running = []
        self.versions = {}
        self.figures = {}   # (server, scenario) → Figures of each round
        self.failures = {}  # (server, scenario or None) → why
        self.load = scenarios.Load(place)

    # Running

    def run(self):
        throughput = [scenario for scenario in scenarios.THROUGHPUT if scenario in self.chosen]
        if throughput:
            self._start_all(any(scenario.relays for scenario in throughput))
            for turn in range(ROUNDS):
                for scenario in throughput:
                    for peer in self._in_turn(turn):
                        self._measure(scenario, peer)
            self._check_stores()
            self.stop()
        for turn in range(1 if self.quick else ROUNDS):
            for scenario in scenarios.IDLE:
                if scenario in self.chosen and turn < scenario.rounds:
                    for peer in self.classes:
                        self._measure_idle(scenario, peer)

    def _start_all(self, relays):
        for peer_class in self.classes:
            say("starting", peer_class.name)
            peer = peer_class(self.place)
            try:
                peer.start()
                self.versions[peer.name] = peer.version()
                self._warm_up(peer)
                if relays and "relay" in peer.modes:
                    peer.know(scenarios.KNOWN_SLOW if peer.slow else scenarios.KNOWN_FAST, self.load)
                self.running.append(peer)
            except EXPECTED as error:
                self._fail(peer.name, None, error)
                peer.stop()
        wait_by_the_clock(2)  # until those who were put off may come back

    def _warm_up(self, peer):
        """What a server does once only, like compiling its own code, is not a session's."""
        words = scenarios.words_for(scenarios.THROUGHPUT[0], peer, WARM_UP)
        self.load("put-off", peer, *words, sessions=WARM_UP)
        if hasattr(peer, "entries"):
            peer.entries += WARM_UP

    def _in_turn(self, turn):
        """All that run, another one first each time."""
        first = turn % max(1, len(self.running))
        return self.running[first:] + self.running[:first]

    def stop(self):
        for peer in self.running:
            peer.stop()
        self.running = []

    def _measure(self, scenario, peer):
        if (peer.name, scenario.name) in self.failures or not scenario.fits(peer):
            return
        try:
            figures = scenarios.measure(scenario, peer, self.load, self.quick)
            self.figures.setdefault((peer.name, scenario.name), []).append(figures)
            say(f"{scenario.name}, {peer.name}: {figures.cpu_seconds * 1000 / figures.sessions:.3f} s of CPU per 1000, "
                f"{figures.sessions / figures.seconds:.0f}/s")
            if scenario.mode == "put-off" and hasattr(peer, "entries"):
                peer.entries += figures.sessions
        except EXPECTED as error:
            self._fail(peer.name, scenario.name, error)

    def _measure_idle(self, scenario, peer_class):
        if (peer_class.name, None) in self.failures or (peer_class.name, scenario.name) in self.failures:
            return
        if "idle" not in peer_class.modes:
            return
        if scenario.count(peer_class, False) > 2000 and peer_class.idle_most < 2000:
            return  # it would hold no more of them than in the other scenario
        peer = peer_class(self.place)
        try:
            peer.start()
            self.versions[peer.name] = peer.version()
            figures = scenarios.measure_idle(scenario, peer, self.load)
            self.figures.setdefault((peer.name, scenario.name), []).append(figures)
            say(f"{scenario.name}, {peer.name}: {figures.idle_bytes / 1024:.1f} KB each of {figures.sessions}")
        except EXPECTED as error:
            self._fail(peer.name, scenario.name, error)
        finally:
            peer.stop()

    def _check_stores(self):
        for peer in self.running:
            if hasattr(peer, "entries") and not any(name == peer.name for name, _ in self.failures):
                try:
                    scenarios.expect("entries in its store", peer.export_count(), peer.entries)
                except EXPECTED as error:
                    self._fail(peer.name, "all", error)

    def _fail(self, server, scenario, error):
        self.failures[server, scenario] = reason(error)
        say(f"FAILED: {server}, {scenario or 'start'}: {reason(error)}")

    # Telling

    def report(self):
        parts = [f"Machine: {machine.description()}.  \nVersions: {listed(self.versions.values())}.\n"]
        throughput = [scenario for scenario in scenarios.THROUGHPUT if scenario in self.chosen]
        idle = [scenario for scenario in scenarios.IDLE if scenario in self.chosen]
        if throughput:
            parts += self._table("CPU seconds of the server per 1000 sessions", throughput,
                                 lambda figures: figures.cpu_seconds * 1000 / figures.sessions)
            parts += self._table("Sessions per second, load generator and sink on the same cores", throughput,
                                 lambda figures: figures.sessions / figures.seconds)
            parts += self._table("Reply to RCPT, 99th percentile, ms",
                                 [scenario for scenario in throughput if "10m" not in scenario.name],
                                 lambda figures: figures.recipient_ms["p99"])
        if idle:
            parts += self._table("KB of memory per idle connection", idle, lambda figures: figures.idle_bytes / 1024,
                                 counted=True)
        if self.failures:
            parts.append("Failed:\n\n" + "".join(f"- {server}, {scenario or 'start'}: {why}\n"
                                                 for (server, scenario), why in self.failures.items()))
        return "\n".join(parts)

    def _table(self, title, columns, value, counted=False):
        rows = [[peer.title] + [self._cell(peer, scenario, value, counted) for scenario in columns]
                for peer in self.classes]
        spread = max((max(found) / min(found) for peer in self.classes for scenario in columns
                      if (found := self._values(peer, scenario, value)) and min(found) > 0), default=1)
        return [f"{title} (in brackets: × greygate; medians of {ROUNDS} rounds that differed by up to {spread:.2f} ×)\n"
                if not counted else f"{title} (in brackets: × greygate)\n",
                markdown(["", *(scenario.title for scenario in columns)], rows)]

    def _values(self, peer, scenario, value):
        return [value(figures) for figures in self.figures.get((peer.name, scenario.name), [])]

    def _cell(self, peer, scenario, value, counted):
        if (peer.name, None) in self.failures or (peer.name, scenario.name) in self.failures:
            return "failed"
        found = self._values(peer, scenario, value)
        if not found:
            return ""
        median = statistics.median(found)
        ours = self._values(peers.Greygate, scenario, value)
        text = figure(median)
        if ours and peer is not peers.Greygate:
            text += ratio(median, statistics.median(ours))
        sessions = self.figures[peer.name, scenario.name][0].sessions
        return f"{text}, {sessions:,} held" if counted and sessions != scenario.sessions[0] else text

    def save(self, path):
        """Every figure of every round, for whoever wants to look closer."""
        path.write_text(json.dumps({
            "machine": machine.description(), "versions": self.versions,
            "rounds": [{"server": server, "scenario": scenario, **dataclasses.asdict(figures)}
                       for (server, scenario), all_figures in self.figures.items() for figures in all_figures],
            "failures": [{"server": server, "scenario": scenario, "reason": why}
                         for (server, scenario), why in self.failures.items()]}, indent=1), encoding="utf-8")


def chosen_of(what, available, names):
    if names is None:
        return list(available)
    unknown = set(names.split(",")) - {each.name for each in available}
    if unknown:
        there_are = ", ".join(each.name for each in available)
        sys.exit(f"bench: no such {what}: {', '.join(sorted(unknown))}; there are {there_are}")
    return [each for each in available if each.name in names.split(",")]


def make_place(build):
    directory = pathlib.Path(tempfile.mkdtemp(prefix="greygate-bench-"))
    directory.chmod(0o755)  # some servers become another user
    place = Place(build.resolve(), directory)
    place.make_certificate()
    place.sink = Sink(place, directory)
    return place


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--entries", action="store_true")
    parser.add_argument("--only")
    parser.add_argument("--servers")
    asked = parser.parse_args()
    classes = chosen_of("server", peers.ALL, asked.servers)
    chosen = chosen_of("scenario", scenarios.ALL, asked.only)
    if asked.quick and not asked.only:
        chosen = [scenario for scenario in chosen if scenario.quick]
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: told to stop"))  # and then nothing is left behind
    place = make_place(asked.build)
    if asked.entries:
        comparison = entries.Entries(place, classes, asked.quick)
    else:
        comparison = Comparison(place, classes, chosen, asked.quick)
    try:
        comparison.run()
        print(comparison.report())
        comparison.save(asked.build / "bench.json")
    finally:
        comparison.stop()
        place.sink.stop()
        shutil.rmtree(place.directory, ignore_errors=True)
    sys.exit(1 if comparison.failures else 0)


if __name__ == "__main__":
    main()
