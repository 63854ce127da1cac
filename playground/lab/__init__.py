"""Experiments that run a model or processes of this machine and report their progress; torch is allowed here."""
