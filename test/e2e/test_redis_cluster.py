"""One greylist in a Redis Cluster of three masters with a replica each, shared by three hosts."""

import subprocess
import threading
import time

import pytest

from redis_servers import Cluster
from sharing import race, spelled
from wait import wait_for

RECIPIENT = "bob@example.org"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    yield made
    made.clean_up()


@pytest.fixture
def make_hosts(make_greygate, backend, cluster):
    """Three proxies that know one node each."""
    numbers = iter(range(1, 100))

    def make(**greylist):
        prefix = f"test{next(numbers)}-{time.monotonic_ns()}:"
        alive = [node.address for node in cluster.nodes if node.process.poll() is None]
        return [make_greygate(backend, greylist={"delay": "1s", **greylist},
                              store={"engine": "redis", "cluster": True, "nodes": alive[n:n + 2], "prefix": prefix,
                                     "timeout": "5s"})
                for n in range(3)]
    return make


def attempt(greygate, sender):
    with greygate.session() as client:
        return client.attempt(sender, RECIPIENT)


def senders(count):
    return [f"sender-{spelled(number)}@example.com" for number in range(count)]


def test_first_attempts_at_one_host_and_retries_at_others(make_hosts, cluster):
    first, second, third = make_hosts()
    for sender in senders(30):
        assert attempt(first, sender).code == 450
    assert len({cluster.owner(f"*{sender}*").port for sender in senders(30)}) == 3  # it uses all of them
    time.sleep(1.1)
    for number, sender in enumerate(senders(30)):
        assert attempt([second, third][number % 2], sender).code == 250
    for host in (second, third):
        assert host.verdicts(15) == ["retried"] * 15
        assert host.status()["store"]["errors"] == 0


def test_the_same_first_attempts_at_all_hosts_at_once_are_first_at_one(make_hosts):
    race(make_hosts(delay="1h"), senders(40))


class Load:
    """New senders at all hosts, without a pause; what each was told."""

    def __init__(self, hosts, name):
        self.answers, self.longest = [], 0.0
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(host, f"{name}-{spelled(number)}-"))
                         for number, host in enumerate(hosts)]
        for thread in self._threads:
            thread.start()

    def _run(self, host, name):
        number = 0
        with host.session() as client:
            while not self._stop.is_set():
                number += 1
                sender = f"{name}{spelled(number)}@example.com"
                client.cmd("RSET")
                client.mail(sender)
                begun = time.monotonic()
                code = client.rcpt(RECIPIENT).code
                self.longest = max(self.longest, time.monotonic() - begun)
                self.answers.append((sender, code))

    def put_off(self):
        return [sender for sender, code in list(self.answers) if code == 450]

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join()


def test_slots_move_under_load_and_nobody_notices(make_hosts, cluster):
    hosts = make_hosts(delay="1h", on_store_failure="defer")
    load = Load(hosts, "moving")
    try:
        wait_for("some load", lambda: len(load.answers) > 100)
        source, target = cluster.masters()[:2]
        identity = {node.port: node.ask("CLUSTER", "MYID") for node in (source, target)}
        subprocess.run(["redis-cli", "--cluster", "reshard", source.address, "--cluster-from", identity[source.port],
                        "--cluster-to", identity[target.port], "--cluster-slots", "500", "--cluster-yes"], check=True,
                       stdout=subprocess.DEVNULL)
        seen = len(load.answers)
        wait_for("more load", lambda: len(load.answers) > seen + 100)
    finally:
        load.stop()
    assert {code for _, code in load.answers} == {450}
    assert all(host.status()["store"]["errors"] == 0 for host in hosts)


# The last one: a master is gone for good.
def test_a_master_killed_under_load_costs_a_pause_and_no_answered_decision_that_was_replicated(make_hosts, cluster,
                                                                                               backend):
    hosts = make_hosts(delay="2s", on_store_failure="defer")
    before = len(backend.messages)
    load = Load(hosts, "load")
    try:
        wait_for("some load", lambda: len(load.put_off()) > 200)
        victim = cluster.masters()[0]
        answered = load.put_off()
        # What was answered before this is at the replica: that, and no more, Redis promises.
        for master in cluster.masters():
            assert int(master.ask("WAIT", 1, 5000)) == 1
        victim.kill()
        survivors = [node for node in cluster.nodes if node is not victim]
        wait_for("the failover", lambda: sum(Cluster.link(node) == "master" for node in survivors) == 3, timeout=60)
        for node in survivors:
            wait_for("the cluster to be well", lambda: Cluster.is_well(node), timeout=60)
        seen = len(load.answers)
        wait_for("decisions after it", lambda: {code for _, code in load.answers[-30:]} == {450}
                 and len(load.answers) > seen + 100, timeout=30)
        wait_for("all hosts to be well", lambda: all(host.status()["store"]["ok"] for host in hosts))
    finally:
        load.stop()
    codes = {code for _, code in load.answers}
    assert codes <= {450, 451}  # nothing passed that had to wait
    assert load.longest < 10
    time.sleep(2.1)
    for number, sender in enumerate(answered[:150]):
        assert attempt(hosts[number % 3], sender).code == 250, sender
    assert len(backend.messages) == before + len(answered[:150])  # each once
