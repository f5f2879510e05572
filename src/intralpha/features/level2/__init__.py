"""Level-2: what the trades, orders and snapshots of a session say of its minutes and its orders."""
