"""A simulated exchange: order books, traders, a whole market, and what its future holds."""
