# cython: language_level=3
"""What `_drivers.pyx` uses of `_lifting.pyx`."""

cdef bint needs_lift(object f) except -1
cpdef bint needs_anew(object f) except -1
cdef object callee_for(object f, object last)
cpdef void begin() noexcept
cpdef int end() except -1
cdef unsigned int version_of(object kind) noexcept
