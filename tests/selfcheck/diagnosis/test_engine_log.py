"""A container's log is read as the lines that its program wrote, and no half of a secret is shown."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dtma_contract.diagnosis.engine_log import log_lines, log_messages
from dtma_contract.log_redaction import Redactor

AT = "2026-11-24T10:00:00.000000001Z"
LATER = "2026-11-24T10:00:01Z"
SECRET = "hunter22-and-more"  # noqa: S105 - made up


def frame(text, at=AT, stream=1):
    message = f"{at} {text}".encode()
    return bytes([stream, 0, 0, 0]) + len(message).to_bytes(4) + message


def read(data, *, is_raw=False, asked=99):
    return log_messages(data, is_raw=is_raw, asked=asked)


def test_two_streams_are_put_in_one_row():
    """In the order in which the engine has them, without their headers."""
    data = frame("one\n") + frame("two\r\n", LATER, stream=2) + frame("\n")

    assert read(data) == [(AT, "one"), (LATER, "two"), (AT, "")]


def test_pieces_of_a_line_are_put_together():
    """Each stream for itself; the line's time is that of its first piece."""
    data = frame("begin ") + frame("other\n", stream=2) + frame("end\n", LATER) + frame("unfinished")

    assert read(data) == [(AT, "other"), (AT, "begin end"), (AT, "unfinished")]


def test_a_terminal_has_no_frames():
    """Its pieces follow each other in the middle of a line."""
    long = "x" * 16384
    data = f"{AT} one\r\n{AT} {long}{LATER} rest\r\n{AT} end".encode()

    assert read(data, is_raw=True) == [(AT, "one"), (AT, f"{long}rest"), (AT, "end")]


def test_the_end_of_a_line_that_began_before_is_left_out():
    """Where the engine has more than it was asked for, a stream's first line may be such an end."""
    data = frame("er22\n") + frame("one\n") + frame("22\n", stream=2) + frame("two\n", stream=2)

    assert read(data, asked=4) == [(AT, "one"), (AT, "two")]
    assert len(read(data, asked=5)) == 4


def test_a_frame_that_stops_is_left_out():
    """The other side stopped in the middle, perhaps of a secret."""
    assert read(frame("one\n") + frame(f"{SECRET}\n")[:-3]) == [(AT, "one")]


def test_no_long_line_is_cut_in_a_secret():
    """A line is cleaned before it is cut; where it is too long to be cleaned, its end is not shown."""
    messages = [(AT, "x" * before + SECRET + "y" * 9000) for before in (0, 290, 295, 3990)]
    messages += [(AT, SECRET * 235 + "y")]
    lines = log_lines(messages, Redactor([SECRET]).lines)

    assert [len(line.text) <= 300 for line in lines] == [True] * 5
    assert [line.text for line in lines if "hunt" in line.text] == []


@given(st.binary(max_size=200), st.booleans(), st.integers(0, 5))
def test_every_log_is_read(data, is_raw, asked):
    """Nothing that an engine sends raises."""
    log_lines(read(data, is_raw=is_raw, asked=asked), Redactor([SECRET]).lines)
