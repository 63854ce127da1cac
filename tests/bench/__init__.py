"""Measurements, run by hand: each prints what it measured."""

import playground.models  # noqa: F401  (before torch, as in the app: it settles how torch's threads wait)
