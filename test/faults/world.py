"""A round's greygate and backend, its clients, and its books."""

import json
import threading
import time
from collections import deque
from contextlib import contextmanager

import weather
from books import Books
from conversation import Conversation, Outcome, connect
from fake_backend import KEYWORDS, XCLIENT
from greygate import Greygate
from ledger import LedgerBackend
from plan import FORGETFUL, SESSIONS, plan_session
from ports import free_port
from smtp_client import tls_settings
from wait import wait_for

PATIENCE = 60.0
CLIENTS = 24  # at once
FROZEN = "8s"  # greygate's patience with a backend: no healthy one is so slow, however busy the machine


class World:
    """`directory` is the round's own. `authority` vouches for the backend where it speaks TLS."""

    def __init__(self, around, directory, authority, only=None):
        self.around, self.directory = around, directory
        self.plans = [plan_session(around, number) for number in around.numbers if only in (None, number)]
        self.disturbances, self.kills = [], []
        self._started = self._allowed = 0  # sessions
        self._changed = threading.Condition()
        self._killing = threading.Lock()
        self._closing = False
        faults = {plan.number: plan.fault for plan in self.plans if plan.fault and plan.fault.who != "client"}
        self.backend = LedgerBackend(
            [free_port() for _ in range(around.addresses)], faults, self.kill_and_restart,
            keywords=[*KEYWORDS, XCLIENT], proxy_protocol=around.identity.startswith("proxy"),
            certificate=authority.issue("127.0.0.1") if around.backend_tls else None)
        self.greygate = Greygate(directory / "greygate", self.backend.addresses, self._settings())

    def _settings(self):
        around = self.around
        return {
            "backend": {"client_identity": around.identity, "reuse": around.reuse,
                        "tls": "opportunistic" if around.backend_tls else "none",
                        **{f"{which}_timeout": FROZEN for which in ("connect", "open", "reply", "end_of_data")}},
            "greylist": {"delay": "1h", "null_sender": around.null_sender, "auto_allow_after": 0},
            "allow": {"recipients": ["@pass.example.org"]},
            "domains": ["example.org", "*.example.org"],
            "limits": {"drain_timeout": "30s", "put_off_per_client": 1_000_000_000},
        }

    # The round

    def run(self):
        """Runs all sessions through the weather; the Books."""
        ordeal = weather.make(self)
        with ordeal:
            self.greygate.start()
            books = self._close(self._converse(ordeal))
            books.weather_felt = ordeal.was_felt(books) if len(self.plans) == SESSIONS else None
            return books

    def _converse(self, ordeal):
        """The outcomes of all sessions."""
        waiting, outcomes, tls = deque(self.plans), [], tls_settings()
        clients = [threading.Thread(target=self._client, args=(waiting, outcomes, tls), daemon=True)
                   for _ in range(CLIENTS)]
        for each in clients:
            each.start()
        ordeal.happen()
        self.begin_sessions(len(self.plans))
        for each in clients:
            each.join()
        return sorted(outcomes, key=lambda outcome: outcome.plan.number)

    def _client(self, waiting, outcomes, tls):
        while plan := self._next(waiting):
            try:
                outcomes.append(Conversation(plan, lambda plan=plan: self._connect(plan), tls).run())
            except Exception as error:  # pylint: disable=broad-except
                outcomes.append(Outcome(plan, trouble=f"the test failed: {error!r}"))

    def _next(self, waiting):
        """The next session's plan, once the weather allows for one more; None if there is none."""
        with self._changed:
            self._changed.wait_for(lambda: self._started < self._allowed or not waiting)
            if not waiting:
                return None
            self._started += 1
            self._changed.notify_all()
            return waiting.popleft()

    def _connect(self, plan):
        """A connection; while greygate is being started again, it is tried again."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return connect(self.greygate.port, plan)
            except ConnectionRefusedError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def _close(self, outcomes):
        """Ends greygate, which waits for what the backend still has to say, and then closes the books."""
        with self._killing:
            self._closing = True
        counters = None
        if not self.kills:
            wait_for("all clients' connections to be over", self._is_quiet, PATIENCE)
            counters = self.greygate.status()["messages"]
        remembered = self._remembered()
        self.greygate.terminate()
        code = self.greygate.exit_code(PATIENCE)
        self.backend.clean_up()
        self.greygate.clean_up()
        whole = [line for line in self.greygate.lines if line.startswith("{") and line.endswith("}")]  # a kill may cut one
        events = [json.loads(line) for line in whole]
        assert code == 0, f"greygate ended with {code}:\n" + "\n".join(self.greygate.lines[-20:])
        return Books(self.around, outcomes, self.backend.ledger, events, self.disturbances, self.kills, counters,
                     remembered)

    def _remembered(self):
        """The recipients in the greylist; None if it may have lost some."""
        if self.around.weather in FORGETFUL:
            return None
        return {entry["recipient"] for entry in self.greygate.ask_json("export")}

    def _is_quiet(self):
        return self.greygate.status()["connections"]["open"] == 0

    def clean_up(self):
        self.backend.clean_up()
        if self.greygate.process and self.greygate.process.poll() is None:
            self.greygate.kill()

    # For the weather

    def is_ready(self):
        return self.greygate.get("/readyz")[0] == 200

    def begin_sessions(self, count, timeout=None):
        """Lets so many sessions begin in all, and waits until they have; False if it takes too long."""
        with self._changed:
            self._allowed = min(count, len(self.plans))
            self._changed.notify_all()
            return self._changed.wait_for(lambda: self._started >= self._allowed, timeout)

    @contextmanager
    def disturbance(self):
        """Meanwhile nothing need go well."""
        span = [time.monotonic(), float("inf")]
        self.disturbances.append(span)
        yield
        span[1] = time.monotonic()

    def kill_and_restart(self, meanwhile=lambda: None, ready=True):
        with self._killing:
            if self._closing:
                return
            span = [time.monotonic(), float("inf")]
            self.kills.append(span)
            self.greygate.kill()
            meanwhile()
            self.greygate.start(ready)
            span[1] = time.monotonic()
