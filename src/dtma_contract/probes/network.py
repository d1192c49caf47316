"""The steps below HTTP: name resolution, connection, TLS. No request is sent, and nothing is raised."""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import os
import queue
import select
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from dtma_contract.clock import now
from dtma_contract.diagnosis.facts import UNASKED_SECONDS, NetworkStep, StepName
from dtma_contract.errors import UsageError
from dtma_contract.fence.upstream import TargetAddress
from dtma_contract.probes.certificates import Certificate, read_certificate

__all__ = ["observe_network", "speaks_tls", "stays_open"]

# RFC 8305 section 5: after that long the next address is tried beside the ones before it.
_NEXT_ADDRESS_SECONDS: Final = 0.25
# More addresses than that tell nothing new.
_MOST_ADDRESSES: Final = 8

_UNREACHABLE: Final = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EHOSTDOWN}
_NO_ANSWER: Final = "no answer"

# Verification results of OpenSSL, openssl-verification-options(1) and x509_vfy.h.
_VERIFICATION: Final = {
    9: "the certificate is not yet valid",
    10: "the certificate has expired",
    18: "the certificate is self-signed, so that nobody vouches for it",
    19: "the certificate's chain ends with one that signs itself and is not trusted here",
    20: "the certificate's issuer is not known here",
    21: "the certificate's issuer is not known here, and it came without the rest of its chain",
    62: "the certificate is for another host name",
    64: "the certificate is for another address",
}

# Reasons of OpenSSL that mean: what came back is no TLS at all.
_NO_TLS: Final = {
    "WRONG_VERSION_NUMBER",
    "HTTP_REQUEST",
    "UNKNOWN_PROTOCOL",
    "RECORD_LAYER_FAILURE",
    "PACKET_LENGTH_TOO_LONG",
}
_NO_COMMON_VERSION: Final = {
    "TLSV1_ALERT_PROTOCOL_VERSION",
    "UNSUPPORTED_PROTOCOL",
    "NO_PROTOCOLS_AVAILABLE",
    "VERSION_TOO_LOW",
}
_NO_COMMON_CIPHER: Final = {
    "SSLV3_ALERT_HANDSHAKE_FAILURE",
    "NO_SHARED_CIPHER",
    "NO_CIPHERS_AVAILABLE",
    "DH_KEY_TOO_SMALL",
}

# The fence takes longer to start, so that nobody waits for this.
_GREETING_SECONDS: Final = 0.3
_LONGEST_GREETING: Final = 80

_Place = tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int]]


def observe_network(target: str, *, patience: float = 3.0) -> tuple[NetworkStep, ...]:
    """Take the steps below HTTP towards a target, up to the first that fails.

    Args:
        target: its URL.
        patience: seconds that each step may take.
    """
    steps: list[NetworkStep] = []
    try:
        with contextlib.closing(_Way(patience)) as way:
            steps.extend(way.walk(target))
    except Exception as problem:  # noqa: BLE001 - a probe that breaks is a fact too
        name = (StepName.RESOLVE, StepName.CONNECT, StepName.TLS)[min(len(steps), 2)]
        steps.append(NetworkStep(name, _FAILURES[name], f"it could not be tried: {problem or type(problem)}", now()))
    return tuple(steps)


def speaks_tls(target: str, *, patience: float = 1.5) -> NetworkStep | None:
    """Return the step that a plain target lacks where its port speaks TLS; None where it does not.

    Many servers of TLS close a connection on which plain HTTP is spoken without a word. No request is sent, and any
    certificate will do.

    Args:
        target: its URL.
        patience: seconds that it may take.
    """
    at, began = now(), time.perf_counter()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        address = TargetAddress.from_url(target)
        with (
            socket.create_connection((address.hostname, address.port), timeout=patience) as connection,
            context.wrap_socket(connection, server_hostname=address.hostname) as tls,
        ):
            said = f"port {address.port} speaks {tls.version()}, and plain HTTP was asked for"
    except (OSError, ValueError, UsageError):
        return None
    return NetworkStep(StepName.TLS, _FAILURES[StepName.TLS], said, at, round((time.perf_counter() - began) * 1000, 3))


def stays_open(target: str, *, patience: float = UNASKED_SECONDS) -> bool | None:
    """Return whether a connection on which nothing is said stays open; None where there is none.

    A published port with nothing behind it closes at once, and a server of another protocol waits to be asked.

    Args:
        target: its URL.
        patience: seconds for which that is watched.
    """
    try:
        address = TargetAddress.from_url(target)
        with socket.create_connection((address.hostname, address.port), timeout=patience) as connection:
            readable, _, _ = select.select([connection], [], [], patience)
            return not readable or bool(connection.recv(1))
    except (ConnectionResetError, BrokenPipeError):
        return False
    except (OSError, ValueError, UsageError):
        return None


_FAILURES: Final = {
    StepName.RESOLVE: "name-unresolvable",
    StepName.CONNECT: "connection-refused",
    StepName.TLS: "tls-failure",
}


class _StepFailedError(Exception):
    """A step failed.

    Args:
        detail: what was seen.
        failure: id, where it is not the usual one of the step.
    """

    def __init__(self, detail: str, failure: str = "") -> None:
        super().__init__(detail)
        self.failure = failure


class _Way:
    """The way to one target; it holds the connection between the steps."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._places: list[_Place] = []
        self._place: _Place | None = None
        self._connection: socket.socket | None = None
        self.greeting = ""

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def walk(self, target: str) -> Iterator[NetworkStep]:
        """Yield the steps; the last one is the first that failed."""
        try:
            address = TargetAddress.from_url(target)
        except UsageError as problem:
            yield NetworkStep(StepName.RESOLVE, "name-unresolvable", problem.message.rstrip("."), now())
            return
        steps: list[tuple[StepName, Callable[[TargetAddress], str]]] = [
            (StepName.RESOLVE, self._resolve),
            (StepName.CONNECT, self._connect),
        ]
        if address.scheme == "https":
            steps.append((StepName.TLS, self._shake_hands))
        for name, take in steps:
            step = _taken(name, lambda take=take: take(address))  # type: ignore[misc] # the default binds the loop's value
            step = replace(step, greeting=self.greeting) if name is StepName.CONNECT else step
            yield step
            if step.failure:
                return

    def _resolve(self, address: TargetAddress) -> str:
        host = address.hostname
        answers: queue.SimpleQueue[list[_Place] | str] = queue.SimpleQueue()

        def ask() -> None:
            try:
                found = socket.getaddrinfo(host, address.port, type=socket.SOCK_STREAM)
                answers.put([(family, place) for family, _, _, _, place in found])  # type: ignore[misc] # the ones of IP
            except socket.gaierror as problem:
                answers.put(f"{host} cannot be resolved: {problem.strerror}")
            except (OSError, ValueError) as problem:
                answers.put(f"{host} cannot be resolved: {problem}")

        # A resolver that never answers cannot be interrupted; its thread ends with the process.
        threading.Thread(target=ask, name="resolver", daemon=True).start()
        try:
            found = answers.get(timeout=self._patience)
        except queue.Empty:
            raise _StepFailedError(f"no name server answered for {host} within {self._patience:g} s") from None
        if isinstance(found, str):
            raise _StepFailedError(found)
        self._places = list(dict.fromkeys(found))[:_MOST_ADDRESSES]
        numbers = [place[0] for _, place in self._places]
        if not numbers:
            raise _StepFailedError(f"{host} has no address")
        return f"{host} is an address" if numbers == [host] else f"{host} is {' and '.join(numbers)}"

    def _connect(self, address: TargetAddress) -> str:
        race = _Race(self._places, self._patience)
        try:
            self._place, self._connection = race.run()
        finally:
            race.close()
        others = [f"{_where(place)}: {seen}" for place, seen in race.seen.items()]
        if self._connection is not None and self._place is not None:
            also = f"; not so {', '.join(others)}" if others else ""
            self.greeting = _greeting(self._connection)
            says = f" and says “{self.greeting}” unasked" if self.greeting else ""
            return f"{_where(self._place)} accepts connections{says}{also}"
        detail = f"no connection to port {address.port}: {', '.join(others)}"
        # One refusal shows that the host is there.
        refused = any(number not in {*_UNREACHABLE, errno.ETIMEDOUT} for number in race.errors.values())
        raise _StepFailedError(detail, "connection-refused" if refused else "connection-timeout")

    def _shake_hands(self, address: TargetAddress) -> str:
        context = ssl.create_default_context()
        connection, self._connection = self._connection, None
        try:
            with self._wrapped(context, connection, address) as tls:
                certificate = _certificate(tls)
                shown = f", {certificate.describe()}" if certificate else ""
                return f"{tls.version()}{shown}"
        except ssl.SSLCertVerificationError as problem:
            why = _VERIFICATION.get(problem.verify_code, f"the certificate is not accepted: {problem.verify_message}")
            certificate = self._refused_certificate(address)
            # OpenSSL tells the first flaw that it finds, and an expired one may be of an unknown issuer too.
            also = certificate.date_flaw(dt.datetime.now(tz=dt.UTC)) if certificate else ""
            shown = certificate.describe() if certificate else ""
            raise _StepFailedError("; ".join(dict.fromkeys(filter(None, [why, also, shown])))) from None
        except ssl.SSLError as problem:
            raise _StepFailedError(_reason(problem, address)) from None
        except TimeoutError:
            detail = f"no end of the TLS handshake within {self._patience:g} s; what answers may speak no TLS"
            raise _StepFailedError(detail) from None
        except OSError as problem:
            why = _error(problem) if problem.errno else "it is closed"
            raise _StepFailedError(f"the connection breaks during the TLS handshake: {why}") from None
        except ValueError as problem:
            raise _StepFailedError(f"{address.hostname} is no name for TLS: {problem}") from None

    @contextlib.contextmanager
    def _wrapped(
        self, context: ssl.SSLContext, connection: socket.socket | None, address: TargetAddress
    ) -> Iterator[ssl.SSLSocket]:
        assert connection is not None
        with connection:
            connection.settimeout(self._patience)
            with context.wrap_socket(connection, server_hostname=address.hostname) as tls:
                yield tls

    def _refused_certificate(self, address: TargetAddress) -> Certificate | None:
        """Return the certificate that was not accepted, from a second handshake that accepts any."""
        assert self._place is not None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        try:
            connection = socket.create_connection(self._place[1][:2], timeout=self._patience)
            with self._wrapped(context, connection, address) as tls:
                return _certificate(tls)
        except (OSError, ValueError):
            return None


def _greeting(connection: socket.socket) -> str:
    """Return what the other side says before it is asked, as ssh and mail servers do and none of HTTP or TLS does."""
    readable, _, _ = select.select([connection], [], [], _GREETING_SECONDS)
    if not readable:
        return ""
    try:
        said = connection.recv(_LONGEST_GREETING)
    except OSError:
        return ""
    return "".join(letter if letter.isprintable() else " " for letter in said.decode("latin-1")).strip()


@dataclass
class _Race:
    """Connects to several addresses, each a moment after the one before, until one accepts (RFC 8305).

    Attributes:
        places: the addresses in their order.
        patience: seconds for all of them.
        seen: why an address did not win, in words.
        errors: the same as numbers.
    """

    places: list[_Place]
    patience: float
    seen: dict[_Place, str] = field(default_factory=dict)
    errors: dict[_Place, int] = field(default_factory=dict)
    _running: dict[socket.socket, _Place] = field(default_factory=dict)
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)

    def run(self) -> tuple[_Place | None, socket.socket | None]:
        """Return the address that accepts, and the connection; nothing where none does."""
        waiting = list(self.places)
        ends = time.monotonic() + self.patience
        while waiting or self._running:
            if waiting:
                self._start(waiting.pop(0))
            if not self._running:
                continue
            pause = min(_NEXT_ADDRESS_SECONDS if waiting else self.patience, ends - time.monotonic())
            if pause <= 0:
                break
            for key, _ in self._selector.select(pause):
                connection = key.fileobj
                assert isinstance(connection, socket.socket)
                place = self._running.pop(connection)
                self._selector.unregister(connection)
                number = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if not number:
                    return place, connection
                connection.close()
                self._lose(place, number)
        for place in [*self._running.values(), *waiting]:
            self._lose(place, errno.ETIMEDOUT)
        return None, None

    def close(self) -> None:
        """Give up what still runs."""
        for connection in self._running:
            connection.close()
        self._selector.close()

    def _start(self, place: _Place) -> None:
        try:
            connection = socket.socket(place[0], socket.SOCK_STREAM)
        except OSError as problem:
            self._lose(place, problem.errno or errno.EAFNOSUPPORT)
            return
        connection.settimeout(0)
        number = connection.connect_ex(place[1])
        if number in {0, errno.EINPROGRESS}:
            self._running[connection] = place
            self._selector.register(connection, selectors.EVENT_WRITE)
        else:
            connection.close()
            self._lose(place, number)

    def _lose(self, place: _Place, number: int) -> None:
        self.errors[place] = number
        self.seen[place] = (
            f"{_NO_ANSWER} within {self.patience:g} s" if number == errno.ETIMEDOUT else os.strerror(number).lower()
        )


def _taken(name: StepName, take: Callable[[], str]) -> NetworkStep:
    at, began = now(), time.perf_counter()
    try:
        failure, detail = "", take()
    except _StepFailedError as problem:
        failure, detail = problem.failure or _FAILURES[name], str(problem)
    return NetworkStep(name, failure, detail, at, round((time.perf_counter() - began) * 1000, 3))


def _certificate(tls: ssl.SSLSocket) -> Certificate | None:
    der = tls.getpeercert(binary_form=True)
    try:
        return read_certificate(der) if der else None
    except ValueError:
        return None


def _reason(problem: ssl.SSLError, address: TargetAddress) -> str:
    reason = problem.reason or str(problem)
    where = f"what answers on port {address.port}"
    if reason in _NO_TLS:
        return f"{where} speaks no TLS"
    if isinstance(problem, ssl.SSLEOFError) or reason == "UNEXPECTED_EOF_WHILE_READING":
        return f"{where} closes the connection during the TLS handshake"
    if reason in _NO_COMMON_VERSION:
        return f"{where} and this program have no version of TLS in common ({reason})"
    if reason in _NO_COMMON_CIPHER:
        return f"{where} and this program have no cipher in common ({reason})"
    return f"the TLS handshake fails ({reason})"


def _error(problem: OSError) -> str:
    return os.strerror(problem.errno).lower() if problem.errno else str(problem)


def _where(place: _Place) -> str:
    host, port = place[1][:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
