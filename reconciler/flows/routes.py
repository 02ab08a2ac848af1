"""The catalog of routes: adopted from a spec's shards, shown, and asked for the owner of a key."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.errors import Problem, Refused
from reconciler.model.key_function import KeyFunctionName
from reconciler.outcomes.routes import Adoption, OwnerOutcome, RoutesOutcome
from reconciler.ports.routes import Routes
from reconciler.reshard.catalog import Catalog, not_adopted
from reconciler.reshard.key_functions.registry import KEY_FUNCTIONS
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment, KeyspaceKind

OpenRoutes = Callable[[], Routes]


def adopt_routes(
    open_routes: OpenRoutes, files: DesiredFiles, environment: Environment, *, by: str, now_s: float
) -> RoutesOutcome:
    """Raises Refused where the spec's shards are not what serves now, or the routes are not kept
    here."""
    keyspace = files.spec.keyspace
    _check_kept_here(files, environment)
    if environment.retiring:
        raise Refused(_while_moving(environment))
    key_function = _key_function(files)
    routes = open_routes()
    before = routes.read(environment.name, keyspace)
    catalog = routes.adopt(
        environment.name,
        keyspace,
        key_function=key_function,
        shards=list(environment.serving_names),
        by=by,
        now_s=now_s,
    )
    return RoutesOutcome(
        environment=environment.name,
        keyspace=keyspace,
        catalog=catalog,
        latest=catalog.version,
        adoption=Adoption.ALREADY if before else Adoption.NEW,
    )


def show_routes(
    open_routes: OpenRoutes, files: DesiredFiles, environment: Environment, *, version: int | None
) -> RoutesOutcome:
    """The version, or the current one. Raises Refused if there is none."""
    keyspace = files.spec.keyspace
    _check_kept_here(files, environment)
    routes = open_routes()
    latest, catalog = _version(routes, environment.name, keyspace, version)
    leases = routes.leases(environment.name, keyspace) if version is None else ()
    return RoutesOutcome(
        environment=environment.name,
        keyspace=keyspace,
        catalog=catalog,
        latest=latest,
        leases=leases,
    )


def owner_of(
    open_routes: OpenRoutes,
    files: DesiredFiles,
    environment: Environment,
    *,
    value: str,
    version: int | None,
) -> OwnerOutcome:
    """Of a value of the sharding column, as text. Raises Refused if it has no key, or the version
    is none."""
    keyspace = files.spec.keyspace
    _check_kept_here(files, environment)
    latest, catalog = _version(open_routes(), environment.name, keyspace, version)
    key_id = KEY_FUNCTIONS[KeyFunctionName(catalog.key_function)].key(value.encode())
    return OwnerOutcome(
        environment=environment.name,
        keyspace=keyspace,
        key_id=key_id,
        route=catalog.owner_of(key_id),
        version=catalog.version,
        latest=latest,
    )


def _check_kept_here(files: DesiredFiles, environment: Environment) -> None:
    """Before a ledger is opened for nothing. Raises Refused where Vitess keeps the routes."""
    match environment.kind:
        case KeyspaceKind.MYSQL:
            return
        case KeyspaceKind.VITESS:
            raise Refused(
                Problem(
                    code="routes-of-vitess",
                    message=f"the routes of {files.spec.keyspace} are in Vitess' own topology, and"
                    " vtgate goes by them",
                    recovery="ask Vitess: `vtctldclient GetSrvKeyspaces`",
                )
            )


def _version(
    routes: Routes, environment: str, keyspace: str, version: int | None
) -> tuple[int, Catalog]:
    current = routes.read(environment, keyspace)
    if current is None:
        raise not_adopted(environment, keyspace)
    found = current if version is None else routes.at(environment, keyspace, version)
    if found is None:
        raise Refused(
            Problem(
                code="routes-no-version",
                message=f"the routes of {keyspace} in {environment} have the versions 1 to"
                f" {current.version}, and no version {version}",
                recovery="name one of those with --at",
            )
        )
    return current.version, found


def _key_function(files: DesiredFiles) -> str:
    if files.spec.key_function is None:
        raise Refused(
            Problem(
                code="routes-without-key-function",
                message=f"{files.spec.path} does not say which function of a row's column its shard"
                " is found by, so that nobody could tell whose key is whose",
                recovery="name it as `key_function` in the spec, then `reconciler routes adopt`",
            )
        )
    return files.spec.key_function.value


def _while_moving(environment: Environment) -> Problem:
    names = ", ".join(shard.name for shard in environment.retiring)
    return Problem(
        code="routes-while-moving",
        message=f"environment {environment.name} lists {names} as retiring: its shards are those of"
        " after a move, and not those that own the rows now",
        recovery="run `reconciler routes adopt` on the spec as it was before the move; the move"
        " comes in a pull request of its own",
    )
