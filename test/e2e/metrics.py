"""Prometheus' text format 0.0.4, read strictly: what breaks a rule of it fails the test that reads."""

import re

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"({NAME})((?:\{{{LABEL}(?:,{LABEL})*\}})?) ([0-9.e+-]+|\+Inf)")


class Metrics:
    """samples: {'name{label="value"}': number}; types: {name: "counter"}."""

    def __init__(self, text):
        self.samples, self.types = {}, {}
        helped = None
        for line in text.removesuffix("\n").split("\n"):
            if comment := re.fullmatch(rf"# (HELP|TYPE) ({NAME}) (.+)", line):
                kind, name, rest = comment.groups()
                if kind == "HELP":
                    assert name not in self.types, f"{name} begins twice"
                    helped = name
                else:
                    assert helped == name, f"{name} has no help"
                    assert rest in ("counter", "gauge", "histogram"), line
                    self.types[name] = rest
                continue
            sample = SAMPLE.fullmatch(line)
            assert sample, f"no sample: {line!r}"
            name, labels, value = sample.groups()
            assert self._metric_of(name) == helped, f"{name} stands under {helped}"
            assert name + labels not in self.samples, f"twice: {name}{labels}"
            self.samples[name + labels] = float(value)
        for name, kind in self.types.items():
            if kind == "histogram":
                self._check_histogram(name)

    def _metric_of(self, name):
        for suffix in ("_bucket", "_sum", "_count"):
            if self.types.get(name.removesuffix(suffix)) == "histogram":
                return name.removesuffix(suffix)
        return name

    def _check_histogram(self, name):
        buckets = [(float(key.split('le="')[1].rstrip('"}')), count) for key, count in self.samples.items()
                   if key.startswith(name + "_bucket{")]
        assert buckets == sorted(buckets), buckets
        assert len({bound for bound, _ in buckets}) == len(buckets)
        assert buckets[-1] == (float("inf"), self.samples[name + "_count"])

    def of(self, name):
        """All of one metric: {labels: value}."""
        return {key.removeprefix(name): value for key, value in self.samples.items() if key.partition("{")[0] == name}

    def __getitem__(self, key):
        return self.samples[key]


def read(greygate):
    code, text = greygate.get("/metrics")
    assert code == 200, text
    return Metrics(text)
