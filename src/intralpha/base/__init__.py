"""What everything else is made of: the Panel, the Spec and the error tree."""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
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

lazily(__name__)
