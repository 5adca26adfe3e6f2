"""Random programs in plain Python and NumPy, held against one invariant.

The primal is the plain run, bit for bit; a derivative is right, or refused. A program is a list
of steps, each a few lines of source that are drawn from a table; it is compiled as any Python code
is, so that its aliases, views, closures and branches are real. What fails is shrunk, and printed
as a script that can be run as it stands.

steps.py     the table of steps, one line each
program.py   a program as data: its source, and how programs are drawn
truth.py     derivatives without dual numbers: extrapolated differences
series.py    and Taylor series of fifty digits
outcome.py   what a program does, in one word: ok, refused, wrong value, …
shrink.py    the shortest program that fails in the same way
failing.py   what is known to fail
nested.py    drivers within drivers, against differences of a hundred digits (see test_nesting)
pool.py      many programs in worker processes, so that a crash names its program
__main__.py  python -m tests.programs --count 10000 --seed 1
"""
