"""Level-2: what is made of the trades, orders and snapshots of a session."""
