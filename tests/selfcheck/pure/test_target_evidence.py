"""What answers prove of a route: an absence is only said where nothing else can be true."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pure.answers import answer

from dtma_contract.discovery.target_evidence import Habits, Observed, is_doubtful, judge_route, judge_secured
from dtma_contract.mounting import BrokenEncoding, Mounting, MountState, Probe
from dtma_contract.routes import Cell

START = Probe("POST", "/tools/{name}/start")
STATUS = Probe("GET", "/status")
RESTART = Probe("POST", "/restart")
LIKE_NOTHING = Mounting(MountState.MISSING, "answered like what does not exist")
UNLIKE = Mounting(MountState.MOUNTED, "answered unlike what does not exist")
CHOKES = Habits(chokes="others fail")
REFUSES = Habits(refuses_methods="others answer 405")
KNOWS = Habits(knows_names="others know names")
FELL, CHOKED = BrokenEncoding.FELL_THROUGH, BrokenEncoding.CHOKED


def seen(probe, status=404, look=LIKE_NOTHING, *, body=None, fallback=404, headers=None, **more):
    given = answer(status, {"error": "x"} if body is None else body, headers=headers)
    return Observed(probe, answer=given, look=look, fallback=fallback, **more)


NO_METHOD = {"options_answer": answer(404), "options_look": LIKE_NOTHING}
LET_IN = {"bare": answer(404), "bare_look": LIKE_NOTHING}


@pytest.mark.parametrize(
    ("observed", "habits", "expected"),
    [
        (seen(STATUS, 200, UNLIKE), Habits(), Cell.MOUNTED),
        (seen(STATUS, 500, UNLIKE), Habits(), Cell.MOUNTED),
        (seen(START, 404, UNLIKE), Habits(), Cell.MOUNTED),
        (seen(STATUS, 401, UNLIKE), Habits(), Cell.MOUNTED),
        (seen(STATUS, 502, UNLIKE, body="<html>"), Habits(), Cell.UNKNOWN),
        (seen(STATUS, 404), Habits(), Cell.ABSENT),
        (seen(STATUS, 200), Habits(), Cell.ABSENT),
        (seen(STATUS, 200, documented=True), Habits(), Cell.UNKNOWN),
        (seen(STATUS, 401, fallback=401), Habits(), Cell.UNKNOWN),
        (seen(STATUS, 500, fallback=500), Habits(), Cell.UNKNOWN),
        (seen(STATUS, 302, fallback=302), Habits(), Cell.UNKNOWN),
        (seen(STATUS, 405, headers={"allow": "POST"}), Habits(), Cell.ABSENT),
        (seen(STATUS, 405, headers={"allow": "GET"}), Habits(), Cell.UNKNOWN),
        (seen(STATUS, 405, fallback=405), Habits(), Cell.UNKNOWN),
        (seen(STATUS, 405, fallback=405, headers={"allow": "DELETE"}), Habits(), Cell.ABSENT),
        (seen(START, 405, fallback=405, headers={"allow": "GET"}), Habits(), Cell.UNKNOWN),
        (seen(STATUS, 404, options=UNLIKE), Habits(), Cell.MOUNTED),
        (seen(STATUS, 404, bare=answer(401), bare_look=UNLIKE), Habits(), Cell.MOUNTED),
        (seen(START, 404), Habits(), Cell.UNKNOWN),
        (seen(START, 404, broken=FELL), Habits(), Cell.UNKNOWN),
        (seen(START, 404, broken=FELL), CHOKES, Cell.ABSENT),
        (seen(START, 404, broken=CHOKED), CHOKES, Cell.UNKNOWN),
        (seen(START, 404, broken=BrokenEncoding.TOLD_NOTHING), CHOKES, Cell.UNKNOWN),
        (seen(START, 401, fallback=401, broken=FELL), CHOKES, Cell.UNKNOWN),
        (seen(START, 404, options=UNLIKE, broken=FELL), CHOKES, Cell.MOUNTED),
        (seen(START, 404, bare=answer(401), bare_look=UNLIKE, broken=FELL), CHOKES, Cell.MOUNTED),
        (seen(START, 404, **NO_METHOD), REFUSES, Cell.ABSENT),
        (seen(START, 404, **NO_METHOD), Habits(), Cell.UNKNOWN),
        (seen(START, 404, options_answer=answer(204), options_look=LIKE_NOTHING), REFUSES, Cell.UNKNOWN),
        (seen(START, 404, **LET_IN), KNOWS, Cell.ABSENT),
        (seen(START, 404, **LET_IN), Habits(), Cell.UNKNOWN),
        (seen(START, 404), KNOWS, Cell.UNKNOWN),
        (seen(START, 404, broken=CHOKED, **LET_IN), KNOWS, Cell.UNKNOWN),
        (Observed(RESTART, problem="it restarts"), CHOKES, Cell.UNKNOWN),
        (Observed(RESTART, problem="it restarts", options=UNLIKE), Habits(), Cell.MOUNTED),
        (Observed(RESTART, problem="it restarts", **NO_METHOD), REFUSES, Cell.ABSENT),
        (Observed(RESTART, problem="it restarts", **NO_METHOD), Habits(), Cell.UNKNOWN),
        (Observed(START, problem="the answer broke off"), Habits(), Cell.UNKNOWN),
        (Observed(START, problem="it may have an effect", broken=FELL), CHOKES, Cell.ABSENT),
        (Observed(START, problem="it may have an effect", broken=CHOKED), CHOKES, Cell.UNKNOWN),
    ],
)
def test_a_cell_is_said_only_where_it_is_certain(observed, habits, expected):
    """One habit of the server, or the lack of a parameter, makes an absence certain; all else is unknown."""
    judged = judge_route(observed, habits)

    assert expected is judged.cell
    assert judged.detail


def test_what_leaves_a_route_open_is_said():
    """The evidence of an unknown route names what was seen, and why it does not suffice."""
    judged = judge_route(seen(START, 404, broken=CHOKED), CHOKES)

    assert "the path is there, not with which method" in judged.detail
    assert LIKE_NOTHING.evidence in judged.detail


@pytest.mark.parametrize(
    ("observed", "expected"),
    [
        (seen(STATUS, 200, UNLIKE), False),
        (seen(STATUS, 404), False),
        (seen(START, 404), True),
        (Observed(RESTART, problem="it restarts"), True),
        (seen(STATUS, 404, options=UNLIKE), True),
    ],
)
def test_only_what_is_open_is_asked_about_further(observed, expected):
    """Whatever its own answer settles costs no further request."""
    assert expected is is_doubtful(observed)


@pytest.mark.parametrize(
    ("with_token", "status", "bare", "expected"),
    [
        (True, 200, 401, True),
        (True, 200, 403, True),
        (True, 404, 401, True),
        (True, 403, 401, True),
        (True, 401, 401, None),
        (True, 200, 200, False),
        (True, 404, 404, False),
        (True, 400, 404, None),
        (True, 500, 500, None),
        (True, 200, None, None),
        (False, 401, None, True),
        (False, 200, None, False),
        (False, 404, None, False),
        (False, 302, None, None),
        (False, 500, None, None),
    ],
)
def test_whether_a_route_asks_for_a_token(with_token, status, bare, expected):
    """It does where it refuses without one and not with one; what broke or redirects tells nothing."""
    observed = replace(seen(STATUS, status, UNLIKE), bare=None if bare is None else answer(bare, {"error": "x"}))

    assert expected is judge_secured(observed, with_token=with_token)


def test_what_is_hidden_from_who_has_no_token_is_not_open():
    """An unknown name with a token and an unknown path without one are two 404, of which one alone is the route's."""
    denied = {"success": False, "error": "Tool instance 'x' not found or not managed by this DTMA."}
    with_token = seen(START, 404, UNLIKE, body=denied)

    assert judge_secured(replace(with_token, bare=answer(404, {"error": "Not Found"})), with_token=True) is None
    assert judge_secured(replace(with_token, bare=answer(404, denied)), with_token=True) is False
