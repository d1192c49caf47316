"""What may stand behind --docker, and what cannot be meant."""

from __future__ import annotations

import pytest

from dtma_contract.engine_address import read_engine_address
from dtma_contract.errors import UsageError
from dtma_contract.probes.docker_images import default_endpoint

FORMS = ("unix:///var/run/docker.sock", "ssh://user@HOST", "tcp://HOST:2375")


@pytest.mark.parametrize(
    "address",
    [
        "unix:///var/run/docker.sock",
        "unix://run/docker.sock",
        "unix:///a folder/docker.sock",
        "ssh://root@10.0.0.7",
        "ssh://droplet",
        "ssh://root@[fd00::7]:2222/run/user/1000/docker.sock",
        "tcp://127.0.0.1:2375",
        "tcp://host",
        "http://127.0.0.1:2375",
        "https://host:2376",
    ],
)
def test_an_address_is_taken_as_it_is_written(address):
    """Whether something answers there is not asked."""
    assert read_engine_address(address) == address


@pytest.mark.parametrize(
    "text",
    [
        "nonsense", "", "docker.sock", "tcp//x", "tcp://", "tcp://:2375", "tcp://h:port", "tcp://h:99999", "tcp://h:0",
        "tcp://[::1", "unix://", "unix:///", "ssh://", "ssh://@", "ssh://-oProxyCommand=x", "ssh://-l@host",
        "fd://", "npipe:////./pipe/docker_engine", "file:///var/run/docker.sock", " unix:///x.sock", "unix:///x.sock\n",
        "UNIX:///x.sock", "://", "tcp://h\u202e:1",
    ],
)  # fmt: skip
def test_what_cannot_be_one_is_a_usage_error(text):
    """The message says which forms there are."""
    with pytest.raises(UsageError) as refused:
        read_engine_address(text)

    assert [form for form in FORMS if form not in str(refused.value)] == []
    assert "--docker" in str(refused.value)


@pytest.mark.parametrize("text", ["unix:/run/docker.sock", "/run/docker.sock"])
def test_a_path_is_put_right(text):
    """What lacks its scheme, or a slash, is told as it should be written."""
    with pytest.raises(UsageError, match=r'Did you mean "unix:///run/docker\.sock"'):
        read_engine_address(text)


@pytest.mark.parametrize("scheme", ["ssh", "tcp", "http", "https"])
def test_a_password_is_refused_and_not_repeated(scheme):
    """None is ever asked with one; the option alone is named."""
    with pytest.raises(UsageError) as refused:
        read_engine_address(f"{scheme}://root:hunter2@host", "DOCKER_HOST")

    assert ("hunter2" in str(refused.value), "DOCKER_HOST" in str(refused.value)) == (False, True)


def test_the_variable_is_held_to_the_same(monkeypatch):
    """What the environment names is refused as what the command line names is."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://root:hunter2@host")

    with pytest.raises(UsageError) as refused:
        default_endpoint()

    assert ("hunter2" in str(refused.value), "DOCKER_HOST" in str(refused.value)) == (False, True)
