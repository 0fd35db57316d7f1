"""deploy/compose-cluster.yaml, as far as it goes without a container engine: its commands and configurations, on ports of
the test's own."""

import json
import pathlib
import re
import shlex
import subprocess
import time

import yaml

from greygate import Greygate
from ports import free_port
from wait import wait_for

DEPLOY = pathlib.Path(__file__).resolve().parents[2] / "deploy"


class Compose:
    def __init__(self, directory):
        self.services = yaml.safe_load((DEPLOY / "compose-cluster.yaml").read_text())["services"]
        self.directory, self.ports, self.processes = directory, {}, []

    def moved(self, text):
        """With a free port in the place of each fixed one of Redis."""
        return re.sub(r"\b70\d\d\b", lambda found: str(self.ports.setdefault(found[0], free_port())), text)

    def start_redis(self):
        for name, service in self.services.items():
            if not re.fullmatch(r"redis\d", name):
                continue
            home = self.directory / name
            home.mkdir()
            command = [*shlex.split(self.moved(service["command"])), "--cluster-port", str(free_port())]
            self.processes.append(subprocess.Popen(command, cwd=home, stdout=subprocess.DEVNULL))
        for port in self.ports.values():
            wait_for("redis to answer", lambda: subprocess.run(["redis-cli", "-p", str(port), "ping"], check=False,
                                                               capture_output=True).returncode == 0)

    def make_cluster(self):
        return subprocess.run(shlex.split(self.moved(self.services["cluster"]["command"])), check=False,
                              capture_output=True, text=True, timeout=60)

    def configuration(self, name):
        """The file that the service mounts as its configuration."""
        (file,) = [volume.split(":")[0] for volume in self.services[name]["volumes"] if ".json" in volume]
        return json.loads(re.sub(r"^\s*//.*$", "", self.moved((DEPLOY / file).read_text()), flags=re.M))

    def clean_up(self):
        for process in self.processes:
            process.kill()
            process.wait()


def test_three_proxies_share_a_cluster(directory, backend):
    compose = Compose(directory)
    hosts = []
    try:
        compose.start_redis()
        assert len(compose.ports) == 6
        made = compose.make_cluster()
        assert made.returncode == 0, made.stdout + made.stderr
        for name in ("mx1", "mx2", "mx3"):
            theirs = compose.configuration(name)
            hosts.append(Greygate(directory / name, [backend.address],
                                  {"hostname": theirs["hostname"], "domains": theirs["domains"],
                                   "store": theirs["store"]}))
        for host in hosts:
            host.start(ready=False)
        for host in hosts:
            wait_for("it to be ready", lambda: host.get("/readyz")[0] == 200)
        assert len({host.settings["hostname"] for host in hosts}) == 3  # reputations are kept under it
        wait_for("the cluster to take it", lambda: attempt(hosts[0], "alice@example.com") == 450)
        time.sleep(1.1)
        assert attempt(hosts[1], "alice@example.com") == 250
        assert attempt(hosts[2], "alice@example.com") == 250
        assert compose.make_cluster().returncode == 0  # there is one already
    finally:
        for host in hosts:
            host.clean_up()
        compose.clean_up()


def attempt(host, sender):
    with host.session() as client:
        return client.attempt(sender, "bob@example.org").code
