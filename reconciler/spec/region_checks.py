"""What a JSON Schema cannot say about regions: each shard is in exactly one of them (RG-1).

A shard in two regions would have two machines that each take it for theirs alone; one in none would
be changed by nobody, and no machine would miss it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.errors import Problem, nearest
from reconciler.model.fleet import is_shard_name, region_word, shard_list_errors
from reconciler.spec.build import region_names
from reconciler.spec.connection_checks import check_connection
from reconciler.spec.limits import REGIONS_MAX
from reconciler.spec.secrets import Path, dotted
from reconciler.spec.yaml_text import Document


def check_regions(
    document: Document, at: Path, environment: Mapping[str, Any], listed: tuple[str, ...]
) -> Iterator[Problem]:
    """`listed` are the names of `shards`, if they are sound."""
    here: Path = (*at, "regions")
    regions = environment["regions"]
    if len(regions) > REGIONS_MAX:
        what = f"{dotted(here)} has {len(regions)} regions, more than {REGIONS_MAX}"
        yield _problem(document, here, what, "make them larger: a region is what a machine reaches")
    if "retiring" in environment:
        what = f"{dotted(at)} has both regions and shards that retire"
        recovery = "finish the move of shards without `regions`, from a machine that reaches all"
        yield _problem(document, (*at, "retiring"), what, f"{recovery} of them")
    yield from _alike(document, here, regions)
    for name, region in regions.items():
        yield from _connections(document, (*here, name), region)
    forms = tuple(_forms(document, here, environment))
    yield from forms
    if not forms:
        yield from _members(document, here, environment, listed)


def unknown_region(
    document: Document, at: Path, wave: Mapping[str, Any], regions: Mapping[str, tuple[str, ...]]
) -> Iterator[Problem]:
    for i, name in enumerate(wave["regions"]):
        if name not in regions:
            likely = nearest(name, regions)
            recovery = f"did you mean {likely!r}?" if likely else "name a region of `regions`"
            what = f"{dotted((*at, i))} names no region of this environment: {name[:80]!r}"
            yield _problem(document, (*at, i), what, recovery)


def _alike(document: Document, here: Path, regions: Mapping[str, Any]) -> Iterator[Problem]:
    """Where case does not count, their files are one, and so are their environments at a forge;
    the variables of their keys (RG-26) are, where signs differ as well."""
    first: dict[str, str] = {}
    for name in regions:
        other = first.setdefault(region_word(name), name)
        if other != name:
            what = f"regions {other} and {name} differ in case or signs alone"
            yield _problem(document, (*here, name), what, "give one of them another name")


def _connections(document: Document, at: Path, region: Mapping[str, Any]) -> Iterator[Problem]:
    if "connection" in region:
        yield from check_connection(document, (*at, "connection"), region["connection"])
    for i, shard in enumerate(region.get("shards", ())):
        if isinstance(shard, dict) and "connection" in shard:
            here = (*at, "shards", i, "connection")
            yield from check_connection(document, here, shard["connection"])


def _forms(document: Document, at: Path, environment: Mapping[str, Any]) -> Iterator[Problem]:
    """Either the regions list their shards, or the environment does and each has a range of it."""
    wanted, other = ("range", "shards") if "shards" in environment else ("shards", "range")
    reason = "beside" if wanted == "range" else "without"
    for name, region in environment["regions"].items():
        if other in region or wanted not in region:
            what = f"{dotted((*at, name))} needs {wanted!r}, and no {other!r}, {reason} `shards`"
            recovery = "list every shard once: in the regions, or in `shards` with a range for each"
            yield _problem(document, (*at, name), what, f"{recovery} region")


def _members(
    document: Document, at: Path, environment: Mapping[str, Any], listed: tuple[str, ...]
) -> Iterator[Problem]:
    region_of: dict[str, str] = {}
    sound = True
    for name, shards in region_names(environment).items():
        for i, shard in enumerate(shards):
            place = _place(environment, (*at, name), i)
            if not is_shard_name(shard):
                sound = False
                what = f"{shard[:80]!r} is neither a key range nor a plain name"
                recovery = "write a key range such as '-40', '40-80', '80-', or a plain name"
                yield _problem(document, place, what, recovery)
            elif shard in region_of:
                sound = False
                twice = f"twice in region {name}"
                if region_of[shard] != name:
                    twice = f"in two regions, {region_of[shard]} and {name}"
                yield _problem(document, place, f"shard {shard!r} is {twice}", "keep it in one")
            region_of.setdefault(shard, name)
        if not shards and "range" in environment["regions"][name] and listed:
            sound = False
            what = f"{dotted((*at, name, 'range'))} holds no shard whole"
            yield _problem(document, (*at, name), what, "write a range with bounds of shards")
    for shard in listed:
        if shard not in region_of:
            what = f"shard {shard!r} is in no region: nobody would ever change it"
            yield _problem(document, at, what, "let the regions' ranges cover every shard")
            return
    if sound and "shards" not in environment:
        for words in shard_list_errors(tuple(region_of)):
            recovery = "list every shard in exactly one region; together they cover all keys"
            yield _problem(document, at, words, recovery)


def _place(environment: Mapping[str, Any], at: Path, index: int) -> Path:
    """Of a shard of a region that lists them, else of the region."""
    listed = environment["regions"][at[-1]].get("shards")
    if listed is None:
        return at
    here = (*at, "shards", index)
    return here if isinstance(listed[index], str) else (*here, "name")


def _problem(document: Document, at: Path, message: str, recovery: str) -> Problem:
    return Problem(
        code="spec-regions", message=message, recovery=recovery, where=document.where(at)
    )
