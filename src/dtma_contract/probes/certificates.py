"""What stands in an X.509 certificate (RFC 5280), as far as a diagnosis shows it. Pure.

Python tells nothing of a certificate that it refuses, which is just the one that matters here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

__all__ = ["Certificate", "read_certificate"]

# Tags of ITU-T X.690 section 8 and RFC 5280 section 4.1.
_SEQUENCE: Final = 0x30
_OID: Final = 0x06
_UTC_TIME: Final = 0x17
_VERSION: Final = 0xA0
_EXTENSIONS: Final = 0xA3
_DNS_NAME: Final = 0x82
_IP_ADDRESS: Final = 0x87

_COMMON_NAME: Final = bytes.fromhex("550403")
_ORGANIZATION: Final = bytes.fromhex("55040a")
_ALTERNATIVE_NAMES: Final = bytes.fromhex("551d11")
_LONG_FORM: Final = 0x80
_TWO_DIGIT_YEARS: Final = 50  # RFC 5280 section 4.1.2.5.1


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate.

    Attributes:
        subject: whose it is: its common name, else its organisation, else empty.
        issuer: who signed it, in the same way.
        self_issued: whether it names itself as its issuer.
        not_before: from when on it is valid.
        not_after: until when it is valid.
        names: the hosts that it is for.
    """

    subject: str
    issuer: str
    self_issued: bool
    not_before: dt.datetime
    not_after: dt.datetime
    names: tuple[str, ...]

    def date_flaw(self, now: dt.datetime) -> str:
        """Return what is wrong with its dates, in a few words; empty where nothing is."""
        if now > self.not_after:
            return "the certificate has expired"
        return "the certificate is not yet valid" if now < self.not_before else ""

    def describe(self) -> str:
        """Return it in a few words."""
        hosts = ", ".join(self.names[:5]) or "no host by name"
        return (
            f"the certificate of {self.subject or 'nobody by name'}, for {hosts}, issued by "
            f"{'itself' if self.self_issued else self.issuer or 'nobody by name'}, "
            f"valid from {_shown(self.not_before)} to {_shown(self.not_after)}"
        )


def read_certificate(der: bytes) -> Certificate:
    """Return what stands in a certificate.

    Args:
        der: the certificate, DER.

    Raises:
        ValueError: it is none.
    """
    try:
        return _read(der)
    except (IndexError, ValueError, OverflowError) as problem:
        raise ValueError(f"this is no certificate: {problem}") from None


def _read(der: bytes) -> Certificate:
    (_, certificate), *_ = _items(der)
    (_, signed), *_ = _items(certificate)
    fields = list(_items(signed))
    if fields[0][0] == _VERSION:
        del fields[0]
    # serialNumber, signature, issuer, validity, subject (RFC 5280 section 4.1.2)
    issuer, validity, subject = (content for _, content in fields[2:5])
    not_before, not_after = (_time(tag, content) for tag, content in _items(validity))
    extensions = next((content for tag, content in fields if tag == _EXTENSIONS), b"")
    return Certificate(
        subject=_name(subject),
        issuer=_name(issuer),
        self_issued=issuer == subject,
        not_before=not_before,
        not_after=not_after,
        names=tuple(_alternative_names(extensions)),
    )


def _items(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and content of each value in DER bytes."""
    position = 0
    while position < len(data):
        tag, length = data[position], data[position + 1]
        position += 2
        if length >= _LONG_FORM:
            size = length - _LONG_FORM
            length = int.from_bytes(data[position : position + size])
            position += size
        if position + length > len(data):
            raise ValueError("it is cut off")
        yield tag, data[position : position + length]
        position += length


def _name(data: bytes) -> str:
    found: dict[bytes, str] = {}
    for _, part in _items(data):
        for _, attribute in _items(part):
            (_, kind), (_, value), *_ = _items(attribute)
            found.setdefault(kind, value.decode("utf-8", "replace"))
    return found.get(_COMMON_NAME) or found.get(_ORGANIZATION) or ""


def _time(tag: int, content: bytes) -> dt.datetime:
    text = content.decode("ascii")
    if tag == _UTC_TIME:
        text = ("19" if int(text[:2]) >= _TWO_DIGIT_YEARS else "20") + text
    return dt.datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=dt.UTC)


def _alternative_names(extensions: bytes) -> Iterator[str]:
    for _, listed in _items(extensions):
        for _, extension in _items(listed):
            parts = list(_items(extension))
            if parts[0] != (_OID, _ALTERNATIVE_NAMES):
                continue
            (tag, names), *_ = _items(parts[-1][1])
            if tag == _SEQUENCE:
                yield from _hosts(names)


def _hosts(names: bytes) -> Iterator[str]:
    for kind, value in _items(names):
        if kind == _DNS_NAME:
            yield value.decode("ascii", "replace")
        elif kind == _IP_ADDRESS:
            version_4 = len(value) == 4  # noqa: PLR2004 - RFC 5280 section 4.2.1.6
            yield (
                ".".join(map(str, value))
                if version_4
                else ":".join(f"{int.from_bytes(value[at : at + 2]):x}" for at in range(0, len(value), 2))
            )


def _shown(time: dt.datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC"
