"""Experiments that run a model or processes of this machine and report their progress; torch is allowed here."""

import playground.models  # noqa: F401  (before torch: it settles how torch's threads wait)
