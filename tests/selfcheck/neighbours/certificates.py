"""Certificates for TLS: an authority of one's own, and what it signs, well or badly."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .tools import path_of

__all__ = ["Authority", "Certificate", "authority"]

_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@dataclass(frozen=True, slots=True)
class Certificate:
    """Files of a certificate and its key, in PEM."""

    file: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Authority:
    """Who signs certificates.

    Attributes:
        folder: where all its files lie.
    """

    folder: Path

    @property
    def file(self) -> Path:
        """Its own certificate: who trusts it, such as by ``SSL_CERT_FILE``, trusts what it signs."""
        return self.folder / "authority.pem"

    def sign(self, name: str, *, subject: str = "IP:127.0.0.1", days: int = 1) -> Certificate:
        """Return a new certificate.

        Args:
            name: of its files.
            subject: whom it is for, such as ``IP:127.0.0.1`` or ``DNS:dtma.example``.
            days: how long it is valid from now; less than 0 has it expired.
        """
        made = Certificate(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        request, names = self.folder / f"{name}.csr", self.folder / f"{name}.names"
        names.write_text(f"subjectAltName={subject}\n")
        _openssl("req", *_NEW_KEY, "-subj", f"/CN={name}", "-keyout", made.key, "-out", request)
        signing = ("-CA", self.file, "-CAkey", self.folder / "authority.key", "-CAcreateserial")
        _openssl("x509", "-req", "-in", request, *signing, "-days", str(days), "-extfile", names, "-out", made.file)
        return made


@contextlib.contextmanager
def authority() -> Iterator[Authority]:
    """Have an authority until the block ends.

    Raises:
        MissingToolError: openssl is not installed.
    """
    with tempfile.TemporaryDirectory(prefix="dtmac-authority-") as name:
        made = Authority(Path(name))
        subject = ("-subj", "/CN=an authority of a test", "-days", "2")
        _openssl("req", "-x509", *_NEW_KEY, *subject, "-keyout", made.folder / "authority.key", "-out", made.file)
        yield made


def _openssl(*words: str | Path) -> None:
    subprocess.run([path_of("openssl"), *words], check=True, capture_output=True)
