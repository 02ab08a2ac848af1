"""The order of tables among each other."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping


def dependency_order(names: Iterable[str], needs: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """Each name after those it needs, else by the alphabet; a cycle is opened at one of its names.

    What is needed and not among the names is taken to be there.
    """
    waiting = sorted(names)
    ordered: list[str] = []
    while waiting:
        unmet = {name: _unmet(name, needs, waiting) for name in waiting}
        ready = [name for name in waiting if not unmet[name]] or [_on_a_cycle(waiting[0], unmet)]
        ordered += ready
        waiting = [name for name in waiting if name not in ready]
    return tuple(ordered)


def _unmet(name: str, needs: Mapping[str, Collection[str]], waiting: list[str]) -> list[str]:
    return sorted(set(needs.get(name, ())) & set(waiting) - {name})


def _on_a_cycle(start: str, unmet: Mapping[str, list[str]]) -> str:
    """Every name waits for another, so following them leads round sooner or later."""
    seen: set[str] = set()
    while start not in seen:
        seen.add(start)
        start = unmet[start][0]
    return start
