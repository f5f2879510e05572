"""The factor language: text to a checked graph of operations; nothing is evaluated by Python."""
