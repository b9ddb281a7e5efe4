"""The figures that tests/guest reports, in groups, and how they are compared.

A row is a name and what it means. Units that end in /s are rates (more is better), all others times.
"""

import math

GROUPS = [
    ("boot", [("boot", "power-on to the shell")]),
    ("integer", [
        ("alu", "dependent ALU operations"),
        ("sieve", "sieve of 1 MiB"),
        ("fib", "fib(35), recursive"),
        ("shellsort", "Shell sort of 400,000 words"),
        ("matrix_int", "160×160 integer matrices"),
        ("strings", "memcpy, strlen, strcmp, memchr"),
        ("indirect", "indirect calls"),
        ("interpreter", "switch-driven interpreter"),
        ("divide", "32- and 64-bit division"),
        ("chase", "dependent loads over 4 MB"),
    ]),
    ("float", [
        ("matrix_double", "160×160 double matrices"),
        ("bodies", "n-body, double"),
        ("mandelbrot", "Mandelbrot set, single"),
    ]),
    ("memory", [
        ("memory_read", "read 8 MB"),
        ("memory_write", "write 8 MB"),
        ("memory_copy", "copy 4 MB"),
        ("file_read", "read a cached file of 8 MB"),
    ]),
    ("system", [
        ("null_call", "null system call"),
        ("pipe_self", "pipe write and read, one process"),
        ("pipe_trip", "round trip between two processes"),
        ("page_fault", "first touch of a page"),
        ("protect_flush", "mprotect there and back"),
        ("fork", "fork and wait"),
        ("fork_exec", "fork, exec and wait"),
    ]),
    ("code", [
        ("jit", "code written and run"),
    ]),
    ("tools", [  # of busybox (klibc), integers only
        ("sha256sum", ""), ("md5sum", ""), ("gzip", ""), ("gunzip", ""), ("bzip2", ""),
        ("bunzip2", ""), ("sort", ""), ("grep", ""), ("shell_loop", ""),
    ]),
    ("others", [
        ("awk", "floating point in a tool"), ("shell_fork", "a shell that starts programs"),
    ]),
]
NAMES = {name: meaning for _, rows in GROUPS for name, meaning in rows}


def is_rate(unit):
    return unit.endswith("/s")


def gain(ours, theirs, unit):
    """How many times as fast ours is; None unless both are there."""
    if not ours or not theirs:
        return None
    return ours / theirs if is_rate(unit) else theirs / ours


def geomean(values):
    values = [v for v in values if v]
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def median(values):
    values = sorted(values)
    half = len(values) // 2
    return values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2
