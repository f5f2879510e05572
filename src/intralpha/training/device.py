"""Device: where a network is trained."""

import torch

from intralpha.base import ConfigError
from intralpha.training.train_spec import Device


class NoDeviceError(ConfigError):
    """A device was asked for that this machine does not have."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"training.device is {name}; torch {torch.__version__} finds no such device.\n"
            "Hint: `device: auto` takes what there is; `device: cpu` always works."
        )


def chosen_device(name: Device) -> torch.device:
    """Where a network is trained.

    Parameters
    ----------
    name : ``auto`` is a GPU where there is one

    Raises
    ------
    NoDeviceError
        ``cuda`` was asked for, and there is none.
    """
    there = torch.cuda.is_available()
    if name == "cuda" and not there:
        raise NoDeviceError(name)
    return torch.device("cuda" if there and name != "cpu" else "cpu")
