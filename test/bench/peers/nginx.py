"""nginx's mail proxy: it speaks SMTP, asks a service over HTTP at each recipient, and relays with XCLIENT. The greylist
is that service's, here one with constant answers whose CPU time is not counted."""

import json
import subprocess
import urllib.request

from peers.peer import Peer, free_port

CONFIGURATION = """\
load_module /usr/lib/nginx/modules/ngx_mail_module.so;
daemon off;
worker_processes auto;
worker_rlimit_nofile 20000;
pid {directory}/nginx.pid;
error_log {directory}/error.log warn;
events {{ worker_connections 16384; }}
mail {{
    server_name mx.example.org;
    auth_http 127.0.0.1:{auth_http}/;
    proxy_pass_error_message on;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        protocol smtp;
        smtp_auth none;
        smtp_capabilities PIPELINING 8BITMIME;
        xclient on;
        timeout 5m;
        resolver off;
        starttls on;
        ssl_certificate {certificate};
        ssl_certificate_key {key};
        ssl_protocols TLSv1.2 TLSv1.3;
    }}
}}
"""


class Nginx(Peer):
    name = "nginx"
    title = "nginx mail proxy with XCLIENT (no greylist; without its auth_http service)"
    closes = True
    idle_most = 10000

    def __init__(self, place):
        super().__init__(place)
        self.auth_http = free_port()

    def start(self):
        self.launch(self.place.build / "test/bench/bench_sink", "--auth-http", self.auth_http, self.place.sink.port,
                    port=self.auth_http, log="auth_http.log")
        file = self.write("nginx.conf", CONFIGURATION.format(
            directory=self.directory, auth_http=self.auth_http, port=self.port, certificate=self.place.certificate,
            key=self.place.key))
        self.launch("nginx", "-c", file, "-e", self.directory / "error.log")

    def roots(self):
        return [self.processes[1].pid]

    def put_off_count(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.auth_http}/ledger", timeout=10) as answer:
            return json.load(answer)["put_off"]

    def version(self):
        said = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=True).stderr
        return said.strip().rpartition(": ")[2].replace("/", " ")
