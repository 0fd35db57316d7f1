#!/usr/bin/env python3
"""A mail server for demonstrations: takes any message and prints it. demo_mta.py [PORT]

It knows as much SMTP as a proxy in front of it speaks (RFC 5321 §4.5.1), delivers nothing, and relays nothing."""

import socketserver
import sys


class Session(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self):
        self.say("220 demo.invalid ESMTP")
        self.forget()
        while line := self.rfile.readline(4096):
            text = line.decode("utf-8", "replace").strip()
            answer = getattr(self, "on_" + text[:4].lower().strip(), None)
            if not answer:
                self.say("500 5.5.2 What?")
            elif answer(text) == "bye":
                return

    def forget(self):
        self.sender, self.recipients = None, []

    def on_ehlo(self, _text):
        self.forget()
        self.wfile.write(b"250-demo.invalid\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 SMTPUTF8\r\n")

    def on_helo(self, _text):
        self.forget()
        self.say("250 demo.invalid")

    def on_mail(self, text):
        self.forget()
        self.sender = text[10:]
        self.say("250 2.1.0 Ok")

    def on_rcpt(self, text):
        if self.sender is None:
            self.say("503 5.5.1 MAIL first")
        elif "greygate.invalid" in text:  # the proxy asks whether we relay for outsiders
            self.say("554 5.7.1 Relay access denied")
        else:
            self.recipients.append(text[8:])
            self.say("250 2.1.5 Ok")

    def on_data(self, _text):
        if not self.recipients:
            self.say("503 5.5.1 RCPT first")
            return
        self.say("354 End with a dot")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".").decode("utf-8", "replace").rstrip("\r\n"))
        if not line:
            return
        show(self.sender, self.recipients, lines)
        self.forget()
        self.say("250 2.0.0 Printed")

    def on_rset(self, _text):
        self.forget()
        self.say("250 2.0.0 Ok")

    def on_noop(self, _text):
        self.say("250 2.0.0 Ok")

    def on_quit(self, _text):
        self.say("221 2.0.0 Bye")
        return "bye"


def show(sender, recipients, lines):
    """The envelope, the header and the first line of text."""
    head = lines.index("") if "" in lines else len(lines)
    first = next((line for line in lines[head:] if line), "")
    print(f"-- delivered: from {sender} to {', '.join(recipients)}")
    for line in [*lines[:head], "", first]:
        print("   " + line)
    sys.stdout.flush()


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    with Server(("127.0.0.1", int(sys.argv[1]) if sys.argv[1:] else 10025), Session) as server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass
