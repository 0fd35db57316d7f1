"""Postfix: with postgrey as its policy service, and its own postscreen."""

import os
import pwd
import re
import socket
import subprocess

import postfix as instances  # test/e2e/postfix.py: what an instance of one's own takes

from peers.peer import KNOWN_RECIPIENT, Peer, free_port

SETTINGS = """\
relay_domains = example.org
mynetworks = 192.0.2.77/32
message_size_limit = 104857600
default_process_limit = 1000
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_tls_security_level = may
smtpd_tls_chain_files = {key}, {certificate}
"""

# The message goes to the sink while the client waits, as it does with a proxy; Postfix' own way, by the
# queue, costs more.
BEHIND_POSTGREY = SETTINGS + """\
smtpd_recipient_restrictions = reject_unauth_destination, check_policy_service inet:127.0.0.1:{postgrey}
smtpd_proxy_filter = inet:127.0.0.1:{sink}
"""

# A client that is new and behaves well is told 450 at the end of the tests after the greeting. The six seconds before
# the greeting are left out: they take no CPU time.
POSTSCREEN = SETTINGS + """\
postscreen_upstream_proxy_protocol = haproxy
postscreen_greet_banner =
postscreen_pipelining_enable = yes
postscreen_non_smtp_command_enable = yes
postscreen_bare_newline_enable = yes
"""
POSTSCREEN_SERVICES = """\
127.0.0.1:{port} inet n - n - 1 postscreen
smtpd     pass       - - n -    - smtpd
dnsblog   unix       - - n -    0 dnsblog
tlsproxy  unix       - - n -    0 tlsproxy
"""


class Instance(instances.Postfix):
    """One whose log goes to a file; it is read when something is to be counted."""

    def __init__(self, directory, settings, services=None):
        super().__init__(directory, settings.splitlines())
        if services:
            self._write("master.cf", services.format(port=self.port) + instances.SERVICES)

    def command(self):
        config = str(self.directory / "etc")
        return [instances.DAEMONS + "/master", "-s", "-c", config], {**os.environ, "MAIL_CONFIG": config}


class Log:
    """Counts lines of a log that have these words, reading each line once."""

    def __init__(self, path, words):
        self._path, self._words = path, words
        self._offset = self._count = 0

    def count(self):
        with open(self._path, "rb") as log:
            log.seek(self._offset)
            for line in log:
                if not line.endswith(b"\n"):
                    break
                self._offset += len(line)
                self._count += all(word in line for word in self._words)
        return self._count


class _Postfix(Peer):
    slow = True
    rewrites = True

    def __init__(self, place):
        super().__init__(place)
        self.log = Log(self.directory / "log", [b"reject: RCPT", b": 450 4."])

    def start_instance(self, settings, services=None, **values):
        instance = Instance(self.directory / "postfix", settings.format(
            key=self.place.key, certificate=self.place.certificate, sink=self.place.sink.port, **values), services)
        self.port = instance.port
        command, environment = instance.command()
        self.launch(*command, env=environment)

    def put_off_count(self):
        return self.log.count()

    def version(self):
        said = subprocess.run(["postconf", "-d", "-h", "mail_version"], capture_output=True, text=True, check=True)
        return "Postfix " + said.stdout.strip()


class Postgrey(_Postfix):
    name = "postfix"
    title = "Postfix with postgrey (relays by smtpd_proxy_filter)"

    def __init__(self, place):
        super().__init__(place)
        self.postgrey = free_port()

    def start(self):
        port, database = self.postgrey, self.directory / "postgrey"
        database.mkdir()
        owner = pwd.getpwnam("postgrey")
        os.chown(database, owner.pw_uid, owner.pw_gid)
        self.launch("postgrey", f"--inet=127.0.0.1:{port}", f"--dbdir={database}", "--delay=1",
                    "--auto-whitelist-clients=0", port=port, log="postgrey.log")
        self.start_instance(BEHIND_POSTGREY, postgrey=port)

    def know(self, sessions, load):
        load("put-off", self, "--recipient", KNOWN_RECIPIENT, sessions=sessions)

    def fill(self, entries):
        """As Postfix would ask (its SMTPD_POLICY_README), without Postfix."""
        with socket.create_connection(("127.0.0.1", self.postgrey), 60) as connection:
            answers = connection.makefile("r", encoding="ascii")
            for number in range(entries):
                client = f"192.{number % 200}.{number // 200 % 200}.7"
                connection.sendall(("request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\n"
                                    f"client_address={client}\nclient_name=unknown\nhelo_name=client.example.com\n"
                                    f"sender=f{number}x@fill.example.com\nrecipient=user{number % 20000}@example.org\n"
                                    f"instance={number}\n\n").encode())
                answers.readline()
                answers.readline()

    def version(self):
        package = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "postgrey"], capture_output=True, text=True,
                                 check=True)
        return f"{super().version()}, postgrey {re.match('[0-9.]+', package.stdout)[0]}"


class Postscreen(_Postfix):
    name = "postscreen"
    title = "Postfix postscreen (tests after the greeting)"
    modes = ("put-off", "idle")
    pipelines = False  # it offers no PIPELINING, and takes it for a sign of a spam engine

    def __init__(self, place):
        super().__init__(place)
        self._clients = 198 << 24 | 18 << 16  # as a number: the next client that it has not seen

    def start(self):
        self.start_instance(POSTSCREEN, POSTSCREEN_SERVICES)

    def options(self, scenario, sessions):
        first = self._clients
        self._clients += sessions
        return ["--proxy", ".".join(str(first >> shift & 255) for shift in (24, 16, 8, 0)), "--clients", str(sessions)]
