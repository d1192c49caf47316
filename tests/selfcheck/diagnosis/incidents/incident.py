"""What an incident is: a real set-up that shows a symptom, and the causes that a diagnosis has to tell.

The function that sets an incident up is decorated; its docstring says in a sentence what is really wrong.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .stage import Stage

__all__ = ["Incident", "Scene", "healthy", "incident"]

# What issue and user ask for: seconds of a diagnosis by what it is given, and requests to the target.
URL_SECONDS = 3.0
DOCKER_SECONDS = 6.0
CODE_SECONDS = 10.0
DROPPED_SECONDS = 12.0
MOST_REQUESTS = 60


@dataclass(frozen=True, slots=True)
class Scene:
    """What a diagnosis is given, and what of it nobody may see.

    Attributes:
        target: the agent's URL, as its callers have it.
        token: the token that they have; empty where none is given.
        docker: the Engine of the agent's host.
        container: name of the agent's container, where it is given.
        source: folder of the agent's source.
        image: reference or archive of the agent's image.
        instance: name of the instance that is asked about.
        env: variables that the command has on top.
        within: words before the command, of what it runs in.
        secrets: values that may be in no output, beside the token.
    """

    target: str
    token: str
    docker: str | None = None
    container: str | None = None
    source: Path | None = None
    image: str | None = None
    instance: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    within: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()

    @property
    def gives(self) -> frozenset[str]:
        """What there is to go by."""
        given = {"docker": self.docker, "source": self.source, "image": self.image, "instance": self.instance}
        return frozenset({"url", *(name for name, value in given.items() if value)})


SetUp = Callable[[Stage], AbstractContextManager[Scene]]
# Asserts, by plain requests, that a scene shows the symptom.
Symptom = Callable[[Scene], None]


@dataclass(frozen=True, slots=True)
class Incident:
    """One labelled incident.

    Attributes:
        name: unique.
        says: what is really wrong, one sentence.
        expected: ids of the causes, best first: the first is to be ranked first, all others to be among those told.
            None for a healthy one.
        or_first: causes that are as good in the first place as the first expected one.
        gives: of url, docker, source, image and instance.
        shows: asserts that a scene shows the symptom.
        set_up: makes the scene.
        needs: programs that it needs.
        slow: whether the target lets everyone wait: packets are dropped, or answers come late.
        as_program: whether the command is to be run as a user does, in a process of its own.
    """

    name: str
    says: str
    expected: tuple[str, ...]
    gives: frozenset[str]
    shows: Symptom
    set_up: SetUp
    or_first: frozenset[str] = frozenset()
    needs: tuple[str, ...] = ()
    slow: bool = False
    as_program: bool = False

    @property
    def healthy(self) -> bool:
        """Whether nothing is wrong."""
        return not self.expected

    @property
    def on_an_engine(self) -> bool:
        """Whether it needs a real Docker Engine."""
        return "dockerd" in self.needs

    @property
    def seconds(self) -> float:
        """How long its diagnosis may take."""
        if self.slow:
            return DROPPED_SECONDS
        if self.gives & {"source", "image"}:
            return CODE_SECONDS
        return DOCKER_SECONDS if "docker" in self.gives else URL_SECONDS

    def right(self, told: tuple[str, ...]) -> bool:
        """Return whether these causes, best first, are the right ones."""
        if self.healthy:
            return not told
        if not told or told[0] not in {self.expected[0], *self.or_first}:
            return False
        # What is as good as the first one stands for it, unless it is expected besides.
        required = self.expected[1:] if told[0] in self.or_first - set(self.expected) else self.expected
        return set(required) <= set(told)


def incident(
    *expected: str,
    shows: Symptom,
    gives: str = "url",
    or_first: tuple[str, ...] = (),
    needs: tuple[str, ...] = (),
    slow: bool = False,
    as_program: bool = False,
) -> Callable[[Callable[[Stage], Iterator[Scene]]], Incident]:
    """Make an incident of a generator that sets it up; its name is the function's.

    Args:
        expected: as in :class:`Incident`.
        shows: likewise.
        gives: what the diagnosis is given, in words: ``url docker``.
        or_first: likewise.
        needs: likewise.
        slow: likewise.
        as_program: likewise.
    """

    def made(function: Callable[[Stage], Iterator[Scene]]) -> Incident:
        return Incident(
            name=function.__name__.replace("_", "-"),
            says=inspect.getdoc(function) or "",
            expected=expected,
            gives=frozenset(gives.split()),
            shows=shows,
            set_up=contextmanager(function),
            or_first=frozenset(or_first),
            needs=needs,
            slow=slow,
            as_program=as_program,
        )

    return made


def healthy(
    *, shows: Symptom, gives: str = "url", needs: tuple[str, ...] = (), slow: bool = False, as_program: bool = False
) -> Callable[[Callable[[Stage], Iterator[Scene]]], Incident]:
    """Make a healthy one, odd but legal, as :func:`incident` does."""
    return incident(shows=shows, gives=gives, needs=needs, slow=slow, as_program=as_program)
