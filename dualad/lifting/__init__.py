"""Code as it is written for plain numbers, run on duals.

From top to bottom: `standins` (`math`, `cmath` and NumPy's makers of arrays, for duals), `bytecode`
(code with hooks in it), `lift` (a function that runs with them), `reach` (which functions need it),
`operators` (special methods of the user's classes) and `library` (stand-ins for functions of the
standard library and np.random).
"""
