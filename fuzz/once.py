"""One case: what a target does with the input of a seed."""

import logging
import traceback
import warnings
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from pydantic import ValidationError

from fuzz.cases import TARGETS
from intralpha.base import IntralphaError

OURS = (IntralphaError, ValidationError)  # the second: a spec made in Python


TAKEN, REFUSED, FAULT = "taken", "refused", "fault"


def attempt(target: str, seed: int) -> tuple[str, str]:
    """What a target does with the input of a seed, and what it says: it takes it, refuses it as it
    should, or does neither.
    """
    rng = np.random.default_rng([zlib.crc32(target.encode()), seed])
    logging.disable(logging.ERROR)
    folder = TemporaryDirectory(prefix="fuzz", ignore_cleanup_errors=True)
    with folder as place, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            TARGETS[target](rng, Path(place))
        except OURS as error:
            return REFUSED, str(error)
        except Exception as error:
            steps = traceback.extract_tb(error.__traceback__)
            where = " < ".join(f"{Path(s.filename).name}:{s.lineno}" for s in steps[:-7:-1])
            return FAULT, f"{type(error).__name__}: {str(error)[:200]} at {where}"
        finally:
            logging.disable(logging.NOTSET)
    return TAKEN, ""
