"""Both tokens let a caller in, and nothing that is only nearly one of them does."""

from __future__ import annotations

import pytest
from reference.callers import API_KEY, TOKEN

from dtma_reference.tokens import Secrets


@pytest.mark.parametrize("header", [f"Bearer {TOKEN}", f"bearer {TOKEN}", f"BEARER  {TOKEN}", f"Bearer {API_KEY}"])
def test_either_token_lets_in_whatever_the_schemes_letter_case(caller, header):
    """The name of the scheme has no case (RFC 9110 section 11.1)."""
    assert caller("GET", "/tools", token=None, headers={"Authorization": header}).status_code == 200


@pytest.mark.parametrize(
    "token",
    [
        TOKEN[:-1],
        TOKEN[1:],
        TOKEN + "x",
        TOKEN[:-1] + "x",
        TOKEN.swapcase(),
        TOKEN[: len(TOKEN) // 2],
        TOKEN + API_KEY,
        f"{TOKEN} {API_KEY}",
        f'"{TOKEN}"',
        "x",
    ],
)
def test_a_token_that_is_nearly_right_is_refused(caller, token):
    """The whole value is compared."""
    response = caller("GET", "/tools", token=token)

    assert response.status_code == 403
    assert response.json()["error"].startswith("Forbidden")


@pytest.mark.parametrize("header", [f"Basic {TOKEN}", TOKEN, f"Bearer{TOKEN}", f"Bearer:{TOKEN}", f"xBearer {TOKEN}"])
def test_a_header_without_a_bearer_token_is_refused(caller, header):
    """Another scheme, or none, is a 401 with the challenge that RFC 9110 asks for."""
    response = caller("GET", "/tools", token=None, headers={"Authorization": header})

    assert response.status_code == 401
    assert response.json()["error"].startswith("Unauthorized")
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_one_token_is_enough(agent):
    """An agent with the backend's key only lets in that, and no empty value."""
    caller = agent(secrets=Secrets(api_key=API_KEY))

    assert caller("GET", "/tools", token=API_KEY).status_code == 200
    assert caller("GET", "/tools", token=TOKEN).status_code == 403
    assert caller("GET", "/tools", token="").status_code == 401


def test_an_empty_variable_is_no_token():
    """Neither of the two is configured then."""
    assert Secrets.from_environment({"DTMA_BEARER_TOKEN": "", "OTHER": "x"}).values == ()


def test_no_answer_holds_a_token(agent):
    """Neither listings nor refusals, the log or a shell command repeat one, and values do not show them either."""
    caller = agent(allow_ssh=True)
    caller.deploy("tool")
    answers = [
        caller("GET", path, token=token)
        for path in (
            "/",
            "/status",
            "/tools/status",
            "/tools",
            "/nowhere",
            f"/{TOKEN}/{API_KEY}",
            "/diagnostics/docker",
        )
        for token in (TOKEN, API_KEY, TOKEN + "x")
    ]
    answers.append(caller("POST", "/ssh/execute", {"command": f"echo {TOKEN} {API_KEY}"}))
    answers += [caller("GET", "/logs"), caller("GET", "/diagnostics/logs")]

    for answer in answers:
        text = answer.text + repr(answer.headers.raw)
        assert TOKEN not in text
        assert API_KEY not in text
    assert "[redacted]" in answers[-1].text
    assert TOKEN not in repr(Secrets(TOKEN, API_KEY))
