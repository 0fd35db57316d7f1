"""The program under test: its configuration, its process, its log, its status page."""

import http.client
import json
import os
import pathlib
import signal
import subprocess
import threading

from ports import free_port
from smtp_client import Client
from wait import PATIENCE, wait_for

BINARY = os.environ.get("GREYGATE", "build/greygate")
SANITIZERS = ("Sanitizer", "runtime error:", "Assertion `")
# Local parts that are never greylisted in these configurations, so that a test of relaying need not wait.
PASS = ["pass@", "pass2@", "pass3@"]


def merged(base, changes):
    """A copy of base with what changes says; objects merge key by key."""
    result = dict(base)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


class Greygate:
    """One greygate with its own directory and ports. `settings` are merged into a small configuration."""

    def __init__(self, directory, backends, settings):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(exist_ok=True, parents=True)
        self.file = self.directory / "greygate.json"
        self.port, self.status_port = free_port(), free_port()
        self.settings = merged({
            "hostname": "mx.example.org",
            "threads": 2,
            "listen": [{"address": f"127.0.0.1:{self.port}"}],
            "backend": {"addresses": backends, "connect_timeout": "2s"},
            "domains": ["example.org"],
            "greylist": {"delay": "1s", "identity": ["network"]},
            "allow": {"recipients": PASS},
            "store": {"path": str(self.directory / "store"), "cache": "8MiB"},
            "dns": {"enabled": False},
            "status": {"address": f"127.0.0.1:{self.status_port}"},
            "limits": {"drain_timeout": "5s"},
            "admin": {"socket": str(self.directory / "admin.sock")},
        }, settings)
        self.environment = {}  # what the process finds beside our own
        self.lines = []
        self.process = self._reader = None

    # The process

    def configure(self, changes):
        """Merges changes into the configuration and writes it; a running proxy reads it at its next reload."""
        self.settings = merged(self.settings, changes)
        self.file.write_text(json.dumps(self.settings, indent=2))

    def add_listener(self, **settings):
        """One more listener from the start on; its port."""
        port = free_port()
        self.settings["listen"].append({"address": f"127.0.0.1:{port}", **settings})
        return port

    def start(self, ready=True):
        """Starts it; with `ready` waits for /readyz to say 200, else for the SMTP port."""
        self.configure({})
        self.process = subprocess.Popen([BINARY, "serve", "--config", str(self.file)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                        env={**os.environ, **self.environment})
        self._reader = threading.Thread(target=self._read, args=(self.process.stderr,), daemon=True)
        self._reader.start()
        wait_for("greygate to be ready" if ready else "greygate to listen", self._is_ready if ready else self._listens)
        return self

    def _read(self, stream):
        for line in stream:
            self.lines.append(line.decode("utf-8", "backslashreplace").rstrip("\n"))

    def _alive(self):
        assert self.process.poll() is None, f"greygate ended with {self.process.returncode}:\n" + self.log()

    def _listens(self):
        self._alive()
        try:
            with Client(self.port):
                return True
        except OSError:
            return False

    def _is_ready(self):
        self._alive()
        try:
            return self.get("/readyz")[0] == 200
        except OSError:
            return False

    def reload(self):
        """SIGHUP; returns when the log says that the configuration was read again."""
        seen = len(self.lines)
        self.process.send_signal(signal.SIGHUP)
        wait_for("the reload", lambda: any("reload" in line for line in self.lines[seen:]))

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def exit_code(self, timeout=PATIENCE):
        code = self.process.wait(timeout)
        self._reader.join(PATIENCE)
        return code

    def stop(self):
        """SIGTERM; the exit code."""
        self.terminate()
        return self.exit_code()

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)

    def clean_up(self):
        """Ends it; fails if it doesn't end by itself, or if a sanitizer or an assertion spoke."""
        if self.process and self.process.poll() is None:
            self.terminate()
            try:
                self.exit_code()
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError("greygate did not end when told to:\n" + self.log()) from None
        spoken = [line for line in self.lines if any(word in line for word in SANITIZERS)]
        assert not spoken, self.log()

    # What it says

    def log(self):
        return "\n".join(self.lines)

    def events(self, name, count=0, **fields):
        """The log's events of that name with these fields, once there are `count` of them."""
        def found():
            parsed = [json.loads(line) for line in list(self.lines) if line.startswith("{")]
            return [event for event in parsed if event.get("event") == name
                    and all(event.get(key) == value for key, value in fields.items())]
        if count:
            wait_for(f"{count} log events {name} {fields or ''}", lambda: len(found()) >= count)
        return found()

    def verdicts(self, count):
        """The verdict words of the first `count` recipients, in order."""
        return [event["verdict"] for event in self.events("recipient", count)][:count]

    def get(self, path, method="GET"):
        """(code, body) of a request to the status address."""
        connection = http.client.HTTPConnection("127.0.0.1", self.status_port, timeout=PATIENCE)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def status(self):
        code, body = self.get("/status")
        assert code == 200, body
        return json.loads(body)

    def ask(self, *arguments, code=0, **options):
        """What an administrator's command prints: stdout, or stderr if it is to end with another `code`."""
        ended, out, errors = run(*arguments, "--config", self.file, **options)
        assert ended == code, (out, errors)
        return errors if code else out

    def ask_json(self, *arguments, **options):
        """The JSON objects it prints, one a line."""
        return [json.loads(line) for line in self.ask(*arguments, "--json", **options).splitlines()]

    def client(self, **options):
        return Client(self.port, **options)

    def session(self, name="client.example.com", **options):
        """A client that has said EHLO."""
        client = Client(self.port, **options)
        assert client.ehlo(name).code == 250
        return client

    def tls_session(self, tls=None, name=None, **options):
        """A client that has said EHLO, STARTTLS and EHLO again."""
        client = self.session(**options).starttls(tls, name)
        assert client.ehlo().code == 250
        return client


def run(*arguments, timeout=PATIENCE, **options):
    """Runs greygate to its end: (exit code, stdout, stderr)."""
    done = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=timeout, check=False,
                          **options)
    assert not any(word in done.stderr for word in SANITIZERS), done.stderr
    return done.returncode, done.stdout, done.stderr
