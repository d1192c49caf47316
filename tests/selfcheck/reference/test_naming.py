"""The rules for names and image references."""

from __future__ import annotations

import pytest

from dtma_reference.naming import familiar_image, is_image_reference, is_name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nginx", True),
        ("nginx:latest", True),
        ("library/nginx", True),
        ("ghcr.io/a/b-c_d.e__f:v1.0_x", True),
        ("localhost:5000/a", True),
        ("[::1]:5000/a:b", True),
        ("HOST/a", True),
        ("registry.invalid/x@sha256:" + "0" * 64, True),
        ("a:b@sha256:" + "0" * 64, True),
        ("f" * 63, True),
        ("f" * 64, False),
        ("", False),
        ("Nginx", False),
        ("a_", False),
        ("a..b", False),
        ("a/", False),
        ("/a", False),
        ("a:" + "x" * 129, False),
        ("a b", False),
        ("a\n", False),
        ("a@sha256:xyz", False),
        ("http://a/b", False),
        ("a" * 513, False),
    ],
)
def test_an_image_reference_follows_its_grammar(text, expected):
    """As Docker reads it."""
    assert is_image_reference(text) is expected


def test_a_hostile_image_reference_is_judged_at_once():
    """The pattern takes linear time."""
    assert not is_image_reference("a-" * 255 + "!")


@pytest.mark.parametrize(("text", "expected"), [("ab", True), ("a", False), ("a" * 128, True), ("a" * 129, False)])
def test_a_name_has_two_to_128_characters(text, expected):
    """The rest is Docker's rule, which the engines are held to."""
    assert is_name(text) is expected


@pytest.mark.parametrize(
    ("reference", "familiar"),
    [
        ("nginx", "nginx:latest"),
        ("docker.io/nginx", "nginx:latest"),
        ("docker.io/library/nginx:1", "nginx:1"),
        ("index.docker.io/library/nginx", "nginx:latest"),
        ("localhost:5000/nginx", "localhost:5000/nginx:latest"),
        ("ghcr.io/a/b:c", "ghcr.io/a/b:c"),
        ("a@sha256:" + "0" * 64, "a@sha256:" + "0" * 64),
    ],
)
def test_all_short_forms_are_one_image(reference, familiar):
    """Docker Hub and the tag latest are implied."""
    assert familiar_image(reference) == familiar
