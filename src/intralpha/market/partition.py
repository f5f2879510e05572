"""Partition: what the name of a lake's file says."""

from datetime import date


def day_of(name: str) -> date:
    """Session of a file that holds one."""
    return date.fromisoformat(name.rsplit("date=", 1)[1][:10])


def freq_of(name: str) -> int:
    """Minutes of the bars of a file, or folder, of ``bars``."""
    return int(name.split("/")[1].removeprefix("freq=").removesuffix("min"))
