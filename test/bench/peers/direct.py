"""The sink itself, without anything before it: what no server can do without."""

from peers.peer import Peer
from sink import Sink


class Direct(Peer):
    name = "direct"
    title = "the sink alone (constant replies)"
    idle_most = 10000

    def __init__(self, place):
        super().__init__(place)
        self.sink = None

    def start(self):
        self.sink = Sink(self.place, self.directory)
        self.port = self.sink.port

    def ledger(self):
        return self.sink.ledger()

    def put_off_count(self):
        return self.ledger()["put_off"]

    def roots(self):
        return [self.sink.pid]

    def stop(self):
        if self.sink:
            self.sink.stop()

    def version(self):
        return "this project's"
