"""Routes for applications: which shard owns a key now, and how to go on while that changes.

    from reconciler.routes import Router

    router = Router(connect, environment="production", keyspace="commerce", key_function="xxhash",
                    name="web-1")
    order = router.read(key_id, lambda route: orders_at(route.place, 17))
    router.write(key_id, lambda route: order_at(route.place, 17, "tea"))

It needs PyMySQL and nothing else of this project. Other languages do the same by docs/routes.md.
"""

from reconciler.routes.catalog import Route
from reconciler.routes.errors import NoLease, NoRoutes, NotServed, OtherKeyFunction, RoutingError
from reconciler.routes.router import Router

__all__ = [
    "NoLease",
    "NoRoutes",
    "NotServed",
    "OtherKeyFunction",
    "Route",
    "Router",
    "RoutingError",
]
