"""What tests check of annotations: also in calls unlike the first, and what is returned."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pytest
import torch
from beartype.roar import BeartypeCallHintViolation
from jaxtyping import Float, Int, TypeCheckError
from numpy import ndarray
from tests import annotations
from tests.annotations import EVERY, checked

from intralpha.market import Lake
from intralpha.models.groups import Groups
from intralpha.training.groups import correlations


def check(what: Any) -> Any:
    return checked(what, typechecker=None)


@pytest.fixture(autouse=True)
def every_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(annotations, "FIRST", 10**9)


@check
def add(
    x: Float[ndarray, "A B"],
    y: Float[ndarray, "A"],
    how: Literal["as it is", "cut", "short"] = "as it is",
) -> Float[ndarray, "A B"]:
    out = x + y[:, None]
    return {"as it is": out, "cut": out[:, :-1], "short": out.astype(np.int64)}[how]


X, Y = np.ones((3, 4)), np.ones(3)
BAD: dict[str, Callable[[], object]] = {
    "another length": lambda: add(X, np.ones(4)),
    "another shape": lambda: add(X[0], Y),
    "another type": lambda: add(X, Y.astype(np.int64)),
    "no array": lambda: add(X, 1.0),
    "another word": lambda: add(X, Y, "as ever"),
    "no word": lambda: add(X, Y, 3),
    "a result of another length": lambda: add(X, Y, "cut"),
    "a result of another type": lambda: add(X, Y, "short"),
    "by name": lambda: add(X, y=np.ones(4)),
}


@pytest.mark.parametrize("what", BAD)
def test_what_does_not_fit_is_refused_whatever_passed_before(what: str) -> None:
    for _ in range(2):
        with pytest.raises(TypeCheckError):
            BAD[what]()
        for rows in (3, 5, 3):
            assert add(np.ones((rows, 4)), np.ones(rows)).shape == (rows, 4)
        assert add(x=X, y=Y).sum() == 24


def test_a_result_is_looked_at_though_its_arguments_passed() -> None:
    results: list[Any] = [np.zeros(2), np.zeros(2), np.zeros(3), np.zeros(2), 0.0, np.zeros(2)]

    @check
    def next_one(x: Float[ndarray, "N"]) -> Float[ndarray, "N"]:
        return results.pop(0)

    two = np.ones(2)
    assert len(next_one(two)) == len(next_one(two)) == 2
    with pytest.raises(TypeCheckError, match="return value"):
        next_one(two)
    assert len(next_one(two)) == 2
    with pytest.raises(TypeCheckError, match="return value"):
        next_one(two)
    assert len(next_one(two)) == 2


@check
def total(parts: dict[str, list[Float[ndarray, "N"]]], more: tuple[int, ...] = ()) -> float:
    return sum(float(x.sum()) for part in parts.values() for x in part) + sum(more)


def test_what_stands_in_containers_counts() -> None:
    good = [np.ones(2)]
    for _ in range(2):
        assert total({"a": good}) == 2
        assert total({"a": good}, (1, 2)) == 5
        for bad in ({"a": [np.ones((2, 2))]}, {1: good}, {"a": good[0]}, [good]):
            with pytest.raises(TypeCheckError):
                total(bad)
        for other in (("x",), (1.5,), [1]):
            with pytest.raises(TypeCheckError):
                total({"a": good}, other)


def test_of_many_calls_one_in_so_many_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(annotations, "FIRST", 3)

    @check
    def size(x: Float[ndarray, "N"]) -> int:
        return x.size

    bad, seen = np.ones((1, 1)), []
    for _ in range(5 * EVERY):
        try:
            size(bad)
        except TypeCheckError:
            seen.append(True)
        else:
            seen.append(False)
    assert seen[:3] == [True, True, True]
    assert sum(seen[3:]) == 4


def test_tensors_are_looked_at_like_arrays() -> None:
    @check
    def double(x: Int[torch.Tensor, "N 2"]) -> Int[torch.Tensor, "N 2"]:
        return x * 2

    for n in (1, 2, 1):
        assert double(torch.ones(n, 2, dtype=torch.int64)).sum() == 4 * n
        for bad in (torch.ones(n, 2), torch.ones(n, 3, dtype=torch.int64), np.ones((n, 2), int)):
            with pytest.raises(TypeCheckError):
                double(bad)


@check
@dataclass(frozen=True)
class Pair:
    left: Float[ndarray, "N"]
    right: Float[ndarray, "N"]

    @check
    def swapped(self) -> "Pair":
        return Pair(self.right, self.left)


def test_fields_are_looked_at() -> None:
    pair = Pair(X[0], X[1])
    assert pair.swapped().left is pair.right
    for _ in range(2):
        with pytest.raises(TypeCheckError):
            Pair(X[0], Y)


def test_types_without_shapes_are_looked_at() -> None:
    @check
    def count(n: int) -> int:
        return n if n < 9 else "many"  # type: ignore

    assert count(2) == 2
    for bad in ("2", 9):
        with pytest.raises(BeartypeCallHintViolation):
            count(bad)  # type: ignore


def test_functions_of_the_package_are_looked_at() -> None:
    groups = Groups.of(torch.tensor([0, 0, 1, 1]), "day")
    for _ in range(2):
        correlations(torch.ones(4, 2), torch.ones(4, 2), groups)
        with pytest.raises(TypeCheckError):
            correlations(torch.ones(4, 2), torch.ones(4, 3), groups)
        with pytest.raises(BeartypeCallHintViolation):
            Lake(3)  # type: ignore
