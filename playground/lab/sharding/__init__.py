"""ZeRO, really: a small transformer trained in several processes of this machine, and what each of them held and sent.

``job`` is what a page or a command uses; it knows no torch. It starts ``supervisor`` as a process of its own, which
starts the ranks (``rank``). Nothing here runs in the server's process but ``job``.
"""
