"""Frames bar5, bar10, bar15 and bar30: bars of so many minutes, of a day each."""

from intralpha.features.time_factors import time_frame

LEAST = {5: 24, 10: 12, 15: 8, 30: 4}
FRAMES = tuple(time_frame(f"bar{minutes}", minutes, least) for minutes, least in LEAST.items())
