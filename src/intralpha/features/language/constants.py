"""Constants: what arithmetic on numbers of the text gives, before any data are read."""

import math

LARGEST_EXPONENT = 700


def fold(code: str, a: float, b: float) -> float:
    """``a`` code ``b``; a division by zero is NaN.

    Parameters
    ----------
    code : ``add``, ``sub``, ``mul`` or ``div``
    a, b : numbers of the text
    """
    if code == "div":
        return a / b if b else math.nan
    return {"add": a + b, "sub": a - b, "mul": a * b}[code]


def fold_power(k: float, power: float) -> float:
    """A whole power by multiplication, which overflows to infinity, or the root."""
    if power == 0.5:
        return math.sqrt(k) if k >= 0 else math.nan
    return math.prod([k] * int(power))


def fold_map(name: str, k: float) -> float:
    """abs, sign, exp, normal, sqrt or ln; NaN outside the domain."""
    if name == "abs":
        return abs(k)
    if name == "sign":
        return math.copysign(1.0, k) if k else 0.0
    if name == "exp":
        return math.exp(k) if k < LARGEST_EXPONENT else math.inf
    if name == "normal":
        return 0.5 * math.erfc(-k * math.sqrt(0.5))
    if name == "sqrt":
        return math.sqrt(k) if k >= 0 else math.nan
    return math.log(k) if k > 0 else math.nan
