"""Property tests have no deadline: a busy machine is no error of the package."""

from hypothesis import settings

settings.register_profile("patient", settings.default, deadline=None)
settings.load_profile("patient")
