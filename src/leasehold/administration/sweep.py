"""Sweeping: what is left of projects that nobody can have back. Each call does a little."""

from leasehold.accounts import projects, service_accounts
from leasehold.oauth2 import clients
from leasehold.queues import configure
from leasehold.storage.transaction import Transaction
from leasehold.usage import api_keys

MAX_QUEUES = 100  # deleted in one transaction; their tasks are swept by the queues' own chore


def sweep_deleted_projects(tx: Transaction, now: int) -> int:
    """Ends some of what a deleted project has; 1 when there was something to do.

    Its id, its accounts of usage and its part of the audit log stay.
    """
    project_id = projects.find_to_sweep(tx, now)
    if project_id is None:
        return 0
    queues = configure.list_queues(tx, project_id, after_name="", prefix="", num_queues=MAX_QUEUES)
    for queue in queues:
        configure.delete(tx, now, queue)
    if not queues:
        for client in clients.clients_of(tx, project_id):
            clients.delete(tx, now, client.id)
        for account in service_accounts.list_accounts(tx, project_id):
            service_accounts.delete(tx, now, account.email)
        api_keys.forget_project(tx, project_id)
        projects.forget_members(tx, project_id)
    return 1
