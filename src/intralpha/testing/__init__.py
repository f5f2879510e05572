"""The checks that our own features, labels, networks and objectives take, for those of plug-ins.

Each is a function that raises :class:`CheckFailedError`, which is an ``AssertionError``; call it in
a test, or at the prompt. A check that finds nothing to compare fails.
"""

from typing import TYPE_CHECKING

from intralpha.base.lazy import lazily

if TYPE_CHECKING:
    from intralpha.testing.axes import assert_permutation, assert_reads, assert_shapes
    from intralpha.testing.causal import assert_causal, assert_label_forward_only
    from intralpha.testing.failure import CheckFailedError
    from intralpha.testing.invariance import assert_invariant, price_scale, split
    from intralpha.testing.network import assert_network, assert_objective
    from intralpha.testing.specs import (
        Checked,
        check_plugins,
        check_spec,
        check_specs,
        specs_inside,
    )

lazily(__name__)
