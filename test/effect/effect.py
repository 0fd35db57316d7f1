"""What greylisting does to good mail and to spam, by how the clients are known: by `greygate replay`, from traces that
are made of published retry schedules."""

import dataclasses
import json
import math
import pathlib
import random
import statistics
import subprocess
import tempfile

from schedules import SERVERS, SPAM, WEBMAIL

IDENTITIES = {
    "exact address": {"identity": ["network"], "client_prefix": {"ipv4": 32, "ipv6": 128}},
    "/24": {"identity": ["network"]},
    "ladder": {"identity": ["spf", "rdns", "network"]},
}
DELAY = 5  # minutes, greylist.delay's default
DAY = 24 * 60
CORRESPONDENTS, MESSAGES = 20, 10  # of each sender, over two weeks
SPAM_MESSAGES = 500
START = 1_795_305_600


@dataclasses.dataclass
class Message:
    sender: object
    mail_from: str
    recipient: str
    begins: float          # minutes
    addresses: list        # of each attempt
    tries: int = 1         # that take part
    passed: float = None   # minutes after the first attempt

    def attempt(self, number):
        after = 0 if number == 0 else self.sender.retries[number - 1]
        line = {"time": round(START + (self.begins + after) * 60, 3), "client": self.addresses[number],
                "helo": "mail." + (self.sender.domain or "example.net"), "sender": self.mail_from,
                "recipient": self.recipient, "spf": "pass" if self.sender.domain else "none"}
        if self.sender.organisation:
            line["rdns"] = f"mta{self.addresses[number].replace('.', 'x')}.{self.sender.organisation}"
        return line

    @property
    def attempts(self):
        return 1 + len(self.sender.retries)


def address(network, host=1):
    return f"198.{18 + network // 256}.{network % 256}.{host}"


def pool_of(sender, network):
    """The paper doesn't say where a pool's addresses are: here are two in each /24."""
    return [address(network + number // 2, 1 + number % 2) for number in range(sender.addresses)]


def good_mail(numbers):
    messages, network = [], 0
    for sender in WEBMAIL + SERVERS:
        pool = pool_of(sender, network)
        network += sender.addresses
        for writer in range(CORRESPONDENTS):
            who = f"writer{writer}@{sender.domain or sender.name.split()[0].lower() + '.example'}"
            for begins in sorted(numbers.uniform(0, 14 * DAY) for _ in range(MESSAGES)):
                messages.append(Message(sender, who, f"reader{writer}@example.org", begins,
                                        [numbers.choice(pool) for _ in range(1 + len(sender.retries))]))
    return messages


def spam(numbers):
    messages = []
    for sender in SPAM:
        for number in range(SPAM_MESSAGES):
            pool = [address(numbers.randrange(300, 512)) for _ in range(sender.addresses)]
            messages.append(Message(sender, f"s{number}.{numbers.randrange(10**9)}x@{sender.domain or f'd{number}.example'}",
                                    f"reader{number % CORRESPONDENTS}@example.org", numbers.uniform(0, 14 * DAY),
                                    [numbers.choice(pool) for _ in range(1 + len(sender.retries))]))
    return messages


def replay(greygate, greylist, messages):
    """Each message is tried until it passes. Whether a try is made depends on those before, so tries are added until
    all have passed or given up; what passes earlier than it seemed loses the tries after that."""
    settings = {"backend": {"addresses": ["127.0.0.1:1"]}, "domains": ["example.org"],
                "greylist": {"delay": f"{DELAY}m", "auto_allow_after": 0, **greylist}}
    with tempfile.TemporaryDirectory(prefix="greygate-effect-") as directory:
        config = pathlib.Path(directory) / "greygate.json"
        config.write_text(json.dumps(settings))
        for _ in range(1000):
            tries = sorted(((message.attempt(number)["time"], index, number) for index, message in enumerate(messages)
                            for number in range(message.tries)))
            trace = "".join(json.dumps(messages[index].attempt(number)) + "\n" for _, index, number in tries)
            done = subprocess.run([greygate, "replay", "--config", config, "--json", "-"], input=trace, text=True,
                                  capture_output=True, check=True)
            actions = [json.loads(line)["action"] for line in done.stdout.splitlines()[:-1]]
            passed = {}
            for (_, index, number), action in zip(tries, actions, strict=True):
                if action == "pass":
                    passed.setdefault(index, number)
            changed = False
            for index, message in enumerate(messages):
                wanted = passed[index] + 1 if index in passed else min(message.tries + 1, message.attempts)
                changed |= wanted != message.tries
                message.tries = wanted
            if not changed:
                break
        else:
            raise RuntimeError("the tries don't settle")
        for index, message in enumerate(messages):
            number = passed.get(index)
            message.passed = None if number is None else (0 if number == 0 else message.sender.retries[number - 1])
    return messages


@dataclasses.dataclass
class Effect:
    """Of some messages under one kind of identity."""
    messages: list

    @property
    def delayed(self):
        return sum(message.passed != 0 for message in self.messages) / len(self.messages)

    @property
    def delays(self):
        return sorted(message.passed for message in self.messages if message.passed)

    @property
    def median(self):
        return statistics.median(self.delays) if self.delays else 0

    @property
    def p95(self):
        return self.delays[math.ceil(len(self.delays) * 0.95) - 1] if self.delays else 0

    @property
    def lost(self):
        return sum(message.passed is None for message in self.messages) / len(self.messages)

    def of(self, sender):
        return Effect([message for message in self.messages if message.sender is sender])


def measure(greygate):
    """identity → (effect on good mail, effect on spam)"""
    return {name: (Effect(replay(greygate, greylist, good_mail(random.Random(4711)))),
                   Effect(replay(greygate, greylist, spam(random.Random(4712)))))
            for name, greylist in IDENTITIES.items()}


def duration(minutes):
    whole, seconds = divmod(round(minutes * 60), 60)
    return f"{whole}:{seconds:02}" if minutes < 600 else f"{minutes / 60:.0f} h"


def table(effects):
    rows = [["", *(f"{name}: delayed, median, 95 %" for name in effects)], ["---"] + ["---:"] * len(effects)]

    def cell(effect):
        lost = f", {effect.lost:.0%} never" if effect.lost else ""
        return f"{effect.delayed:.0%}, {duration(effect.median)}, {duration(effect.p95)}{lost}"
    for sender in WEBMAIL + SERVERS:
        several = f" ({sender.addresses} addresses)" if sender.addresses > 1 else ""
        rows.append([sender.name + several, *(cell(good.of(sender)) for good, _ in effects.values())])
    rows.append(["all good mail", *(cell(good) for good, _ in effects.values())])
    for sender in SPAM:
        rows.append([f"spam stopped: {sender.name}", *(f"{bad.of(sender).lost:.1%}" for _, bad in effects.values())])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)
