"""The steps below HTTP are told exactly, within their time, and whatever is asked."""

from __future__ import annotations

import contextlib
import datetime as dt
import socket
import ssl
import threading
import time

import pytest
from neighbours.dead_ends import hanging_up
from neighbours.liars import lying
from neighbours.nginx import no_upstream
from neighbours.processes import free_port
from neighbours.tls import tls_server, trusted_authority

from dtma_contract.diagnosis.facts import StepName
from dtma_contract.probes.certificates import read_certificate
from dtma_contract.probes.network import observe_network, speaks_tls, stays_open

RESOLVE, CONNECT, TLS = StepName
NEEDS_TLS = pytest.mark.usefixtures("needs_nginx", "needs_openssl")


def taken(steps):
    return [(step.name, step.failure) for step in steps]


@contextlib.contextmanager
def dropping():
    """Yield a loopback port that lets no connection in and refuses none: its queue is full, so packets are dropped."""
    with socket.socket() as listener, contextlib.ExitStack() as held:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = held.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def resolving_to(*addresses):
    def resolve(_host, port, **_more):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    return resolve


def test_a_listener_is_reached():
    """Address and connection are told, each with its time."""
    with lying("html-for-everything") as liar:
        steps = observe_network(liar.url)

    assert taken(steps) == [(RESOLVE, ""), (CONNECT, "")]
    assert all(step.at.endswith("Z") and step.milliseconds > 0 and step.detail for step in steps)


def test_no_request_is_sent():
    """A connection is opened and closed, and nothing is asked."""
    with lying("html-for-everything") as liar:
        observe_network(liar.url)

        assert liar.asked == []


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "a" * 64])
def test_a_name_that_does_not_exist(host):
    """It is the resolution that fails, and nothing after it is tried."""
    steps = observe_network(f"http://{host}:30000")

    assert taken(steps) == [(RESOLVE, "name-unresolvable")]
    assert host in steps[0].detail


@pytest.mark.parametrize(
    "target", ["", "30000", "ftp://host", "http://", "http://[", "http://h:99999", "http://u:p@h", "http://a b", "\x00"]
)
def test_what_is_no_target_is_a_failed_step(target):
    """Wrong input raises nothing."""
    assert taken(observe_network(target)) == [(RESOLVE, "name-unresolvable")]


def test_a_closed_port_refuses():
    """Nothing listens there."""
    steps = observe_network(f"http://127.0.0.1:{free_port()}")

    assert taken(steps) == [(RESOLVE, ""), (CONNECT, "connection-refused")]
    assert "connection refused" in steps[-1].detail


def test_whether_a_connection_stays_open_unasked():
    """What closes a connection before it is asked is told from what takes it and waits, and from a closed port."""
    with hanging_up(once_asked=False) as url:
        assert stays_open(url, patience=20) is False
    with hanging_up(once_asked=True) as url:
        assert stays_open(url, patience=0.1) is True
    assert stays_open(f"http://127.0.0.1:{free_port()}") is None


def test_dropped_packets_time_out_within_the_patience():
    """A port that neither accepts nor refuses is told from one that refuses, as soon as patience ends."""
    with dropping() as port:
        began = time.monotonic()
        steps = observe_network(f"http://127.0.0.1:{port}", patience=0.4)
        seconds = time.monotonic() - began

    assert taken(steps) == [(RESOLVE, ""), (CONNECT, "connection-timeout")]
    assert 0.4 <= seconds < 2


def test_a_resolver_that_never_answers_holds_nobody_up(monkeypatch):
    """The step ends with its patience, while the resolver goes on."""
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait() and [])
    began = time.monotonic()

    steps = observe_network("http://somewhere.example", patience=0.2)
    seconds = time.monotonic() - began
    over.set()

    assert taken(steps) == [(RESOLVE, "name-unresolvable")]
    assert 0.2 <= seconds < 2


def test_one_good_address_is_enough(monkeypatch):
    """A host with a dead address and a good one is reached, and the dead one is told of."""
    with lying("html-for-everything") as liar:
        port = int(liar.url.rpartition(":")[2])
        monkeypatch.setattr(socket, "getaddrinfo", resolving_to("127.0.0.2", "127.0.0.1"))
        steps = observe_network(f"http://several.example:{port}")

    assert taken(steps) == [(RESOLVE, ""), (CONNECT, "")]
    assert f"127.0.0.1:{port} accepts connections" in steps[-1].detail
    assert f"127.0.0.2:{port}: connection refused" in steps[-1].detail


def test_a_silent_address_costs_a_moment_only(monkeypatch):
    """The next address is tried beside one that does not answer, long before patience ends."""
    with dropping() as port, socket.create_server(("127.0.0.2", port)):
        monkeypatch.setattr(socket, "getaddrinfo", resolving_to("127.0.0.1", "127.0.0.2"))
        began = time.monotonic()
        steps = observe_network(f"http://several.example:{port}", patience=30)
        seconds = time.monotonic() - began

    assert taken(steps) == [(RESOLVE, ""), (CONNECT, "")]
    assert seconds < 10


@NEEDS_TLS
@pytest.mark.parametrize(
    ("certificate", "failure", "said"),
    [
        ("valid", "", "TLSv1.3, the certificate of 127.0.0.1, for 127.0.0.1, issued by dtmac test authority"),
        ("expired", "tls-failure", "the certificate has expired"),
        ("wrong-host", "tls-failure", "for another address; the certificate of other.example, for other.example"),
        ("self-signed", "tls-failure", "the certificate is self-signed"),
    ],
)
def test_what_is_wrong_with_a_certificate_is_told(certificate, failure, said, monkeypatch):
    """Each flaw by its own reason, with whose certificate it is, who issued it and when it is valid."""
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted_authority()))
    with tls_server(certificate=certificate) as url:
        steps = observe_network(url)

    assert [(RESOLVE, ""), (CONNECT, ""), (TLS, failure)] == taken(steps)
    assert said in steps[-1].detail
    assert "valid from" in steps[-1].detail


@NEEDS_TLS
def test_an_expired_certificate_of_an_unknown_issuer_has_two_flaws():
    """The date is told too where the library stops at the issuer."""
    with tls_server(certificate="expired") as url:
        detail = observe_network(url)[-1].detail

    assert detail.startswith("the certificate's issuer is not known here; the certificate has expired; ")


@NEEDS_TLS
def test_a_server_that_speaks_no_tls_is_told_from_one_of_another_version():
    """Both fail in the handshake, each for its own reason."""
    with no_upstream() as plain, tls_server(protocols="TLSv1.1") as old:
        details = [observe_network(url)[-1].detail for url in (plain.replace("http:", "https:"), old)]

    assert "speaks no TLS" in details[0]
    assert "no version of TLS in common" in details[1]


@NEEDS_TLS
def test_a_port_that_speaks_tls_is_told_whatever_its_certificate():
    """Only where plain HTTP was asked for is it a fault, and a plain server is none."""
    with tls_server(certificate="self-signed") as secure, no_upstream() as plain:
        told = [speaks_tls(url.replace("https:", "http:")) for url in (secure, plain)]

    assert told[0] is not None
    assert (told[0].name, told[0].failure) == (TLS, "tls-failure")
    assert "speaks TLSv1.3, and plain HTTP was asked for" in told[0].detail
    assert told[1] is None


def test_silence_in_the_handshake_ends_with_the_patience():
    """A listener that takes the greeting and says nothing is a failed handshake."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        steps = observe_network(f"https://127.0.0.1:{listener.getsockname()[1]}", patience=0.3)

    assert taken(steps) == [(RESOLVE, ""), (CONNECT, ""), (TLS, "tls-failure")]
    assert "within 0.3 s" in steps[-1].detail


@NEEDS_TLS
def test_a_certificate_is_read_whole_or_not_at_all():
    """Subject, issuer, hosts and dates are those that it was made with; damage is a ValueError and nothing else."""
    der = ssl.PEM_cert_to_DER_cert(trusted_authority().read_text())
    certificate = read_certificate(der)

    assert (certificate.subject, certificate.self_issued, certificate.names) == ("dtmac test authority", True, ())
    assert dt.timedelta(days=1) == certificate.not_after - certificate.not_before
    for length in range(len(der)):
        with pytest.raises(ValueError, match="no certificate"):
            read_certificate(der[:length])
    for position in range(len(der)):
        with contextlib.suppress(ValueError):
            read_certificate(der[:position] + b"\x85" + der[position + 1 :])
