"""Are contract, source, image, target and callers the same API? One clause for each way in which they may not be."""

import pytest

from dtma_contract.routes import Corner

CODE = (Corner.SOURCE, Corner.IMAGE)
SERVERS = (*CODE, Corner.TARGET)


@pytest.mark.clause("drift/the-service-loads")
def test_the_service_loads(judge, clause):
    judge(any_of=CODE)


@pytest.mark.clause("drift/every-declared-route-is-mounted")
def test_every_declared_route_is_mounted(judge, clause):
    judge(any_of=CODE)


@pytest.mark.clause("drift/every-route-is-in-the-source")
def test_every_route_is_in_the_source(judge, clause):
    judge(all_of=(Corner.SOURCE,))


@pytest.mark.clause("drift/no-route-is-shadowed")
def test_no_route_is_shadowed(judge, clause):
    judge(any_of=CODE)


@pytest.mark.clause("drift/no-route-depends-on-a-condition")
def test_no_route_depends_on_a_condition(judge, clause):
    judge(any_of=CODE)


@pytest.mark.clause("drift/the-image-is-of-this-source")
def test_the_image_is_of_this_source(judge, clause):
    judge(all_of=CODE)


@pytest.mark.clause("drift/every-route-is-in-the-image")
def test_every_route_is_in_the_image(judge, clause):
    judge(all_of=(Corner.IMAGE,))


@pytest.mark.clause("drift/every-route-is-on-the-target")
def test_every_route_is_on_the_target(judge, clause):
    judge(all_of=(Corner.TARGET,))


@pytest.mark.clause("drift/authentication-is-as-promised")
def test_authentication_is_as_promised(judge, clause):
    judge(any_of=CODE)


@pytest.mark.clause("drift/every-call-is-promised")
def test_every_call_is_promised(judge, clause):
    judge(all_of=(Corner.CONSUMER,))


@pytest.mark.clause("drift/every-route-is-promised")
def test_every_route_is_promised(judge, clause):
    judge(any_of=SERVERS)


@pytest.mark.clause("drift/nothing-else-differs")
def test_nothing_else_differs(judge, clause):
    judge(any_of=SERVERS)
