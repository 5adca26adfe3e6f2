"""What a derivative costs, as a ratio to the plain function in the same run, beside peers.

`python -m benchmarks --help` says what can be chosen. The modules: `workloads` holds the functions,
`peers` how each package differentiates them, `measure` runs one workload in a process of its own,
`report` makes tables, `__main__` is the command line.
"""
