"""greygate, with its greylist and its log on."""

import collections
import http.client
import json
import secrets
import subprocess
import time

from dns_server import DnsServer
from peers.peer import KNOWN, KNOWN_RECIPIENT, Peer, free_port, wait_for

# All else is as it comes.
CONFIGURATION = """\
{{
  "hostname": "mx.example.org",
  "listen": [{{ "address": "127.0.0.1:{port}" }}],
  "backend": {{ "addresses": ["127.0.0.1:{sink}"], "client_identity": "xclient"{backend} }},
  "domains": ["example.org"],
  "store": {{ "path": "{store}"{shared} }},
  "dns": {dns},
  "tls": {{ "certificates": [{{ "certificate": "{certificate}", "key": "{key}" }}] }},
  "limits": {{ "connections": 15000, "connections_per_client": 15000,
               "put_off_per_client": 1000000000 }},  // all come from one address
  "status": {{ "address": "127.0.0.1:{status}" }},
  "admin": {{ "socket": "{directory}/admin.sock" }}
}}
"""


def known_entry(number, now):
    """A triplet that has passed, as `greygate import` reads it."""
    return json.dumps({"identity": "127.0.0.0/24", "last_client": "127.0.0.1",
                       "sender": f"s{number}x@{KNOWN}.example.com", "recipient": KNOWN_RECIPIENT,
                       "first_seen": now, "passed": now, "last_seen": now}) + "\n"


class Greygate(Peer):
    name = "greygate"
    title = "greygate (SMTP, XCLIENT, greylist, log)"
    idle_most = 10000
    fills_before_start = True
    backend = ""  # more of its settings
    shared = ""   # and of those of its store
    dns = '{ "enabled": false }'  # as at all others: the clients' names are not the question there

    def __init__(self, place):
        super().__init__(place)
        self.status_port = free_port()
        self.store = self.directory / "store"
        self.entries = 0  # that must be in its store

    def start(self):
        self.file = self.write("greygate.json", CONFIGURATION.format(
            port=self.port, sink=self.place.sink.port, backend=self.backend, shared=self.shared, dns=self.dns, directory=self.directory,
            store=self.store, status=self.status_port, certificate=self.place.certificate, key=self.place.key))
        self.launch(self.place.build / "greygate", "serve", "--config", self.file)
        wait_for("greygate to be ready", lambda: self.get("/readyz")[0] == 200)

    def know(self, sessions, load):
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        file = self.write("known.jsonl", "".join(known_entry(number, now) for number in range(sessions)))
        self.command("import", "--from", "greygate", file)
        self.entries += sessions

    def fill(self, entries):
        subprocess.run([self.place.build / "test/bench/bench_fill", self.store, str(entries)], check=True,
                       capture_output=True)
        self.entries += entries

    def restart(self):
        """Stops it and starts it again; the seconds from its start until it is ready."""
        super().stop()
        began = time.monotonic()
        self.start()
        return time.monotonic() - began

    def store_bytes(self):
        """On disk."""
        return sum(file.stat().st_size for file in self.store.iterdir())

    def command(self, *arguments):
        """What one of the administrator's commands prints."""
        return subprocess.run([self.place.build / "greygate", *arguments, "--config", self.file], check=True,
                              capture_output=True, text=True).stdout

    def begin_import(self, file):
        """The process that imports what `greygate export` has written."""
        return subprocess.Popen([self.place.build / "greygate", "import", "--from", "greygate", file, "--config",
                                 self.file], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.status_port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def verdicts(self):
        return json.loads(self.get("/status")[1])["recipients"]["verdicts"]

    def put_off_count(self):
        return self.verdicts()["first_seen"]

    def passed_count(self):
        return self.verdicts()["known"]

    def export_count(self):
        """How many entries its store has, each of them read."""
        return sum(self.identities().values())

    def identities(self):
        """The kinds of identity in its store, with their numbers of entries."""
        with subprocess.Popen([self.place.build / "greygate", "export", "--config", self.file],
                              stdout=subprocess.PIPE) as export:
            return collections.Counter(json.loads(line)["identity"].split(":")[0] for line in export.stdout)

    def version(self):
        said = subprocess.run([self.place.build / "greygate", "--version"], capture_output=True, text=True, check=True)
        return said.stdout.strip()


class GreygateReuse(Greygate):
    name = "greygate-reuse"
    title = "greygate with backend.reuse"
    modes = ("relay",)
    backend = ', "reuse": true'


class GreygateRedis(Greygate):
    """With its greylist in a Redis beside it, whose CPU time counts, too."""
    name = "greygate-redis"
    title = "greygate with its greylist in Redis"
    modes = ("put-off", "relay")
    fills_before_start = False

    def start(self):
        redis = free_port()
        self.launch("redis-server", "--port", redis, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir",
                    self.directory, port=redis, log="redis.log")
        self.shared = f', "engine": "redis", "nodes": ["127.0.0.1:{redis}"]'
        super().start()


class GreygateProved(Greygate):
    """With every client's SPF and name proved. Each run's senders are of one domain, so that the answers are remembered;
    each put-off triplet is remembered under all three identities."""
    name = "greygate-proved"
    title = "greygate, clients proved by SPF and name (answers cached)"
    modes = ("put-off",)

    def start(self):
        self.names = DnsServer()
        self.names.host("mail.bench.example", "127.0.0.1")
        self.dns = json.dumps({"enabled": True, "servers": [self.names.address]})
        super().start()

    def options(self, scenario, sessions):
        label = f"r{secrets.token_hex(4)}"
        self.names.add(f"{label}.example.com", TXT=["v=spf1 ip4:127.0.0.1 -all"])
        return ["--run", label]

    def export_count(self):
        counts = self.identities()
        under_all = counts.keys() == {"spf", "rdns", "127.0.0.0/24"} and len(set(counts.values())) == 1
        return counts["spf"] if under_all else counts

    def stop(self):
        super().stop()
        self.names.clean_up()
