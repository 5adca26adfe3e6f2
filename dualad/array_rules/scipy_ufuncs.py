"""scipy.special's ufuncs: their table is loaded when one of them meets a dual.

So `import dualad` loads no SciPy, whichever of the two is imported first.
"""

from __future__ import annotations

import sys
from typing import Any

from ..array.protocols import RULE_SOURCES
from ..rules import Rule


def _special_rule(ufunc: Any) -> Rule | None:
    """The row of a ufunc of scipy.special."""
    if "scipy.special" not in sys.modules:
        return None
    from ..special_rules import RULES

    return RULES.get(ufunc)


RULE_SOURCES.append(_special_rule)
