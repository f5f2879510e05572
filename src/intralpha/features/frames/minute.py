"""Frame minute: the 240 minutes of a day, labelled by their end [Spec 2.2]."""

from intralpha.features.time_factors import time_frame

FRAMES = (time_frame("minute", 1, least=60),)
