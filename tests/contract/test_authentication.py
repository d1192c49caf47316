"""Does every protected operation refuse what it must, and only that?

Each refusal is compared with the same request with the token: a dead token would make every refusal look right.
"""

import pytest

from dtma_contract.contract import EffectLevel
from dtma_contract.evidence import TOKEN_PLACEHOLDER
from dtma_contract.judgement import NotJudgedError, require, require_refusal

VARIANTS = ("truncated", "extended", "changed", "first")
MALFORMED = ("", "Bearer", "Basic ZHRtYWM6ZHRtYWM=", "Token dtmac", "dtmac")


# With and without token alike they come from a proxy. (A deploy that cannot work is answered 502 by the agent itself,
# but only with the token.)
GATEWAY_ERRORS = {503, 504}


@pytest.fixture
def accepted(ask, operation):
    """What the same request is answered with the token; None where it may not be sent only to compare."""
    if operation.effect.level == EffectLevel.RESTART:
        # The operation's own success clause shows that the token is accepted.
        return None
    answer = ask()
    if answer.status in {401, 403}:
        raise NotJudgedError(f"the token itself is refused here: {answer.describe()}")
    return answer


def require_refused(operation, accepted, answer, status, what):
    same = accepted is not None and answer.status == accepted.status
    if same and answer.status in GATEWAY_ERRORS:
        raise NotJudgedError(f"something in front of the agent answers: {answer.describe()}")
    let_in = answer.status < 300 or same
    require(
        not let_in,
        f"{what} is let in: {answer.describe()}",
        expected=[f"{status} as documented for {operation.id}"],
        exchange=answer,
        cause="authentication-open",
    )
    require_refusal(operation, answer, status)


@pytest.mark.aspect("requires-token")
def test_refuses_a_request_without_token(ask, operation, accepted):
    require_refused(operation, accepted, ask(auth=None), 401, "a request without a token")


@pytest.mark.aspect("rejects-wrong-token")
def test_refuses_a_wrong_token(ask, operation, accepted, identity):
    wrong = f"Bearer {identity.name('wrong')}"
    require_refused(operation, accepted, ask(auth=wrong), 403, "a wrong token")


@pytest.mark.aspect("rejects-near-token")
def test_refuses_a_token_that_is_nearly_right(ask, operation, accepted):
    for variant in VARIANTS:
        answer = ask(auth=f"Bearer {TOKEN_PLACEHOLDER}.{variant}")
        require_refused(operation, accepted, answer, 403, f"a token that is nearly right ({variant})")


@pytest.mark.aspect("rejects-malformed-header")
def test_refuses_a_header_without_bearer_token(ask, operation, accepted):
    for value in MALFORMED:
        require_refused(operation, accepted, ask(auth=value), 401, f"the header `Authorization: {value}`")
