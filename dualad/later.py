"""Modules that are imported when a name in them is first asked for."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType


class Later(ModuleType):
    """Stands for a module until a name in it is asked for, and from then on has all its names."""

    def __getattr__(self, name: str) -> object:
        return getattr(self._loaded(), name)

    def __dir__(self) -> list[str]:
        return dir(self._loaded())

    def _loaded(self) -> ModuleType:
        module = import_module(self.__name__)
        vars(self).update(vars(module))  # for who has taken this one
        return module
