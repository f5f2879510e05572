"""Annotations of the package are checked while tests run: types by beartype, shapes by jaxtyping.

What jaxtyping does at every call takes longer than most of the calls. Whether values fit depends on
their types and shapes alone: what has passed once is not looked at again. Where an annotation tells
no shape beartype alone is many times quicker. What is called often is looked at in its first calls
and then now and then.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import is_dataclass
from functools import cache, partial, update_wrapper
from itertools import count, islice
from types import CodeType, FunctionType
from typing import Any, get_args

import jaxtyping
from beartype import beartype

with_shapes = jaxtyping.jaxtyped
MANY = 16  # members of a container that are looked at; beartype looks at one
FIRST, EVERY = 5, 16  # calls of a function that are all looked at, and one in how many later ones
FORMS: dict[type, Callable[[Any], Hashable]] = {}
made_inside: set[CodeType] = set()


def check_annotations(modules: list[str]) -> None:
    """Check everything that is imported from these modules from now on."""
    jaxtyping.jaxtyped = checked
    jaxtyping.install_import_hook(modules, "beartype.beartype")


def checked(what: Any = None, *, typechecker: Any) -> Any:
    """What jaxtyping's hook puts around each function and class."""
    if what is None:
        return partial(checked, typechecker=typechecker)
    if isinstance(what, FunctionType):
        return checked_function(what)
    if is_dataclass(what) and isinstance(what.__init__, FunctionType):
        what.__init__ = checked_function(what.__init__)
    return what


def checked_function(what: FunctionType) -> Callable[..., Any]:
    """The function with its annotations checked."""
    if hasattr(what, "__wrapped__"):
        return what
    if "<locals>" in what.__qualname__:
        # Made again at each call of what is around it: the first one is checked.
        if what.__code__ in made_inside:
            return what
        made_inside.add(what.__code__)
    shapes = any(map(has_shape, what.__annotations__.values()))
    return with_known_shapes(what) if shapes else beartype(what)


def has_shape(annotation: object) -> bool:
    """Whether an annotation tells the shape of an array, or may do so."""
    if isinstance(annotation, type) and issubclass(annotation, jaxtyping.AbstractArray):
        return True
    return isinstance(annotation, str) or any(map(has_shape, get_args(annotation)))


def with_known_shapes(what: FunctionType) -> Callable[..., Any]:
    """The function checked by jaxtyping where its arguments or its result have a form that has not
    passed before; the check is made when it is needed, for that takes longer than most calls, and
    later calls are looked at now and then.
    """
    passed: set[Hashable] = set()
    calls = count()

    @cache
    def whole() -> Callable[..., Any]:
        return with_shapes(what, typechecker=beartype)

    @cache
    def result() -> Callable[..., Any]:
        return result_check(what)

    def call(*args: Any, **named: Any) -> Any:
        if (number := next(calls)) >= FIRST and number % EVERY:
            return what(*args, **named)
        asked = (form_of(args), form_of(named))
        if asked not in passed:
            out = whole()(*args, **named)
            passed.update((asked, (asked, form_of(out))))
            return out
        out = what(*args, **named)
        both = (asked, form_of(out))
        if both not in passed:
            result()(out, *args, **named)
            passed.add(both)
        return out

    return update_wrapper(call, what)


def result_check(what: FunctionType) -> Callable[..., Any]:
    """Checks what the function returned, which stands before its arguments."""
    results: list[Any] = []

    def gave(*args: Any, **named: Any) -> Any:
        return results.pop()

    # With the names that annotations in quotes mean.
    stub = FunctionType(gave.__code__, what.__globals__, closure=gave.__closure__)
    given = with_shapes(update_wrapper(stub, what), typechecker=beartype)

    def check(out: Any, *args: Any, **named: Any) -> None:
        results.append(out)
        given(*args, **named)

    return check


def form_of(value: Any) -> Hashable:
    """What decides whether a value fits an annotation."""
    kind = type(value)
    form = FORMS.get(kind)
    if form is None:
        form = FORMS[kind] = form_for(kind)
    return form(value)


def form_for(kind: type) -> Callable[[Any], Hashable]:
    """How the form of values of one type is told."""
    if hasattr(kind, "dtype") and hasattr(kind, "shape"):
        return lambda value: (kind, value.dtype, tuple(value.shape))
    if issubclass(kind, Mapping):
        return lambda value: (kind, forms_of(value.keys()), forms_of(value.values()))
    if issubclass(kind, tuple | list | set | frozenset):
        return lambda value: (kind, forms_of(value))
    if issubclass(kind, str | type):
        return lambda value: value
    return lambda _: kind


def forms_of(values: Iterable[Any]) -> tuple[Hashable, ...]:
    return tuple(map(form_of, islice(values, MANY)))
