"""SciPy's functions for numbers that carry tangents, named and laid out as SciPy names them."""
