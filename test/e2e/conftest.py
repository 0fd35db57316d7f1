"""The pieces of every end-to-end test: greygate between clients and backends, all of them on free ports of 127.0.0.1."""

import pathlib
import shutil
import tempfile

import pytest

from certificates import Authority
from dns_server import DnsServer
from fake_backend import FakeBackend
from greygate import Greygate
from ports import free_port


@pytest.fixture
def directory():
    """A directory of the test's own, which other users (Postfix) may pass through."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="greygate-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """Signs certificates: authority.issue("mx.example.org")."""
    return Authority(tmp_path_factory.mktemp("certificates") / "authority")


@pytest.fixture(scope="session")
def certificate(authority):
    """One for the name that the proxies of these tests bear."""
    return authority.issue("mx.example.org")


@pytest.fixture(scope="session")
def backend_certificate(authority):
    """One for the address of the backends of these tests."""
    return authority.issue("127.0.0.1")


@pytest.fixture
def make_backend():
    """Makes fake backends: make_backend(keywords=…, proxy_protocol=…, certificate=…)."""
    made = []

    def make(**options):
        made.append(FakeBackend(free_port(), **options))
        return made[-1]

    yield make
    for each in made:
        each.clean_up()


@pytest.fixture
def backend(make_backend):
    return make_backend()


@pytest.fixture
def dns():
    """A name server that knows of nothing yet."""
    with DnsServer() as server:
        yield server


@pytest.fixture
def make_greygate(directory):
    """Makes and starts proxies: make_greygate(backend, …, greylist={"mode": "off"})."""
    made = []

    def make(*backends, ready=True, start=True, **settings):
        addresses = [getattr(each, "address", each) for each in backends]
        made.append(Greygate(directory / f"greygate{len(made)}", addresses, settings))
        return made[-1].start(ready) if start else made[-1]

    yield make
    for each in made:
        each.clean_up()


@pytest.fixture
def make_verifying(make_greygate, authority):
    """Makes proxies whose backends must prove who they are, unless told otherwise: make_verifying(backend, tls=…)."""
    def make(*backends, ready=True, start=True, domains=("example.org",), **backend):
        return make_greygate(*backends, ready=ready, start=start, domains=list(domains), greylist={"mode": "off"},
                             backend={"tls": "verified", "ca_file": str(authority.file), **backend})
    return make


@pytest.fixture
def greygate(make_greygate, backend):
    """A proxy in front of `backend` that puts off for a second and takes mail for example.org."""
    return make_greygate(backend)


@pytest.fixture
def tls_greygate(make_greygate, backend, certificate):
    """Like `greygate`, with a certificate of the test's authority; it puts off for an hour."""
    return make_greygate(backend, greylist={"delay": "1h"}, tls={"certificates": [certificate.entry]})
