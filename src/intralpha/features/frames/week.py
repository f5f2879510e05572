"""Frame week: blocks of 5 sessions that end on the date [Spec 10.3]."""

from intralpha.features.language.session_vocabulary import blocks
from intralpha.features.session_factors import SessionFrame

FRAMES = (SessionFrame(blocks("week", 5)),)
