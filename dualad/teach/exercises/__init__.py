"""The exercises of the lessons: `check` says whether an answer is right, or gives a hint.

The exercises of a lesson are functions in a module of its own, `lesson01` to `lesson12`; what
they are written with is in `tools`.
"""

from .checking import Verdict, check

__all__ = ["Verdict", "check"]
