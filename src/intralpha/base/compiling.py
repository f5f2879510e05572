"""Compiling: how kernels are compiled, whichever folder they live in."""

from typing import Any, no_type_check

from numba.core import caching
from numba.core.typing.templates import Signature
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from intralpha.base.kernel_cache import with_imports

for _locator in (
    caching.InTreeCacheLocator,
    caching.UserProvidedCacheLocator,
    caching.UserWideCacheLocator,
):
    setattr(_locator, "get_source_stamp", with_imports(_locator.get_source_stamp))  # noqa: B010

# Divisions by zero raise, as in Python.
RAISING: dict[str, Any] = {"cache": True, "nogil": True}
KERNEL: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}
# Kernels that only other kernels call: no wrappers for Python, which take long to compile.
INNER: dict[str, Any] = KERNEL | {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
# Kernels that read and write arrays but make none: nobody's owners are counted. The counts are
# locked instructions at every call that is handed an array; where calls are short they cost more
# than the work, and code without them compiles faster. Making an array there does not compile.
BARE: dict[str, Any] = KERNEL | {"_nrt": False, "forceinline": False}
BARE_INNER: dict[str, Any] = INNER | {"_nrt": False, "forceinline": False}


@intrinsic
@no_type_check
def borrowed(typing_context, array):
    """The same array without a count of its owners, for use inside a kernel only.

    Every slice of a counted array raises and lowers the count with locked instructions, which
    costs more than a pass over a few hundred numbers. The caller of the kernel owns the memory.

    That an array may not be written is forgotten, too: what reads it and an array of the kernel's
    own alike is compiled once.
    """
    del typing_context

    def code(context, builder, sign, args):
        here = make_array(sign.return_type)(context, builder, args[0])
        here.meminfo = here.meminfo.type(None)
        return here._getvalue()

    return Signature(array.copy(readonly=False), (array,), None), code
