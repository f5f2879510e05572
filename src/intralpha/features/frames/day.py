"""Frame day: one row a session, which may be a factor of another library."""

from intralpha.features.language.session_vocabulary import DAY
from intralpha.features.session_factors import SessionFrame

FRAMES = (SessionFrame(DAY),)
