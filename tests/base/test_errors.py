"""Errors come back whole from another process."""

import pickle

import pytest

from intralpha.base import ConfigError, DataError, IntralphaError
from intralpha.base.errors import told_of


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


def test_an_error_says_what_it_is_about() -> None:
    said = r"^factor gru: found 1; expected 2$"
    with pytest.raises(TwoFactsError, match=said) as caught, told_of("factor gru"):
        raise TwoFactsError(1, 2)
    assert caught.value.found == 1
    with pytest.raises(KeyError, match="'a'"), told_of("factor gru"):
        raise KeyError("a")
