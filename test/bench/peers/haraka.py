"""Haraka with its greylist plug-in, which keeps its records in Redis."""

import json
import re
import shutil
import socket
import subprocess
import time

from peers.peer import KNOWN_RECIPIENT, Peer, free_port, wait_by_the_clock

FILES = {
    "config/plugins": "no_names\ntls\ngreylist\nrcpt_to.in_host_list\nqueue/smtp_forward\n",
    "plugins/no_names.js": "exports.hook_lookup_rdns = (next) => next(OK, 'Unknown')\n",  # as at all others
    "config/me": "mx.example.org\n",
    "config/host_list": "example.org\n",
    "config/smtp.ini": "listen=127.0.0.1:{port}\n",
    "config/smtp_forward.ini": "host=127.0.0.1\nport={sink}\n",
    "config/greylist.ini": "[redis]\nhost = 127.0.0.1\nport = {redis}\ndb = {database}\n\n"
                    "[period]\nblack = 1\ngrey = 90000\nwhite = 3024000\n",
    "config/redis.ini": "[server]\nhost = 127.0.0.1\nport = {redis}\n",
}
DATABASE = 11
# Its greylist leaves alone who comes from 127.0.0.1, and once one triplet has passed it lets its client pass: so it is
# told of two clients, by PROXY headers.
STRANGER, FRIEND = "198.18.0.1", "198.18.0.2"


class Haraka(Peer):
    name = "haraka"
    title = "Haraka with its greylist plug-in and Redis"
    slow = True
    rewrites = True

    def __init__(self, place):
        super().__init__(place)
        self.redis = free_port()
        self.modules = place.build / "haraka/node_modules"

    def start(self):
        config = self.directory / "config"
        for name, text in FILES.items():
            self.write(name, text.format(port=self.port, sink=self.place.sink.port, redis=self.redis, database=DATABASE))
        self._change("connection.ini", ("hosts[] =", "hosts[] = 127.0.0.1"), ("bytes=26214400", "bytes=104857600"))
        self._change("log.ini")
        shutil.copy(self.place.certificate, config / "tls_cert.pem")
        shutil.copy(self.place.key, config / "tls_key.pem")
        # Otherwise it makes its own, which takes a while and a core.
        subprocess.run(["openssl", "genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:ffdhe2048", "-out",
                        config / "dhparams.pem"], check=True, capture_output=True)
        self.launch("redis-server", "--port", self.redis, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                    "--dir", self.directory, port=self.redis, log="redis.log")
        self.launch(self.modules / "node/bin/node", self.modules / "Haraka/bin/haraka", "-c", self.directory)

    def _change(self, name, *changes):
        """A file of its configuration that it can't do without, as it comes but for these changes."""
        text = (self.modules / "Haraka/config" / name).read_text(encoding="utf-8")
        for old, new in changes:
            text = re.sub(f"^{re.escape(old)}$", new, text, flags=re.M)
        self.write(f"config/{name}", text)

    def options(self, scenario, sessions):
        return ["--proxy", FRIEND if scenario.relays else STRANGER]

    def know(self, sessions, load):
        words = ("--recipient", KNOWN_RECIPIENT, "--proxy", FRIEND)
        load("put-off", self, *words, sessions=1)
        wait_by_the_clock(2.5)  # it counts in whole seconds
        load("relay", self, *words, sessions=1)

    def fill(self, entries):
        """Records as the plug-in keeps them."""
        now = int(time.time())
        for first in range(0, entries, 1000):
            self._ask(*(f"HSET grey:192.0.2.{number % 256}:f{number}x@fill.example.com:user{number}@example.org "
                        f"created {now} updated {now} lifetime 90000 tried 1"
                        for number in range(first, min(first + 1000, entries))))

    def put_off_count(self):
        """Records in Redis."""
        return int(self._ask("DBSIZE")[0].removeprefix(":"))

    def _ask(self, *commands):
        """Redis' replies, a line each."""
        with socket.create_connection(("127.0.0.1", self.redis), 10) as connection:
            replies = connection.makefile("r", encoding="ascii", newline="\r\n")
            connection.sendall("".join(f"{command}\r\n" for command in (f"SELECT {DATABASE}", *commands)).encode())
            replies.readline()
            return [replies.readline().rstrip() for _ in commands]

    def version(self):
        def of(module):
            return json.loads((self.modules / module / "package.json").read_text(encoding="utf-8"))["version"]
        redis = subprocess.run(["redis-server", "--version"], capture_output=True, text=True, check=True).stdout
        return (f"Haraka {of('Haraka')}, greylist {of('haraka-plugin-greylist')}, Node.js {of('node')}, "
                f"Redis {redis.split('v=')[1].split()[0]}")
