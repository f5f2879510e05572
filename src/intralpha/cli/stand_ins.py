"""Stand-ins: modules in place of heavy libraries, for work that needs names and no numbers."""

import gc
import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import FrameType, FunctionType, ModuleType
from typing import Any

LIBRARIES = (
    "exchange_calendars",
    "highspy",
    "jaxtyping",
    "jinja2",
    "llvmlite",
    "numba",
    "numpy",
    "polars",
    "psutil",
    "pyarrow",
    "rich",
    "safetensors",
    "scipy",
    "torch",
)
MACHINERY = ("importlib", "typing", "dataclasses")
INLINED = ("<genexpr>", "<listcomp>", "<setcomp>", "<dictcomp>")
# What gives another stand-in while modules are imported, and what nothing may ask of one.
OPERATORS = (
    *("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "floordiv", "mod"),
    *("pow", "rpow", "matmul", "and", "rand", "or", "ror", "xor", "lshift", "rshift"),
    *("neg", "pos", "invert", "lt", "le", "gt", "ge", "getitem"),
)
ANSWERS = ("bool", "len", "iter", "contains", "int", "float", "index", "str", "format")


class StandInUsedError(BaseException):
    """A library's own work is needed, so the stand-in will not do.

    Not an ``Exception``: nothing on the way to the block :func:`stand_ins` may take it for
    somebody's fault and go on.
    """

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"{what} is only a stand-in.\nHint: do this with the library itself.")


class StandIn(type):
    """Class of whatever a library offers: to be named, inherited from and decorated with.

    All of that happens while modules are imported. A function that uses one raises
    :class:`StandInUsedError`, so that no result depends on it; nor can ``isinstance`` mislead,
    since there are no objects of a library that is not there.
    """

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{cls.__name__} is a stand-in without {name}")
        return _another(name)

    def __call__(cls, *args: Any, **settings: Any) -> Any:
        """What is decorated: a class as it is, a function without its work; else another."""
        made = _another(cls.__name__)
        if len(args) == 1 and not settings and isinstance(args[0], FunctionType):
            return _uncallable(args[0])
        decorated = len(args) == 1 and isinstance(args[0], type) and not isinstance(args[0], cls)  # type: ignore
        return args[0] if decorated else made

    def __eq__(cls, other: object) -> bool:
        if cls is not other:
            _another(f"{cls.__name__} ==")
        return cls is other

    __hash__ = type.__hash__


def _operator(name: str) -> Callable[..., Any]:
    def work(cls: StandIn, *others: Any) -> Any:
        del others
        return _another(cls.__name__)

    work.__name__ = name
    return work


def _answer(name: str) -> Callable[..., Any]:
    def work(cls: StandIn, *others: Any) -> Any:
        del others
        raise StandInUsedError(f"{cls.__name__}, asked for {name},")

    work.__name__ = name
    return work


for _name in OPERATORS:
    setattr(StandIn, f"__{_name}__", _operator(_name))
for _name in ANSWERS:
    setattr(StandIn, f"__{_name}__", _answer(_name))


class StandInModule(ModuleType):
    """A module, or package, that has every name."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"{self.__name__} is a stand-in without {name}")
        vars(self)[name] = _another(name)
        return vars(self)[name]


def _another(name: str) -> Any:
    """A new one for the code of a module; the code of a function must not ask.

    Raises
    ------
    StandInUsedError
    """
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and _passes_on(frame):
        frame = frame.f_back
    if frame is None or frame.f_code.co_flags & inspect.CO_OPTIMIZED:
        raise StandInUsedError(name)
    return StandIn(name, (), {})


def _passes_on(frame: FrameType) -> bool:
    """Whether it is the code around a frame that asks: of a comprehension, import or class."""
    top = str(frame.f_globals.get("__name__")).partition(".")[0]
    return top in MACHINERY or frame.f_code.co_name in INLINED


def _uncallable(function: FunctionType) -> Callable[..., Any]:
    """A function that a library would have compiled or wrapped: with its name, without its work."""

    @wraps(function)
    def call(*args: Any, **settings: Any) -> Any:
        del args, settings
        raise StandInUsedError(f"{function.__module__}.{function.__qualname__}")

    return call


class _Finder(MetaPathFinder, Loader):
    """Finds the stand-in of every module of some libraries."""

    def __init__(self, libraries: frozenset[str]) -> None:
        self.libraries = libraries

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See :class:`importlib.abc.MetaPathFinder`."""
        del path, target
        inside = fullname.partition(".")[0] in self.libraries
        return ModuleSpec(fullname, self, is_package=True) if inside else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """See :class:`importlib.abc.Loader`."""
        return StandInModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing: names come when they are asked for."""


@contextmanager
def stand_ins() -> Iterator[None]:
    """Inside the block, imports of heavy libraries give stand-ins.

    Modules of this package that are imported there keep them: such a process is good for nothing
    else afterwards. Libraries that are there already stay as they are. What is made meanwhile is
    there to stay, so no garbage is looked for among it, which takes a tenth of the time.
    """
    finder, collects = _Finder(frozenset({*LIBRARIES} - sys.modules.keys())), gc.isenabled()
    sys.meta_path.insert(0, finder)
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collects:
            gc.enable()
        sys.meta_path.remove(finder)
        for name in [n for n, m in sys.modules.items() if isinstance(m, StandInModule)]:
            del sys.modules[name]
