"""Arrays of dual numbers.

From top to bottom: `algebra` (what linear functions do to tangents), `operands` (what counts as an
array), `promotion` (room for the tangents of other levels), `short_ways` (what kernels answer
first), `dualarray` (the class), `undefined` (arrays without a derivative in places), `protocols`
(how NumPy reaches the rules) and `buffers` (arrays that become dual when a dual is stored).
"""
