"""Redis servers and clusters of a test's own, on free ports of 127.0.0.1."""

import pathlib
import signal
import subprocess

from ports import free_port
from wait import wait_for


class Redis:
    """One redis-server that keeps nothing on disk. `options` are as on its command line."""

    def __init__(self, directory, *options, port=None, tls=None):
        self.port, self.tls, self.password = port or free_port(), tls, None
        self.directory = pathlib.Path(directory) / f"redis-{self.port}"
        self.directory.mkdir(exist_ok=True, parents=True)
        listening = ["--port", str(self.port)]
        if tls:
            listening = ["--port", "0", "--tls-port", str(self.port), "--tls-auth-clients", "no", "--tls-cert-file",
                         tls.entry["certificate"], "--tls-key-file", tls.entry["key"]]
        self.command = ["redis-server", *listening, "--bind", "127.0.0.1", "--dir", str(self.directory), "--save", "",
                        "--appendonly", "no", "--logfile", str(self.directory / "log"), *options]
        if "--requirepass" in options:
            self.password = options[options.index("--requirepass") + 1]
        self.process = None
        self.start()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        wait_for("redis-server to answer", self._answers)

    def _answers(self):
        try:
            return self.ask("PING") == "PONG"
        except subprocess.CalledProcessError:
            return False

    def ask(self, *words):
        """What redis-cli prints of the answer."""
        access = ["--tls", "--insecure"] if self.tls else []
        if self.password:
            access += ["--pass", self.password, "--no-auth-warning"]
        done = subprocess.run(["redis-cli", "-h", "127.0.0.1", "-p", str(self.port), *access, *map(str, words)],
                              capture_output=True, text=True, check=True)
        return done.stdout.rstrip("\n")

    def keys(self, pattern="*"):
        return self.ask("KEYS", pattern).splitlines()

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def clean_up(self):
        self.thaw()
        self.kill()


class Cluster:
    """Masters, and a replica of each."""

    def __init__(self, directory, masters=3, replicas=1):
        self.nodes = [Redis(directory, "--cluster-enabled", "yes", "--cluster-node-timeout", "1500",
                            "--cluster-port", str(free_port()), "--repl-diskless-sync-delay", "0",
                            "--cluster-replica-validity-factor", "0")
                      for _ in range(masters * (1 + replicas))]
        subprocess.run(["redis-cli", "--cluster", "create", *self.addresses, "--cluster-replicas", str(replicas),
                        "--cluster-yes"], check=True, stdout=subprocess.DEVNULL)
        for node in self.nodes:
            wait_for("the cluster to be well", lambda: self.is_well(node), timeout=60)
        wait_for("replicas to follow", lambda: all(self.link(node) in ("master", "up") for node in self.nodes),
                 timeout=60)

    @property
    def addresses(self):
        return [node.address for node in self.nodes]

    @staticmethod
    def is_well(node):
        info = node.ask("CLUSTER", "INFO")
        return "cluster_state:ok" in info and f"cluster_slots_ok:16384" in info

    @staticmethod
    def link(node):
        """"master", or whether a replica's link is "up"."""
        info = dict(line.split(":", 1) for line in node.ask("INFO", "replication").splitlines() if ":" in line)
        return "master" if info["role"] == "master" else info.get("master_link_status")

    def masters(self):
        return [node for node in self.nodes if node.process.poll() is None and self.link(node) == "master"]

    def keys(self, pattern="*"):
        return [key for node in self.masters() for key in node.keys(pattern)]

    def owner(self, key):
        """The master that has this key."""
        return next(node for node in self.masters() if node.keys(key))

    def clean_up(self):
        for node in self.nodes:
            node.clean_up()
