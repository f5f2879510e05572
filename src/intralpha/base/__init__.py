"""What everything else is made of: the Panel, the Spec and the error tree."""

from intralpha.base.errors import (
    ConfigError,
    DataError,
    IntralphaError,
    LookAheadError,
    SolverError,
)
from intralpha.base.kind import Kinded
from intralpha.base.panel import Panel
from intralpha.base.spec import Spec, spec_hash
from intralpha.base.threads import thread_count

__all__ = [
    "ConfigError",
    "DataError",
    "IntralphaError",
    "Kinded",
    "LookAheadError",
    "Panel",
    "SolverError",
    "Spec",
    "spec_hash",
    "thread_count",
]
