"""Code as it is written for plain numbers, run on duals.

From top to bottom: `standins` (`math`, `cmath` and NumPy's makers of arrays, for duals) and `lift`
(a function that runs with them).
"""
