"""Until: with which moment of its date a window ends, and what is not known by then."""

from collections.abc import Iterator, Mapping
from datetime import time

from intralpha.datasets import CutSpec
from intralpha.datasets.window import UntilError
from intralpha.factors.inputs import ALONE, InputSpec
from intralpha.features import DAY_CLOSE, FeatureSet

BEFORE_OPEN = time.min  # when a window is over that ends with the session before


def window_end(cut: CutSpec, times: tuple[time, ...] | None) -> time:
    """When on a sample's date its window is over.

    Parameters
    ----------
    cut : of the window
    times : ends of the bars of a day; None for daily features

    Returns
    -------
    time
        15:00 where the whole date is seen, midnight where nothing of it is.

    Raises
    ------
    UntilError
        The day has no such bar.

    Examples
    --------
    >>> window_end(CutSpec(window_days=5, until=1), (time(11, 30), time(15)))
    datetime.time(11, 30)
    """
    if cut.left(None if times is None else len(times)) == 0:
        return DAY_CLOSE
    return times[cut.until - 1] if times and cut.until else BEFORE_OPEN


def until_faults(views: Mapping[str, InputSpec], made: Mapping[str, FeatureSet]) -> Iterator[str]:
    """Bars that features do not have, and what nobody knows by the end of the windows.

    Parameters
    ----------
    views : what a network sees, by name
    made : their features
    """
    cut = {key: view for key, view in views.items() if view.until is not None}
    wrong = {key: _misfit(view, made[key]) for key, view in cut.items()}
    for key, told in wrong.items():
        if told:
            yield _placed(key, told)
        else:
            yield from (_placed(key, fault) for fault in _unknown(cut[key], made[key]))
    if any(wrong.values()):
        return
    if max(window_end(view, made[key].times) for key, view in views.items()) >= DAY_CLOSE:
        return
    for key, view in views.items():
        if view.transform.reads():
            yield _placed(
                key,
                f"transform: {view.transform.kind} reads rows of each date that are known at its "  # type: ignore[attr-defined]
                "close; the windows end before.\nHint: cross_section",
            )


def _misfit(view: InputSpec, made: FeatureSet) -> str:
    try:
        window_end(view, made.times)
    except UntilError as error:
        return str(error)
    return ""


def _unknown(view: InputSpec, made: FeatureSet) -> Iterator[str]:
    """What the rest of the date decides: features of its bars, and the scale of float16."""
    end = window_end(view, made.times)
    if BEFORE_OPEN < end < DAY_CLOSE:
        known = {name: made.known_at_slot(name) for name in made.names}
        late = [name for name, at in known.items() if isinstance(at, time) and at > end]
        if late:
            told = ", ".join(f"{name} (known at {known[name]:%H:%M})" for name in late)
            yield (
                f"features: found {told}; the windows end with bar {view.until}, at {end:%H:%M}.\n"
                f"Hint: `without: [{', '.join(late)}]` leaves factors of a library out"
            )
    if view.half and end < DAY_CLOSE:
        yield (
            "kept: found float16, whose power of two is that of all bars of a day; the windows "
            f"end with bar {view.until}.\nHint: float32"
        )


def _placed(key: str, fault: str) -> str:
    return fault if key == ALONE else f"inputs.{key}.{fault}"
