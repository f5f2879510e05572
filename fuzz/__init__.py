"""Broken input on purpose: whatever comes in, the process ends neither in a crash nor in a hang,
and every refusal is an error of ours. `python -m fuzz --help`.
"""
