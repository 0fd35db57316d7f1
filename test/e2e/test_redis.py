"""One greylist in Redis that several hosts share."""

import threading
import time

import pytest

from redis_servers import Redis
from sharing import race, spelled
from wait import PATIENCE, wait_for

SENDER, RECIPIENT = "alice@example.com", "bob@example.org"


@pytest.fixture
def make_redis(directory):
    made = []

    def make(*options, **settings):
        made.append(Redis(directory, *options, **settings))
        return made[-1]

    yield make
    for each in made:
        each.clean_up()


@pytest.fixture
def redis(make_redis):
    return make_redis()


@pytest.fixture
def make_sharing(make_greygate, backend):
    """Makes proxies that keep their greylist there: make_sharing(redis, …, greylist={…}, store={…})."""
    def make(*servers, ready=True, start=True, greylist=None, store=None, **settings):
        nodes = [server.address for server in servers]
        return make_greygate(backend, ready=ready, start=start, greylist={"delay": "1s", **(greylist or {})},
                             store={"engine": "redis", "nodes": nodes, "timeout": "5s", **(store or {})}, **settings)
    return make


def attempt(greygate, sender=SENDER, recipient=RECIPIENT):
    with greygate.session() as client:
        return client.attempt(sender, recipient)


def verdict(greygate, sender=SENDER):
    """The word that one attempt gets."""
    seen = len(greygate.events("recipient", sender=sender))
    attempt(greygate, sender)
    return greygate.events("recipient", seen + 1, sender=sender)[-1]["verdict"]


def outlast(delay=1.0):
    time.sleep(delay + 0.1)


def test_a_first_attempt_at_one_host_and_the_retry_at_another(make_sharing, redis, backend):
    first, second = make_sharing(redis), make_sharing(redis)
    assert attempt(first).code == 450
    assert attempt(second).code == 450
    outlast()
    assert attempt(second).code == 250
    assert attempt(first).code == 250
    assert first.verdicts(2) == ["first_seen", "known"]
    assert second.verdicts(2) == ["too_early", "retried"]
    assert len(backend.messages) == 2


def test_keys_bear_the_prefix_and_expire_in_the_server(make_sharing, redis):
    greygate = make_sharing(redis, greylist={"retry_window": "1h", "lifetime": "10d"}, store={"prefix": "mail[1]:"})
    attempt(greygate)
    (waiting,) = redis.keys("*{t:*")
    assert waiting.startswith("mail[1]:{t:")
    assert 3_590_000 < int(redis.ask("PTTL", waiting)) <= 3_600_001
    outlast()
    assert attempt(greygate).code == 250
    assert 863_900_000 < int(redis.ask("PTTL", waiting)) <= 864_000_001
    wait_for("the credit", lambda: redis.keys("mail\\[1\\]:c:*"))
    assert all(key.startswith("mail[1]:") for key in redis.keys())
    assert [entry["sender"] for entry in greygate.ask_json("list")] == [SENDER]


def test_a_restart_changes_nothing(make_sharing, redis):
    greygate = make_sharing(redis)
    attempt(greygate)
    outlast()
    assert greygate.stop() == 0
    greygate.start()
    assert attempt(greygate).code == 250


def test_the_same_first_attempt_at_several_hosts_at_once_is_first_at_one(make_sharing, redis):
    hosts = [make_sharing(redis, greylist={"delay": "1h"}) for _ in range(3)]
    race(hosts, [f"sender-{spelled(number)}@example.com" for number in range(30)])


def test_what_a_client_has_earned_counts_at_all_hosts(make_sharing, redis):
    greylist = {"auto_allow_after": 1, "auto_allow_interval": "0s"}
    first, second = make_sharing(redis, greylist=greylist), make_sharing(redis, greylist=greylist)
    attempt(first)
    outlast()
    assert attempt(first).code == 250
    wait_for("the credit", lambda: redis.keys("greygate:c:*"))
    assert attempt(second, "somebody@example.com").code == 250
    assert second.verdicts(1) == ["auto_allowed"]
    wait_for("no trace of it", lambda: not redis.keys("*somebody*}*"))


def test_run_time_entries_reach_the_other_hosts_by_themselves(make_sharing, redis):
    first, second = make_sharing(redis, greylist={"delay": "1h"}), make_sharing(redis, greylist={"delay": "1h"})
    first.ask("allow", "add", "--sender", SENDER)
    assert attempt(first).code == 250
    begun = time.monotonic()
    wait_for("the other host to know", lambda: attempt(second).code == 250)
    took = time.monotonic() - begun
    second.ask("allow", "remove", "--sender", SENDER)
    wait_for("the first to forget", lambda: attempt(first, "x" + SENDER).code == 450 and attempt(first).code == 450)
    assert took < PATIENCE / 2  # half a second between two looks; the rest is for a busy machine


def test_the_history_of_a_recipient_is_that_of_all_hosts(make_sharing, redis):
    first, second = make_sharing(redis), make_sharing(redis)
    attempt(first)
    outlast()
    attempt(second)
    assert first.stop() == 0  # what it has not written yet, it writes at its end
    wait_for("both events", lambda: [text for text in [second.ask("explain", "--recipient", RECIPIENT, "--json")]
                                     if "first_seen" in text and "retried" in text])


def test_a_password_a_user_and_tls(make_redis, make_sharing, authority, backend_certificate, directory):
    redis = make_redis("--requirepass", "s3cret words", tls=backend_certificate)
    redis.ask("ACL", "SETUSER", "greygate", "on", ">0ther", "~greygate:*", "+@read", "+@write", "+@scripting", "+@connection",
              "+cluster|slots", "+info", "+role")  # as deploy/redis.md has it
    for name, text in {"default": "s3cret words\n", "user": "0ther", "wrong": "nonsense\n"}.items():
        (directory / name).write_text(text)
    tls = {"tls": "verified", "ca_file": str(authority.file)}
    assert attempt(make_sharing(redis, store={**tls, "password_file": str(directory / "default")})).code == 450
    user = {"username": "greygate", "password_file": str(directory / "user")}
    assert attempt(make_sharing(redis, store={**tls, **user})).code == 450
    refused = make_sharing(redis, ready=False, store={**tls, "password_file": str(directory / "wrong")})
    code, body = wait_for("it to know", lambda: [each for each in [refused.get("/readyz")] if each[0] == 503])[0]
    assert "it refuses our name or password" in body
    distrusting = make_sharing(redis, ready=False, store={"tls": "verified"})
    wait_for("it to know", lambda: "certificate" in distrusting.get("/readyz")[1])


def is_ready(greygate):
    return greygate.get("/readyz")[0] == 200


@pytest.mark.parametrize("failing, code", [("accept", 250), ("defer", 451)])
def test_a_frozen_server_delays_one_recipient_and_no_more(make_sharing, redis, failing, code):
    greygate = make_sharing(redis, threads=1, greylist={"on_store_failure": failing}, store={"timeout": "3s"})
    assert verdict(greygate) == "first_seen"
    redis.freeze()
    # The look at run-time entries has a connection of its own, so this one still believes.
    with greygate.session() as client:
        client.mail(SENDER)
        assert client.rcpt(RECIPIENT).code == code
        begun = time.monotonic()
        for number in range(5):
            assert client.rcpt(f"bob{number}@example.org").code == code
        assert time.monotonic() - begun < 3  # none of them waited
    code, body = greygate.get("/readyz")
    assert code == 503 and "no answer within 3000 ms" in body
    store = greygate.status()["store"]
    assert (store["engine"], store["ok"], store["stand_in"]) == ("redis", False, "")
    assert "greygate_store_ok 0" in greygate.get("/metrics")[1]
    assert greygate.verdicts(7) == ["first_seen"] + ["store_failure"] * 6
    redis.thaw()
    wait_for("it to be well again", lambda: is_ready(greygate))
    assert verdict(greygate) in ("too_early", "retried")


def test_a_server_that_is_not_there_at_the_start_may_come_later(make_sharing, make_redis):
    redis = make_redis()
    redis.kill()
    greygate = make_sharing(redis, ready=False)
    wait_for("it to know", lambda: not is_ready(greygate))
    assert attempt(greygate).code == 250
    redis.start()
    wait_for("it to be well", lambda: is_ready(greygate))
    assert wait_for("the greylist", lambda: attempt(greygate, "new@example.com").code == 450)


def test_a_replica_takes_the_place_of_its_master(make_redis, make_sharing):
    master = make_redis()
    replica = make_redis("--replicaof", "127.0.0.1", str(master.port), "--repl-diskless-sync-delay", "0")
    wait_for("the replica to follow", lambda: "master_link_status:up" in replica.ask("INFO", "replication"))
    greygate = make_sharing(replica, master)  # which of them it is, it asks
    assert verdict(greygate) == "first_seen"
    wait_for("the replica to know", lambda: replica.keys("*{t:*"))
    outlast()
    master.kill()
    replica.ask("REPLICAOF", "NO", "ONE")
    wait_for("the replica to be found", lambda: verdict(greygate) == "retried")  # until then, a store that fails
    wait_for("all loops to be well", lambda: is_ready(greygate))


def test_a_master_that_became_a_replica_is_left(make_redis, make_sharing):
    one, other = make_redis(), make_redis()
    greygate = make_sharing(one, other)
    attempt(greygate)
    assert one.keys("*{t:*")
    one.ask("REPLICAOF", "127.0.0.1", other.port)
    wait_for("the other to be asked", lambda: attempt(greygate, "new@example.com") and other.keys("*new@*"))


@pytest.fixture
def falling_back(make_sharing, redis, directory):
    return make_sharing(redis, threads=1, store={"timeout": "1s", "fallback": str(directory / "fallback")})


def test_while_no_server_answers_the_local_store_stands_in(falling_back, redis):
    greygate = falling_back
    assert verdict(greygate, "known@example.com") == "first_seen"
    outlast()
    assert verdict(greygate, "known@example.com") == "retried"
    redis.freeze()
    assert verdict(greygate, "known@example.com") == "known"
    assert verdict(greygate, "new@example.com") == "first_seen"
    assert verdict(greygate, "late@example.com") == "first_seen"
    outlast()
    assert verdict(greygate, "new@example.com") == "retried"
    store = greygate.status()["store"]
    assert (store["ok"], store["stand_in"]) == (False, "rocksdb")
    assert "greygate_store_stand_in 1" in greygate.get("/metrics")[1]
    wait_for("all loops to be well", lambda: is_ready(greygate))

    redis.thaw()
    wait_for("the server to be asked again", lambda: greygate.status()["store"]["ok"])
    # What happened meanwhile, the server knows now: before anybody asks again, and of those who don't ask.
    assert verdict(greygate, "late@example.com") == "retried"
    wait_for("all to be handed over", lambda: redis.keys("*new@example.com*}*"))


def test_a_local_store_that_another_process_holds_is_not_touched(falling_back, make_sharing, redis, directory):
    other = make_sharing(redis, start=False, store={"fallback": str(directory / "fallback")})
    with pytest.raises(AssertionError, match="ended with 1"):
        other.start()
    assert "store.fallback" in other.log()


def test_a_greylist_moves_to_redis_and_back_while_mail_flows(make_greygate, make_sharing, redis, backend):
    local = make_greygate(backend, greylist={"delay": "1s"})
    shared = make_sharing(redis)
    for number in range(20):
        attempt(local, f"sender-{spelled(number)}@example.com")
    outlast()
    stop = threading.Event()
    failures = []

    def load(greygate, name):
        number = 0
        while not stop.is_set():
            number += 1
            code = attempt(greygate, f"{name}-{spelled(number)}@example.com").code
            if code != 450:
                failures.append((name, code))

    loads = [threading.Thread(target=load, args=each) for each in [(local, "a"), (shared, "b")]]
    for each in loads:
        each.start()
    try:
        moved = local.ask("export")
        shared.ask("import", "--from", "greygate", "-", input=moved)
        back = shared.ask("export")
        local.ask("import", "--from", "greygate", "-", input=back)
    finally:
        stop.set()
        for each in loads:
            each.join()
    assert not failures
    assert verdict(shared, "sender-h@example.com") == "retried"
    outlast()
    assert verdict(local, "b-b@example.com") == "retried"


@pytest.mark.parametrize("store, key", [
    ({"nodes": []}, "store.nodes"),
    ({"nodes": ["127.0.0.1"]}, "store.nodes[0]"),
    ({"prefix": "a{b}"}, "store.prefix"),
    ({"username": "x"}, "store.username"),
    ({"password_file": "missing"}, "store.password_file"),
    ({"tls": "required", "ca_file": "missing"}, "store.ca_file"),
    ({"tls": "sometimes"}, "store.tls"),
    ({"timeout": "0s"}, "store.timeout"),
])
def test_what_can_not_be_is_said_by_its_key(make_sharing, make_greygate, backend, store, key):
    greygate = make_greygate(backend, start=False, store={"engine": "redis", "nodes": ["127.0.0.1:6379"], **store})
    greygate.configure({})
    assert f"{key}: " in greygate.ask("check", code=1)
