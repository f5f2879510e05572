"""intralpha: from raw A-share market data to deep-learning alpha factors, honestly measured.

The folders are the flow: ``base`` -> ``market`` -> ``sources`` -> ``features`` | ``labels`` ->
``models`` | ``datasets`` -> ``evaluation`` -> ``training`` -> ``risk`` | ``combination`` ->
``portfolio`` -> ``backtest`` -> ``report`` -> ``audit`` -> ``pipeline`` -> ``cli``.
A folder imports what stands before it and nothing that stands behind it.
"""

__version__ = "0.1.0"
