"""Multi-task GRU of research system 002: day, week and month windows, one GRU [Spec 12.4]."""

from typing import TYPE_CHECKING, ClassVar, Literal, cast

import torch
from jaxtyping import Float, Int
from pydantic import Field, field_validator
from torch import Tensor, nn

from intralpha.base import ConfigError
from intralpha.models.by_day import standardised_by_day
from intralpha.models.encoder import Encoder
from intralpha.models.model import ModelSpec
from intralpha.models.output import Output
from intralpha.models.recurrent_layers import last_state, recurrent_layers
from intralpha.models.shape import Shapes, check_names

if TYPE_CHECKING:
    from intralpha.models.recurrent import FusedGRU

Task = Literal["day", "week", "month", "high"]
SHARED = ("day", "week", "month")


class SharedFeaturesError(ConfigError):
    """Inputs of one shared GRU have other features than each other."""

    def __init__(self, features: dict[str, int]) -> None:
        self.features = features
        found = ", ".join(f"{name} has {count}" for name, count in features.items())
        super().__init__(
            f"one GRU reads these inputs, and {found} features; expected the same number.\n"
            "Hint: `share: false` gives each input a GRU of its own."
        )


class MultitaskGRUSpec(ModelSpec):
    """y_k = FC_k(BN_k(GRU(x_k)_T)) for each task k; score = mean_k of y_k standardised by day.

    Source: [Spec 12.4]: windows ``day`` [B, 40, 6], ``week`` [B, 20, 6] and ``month`` [B, 12, 6]
    through one GRU(6 -> 30); the part ``task`` is y, in the order of ``tasks``. The score itself is
    not trained: the objective ``multitask`` looks at the part. Standardised by day, because the
    loss leaves the scale of each y_k free: a score depends on all stocks of its day (``across``).

    The ablations of 002: ``share: false``, three GRUs; ``tasks: [day]``, a single task, whose score
    is y itself; three such factors combined with equal weights. The joint variant with the 27
    high-frequency factors: ``tasks: [day, week, month, high]``, where ``high`` [B, 40, 27] has a
    GRU(27 -> 30) of its own, as its features are others::

        inputs:
          day: {features: ..., transform: ..., window_days: 40}
          week: {features: ..., transform: ..., window_days: 20, every: 5}
          month: {features: ..., transform: ..., window_days: 12, every: 20}
          high: {features: ..., transform: ..., window_days: 40}
        model: {kind: multitask_gru, tasks: [day, week, month, high]}
    """

    kind: Literal["multitask_gru"] = "multitask_gru"
    tasks: tuple[Task, ...] = Field(
        default=SHARED, min_length=1, description="inputs, each with a prediction of its own"
    )
    share: bool = Field(
        default=True, description="one GRU for day, week and month; false: one for each"
    )
    hidden: int = Field(default=30, gt=0, description="width of the hidden state")
    layers: int = Field(default=1, gt=0, description="stacked GRU layers")

    @field_validator("tasks")
    @classmethod
    def _differ(cls, tasks: tuple[Task, ...]) -> tuple[Task, ...]:
        if len(set(tasks)) < len(tasks):
            raise ValueError(f"found {', '.join(tasks)}; expected each task once")
        return tasks

    @property
    def inputs(self) -> tuple[str, ...]:
        """The tasks."""
        return self.tasks

    @property
    def gives(self) -> tuple[str, ...]:
        """The prediction of each task."""
        return ("task",)

    @property
    def across(self) -> bool:
        """Predictions of several tasks are standardised over the stocks of a day."""
        return len(self.tasks) > 1

    @property
    def reads_bars(self) -> bool:
        """A GRU reads one step after the other."""
        return False

    def reader(self, task: str) -> str:
        """The name of the GRU that reads a task's windows."""
        return "shared" if self.share and task in SHARED else task

    def misfits(self, shapes: Shapes) -> tuple[str, ...]:
        """Inputs of one GRU that have other features than each other."""
        features: dict[str, int] = {
            t: shapes[t].features for t in self.tasks if self.reader(t) == "shared"
        }
        return (str(SharedFeaturesError(features)),) if len(set(features.values())) > 1 else ()

    def make(self, shapes: Shapes) -> "MultitaskGRU":
        """A fresh network; see :meth:`ModelSpec.make`.

        Raises
        ------
        SharedFeaturesError
        """
        features: dict[str, int] = {task: shapes[task].features for task in self.tasks}
        shared = {t: f for t, f in features.items() if self.reader(t) == "shared"}
        if len(set(shared.values())) > 1:
            raise SharedFeaturesError(shared)
        return MultitaskGRU(features, self)


class MultitaskGRU(nn.Module):
    """A prediction for each task, and the mean of them.

    Parameters
    ----------
    features : F of each task's windows
    spec : tasks and sizes

    Notes
    -----
    forward takes windows ``[B, L_k, F_k]`` by the name of the task (a single one as it is) and
    gives scores ``[B]`` and the part ``task``, ``[B, tasks]``.
    """

    wants: ClassVar[tuple[str, ...]] = ("days_B",)

    def __init__(self, features: dict[str, int], spec: MultitaskGRUSpec) -> None:
        super().__init__()
        self.encoder = Readers(features, spec)
        self.norm = nn.ModuleDict({task: nn.BatchNorm1d(spec.hidden) for task in features})
        self.line = nn.ModuleDict({task: nn.Linear(spec.hidden, 1) for task in features})

    def forward(
        self,
        *alone: Float[Tensor, "B _ _"],
        days_B: Int[Tensor, " B"] | None = None,
        **windows: Float[Tensor, "B _ _"],
    ) -> Output:
        """Scores and predictions.

        Parameters
        ----------
        *alone : windows in the order of the tasks
        days_B : int64 [B], ascending, the number of each sample's day; None: all are of one day
        **windows : or by the name of the task
        """
        return self.finish(self.encoder(*alone, **windows), days_B)

    def finish(
        self, state: Float[Tensor, "B E"], days_B: Int[Tensor, " B"] | None = None
    ) -> Output:
        """Scores of states: what is left to do when :attr:`encoder` has seen the windows.

        Parameters
        ----------
        state : [B, tasks * hidden], the last hidden state of each task
        days_B : as in :meth:`forward`
        """
        states = state.chunk(len(self.norm), dim=1)
        pairs = zip(self.norm, states, strict=True)
        found = torch.cat([self.line[t](self.norm[t](last)) for t, last in pairs], dim=1)
        if found.shape[1] == 1:
            return Output(found[:, 0], {"task": found})
        return Output(standardised_by_day(found, days_B).mean(1), {"task": found})


class Readers(Encoder):
    """Last hidden states of the windows of all tasks, side by side.

    Parameters
    ----------
    features : F of each task's windows
    spec : tasks and sizes
    """

    def __init__(self, features: dict[str, int], spec: MultitaskGRUSpec) -> None:
        super().__init__()
        self.width = len(features) * spec.hidden
        self.readers = {task: spec.reader(task) for task in features}
        sizes = {self.readers[task]: count for task, count in features.items()}
        self.gru = nn.ModuleDict(
            {
                name: recurrent_layers("gru", f, spec.hidden, spec.layers)
                for name, f in sizes.items()
            }
        )

    def forward(
        self, *alone: Float[Tensor, "B _ _"], **windows: Float[Tensor, "B _ _"]
    ) -> Float[Tensor, "B E"]:
        """State ``[B, tasks * hidden]``.

        Parameters
        ----------
        *alone : windows in the order of the tasks
        **windows : or by the name of the task

        Raises
        ------
        InputNamesError
        """
        one_too_many = (f"window {at + 1}" for at in range(len(self.readers), len(alone)))
        given = {**dict(zip((*self.readers, *one_too_many), alone, strict=False)), **windows}
        check_names("multitask_gru", tuple(self.readers), tuple(given))
        pairs = self.readers.items()
        last = [last_state(cast("FusedGRU", self.gru[name]), given[task]) for task, name in pairs]
        return torch.cat(last, dim=1)
