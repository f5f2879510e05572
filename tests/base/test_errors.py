"""Errors come back whole from another process."""

import pickle

import pytest

from intralpha.base import ConfigError, DataError, IntralphaError


class TwoFactsError(DataError):
    def __init__(self, found: int, expected: int) -> None:
        self.found, self.expected = found, expected
        super().__init__(f"found {found}; expected {expected}")


@pytest.mark.parametrize("error", [TwoFactsError(1, 2), ConfigError("plain"), IntralphaError()])
def test_an_error_is_pickled_with_message_and_facts(error: IntralphaError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)
    assert again.args == error.args
