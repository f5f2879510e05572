"""Explain: which networks there are, and what one of them is, gives and costs, as text."""

from collections.abc import Iterator

from intralpha.base.choices import (
    by_default,
    described,
    keys_told,
    kind_named,
    listed,
    recipe_lines,
)
from intralpha.base.keys import summary
from intralpha.models.cost import Cost, cost_of
from intralpha.models.model import ModelSpec
from intralpha.models.output import column_names
from intralpha.models.shape import EXPOSURES, Shapes, WindowShape

SCALES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def list_models() -> str:
    """One line a network: kind, inputs, parts besides the score, what it is."""
    rows: list[tuple[str, ...]] = [("kind", "inputs", "gives", "what")]
    for kind, cls in ModelSpec.kinds().items():
        spec = by_default(ModelSpec, kind)
        given = (_inputs(spec), _gives(spec)) if isinstance(spec, ModelSpec) else ("?", "?")
        rows.append((kind, *given, summary(cls)))
    return listed(rows)


def show_model(kind: str, length: int = 40, features: int = 27, batch: int = 5000) -> str:
    """Equations, inputs, outputs, keys, cost at some sizes and recipe lines of a network.

    Parameters
    ----------
    kind : its name
    length, features : L and F of each of its inputs
    batch : B, windows that are trained on at once

    Raises
    ------
    NoKindError
        There is no such network.
    ConfigError
        The sizes do not suit it.
    """
    cls = kind_named(ModelSpec, kind)
    spec = by_default(ModelSpec, kind)
    lines = [f"network {kind}", "", *described(cls)]
    if not isinstance(spec, ModelSpec):
        return "\n".join([*lines, *keys_told(cls), "", "a key has no default: no costs are told"])
    shapes = shapes_at(spec, length, features)
    lines += ["", *_seen_and_given(spec, shapes), *keys_told(cls)]
    lines += ["", *_costs(cost_of(spec, shapes), shapes, batch)]
    lines += ["", "in a recipe, under factors.NAME (what is left out has its default):", ""]
    return "\n".join([*lines, recipe_lines("model", spec)])


def shapes_at(spec: ModelSpec, length: int, features: int) -> Shapes:
    """Sizes of the inputs of a network; exposures are of one date.

    Parameters
    ----------
    spec : says which inputs there are
    length, features : L and F of each
    """
    names = spec.inputs or ("x",)
    return {n: WindowShape(1 if n == EXPOSURES else length, features) for n in names}


def short(number: int, unit: str = "") -> str:
    """A number of three digits with a letter for its thousands: ``12.3 MB``.

    Parameters
    ----------
    number : at least 0
    unit : what is counted, such as ``B``
    """
    for scale, letter in SCALES:
        if number >= scale:
            return f"{number / scale:.3g} {letter}{unit}"
    return f"{number:g} {unit}".rstrip()


def _inputs(spec: ModelSpec) -> str:
    return ", ".join(spec.inputs) or "one"


def _gives(spec: ModelSpec) -> str:
    return ", ".join(("score", *spec.gives))


def _seen_and_given(spec: ModelSpec, shapes: Shapes) -> Iterator[str]:
    """What a network sees and gives.

    Parameters
    ----------
    spec : the network
    shapes : sizes of its inputs
    """
    named = f"{_inputs(spec)}, named under factors.NAME.inputs" if spec.inputs else "one, any name"
    yield f"inputs   {named}; each [B, L, F]"
    yield "score    [B], higher for what should return more"
    for part in spec.gives:
        first, second = column_names(part, 2)
        yield f"part     {part} [B, N], saved as {first}, {second}, ...; for losses that need it"
    what = "its own window and those of its day" if spec.across else "its own window only"
    yield f"depends  in predictions a score depends on {what}"
    apart = getattr(getattr(spec.make(shapes), "encoder", None), "apart", None)
    if apart is False:
        yield "pieces   not as it stands: in training a batch's samples look at each other"


def _costs(cost: Cost, shapes: Shapes, batch: int) -> Iterator[str]:
    """The cost in words.

    Parameters
    ----------
    cost : of one window
    shapes : sizes of the inputs
    batch : B
    """
    sizes = next(shape for name, shape in shapes.items() if name != EXPOSURES)
    yield (
        f"cost at L = {sizes.length}, F = {sizes.features}, B = {batch} "
        "(--length, --features, --batch)"
    )
    yield f"  parameters         {cost.parameters:,}"
    flops, kept = cost.flops, cost.kept_bytes
    yield f"  FLOPs, forward     {short(flops)} a window, {short(flops * batch)} a batch"
    yield "                     (of matrix products; a training step has about three times as many)"
    yield f"  kept for gradient  {short(kept, 'B')} a window, {short(kept * batch, 'B')} a batch"
    yield "                     (in one pass; trained in pieces, that of a piece)"
