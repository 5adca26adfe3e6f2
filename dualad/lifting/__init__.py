"""Code as it is written for plain numbers, run on duals.

From top to bottom: `standins` (`math`, `cmath` and NumPy's makers of arrays, for duals), `bytecode`
(code with hooks in it), `lift` (a function that runs with them), `instructions` (what code says of
itself), `reach` (which functions need lifting), `made` (what a function is made of), `effects`
(which may keep values or read text), `operators` (special methods of the user's classes) and
`library` (stand-ins for functions of the standard library and np.random).
"""
