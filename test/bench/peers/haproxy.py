"""HAProxy in TCP mode: neither SMTP nor a greylist, but the client's address for the server behind it."""

import re
import subprocess

from peers.peer import FILES, Peer

CONFIGURATION = """\
global
    maxconn {connections}

defaults
    mode tcp
    timeout connect 10s
    timeout client 5m
    timeout server 5m

listen smtp
    bind 127.0.0.1:{port}
    server sink 127.0.0.1:{sink} send-proxy-v2
"""


class HAProxy(Peer):
    name = "haproxy"
    title = "HAProxy, TCP mode with PROXY v2 (no SMTP, no greylist; TLS goes through)"
    idle_most = min(10000, (FILES - 200) // 2)  # each connection takes a second one, to the sink

    def start(self):
        file = self.write("haproxy.cfg", CONFIGURATION.format(port=self.port, sink=self.place.sink.port,
                                                              connections=self.idle_most))
        self.launch("haproxy", "-db", "-f", file)

    def version(self):
        said = subprocess.run(["haproxy", "-v"], capture_output=True, text=True, check=True).stdout
        return "HAProxy " + re.search(r"version (\d+\.\d+\.\d+)", said)[1]
