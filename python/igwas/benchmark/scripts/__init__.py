"""Programs run as child processes, by path: they import nothing of igwas.

A peer's start-up is then its own. Each says in its first lines what it computes.
"""
