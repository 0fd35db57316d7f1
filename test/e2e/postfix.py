"""Postfix instances of a test's own: on 127.0.0.1, in a directory, without syslog, chroot or a system service."""

import os
import pathlib
import pwd
import shutil
import subprocess
import threading

from ports import free_port
from smtp_client import Client
from wait import PATIENCE, wait_for

DAEMONS = "/usr/lib/postfix/sbin"
AVAILABLE = os.geteuid() == 0 and os.path.exists(DAEMONS + "/master")

SERVICES = """\
pickup    unix       n - n 60   1 pickup
cleanup   unix       n - n -    0 cleanup
qmgr      unix       n - n 1    1 qmgr
rewrite   unix       - - n -    - trivial-rewrite
bounce    unix       - - n -    0 bounce
defer     unix       - - n -    0 bounce
trace     unix       - - n -    0 bounce
verify    unix       - - n -    1 verify
proxymap  unix       - - n -    - proxymap
smtp      unix       - - n -    - smtp
relay     unix       - - n -    - smtp
error     unix       - - n -    - error
retry     unix       - - n -    - error
discard   unix       - - n -    - discard
virtual   unix       - n n -    - virtual
anvil     unix       - - n -    1 anvil
scache    unix       - - n -    1 scache
tlsmgr    unix       - - n 1000 1 tlsmgr
postlog   unix-dgram n - n -    1 postlogd
"""


class Postfix:
    """One instance. `settings` are lines of main.cf, `smtpd` further -o options of its SMTP server."""

    def __init__(self, directory, settings, smtpd=()):
        self.directory = pathlib.Path(directory)
        self.port = free_port()
        self.lines = []
        self.process = None
        self._lay_out()
        options = "".join(f"\n  -o {option}" for option in smtpd)
        self._write("master.cf", f"127.0.0.1:{self.port} inet n - n - - smtpd{options}\n{SERVICES}")
        self._write("main.cf", "\n".join([
            "compatibility_level = 3.6",
            f"queue_directory = {self.directory}/queue",
            f"data_directory = {self.directory}/data",
            "command_directory = /usr/sbin",
            f"daemon_directory = {DAEMONS}",
            "mail_owner = postfix",
            "setgid_group = postdrop",
            "maillog_file = /dev/stdout",
            "inet_interfaces = 127.0.0.1",
            "inet_protocols = ipv4",
            "myhostname = postfix.example.org",
            "mydestination =",
            "alias_maps =",
            "local_recipient_maps =",
            "smtp_dns_support_level = disabled",
            "smtpd_peername_lookup = no",
            "fast_flush_domains =",
            *settings, ""]))

    def _write(self, name, text):
        path = self.directory / "etc" / name
        path.write_text(text)
        path.chmod(0o644)

    def _lay_out(self):
        """The directories that `postfix post-install` would make."""
        owner = pwd.getpwnam("postfix").pw_uid
        for name in ("etc", "queue", "queue/pid"):
            (self.directory / name).mkdir(parents=True)
        for name in ("incoming", "active", "deferred", "defer", "bounce", "corrupt", "flush", "hold", "saved", "trace",
                     "private", "public", "maildrop"):
            path = self.directory / "queue" / name
            path.mkdir(mode=0o755 if name == "public" else 0o700)
            os.chown(path, owner, -1)
        (self.directory / "data").mkdir(mode=0o700)
        os.chown(self.directory / "data", owner, -1)

    def start(self):
        config = str(self.directory / "etc")
        # A session of its own: master ends its process group with itself. It takes standard output for the log.
        self.process = subprocess.Popen([DAEMONS + "/master", "-s", "-c", config], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
                                        env={**os.environ, "MAIL_CONFIG": config})
        threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True).start()
        wait_for("Postfix to listen", self._listens)
        return self

    def _read(self, stream):
        for line in stream:
            self.lines.append(line.decode("utf-8", "replace").rstrip())

    def _listens(self):
        assert self.process.poll() is None, "\n".join(self.lines)
        try:
            with Client(self.port, greeting=False):
                return True
        except OSError:
            return False

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def client(self):
        return Client(self.port)

    def log(self, *words):
        """The log's lines that have all these words."""
        return [line for line in list(self.lines) if all(word in line for word in words)]

    def await_log(self, *words):
        wait_for(f"Postfix to log {words}", lambda: self.log(*words))
        return self.log(*words)

    def clean_up(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)


def sender(directory, relay_port, settings=("smtp_tls_security_level = none",)):
    """A Postfix that takes mail for anybody and hands it to a port of 127.0.0.1, again every second or two."""
    return Postfix(directory, [
        f"relayhost = [127.0.0.1]:{relay_port}",
        "relay_domains = example.org, example.com",
        "mynetworks = 127.0.0.0/8",
        "minimal_backoff_time = 1s",
        "maximal_backoff_time = 2s",
        "queue_run_delay = 1s",
        "smtp_connection_cache_on_demand = no",
        *settings,
    ])


def backend(directory, settings=(), smtpd=()):
    """A Postfix that delivers mail for example.org into maildirs, and trusts nobody."""
    mail = pathlib.Path(directory) / "mail"
    mail.mkdir(parents=True)
    owner = pwd.getpwnam("nobody")
    os.chown(mail, owner.pw_uid, owner.pw_gid)
    return Postfix(directory, [
        "virtual_mailbox_domains = example.org",
        f"virtual_mailbox_base = {mail}",
        "virtual_mailbox_maps = static:box/",
        f"virtual_uid_maps = static:{owner.pw_uid}",
        f"virtual_gid_maps = static:{owner.pw_gid}",
        "mynetworks = 192.0.2.77/32",  # not the proxy: whoever comes through it is an outsider
        "smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination",
        "smtpd_recipient_restrictions =",
        "smtpd_client_event_limit_exceptions = 127.0.0.0/8",
        *settings,
    ], smtpd)


def delivered(postfix):
    """The messages in its maildirs, as octets."""
    return [path.read_bytes() for path in sorted((postfix.directory / "mail/box/new").glob("*"))]
