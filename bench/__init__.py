"""What `make bench` measures: each module one benchmark, wherever possible a ratio to a peer in the same run.

A benchmark has `ABOUT`, one line, and `measure(size)`, which returns rows. Nothing here leaves this machine but the
download of the peer that the `cpu` benchmark wants, and that into a cache of its own.
"""
