"""Libraries of factors: data files of expressions, read by ``language.library``."""
