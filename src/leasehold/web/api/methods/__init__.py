"""One file per REST method, each declaring a record; this is the list of them."""

from leasehold.web.api.method import Method
from leasehold.web.api.methods import (
    taskqueues_get,
    tasks_delete,
    tasks_get,
    tasks_insert,
    tasks_lease,
    tasks_list,
    tasks_update,
)

METHODS: tuple[Method, ...] = (
    taskqueues_get.METHOD,
    tasks_delete.METHOD,
    tasks_get.METHOD,
    tasks_insert.METHOD,
    tasks_lease.METHOD,
    tasks_list.METHOD,
    tasks_update.PATCH,
    tasks_update.UPDATE,
)
