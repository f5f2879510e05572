"""Layouts: one file a vendor, and how the simulated exchange writes its market in each."""
