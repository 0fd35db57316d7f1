"""TLS of the fake backend: what its server is set to, and what a script may make of STARTTLS."""

import ssl


def server_settings(certificate):
    """Those of a TLS server with that certificate."""
    settings = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    settings.load_cert_chain(certificate.certificate, certificate.key)

    def note(peer, name, _settings):
        peer.name_asked_for = name
    settings.sni_callback = note
    return settings


# Steps for scripts of STARTTLS

def start_tls(said=b"220 2.0.0 Go ahead\r\n"):
    """Says these octets in plain and goes on in TLS; whatever was heard before is forgotten."""
    def step(connection):
        connection.write(said)
        connection.handshake(connection.backend.tls)
        connection.transaction = None
        return True
    return step


def agree_and(then):
    """Says 220, hears the beginning of the handshake, then does something else."""
    def step(connection):
        connection.write(b"220 2.0.0 Go ahead\r\n")
        if not connection.socket.recv(1 << 14):
            return False
        return then(connection)
    return step


def relayed(client, backend, content=b"Subject: hello\r\n\r\nhello\r\n"):
    """A transaction of its own on the client's session, which must go well; as the backend saw it."""
    client.cmd("RSET")
    assert client.attempt("alice@example.com", "bob@example.org", content).code == 250
    assert backend.messages[-1].content == content
    return backend.messages[-1]
