"""Settings: one rule of precedence for all, and bad values are one message."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from dtma_contract.commands import flags
from dtma_contract.contract import EffectLevel
from dtma_contract.errors import UsageError
from dtma_contract.settings import Depth, Settings, merge

URL = "http://10.0.0.7:30000"

# For each field: flag, environment, file, and what each is read as, and the default.
FIELDS = {
    "target": (
        ("http://flag", "http://env", "http://file"),
        ("http://flag", "http://env", "http://file", URL),
    ),
    "token_env": (("FLAG", "ENV", "FILE"), ("FLAG", "ENV", "FILE", "DTMA_BEARER_TOKEN")),
    "profiles": ((("mcp",), "ssh,execute", ["console"]), (("mcp",), ("ssh", "execute"), ("console",), ())),
    "effects": (
        ("read", "restart", "lifecycle"),
        (EffectLevel.READ, EffectLevel.RESTART, EffectLevel.LIFECYCLE, EffectLevel.LIFECYCLE),
    ),
    "depth": (("smoke", "deep", "standard"), (Depth.SMOKE, Depth.DEEP, Depth.STANDARD, Depth.STANDARD)),
    "probe_image": (("flag:1", "env:1", "file:1"), ("flag:1", "env:1", "file:1", "nginx:latest")),
    "only": ((("a", "b"), "c, d", ["e"]), (("a", "b"), ("c", "d"), ("e",), ())),
    "baseline": (("flag", "env", "file"), (Path("flag"), Path("env"), Path("file"), None)),
    "strict": ((True, "false", True), (True, False, True, False)),
    "seed": (("1", "2", 3), (1, 2, 3, None)),
    "docker": (
        ("tcp://flag:1", "tcp://env:1", "tcp://file:1"),
        ("tcp://flag:1", "tcp://env:1", "tcp://file:1", None),
    ),
    "container": (("flag", "env", "file"), ("flag", "env", "file", "")),
    "restart_command": (("flag", "env", "file"), ("flag", "env", "file", "")),
    "reports": (("flag", "env", "file"), (Path("flag"), Path("env"), Path("file"), Path("reports"))),
    "contract": (("flag", "env", "file"), (Path("flag"), Path("env"), Path("file"), None)),
    "source": (("flag", "env", "file"), (Path("flag"), Path("env"), Path("file"), None)),
    "image": (("flag:1", "env:1", "file:1"), ("flag:1", "env:1", "file:1", None)),
    "consumers": ((("a", "b"), "c, d", ["e"]), (("a", "b"), ("c", "d"), ("e",), ())),
}


def settings_of(name, flag=None, env=None, file=None):
    named = name == "target" and (flag, env, file) != (None, None, None)
    flags = {} if named else {"target": URL}
    if flag is not None:
        flags[name] = flag
    environment = {} if env is None else {f"DTMA_CONTRACT_{name.upper()}": env}
    return Settings.from_values(merge(flags, environment, {} if file is None else {name.replace("_", "-"): file}))


def test_the_table_has_every_setting():
    """No setting is left out below."""
    assert list(FIELDS) == [field.name for field in fields(Settings)]


@pytest.mark.parametrize("name", FIELDS)
def test_a_flag_beats_the_environment_beats_the_file_beats_the_default(name):
    """One rule holds for every setting."""
    (flag, env, file), expected = FIELDS[name]

    read = (
        settings_of(name, flag, env, file),
        settings_of(name, None, env, file),
        settings_of(name, None, None, file),
        settings_of(name),
    )

    assert expected == tuple(getattr(settings, name) for settings in read)


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("absent", [None, (), [], False])
def test_a_flag_that_was_not_given_counts_for_nothing(name, absent):
    """Click hands over None, False or an empty list for it."""
    (_flag, env, _file), expected = FIELDS[name]

    assert expected[1] == getattr(settings_of(name, absent, env), name)


@pytest.mark.parametrize("name", FIELDS)
def test_an_empty_variable_counts_for_nothing(name):
    """`DTMA_CONTRACT_X= dtma-contract …` takes nothing away from the file."""
    (_flag, _env, file), expected = FIELDS[name]

    assert expected[2] == getattr(settings_of(name, None, "", file), name)


@pytest.mark.parametrize("key", ["probe-image", "probe_image"])
def test_a_file_writes_names_with_dash_or_underscore(key):
    """A key is written as the flag or as the field."""
    assert merge({}, {}, {key: "a:1"}) == {"probe_image": "a:1"}


@pytest.mark.parametrize(
    "settings",
    [
        Settings(URL),
        Settings("reference", seed=0, effects=EffectLevel.RESTART, depth=Depth.DEEP, strict=True),
        Settings(URL, profiles=("mcp", "ssh"), only=("a",), baseline=Path("b"), contract=Path("c"), docker="unix:///d"),
    ],
)
def test_settings_survive_json(settings):
    """Workers are told the settings as JSON, and read the same ones."""
    assert settings == Settings.from_values(settings.to_json())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://host:30000/", "http://host:30000"),
        ("https://host/base//", "https://host/base"),
        ("HTTP://host", "HTTP://host"),
        ("http://[::1]:30000", "http://[::1]:30000"),
        ("reference", "reference"),
    ],
)
def test_targets_are_read(text, expected):
    """A slash at the end says nothing."""
    assert expected == Settings.from_values({"target": text}).target


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"target": ""}, "No target is named. Give `--target http://HOST:30000`"),
        ({"target": None}, "No target is named."),
        ({"target": "10.0.0.7:30000"}, "Write it with its scheme, such as `http://10.0.0.7:30000`."),
        ({"target": "10.0.0.7"}, "such as `http://10.0.0.7:30000`."),
        ({"target": "ftp://host"}, "is no URL."),
        ({"target": "http://"}, "is no URL."),
        ({"target": "http://host:0"}, "has no valid port."),
        ({"target": "http://host:99999"}, "is no URL: Port out of range 0-65535."),
        ({"target": "http://host:x"}, "is no URL: Port could not be cast"),
        ({"target": "http://[::1"}, "is no URL: Invalid IPv6 URL."),
        ({"target": "http://host/a b"}, "holds letters that stand in no URL"),
        ({"target": "http://h\u00f6st"}, "holds letters that stand in no URL"),
        ({"target": "http://host?a=1"}, "more than scheme, host, port and path"),
        ({"target": "http://host#a"}, "more than scheme, host, port and path"),
        ({"target": 7}, 'The setting "target" cannot be 7.'),
        ({"token_env": "not-a-name"}, "is no environment variable."),
        ({"token_env": "1A"}, "is no environment variable."),
        ({"token_env": "A\n"}, "is no environment variable."),
        ({"effects": "lifecicle"}, 'Unknown effect level "lifecicle". Did you mean "lifecycle"?'),
        ({"depth": "depp"}, 'Unknown depth "depp". Did you mean "deep"?'),
        ({"probe_image": "Nginx"}, 'The probe image "Nginx" is no image reference.'),
        ({"probe_image": "nginx; reboot"}, "is no image reference."),
        ({"probe_image": "nginx\n"}, "is no image reference."),
        ({"strict": "perhaps"}, '"perhaps" is neither true nor false.'),
        ({"strict": 1}, 'The setting "strict" cannot be 1.'),
        ({"seed": "x"}, 'The seed "x" is no whole number.'),
        ({"seed": True}, 'The setting "seed" cannot be True.'),
        ({"seed": 1.5}, 'The setting "seed" cannot be 1.5.'),
        ({"baseline": 1}, 'The setting "baseline" cannot be 1.'),
        ({"baseline": ["a"]}, """The setting "baseline" cannot be ['a']."""),
        ({"only": [1]}, 'The setting "only" cannot be [1]. Write it as text, or as a list of texts.'),
        ({"profiles": {"a": 1}}, 'The setting "profiles" cannot be'),
        ({"docker": True}, 'The setting "docker" cannot be True.'),
    ],
)
def test_a_bad_value_is_one_message(values, expected):
    """What cannot be read is told with what would be right."""
    with pytest.raises(UsageError) as caught:
        Settings.from_values({"target": URL} | values)

    assert expected in str(caught.value)


@pytest.mark.parametrize(
    "values",
    [
        {"target": "http://me:hunter22@host"},
        {"target": "http://hunter22@host"},
        {"target": "me:hunter22@host:1"},
        {"target": URL, "token_env": "hunter22-is-the-token"},
    ],
)
def test_no_message_repeats_a_secret(values):
    """A password in the URL, and a token where a variable's name belongs, are refused and not repeated."""
    with pytest.raises(UsageError) as caught:
        Settings.from_values(values)

    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize("name", ["baseline", "contract", "docker"])
def test_an_empty_flag_is_given_and_names_nothing(name):
    """`--docker "$UNSET"` does not fall back to the environment, and asks for no engine."""
    assert getattr(settings_of(name, "", "env"), name) is None


def test_an_empty_target_is_given_and_refused():
    """`--target "$UNSET"` never judges the target of the environment instead."""
    with pytest.raises(UsageError, match="No target is named"):
        settings_of("target", "", "http://env")


def test_an_unknown_key_of_the_file_is_told_with_the_closest():
    """A misspelt key is no silent default."""
    with pytest.raises(UsageError, match=r'unknown key "probe-imag"\. Did you mean "probe_image"\?'):
        merge({}, {}, {"probe-imag": "x"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1", True), ("TRUE", True), ("yes", True), ("on", True), ("0", False), ("no", False), ("off", False)],
)
def test_truth_is_read_from_text(text, expected):
    """The environment has no truth values."""
    assert expected is Settings.from_values({"target": URL, "strict": text}).strict


@pytest.mark.parametrize(
    ("name", "value", "option"),
    [
        ("baseline", "", "--baseline"),
        ("probe_image", " ", "--probe-image"),
        ("profiles", ("mcp", ""), "--profile"),
        ("docker", "", "--docker"),
    ],
)
def test_an_empty_flag_is_refused(name, value, option):
    """`--baseline "$UNSET"` never judges without one: whoever forgot the variable is told which option it is."""
    with pytest.raises(UsageError, match=f"^{option} is given, and is empty"):
        flags.settings_of({"target": URL, name: value})
