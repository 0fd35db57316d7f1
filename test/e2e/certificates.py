"""Certificates of a test's own: an authority, and what it signs, made by the openssl command."""

import datetime
import hashlib
import ipaddress
import pathlib
import ssl
import subprocess
from dataclasses import dataclass

KEYS = {
    "ecdsa": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
    "rsa": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
}
CONFIGURATION = """\
[ca]
default_ca = authority
[authority]
database = {directory}/index
new_certs_dir = {directory}
default_md = sha256
unique_subject = no
rand_serial = yes
policy = policy
copy_extensions = copy
[policy]
commonName = supplied
[authorities]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[ecdsa]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[rsa]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[req]
distinguished_name = name
[name]
"""


def openssl(*arguments):
    done = subprocess.run(["openssl", *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, f"openssl {' '.join(map(str, arguments))}:\n{done.stderr}"
    return done.stdout


def in_days(days):
    """That many days from now, to the second."""
    return datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) + datetime.timedelta(days=days)


def alternative(name):
    """A name or an address, as subjectAltName has it."""
    try:
        return f"IP:{ipaddress.ip_address(name)}"
    except ValueError:
        return f"DNS:{name}"


def fingerprint(certificate):
    """SHA-256 of a certificate: octets in DER, or the first of a PEM file."""
    if not isinstance(certificate, bytes):
        text = pathlib.Path(certificate).read_text()
        end = "-----END CERTIFICATE-----"
        certificate = ssl.PEM_cert_to_DER_cert(text[:text.index(end) + len(end)])
    return hashlib.sha256(certificate).hexdigest()


@dataclass(frozen=True)
class Certificate:
    certificate: pathlib.Path  # with what is between it and the root
    key: pathlib.Path
    ends: datetime.datetime

    @property
    def entry(self):
        """As `tls.certificates` has it."""
        return {"certificate": str(self.certificate), "key": str(self.key)}

    @property
    def fingerprint(self):
        return fingerprint(self.certificate)

    def put_at(self, place):
        """Writes its files over those of another one, as renewals do."""
        place.certificate.write_bytes(self.certificate.read_bytes())
        place.key.write_bytes(self.key.read_bytes())


class Authority:
    """Signs certificates. `file` is its own one; `above` the authority that signed that, or None for a root."""

    def __init__(self, directory, above=None):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True)
        self._configuration = self.directory / "openssl.cnf"
        self._configuration.write_text(CONFIGURATION.format(directory=self.directory))
        (self.directory / "index").touch()
        self._count = 0
        self._chain = b""
        self.file, self.key = self.directory / "ca.crt", self.directory / "ca.key"
        name = f"/CN=Authority {self.directory.name}"
        if above:
            request = self._request(self.key, name, KEYS["ecdsa"])
            above.sign(request, self.file, "authorities", in_days(-1), in_days(400))
            self._chain = self.file.read_bytes()
        else:
            openssl("genpkey", *KEYS["ecdsa"], "-out", self.key)
            openssl("req", "-x509", "-config", self._configuration, "-extensions", "authorities", "-key", self.key,
                    "-subj", name, "-days", 400, "-out", self.file)

    def _request(self, key, name, kind, *options):
        request = self.directory / f"{key.stem}.csr"
        openssl("genpkey", *kind, "-out", key)
        openssl("req", "-new", "-config", self._configuration, "-key", key, "-subj", name, *options, "-out", request)
        return request

    def sign(self, request, to, extensions, begins, ends):
        openssl("ca", "-batch", "-notext", "-config", self._configuration, "-extensions", extensions,
                "-cert", self.file, "-keyfile", self.key, "-in", request, "-out", to,
                "-startdate", f"{begins:%Y%m%d%H%M%SZ}", "-enddate", f"{ends:%Y%m%d%H%M%SZ}")

    def issue(self, *names, kind="ecdsa", begins=None, ends=None):
        """A certificate for these names or addresses, and its key; from yesterday for 90 days unless told otherwise."""
        self._count += 1
        to = self.directory / f"{self._count}.crt"
        key = to.with_suffix(".key")
        ends = ends or in_days(90)
        request = self._request(key, f"/CN={names[0]}", KEYS[kind], "-addext",
                                "subjectAltName=" + ",".join(map(alternative, names)))
        self.sign(request, to, kind, begins or in_days(-1), ends)
        to.write_bytes(to.read_bytes() + self._chain)
        return Certificate(to, key, ends)
