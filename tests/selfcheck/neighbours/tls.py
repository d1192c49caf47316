"""A real nginx that speaks TLS, with a certificate that is good or has exactly one flaw.

All but the self-signed one are signed by an authority of this process's own: a client trusts it where its variable
``SSL_CERT_FILE`` names ``trusted_authority()``.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args

from .nginx import running_nginx
from .tools import path_of

__all__ = ["CERTIFICATES", "Certificate", "tls_server", "trusted_authority"]

Certificate = Literal["valid", "expired", "wrong-host", "self-signed"]
CERTIFICATES: tuple[Certificate, ...] = get_args(Certificate)

_HOST = "127.0.0.1"
_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
_PAGE = "return 200 '<!DOCTYPE html><title>Something else</title>';"


@contextlib.contextmanager
def tls_server(
    upstream: str | None = None, *, certificate: Certificate = "valid", protocols: str = "TLSv1.2 TLSv1.3"
) -> Iterator[str]:
    """Serve over TLS until the block ends, and yield the URL.

    Args:
        upstream: URL that every request is passed on to; without one, a page answers them all.
        certificate: which one it shows; ``wrong-host`` is for another name.
        protocols: versions of TLS that it speaks, as nginx writes them.

    Raises:
        MissingToolError: nginx or openssl is not installed.
        NeighbourError: it does not start.
    """
    pem, key = _certificate(certificate)
    answer = f"proxy_pass {upstream};" if upstream else f"default_type text/html; {_PAGE}"
    server = (
        f"ssl_certificate {pem};\nssl_certificate_key {key};\nssl_protocols {protocols};\nlocation / {{ {answer} }}"
    )
    with running_nginx(server, tls=True) as url:
        yield url


def trusted_authority() -> Path:
    """Return the certificate of the authority, PEM.

    Raises:
        MissingToolError: openssl is not installed.
    """
    return _authority()[0]


@functools.cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="dtmac-tls-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@functools.cache
def _authority() -> tuple[Path, Path]:
    return _self_signed("authority", "dtmac test authority", "basicConstraints=critical,CA:TRUE")


@functools.cache
def _certificate(kind: Certificate) -> tuple[Path, Path]:
    """Return a certificate and its key, PEM."""
    host = "other.example" if kind == "wrong-host" else _HOST
    names = f"subjectAltName={'DNS' if kind == 'wrong-host' else 'IP'}:{host}"
    if kind == "self-signed":
        return _self_signed(kind, host, names)
    authority, authority_key = _authority()
    pem, key, request = (_folder() / f"{kind}.{end}" for end in ("pem", "key", "csr"))
    _openssl("req", *_NEW_KEY, "-subj", f"/CN={host}", "-addext", names, "-keyout", key, "-out", request)
    signing = ("-CA", authority, "-CAkey", authority_key, "-copy_extensions", "copy")
    _openssl("x509", "-req", "-in", request, *signing, "-days", "-1" if kind == "expired" else "1", "-out", pem)
    return pem, key


def _self_signed(name: str, subject: str, extension: str) -> tuple[Path, Path]:
    pem, key = _folder() / f"{name}.pem", _folder() / f"{name}.key"
    given = ("-subj", f"/CN={subject}", "-addext", extension, "-days", "1")
    _openssl("req", "-x509", *_NEW_KEY, *given, "-keyout", key, "-out", pem)
    return pem, key


def _openssl(*words: str | Path) -> None:
    subprocess.run([path_of("openssl"), *words], check=True, capture_output=True)
