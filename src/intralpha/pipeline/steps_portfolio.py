def load_portfolio_record(shop): return None
def portfolio_step(recipe): raise NotImplementedError
