"""Presets of factor tests: what each of the five reports measures and prints [Spec 17.2]."""

from intralpha.base.preset import Presets

TESTS = Presets("intralpha.evaluation")
