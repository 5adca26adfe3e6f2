"""What the tests and the scripts beside them share: references, oracles, programs, both packages."""
