"""The number of threads of our own loops."""

import os

import pytest

from intralpha.base import thread_count


def test_the_variable_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTRALPHA_THREADS", "3")
    assert thread_count() == 3


@pytest.mark.parametrize("value", ["", "0", "-2", "many"])
def test_else_the_cores_of_the_process(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("INTRALPHA_THREADS", value)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 5}, raising=False)
    assert thread_count() == 2


def test_a_system_without_affinity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INTRALPHA_THREADS", raising=False)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert thread_count() == 1
