"""The openssl command as a peer in TLS: s_client against a proxy, s_server to prove what a client of it can do."""

import re
import subprocess
import threading
from dataclasses import dataclass

from ports import free_port
from smtp_client import Client
from wait import PATIENCE, wait_for

# What Debian's own settings forbid: they begin at TLS 1.2 and at this level of security of 2.
ANYTHING = ["-cipher", "DEFAULT@SECLEVEL=0"]
# For a process in whose OPENSSL_CONF this is: nothing but its own settings forbids an old version.
PERMISSIVE = """\
openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = permissive
[permissive]
MinProtocol = TLSv1
CipherString = ALL@SECLEVEL=0
"""


@dataclass(frozen=True)
class Told:
    """What s_client told of a connection: version and cipher are "" when there was no handshake."""
    version: str
    cipher: str
    signature: str  # the kind of the server's, "RSA-PSS" or "ECDSA"
    output: str


def _address(port, starttls):
    return ["-connect", f"127.0.0.1:{port}", *(["-starttls", "smtp", "-name", "client.example.com"] if starttls else [])]


def s_client(port, *options, starttls=True):
    """Connects, shakes hands and leaves."""
    done = subprocess.run(["openssl", "s_client", *_address(port, starttls), "-brief", *options], input="Q\n", text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE, check=False)

    def told(what):
        found = re.search(rf"^{what}: (.*)$", done.stdout, re.M)
        return found[1] if found else ""
    made = "CONNECTION ESTABLISHED" in done.stdout
    assert made == (done.returncode == 0), done.stdout
    return Told(told("Protocol version") if made else "", told("Ciphersuite") if made else "", told("Signature type"),
                done.stdout)


class Conversation:
    """An openssl command with which a test talks: what it prints, both streams, and lines for it to read."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen(["openssl", *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)
        self.output = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        while octets := self.process.stdout.read1(65536):
            self.output += octets

    def say(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def hear(self, word):
        """Waits for that word in the output so far."""
        wait_for(f"{word!r} in {self.process.args}", lambda: word.encode() in self.output or self._ended(word))
        return self.output.decode("utf-8", "replace")

    def _ended(self, word):
        assert self.process.poll() is None or self._reader.is_alive() or word.encode() in self.output, self.output

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        self.process.stdin.close()
        self.process.stdout.close()


def s_client_conversation(port, *options, starttls=True):
    return Conversation("s_client", *_address(port, starttls), "-crlf", *options)


class Server(Conversation):
    """openssl s_server with a certificate, on `port`, from the first byte in TLS."""

    def __init__(self, certificate, *options):
        self.port = free_port()
        super().__init__("s_server", "-accept", f"127.0.0.1:{self.port}", "-cert", certificate.certificate,
                         "-key", certificate.key, *options)
        wait_for("openssl s_server to listen", self._listens)

    def _listens(self):
        assert self.process.poll() is None, self.output
        try:
            with Client(self.port, greeting=False):
                return True
        except OSError:
            return False
