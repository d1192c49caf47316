"""A URL that is known in part becomes host, port and a path template."""

from __future__ import annotations

import pytest

from dtma_contract.discovery.consumer.addresses import read_address, words
from dtma_contract.discovery.consumer.values import Text, hole

H = hole

CASES = [
    (("http://", H("ip"), ":30000/tools"), ("{}", "30000", "/tools")),
    (("http://", H("ip"), ":", H("port"), "/tools"), ("{}", "", "/tools")),
    (("https://api.github.com/repos/", H("r"), "/issues?x=1"), ("api.github.com", "", "/repos/{r}/issues")),
    (("http://10.0.0.1:8080",), ("10.0.0.1", "8080", "/")),
    (("http://u:p@host:30000/a#b",), ("host", "30000", "/a")),
    ((H("base"), "/tools/", H("tool.name"), "/start"), ("{}", "", "/tools/{name}/start")),
    ((H("base"), "tools"), ("{}", "", "/tools")),
    ((H("base"), ":30000/tools"), ("{}", "30000", "/tools")),
    ((H("base"), H("path")), ("{}", "", "/{?}")),
    ((H("base"), H("x"), "/start"), ("{}", "", "/{?}/start")),
    ((H("base"), "/", H("path")), ("{}", "", "/{?}")),
    ((H("base"), "/", H("name")), ("{}", "", "/{name}")),
    ((H("url"),), ("{}", "", "/{?}")),
    (("http://", H("host"), H("path")), ("{}", "", "/{?}")),
    ((H("scheme"), "://", H("host"), "/a"), ("{}", "", "/a")),
    (("/tools/", H("id")), ("", "", "/tools/{id}")),
    (("tools/", H("id")), ("", "", "/tools/{id}")),
    (("/logs", H("query")), ("", "", "/logs")),
    (("/logs", H("more")), ("", "", "/logs{?}")),
    (("/tools/", H("a"), H("b")), ("", "", "/tools/{a}{?}")),
    (("/tools/tool-", H("id"), "/start"), ("", "", "/tools/tool-{id}/start")),
    (("/a//b/",), ("", "", "/a/b")),
    (("http://", H("id"), ".droplets.example.com/status"), ("{}.droplets.example.com", "", "/status")),
    (("//cdn.example.com/x",), ("cdn.example.com", "", "/x")),
    (("/tools/", H(), "/start"), ("", "", "/tools/{param}/start")),
]


@pytest.mark.parametrize(("parts", "expected"), CASES, ids=lambda value: repr(value)[:60])
def test_a_url_is_taken_apart(parts, expected):
    """Host, port and path are those that a client would use, as far as they are known."""
    address = read_address(Text(parts))

    assert (address.host, address.port, address.path) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("getDtmaURL", ("get", "dtma", "url")),
        ("BACKEND_TO_DTMA_API_KEY", ("backend", "to", "dtma", "api", "key")),
        ("process.env.AGENTOPIA_URL", ("process", "env", "agentopia", "url")),
        ("toolbox.public_ip", ("toolbox", "public", "ip")),
    ],
)
def test_an_identifier_is_taken_apart(name, expected):
    """Words are told apart by their capitals and by what stands between them."""
    assert words(name) == expected
