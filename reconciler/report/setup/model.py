"""All that the files of `ci setup` depend on."""

from __future__ import annotations

from dataclasses import dataclass

READER = "schema-reader"
GLASS = "break-glass"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyJob:
    """Of an environment that one machine reaches as a whole. `after` are those whose jobs come
    first, `keyspaces` () all. Without a ledger in a database nobody can be asked anything."""

    environment: str
    variables: tuple[str, ...]
    after: tuple[str, ...] = ()
    keyspaces: tuple[str, ...] = ()
    has_ledger: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionChecks:
    """Of an environment whose plans are checked by a look in each region. `variables` are those of
    a look, `tries` those of the scratch server of the job that judges."""

    environment: str
    regions: tuple[str, ...]
    variables: tuple[str, ...]
    tries: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """`reads` are the variables of those who look. `scratch` is the image of a service container,
    `auto`, or `spec`: as the spec says. `regional` are environments that are rolled out by their
    regions, `checked` those that are checked by them, and `whole` what is left for one runner to
    look at: () all; `known` are all of both. `owned` are paths of the repository, `approvals` what
    the specs ask for at most. `host` is a GitHub of one's own. `glass` is the environment for which
    there is a way past approvals."""

    action: str
    branch: str
    directory: str
    runner: tuple[str, ...]
    scratch: str
    reads: tuple[str, ...]
    jobs: tuple[ApplyJob, ...]
    regional: tuple[str, ...]
    owners: tuple[str, ...]
    on_call: tuple[str, ...]
    owned: tuple[str, ...]
    approvals: int
    host: str | None = None
    glass: str | None = None
    checked: tuple[RegionChecks, ...] = ()
    whole: tuple[str, ...] = ()
    known: tuple[str, ...] = ()

    @property
    def has_whole(self) -> bool:
        """One runner looks at something."""
        return bool(self.whole) or not self.checked

    @property
    def asked(self) -> tuple[ApplyJob, ...]:
        """Of which something can be asked by a workflow of their own."""
        return tuple(job for job in self.jobs if job.has_ledger)

    @property
    def is_own_host(self) -> bool:
        return self.host is not None
