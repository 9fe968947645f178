"""Settings come from the command line, the environment, the table's default, in this order."""

from __future__ import annotations

from pathlib import Path

import pytest

from clary.app.settings import InvalidSetting, Settings


def test_what_is_given_wins_over_the_environment_and_that_over_the_default() -> None:
    environment = {"CLARY_PORT": "5001", "CLARY_HOST": "127.0.0.2", "CLARY_FORK_SERVER": "no"}
    settings = Settings.load(environment, port=5002, data="/srv/clary")
    assert (settings.port, settings.host, settings.fork_server) == (5002, "127.0.0.2", False)
    assert (settings.data, settings.region) == (Path("/srv/clary"), "us-east-1")


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"CLARY_PORT": "http"}, "CLARY_PORT is 'http'; it must be a whole number"),
        ({"CLARY_PORT": "70000"}, "port is 70000; it must lie between 0 and 65535"),
        ({"CLARY_FORK_SERVER": "perhaps"}, "CLARY_FORK_SERVER is 'perhaps'; it must be true or false"),
        ({"CLARY_ACCOUNT": "12"}, "account is '12'; it must have twelve digits"),
        ({"CLARY_OBJECTS_MODEL": "/none.onnx"}, "objects_model is '/none.onnx'; there must be a file of that name"),
        ({"CLARY_LOG_LEVEL": "LOUD"}, "log_level is 'LOUD'; it must be DEBUG, INFO, WARNING or ERROR"),
    ],
)
def test_a_wrong_value_is_refused_by_name(environment: dict[str, str], words: str) -> None:
    with pytest.raises(InvalidSetting) as refusal:
        Settings.load(environment)
    assert str(refusal.value) == words
