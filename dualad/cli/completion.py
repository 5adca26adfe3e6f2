"""Completion in a shell: the options, the functions in a script and the names of their arguments.

Scripts are parsed, not run.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Sequence

from ..sentences import did_you_mean
from .arguments import option_names
from .errors import InputError
from .sens import option_names as options_of_sens

# The shell calls `dualad --complete WORD ...` with the words before the cursor, the last one
# perhaps empty. It gets whole words; bash has split them at : and =, and takes what comes after.
BASH = """\
_dualad() {
    local line="${COMP_LINE:0:COMP_POINT}" words
    local word="${line##* }"
    read -ra words <<< "${line#* }"
    [[ $word ]] || words+=("")
    mapfile -t COMPREPLY < <(dualad --complete "${words[@]}" 2>/dev/null)
    [[ ${COMPREPLY[0]} ]] || COMPREPLY=()
    case "$word" in *[:=]*)
        local before="${word%"${word##*[:=]}"}"
        COMPREPLY=("${COMPREPLY[@]#"$before"}")
    esac
    [[ ${COMPREPLY[0]} == *[:=] ]] && compopt -o nospace
}
complete -o default -F _dualad dualad
"""
ZSH = """\
#compdef dualad
_dualad() {
    local -a found
    found=(${(f)"$(dualad --complete "${(@)words[2,CURRENT]}" 2>/dev/null)"})
    (( $#found )) && compadd -Q -S '' -- $found || _files
}
compdef _dualad dualad
"""
FISH = """\
complete -c dualad -a '(dualad --complete (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
"""
SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}


def script_for(shell: str) -> str:
    """What a shell has to read, by `eval "$(dualad --completion bash)"`.

    Raises
    ------
    InputError
        If the shell is another one.
    """
    if shell not in SCRIPTS:
        hint = did_you_mean(shell, SCRIPTS, f"write one of {', '.join(SCRIPTS)}.")
        raise InputError(f"--completion is for bash, zsh and fish; got {shell!r}; {hint}")
    return SCRIPTS[shell].rstrip()


def candidates(words: Sequence[str]) -> list[str]:
    """The words that the last one may become; the others stand before it.

    >>> candidates(["--he"])
    ['--hessian', '--help']
    """
    *before, last = words or [""]
    if before[-1:] == ["--completion"]:
        return [shell for shell in SCRIPTS if shell.startswith(last)]
    if before[-1:] in (["--at"], ["--out"], ["--graph"]):
        return []  # the shell completes the names of files
    if last.startswith("-"):
        options = options_of_sens() if "sens" in before else option_names()
        return [option for option in options if option.startswith(last)]
    path, colon, name = last.rpartition(":")
    if colon and path.endswith(".py"):
        return [f"{path}:{f}" for f in functions_in(path) if f.startswith(name)]
    for word in before:
        path, colon, name = word.rpartition(":")
        if colon and path.endswith(".py"):
            names = [f"{n}=" for n in functions_in(path).get(name, ())]
            return [n for n in names if n.startswith(last) and not _has_value(n, before)]
    folder = os.path.dirname(last)
    there = sorted(os.listdir(folder or ".")) if os.path.isdir(folder or ".") else []
    scripts = [os.path.join(folder, file) + ":" for file in there if file.endswith(".py")]
    commands = [] if before else ["sens"]
    return [word for word in (*commands, *scripts) if word.startswith(last)]


def _has_value(name: str, words: Sequence[str]) -> bool:
    return any(word.startswith(name) for word in words)


def functions_in(path: str) -> dict[str, list[str]]:
    """The public functions of a script, with the names of their arguments."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            tree = ast.parse(file.read())
    except (OSError, SyntaxError, ValueError):
        return {}
    return {
        node.name: [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }
