"""The mail server behind all others: it takes everything, and keeps a ledger."""

import json
import socket

from ports import free_port
from processes import Process
from wait import wait_for


class Sink(Process):
    def __init__(self, place, directory):
        self.port = free_port()
        super().__init__([place.build / "test/bench/bench_sink", self.port, place.certificate, place.key],
                         directory / "sink.log")
        wait_for("the sink to listen", self._answers)

    def _answers(self):
        self.check()
        try:
            return self.ledger()
        except OSError:
            return None

    def ledger(self):
        """What it was told by all clients until now: see sink/ledger.h."""
        with socket.create_connection(("127.0.0.1", self.port), 10) as connection:
            replies = connection.makefile("r", encoding="ascii", newline="\r\n")
            replies.readline()
            connection.sendall(b"LEDGER\r\n")
            return json.loads(replies.readline().removeprefix("250 "))
