"""What does not speak HTTP is told from what says nothing, however it ends."""

from __future__ import annotations

import pytest

from dtma_contract.fence.answers import AnswerReader, BrokenAnswerError
from dtma_contract.fence.decisions import Failure

_MOST = 1000


def test_another_protocol_is_known_by_its_first_bytes():
    """An ssh server's greeting never ends a head, and a reset connection would hide it."""
    with pytest.raises(BrokenAnswerError, match=r"SSH-2\.0-OpenSSH_9\.2") as told:
        AnswerReader("GET", _MOST).feed(b"SSH-2.0-OpenSSH_9.2\r\n")

    assert told.value.failure is Failure.RESPONSE_MALFORMED


def test_an_answer_may_come_byte_by_byte():
    """A beginning that may become a status line is waited for."""
    reader = AnswerReader("GET", _MOST)
    read = [reader.feed(bytes([byte])) for byte in b"HTTP/1.1 204 No Content\r\n\r\n"]

    assert read[:-1] == [None] * (len(read) - 1)
    assert read[-1].status == 204


def test_what_says_nothing_has_closed_the_connection():
    """No bytes are no other protocol."""
    with pytest.raises(BrokenAnswerError) as told:
        AnswerReader("GET", _MOST).feed(b"")

    assert told.value.failure is Failure.CONNECTION_RESET
