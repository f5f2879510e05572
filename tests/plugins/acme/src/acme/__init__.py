"""A package of kinds, as a user would ship it."""
