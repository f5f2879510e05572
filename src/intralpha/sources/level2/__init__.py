"""Level-2: a vendor's order, trade and snapshot files as the lake's tables, described in YAML."""
