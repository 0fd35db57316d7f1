"""What befalls the machine in the course of a round. What happens, and with the start of which session, is a function
of the seed. Where the machine won't have it (no right to mount, say), Unfit says why."""

import os
import pathlib
import resource
import socket
import struct
import subprocess
from datetime import date, timedelta

from greygate import BINARY
from plan import SESSIONS
from wait import PATIENCE, wait_for

HOUR = 3600
DISK = "size=64m"
MACHINE = os.environ.get("MACHINE") or str(pathlib.Path(BINARY).parent / "test/faults/machine.so")


class Unfit(Exception):
    """This weather can't be had here."""


class Calm:
    """Nothing; and what the others build on."""

    def __init__(self, world):
        self.world, self.greygate = world, world.greygate
        self.random = world.around.random("weather")

    def __enter__(self):
        """Before greygate's first start."""
        return self

    def __exit__(self, *_):
        """After its end."""

    def happen(self):
        """While sessions run."""

    def was_felt(self, _books):
        """Whether greygate noticed: weather that is none would be survived by anything."""
        return True

    def times(self, count, span=10):
        """Lets sessions begin, and gives their number whenever something is to happen: after that, at most `span` more
        may begin before the next time."""
        every = (SESSIONS - 10) // count
        for start in range(10, 10 + every * count, every):
            at = start + self.random.randrange(every - span)
            self.world.begin_sessions(at)
            yield at

    def preload(self, **environment):
        if not os.path.exists(MACHINE):
            raise Unfit(f"{MACHINE} isn't built")
        self.greygate.environment = {"LD_PRELOAD": MACHINE, **environment}

    @property
    def store(self):
        return pathlib.Path(self.greygate.settings["store"]["path"])


class BackendDies(Calm):
    """It is gone with all its connections, and comes back."""

    def happen(self):
        for at in self.times(4):
            with self.world.disturbance():
                self.world.backend.stop_listening()
                self.world.backend.hang_up()
                self.world.begin_sessions(at + 10, timeout=2)
                self.world.backend.listen()
                wait_for("the backend to be found again", self.world.is_ready)


class ProxyKilled(Calm):
    """Greygate is killed and started again, at the points that the sessions' plans name."""

    def was_felt(self, books):
        return bool(books.kills)


class _OwnDisk(Calm):
    """The store is on a small disk of its own."""

    def __enter__(self):
        disk = self.world.directory / "disk"
        disk.mkdir()
        self.disk = disk
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", DISK, "greygate-test", disk], stderr=subprocess.PIPE,
                              text=True, check=False)
        if done.returncode:
            raise Unfit(f"mounting isn't permitted: {done.stderr.strip()}")
        self.greygate.configure({"store": {"path": str(disk / "store")}})
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", self.disk], check=True)

    def was_felt(self, books):
        return any(event.get("verdict") == "store_failure" for event in books.events)

    def remount(self, how):
        subprocess.run(["mount", "-o", f"remount,{how}", self.disk], check=True)


class DiskFull(_OwnDisk):
    """It is full for a while; greylisting must resume by itself."""

    asked_for = 0

    def __enter__(self):
        self.preload(NO_RESERVE="1")
        return super().__enter__()

    def happen(self):
        filler = self.disk / "filler"
        for at in self.times(2, span=60):
            with self.world.disturbance():
                for more in range(0, 60, 5):
                    self._fill(filler)  # the room of what greygate has deleted, too
                    self.world.begin_sessions(at + more)
                filler.unlink()
                wait_for("the store to work again", self._puts_off)

    @staticmethod
    def _fill(filler):
        with filler.open("ab", buffering=0) as file:
            try:
                while file.write(bytes(1 << 16)):
                    pass
            except OSError:
                pass

    def _puts_off(self):
        """Whether a recipient that was never heard of is put off."""
        self.asked_for += 1
        with self.greygate.session() as client:
            client.mail()
            return client.rcpt(f"anybody{self.asked_for}@example.org").code == 450


class DiskReadOnly(_OwnDisk):
    """It can't be written from one start of greygate to the next."""

    def happen(self):
        for at in self.times(1, span=60):
            with self.world.disturbance():
                self.world.kill_and_restart(lambda: self.remount("ro"), ready=False)
                self.world.begin_sessions(at + 60)
                self.world.kill_and_restart(lambda: self.remount(f"rw,{DISK}"))


class StoreCorrupted(Calm):
    """Greygate is killed, files of its store are spoiled, and it is started again."""

    spoiled_before = False

    def happen(self):
        for _ in self.times(3):
            self.world.kill_and_restart(self._spoil)

    def was_felt(self, books):
        return any(event["event"] == "store" for event in books.events)

    def _spoil(self):
        """The manifest, without which nothing can be opened, or two files of any kind."""
        files = sorted(path for path in self.store.iterdir() if path.is_file() and path.stat().st_size)
        manifests = [path for path in files if path.name.startswith("MANIFEST")]
        spoiled = self.random.sample(files, min(len(files), 2)) if self.spoiled_before else manifests
        self.spoiled_before = True
        for path in spoiled:
            octets = bytearray(path.read_bytes())
            for _ in range(20):
                octets[self.random.randrange(len(octets))] ^= 1 << self.random.randrange(8)
            path.write_bytes(octets[:len(octets) // 2] if self.random.random() < 0.3 else octets)


class SlowDisk(Calm):
    """Each write to the store takes 5 ms longer."""

    def __enter__(self):
        self.preload(SLOW_DISK=str(self.store))
        return self


class ClockJumps(Calm):
    """The time of day is turned forwards and back, by hours and by days."""

    def __enter__(self):
        self.file = self.world.directory / "clock"
        self.turn(0)
        self.preload(CLOCK=str(self.file))
        return self

    def turn(self, seconds):
        self.file.touch()
        with self.file.open("r+b") as file:
            file.write(struct.pack("q", seconds))

    def happen(self):
        for _ in self.times(8):
            self.turn(self.random.choice((-1, 1)) * self.random.choice((2, 2 * HOUR, 30 * HOUR, 500 * HOUR)))

    def was_felt(self, books):
        days = [date.fromisoformat(event["time"][:10]) for event in books.events]
        return max(days) - min(days) > timedelta(days=1)


class DescriptorsExhausted(Calm):
    """Greygate may open hardly any more files and connections, for a while."""

    def happen(self):
        for number, at in enumerate(self.times(3, span=20)):
            if number == 0:
                self.refuse_connections(at)
            process = self.greygate.process.pid
            usual = resource.prlimit(process, resource.RLIMIT_NOFILE)
            with self.world.disturbance():
                taken = len(os.listdir(f"/proc/{process}/fd"))
                few = taken - self.random.randrange(10)
                resource.prlimit(process, resource.RLIMIT_NOFILE, (few, usual[1]))
                self.world.begin_sessions(at + 20, timeout=3)
                resource.prlimit(process, resource.RLIMIT_NOFILE, usual)
                wait_for("greygate to be well again", self.world.is_ready)

    def refuse_connections(self, at):
        """UBSan looks through a pipe whether an object is what it should be, and takes it for another if there is no
        descriptor for the pipe. What it has seen once it doesn't look at again: here, a system error's text."""
        with self.world.disturbance():
            self.world.backend.stop_listening()
            self.world.begin_sessions(at + 8, timeout=2)
            self.world.backend.listen()
            wait_for("the backend to be found again", self.world.is_ready)

    def was_felt(self, books):
        return any("Too many open files" in str(event) for event in books.events)


class DnsDead(Calm):
    """The only name server is silent, and later gone; and who clients are by name would matter."""

    asked = False

    def __enter__(self):
        self.server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.server.bind(("127.0.0.1", 0))
        self.server.settimeout(PATIENCE)
        self.greygate.configure({
            "dns": {"enabled": True, "servers": ["127.0.0.1:%d" % self.server.getsockname()[1]], "timeout": "500ms"},
            "allow": {"clients": ["mail.example.com"]}})
        return self

    def happen(self):
        for _ in self.times(1):
            self.asked = bool(self.server.recv(512))
            self.server.close()

    def was_felt(self, _books):
        return self.asked

    def __exit__(self, *_):
        self.server.close()


KINDS = {"calm": Calm, "proxy killed": ProxyKilled, "backend dies": BackendDies, "disk full": DiskFull,
         "disk read-only": DiskReadOnly, "store corrupted": StoreCorrupted, "slow disk": SlowDisk,
         "clock jumps": ClockJumps, "descriptors exhausted": DescriptorsExhausted, "DNS dead": DnsDead}


def make(world):
    return KINDS[world.around.weather](world)
