"""Executors: where independent jobs run, one kind a file; results are the same wherever."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.executors.executor import Executor, ExecutorSpec, LostWorkersError
    from intralpha.executors.local import Here, LocalSpec
    from intralpha.executors.processes import Processes
    from intralpha.executors.ray import NoRayError, RaySpec

lazily(__name__)
