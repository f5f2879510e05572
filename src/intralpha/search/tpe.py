"""tpe: tree-structured Parzen estimators by Optuna (Bergstra et al. 2011)."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from intralpha.base import ConfigError
from intralpha.search.space import RangeSpec, Space
from intralpha.search.spec import SearchSpec, Told

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

STEP = 7919  # a prime: seeds of two studies meet late


class NoOptunaError(ConfigError):
    """Optuna is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "search kind tpe needs the package optuna.\nHint: pip install 'intralpha[search]', or "
            "--search '{kind: random}', which needs nothing."
        )


class TpeSpec(SearchSpec):
    """Settings that are likelier among the better trials than among the others.

    Each batch is asked of a new sampler that was told all trials before it: nothing is kept in a
    data base. Trials of one batch keep away from each other.
    """

    kind: Literal["tpe"] = "tpe"
    startup: int = Field(default=10, ge=1, description="trials drawn at random at the beginning")

    def ask(self, space: Space, told: Sequence[Told], count: int) -> list[dict[str, Any]]:
        """See :meth:`SearchSpec.ask`.

        Raises
        ------
        NoOptunaError
        """
        try:
            import optuna
        except ImportError as error:
            raise NoOptunaError from error
        verbosity = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        try:
            sampler = optuna.samplers.TPESampler(
                seed=self.seed * STEP + len(told),
                n_startup_trials=self.startup,
                constant_liar=True,
            )
            study = optuna.create_study(direction="maximize", sampler=sampler)
            among = {key: _distribution(one) for key, one in space.items()}
            study.add_trials([_frozen(space, among, one) for one in told])
            asked = [study.ask(dict(among)).params for _ in range(count)]
        finally:
            optuna.logging.set_verbosity(verbosity)
        return [{key: _value(space[key], params[key]) for key in space} for params in asked]


def _distribution(among: tuple[Any, ...] | RangeSpec) -> "BaseDistribution":
    """Values are known by their places: Optuna takes no lists or mappings."""
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    if not isinstance(among, RangeSpec):
        return CategoricalDistribution(range(len(among)))
    if among.whole:
        return IntDistribution(int(among.low), int(among.high), log=among.log)
    return FloatDistribution(among.low, among.high, log=among.log)


def _frozen(space: Space, among: Mapping[str, "BaseDistribution"], told: Told) -> "FrozenTrial":
    from optuna.trial import TrialState, create_trial

    params = {key: _place(space[key], value) for key, value in told.settings.items()}
    state = TrialState.FAIL if told.value is None else TrialState.COMPLETE
    return create_trial(state=state, params=params, distributions=dict(among), value=told.value)


def _place(among: tuple[Any, ...] | RangeSpec, value: Any) -> Any:
    return value if isinstance(among, RangeSpec) else among.index(value)


def _value(among: tuple[Any, ...] | RangeSpec, param: Any) -> Any:
    return param if isinstance(among, RangeSpec) else among[param]
