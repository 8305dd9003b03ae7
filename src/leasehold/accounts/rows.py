"""The rows of accounts: the only file that runs the statements of rows.sql."""

from leasehold.accounts.model import Member, Project, ServiceAccount, ServiceAccountKey, User
from leasehold.storage import statements
from leasehold.storage.transaction import Row, Transaction

SQL = statements.load(__package__, "rows.sql")


def touch_configuration(tx: Transaction) -> None:
    tx.run(SQL.touch_configuration)


def configuration_version(tx: Transaction) -> int:
    row = tx.one(SQL.configuration_version)
    return int(row[0]) if row else 0


def installation_value(tx: Transaction, key: str) -> str | None:
    row = tx.one(SQL.installation_value, key=key)
    return row[0] if row else None


def put_installation_value(tx: Transaction, key: str, value: str) -> None:
    tx.run(SQL.put_installation_value, key=key, value=value)


def remove_installation_value(tx: Transaction, key: str) -> None:
    tx.run(SQL.remove_installation_value, key=key)


def propose_installation_value(tx: Transaction, key: str, value: str) -> None:
    """Keeps the text unless there is one."""
    tx.run(SQL.propose_installation_value, key=key, value=value)


def insert_user(tx: Transaction, user: User) -> int | None:
    """The new user's id; None when the e-mail address is taken."""
    row = tx.one(
        SQL.insert_user,
        subject=user.subject,
        email=user.email,
        name=user.name,
        password_hash=user.password_hash,
        email_verified_at=user.email_verified_at,
        now=user.created_at,
    )
    return row[0] if row else None


def user_by_email(tx: Transaction, email: str) -> User | None:
    return _user(tx.one(SQL.user_by_email, email=email))


def user_by_id(tx: Transaction, user_id: int) -> User | None:
    return _user(tx.one(SQL.user_by_id, id=user_id))


def user_by_subject(tx: Transaction, subject: str) -> User | None:
    return _user(tx.one(SQL.user_by_subject, subject=subject))


def hold_user(tx: Transaction, user_id: int) -> User | None:
    """An active user, whose row nobody else changes until the commit."""
    return _user(tx.one(SQL.hold_user, id=user_id))


def all_users(tx: Transaction) -> list[User]:
    return [User(*row) for row in tx.all(SQL.all_users)]


def any_user(tx: Transaction) -> bool:
    return tx.one(SQL.any_user) is not None


def disable_user(tx: Transaction, now: int, email: str) -> int | None:
    """The user's id; None when there is none."""
    row = tx.one(SQL.disable_user, email=email, now=now)
    return row[0] if row else None


def enable_user(tx: Transaction, email: str) -> bool:
    return tx.run(SQL.enable_user, email=email) > 0


def set_password_hash(tx: Transaction, email: str, password_hash: str) -> bool:
    return tx.run(SQL.set_password_hash, email=email, password_hash=password_hash) > 0


def replace_password_hash(tx: Transaction, user_id: int, *, old: str, new: str) -> bool:
    return tx.run(SQL.replace_password_hash, id=user_id, old=old, new=new) > 0


def mark_email_verified(tx: Transaction, now: int, user_id: int) -> bool:
    return tx.run(SQL.mark_email_verified, id=user_id, now=now) > 0


def set_name(tx: Transaction, user_id: int, name: str) -> bool:
    return tx.run(SQL.set_name, id=user_id, name=name) > 0


def end_browser_sessions(tx: Transaction, now: int, user_id: int) -> int:
    return tx.run(SQL.end_browser_sessions, user_id=user_id, now=now)


def forget_second_steps(tx: Transaction, user_id: int) -> None:
    tx.run(SQL.forget_second_steps, user_id=user_id)


def insert_project(tx: Transaction, now: int, project_id: str) -> bool:
    """Whether it is new; False when the id is taken."""
    return tx.one(SQL.insert_project, id=project_id, now=now) is not None


def project_by_id(tx: Transaction, project_id: str) -> Project | None:
    row = tx.one(SQL.project_by_id, id=project_id)
    return _project(row) if row else None


def lock_project(tx: Transaction, project_id: str) -> bool:
    """Whether the project is there; nobody else changes its members until the commit."""
    return tx.one(SQL.lock_project, id=project_id) is not None


def all_projects(tx: Transaction) -> list[Project]:
    return [_project(row) for row in tx.all(SQL.all_projects)]


def projects_of_user(tx: Transaction, user_id: int) -> list[Project]:
    return [_project(row) for row in tx.all(SQL.projects_of_user, user_id=user_id)]


def switched_on(tx: Transaction, project_id: str) -> frozenset[str] | None:
    """The APIs that are on; None when the project is off or not there."""
    rows = tx.all(SQL.switched_on, project_id=project_id)
    return frozenset(row[0] for row in rows if row[0] is not None) if rows else None


def disable_project(tx: Transaction, now: int, project_id: str, *, by_operator: bool) -> bool:
    return tx.run(SQL.disable_project, id=project_id, now=now, by_operator=int(by_operator)) > 0


def enable_project(tx: Transaction, project_id: str) -> bool:
    return tx.run(SQL.enable_project, id=project_id) > 0


def delete_project(tx: Transaction, now: int, project_id: str) -> bool:
    """False when it is not there, or was deleted before."""
    return tx.run(SQL.delete_project, id=project_id, now=now) > 0


def undelete_project(tx: Transaction, project_id: str, *, deleted_after: int) -> bool:
    return tx.run(SQL.undelete_project, id=project_id, deleted_after=deleted_after) > 0


def project_to_sweep(tx: Transaction, *, deleted_before: int) -> str | None:
    row = tx.one(SQL.projects_to_sweep, deleted_before=deleted_before)
    return row[0] if row else None


def delete_members(tx: Transaction, project_id: str) -> None:
    tx.run(SQL.delete_members, project_id=project_id)


def set_legacy_scopes(tx: Transaction, project_id: str, *, allowed: bool) -> bool:
    return tx.run(SQL.set_legacy_scopes, id=project_id, legacy_scopes=int(allowed)) > 0


def set_total_storage_limit(tx: Transaction, project_id: str, limit: int | None) -> bool:
    return tx.run(SQL.set_total_storage_limit, id=project_id, total_storage_limit=limit) > 0


def members_of(tx: Transaction, project_id: str) -> list[Member]:
    return [Member(*row) for row in tx.all(SQL.members_of, project_id=project_id)]


def put_member(tx: Transaction, project_id: str, *, user_id: int, role: str) -> None:
    tx.run(SQL.put_member, project_id=project_id, user_id=user_id, role=role)


def delete_member(tx: Transaction, project_id: str, *, user_id: int) -> bool:
    return tx.run(SQL.delete_member, project_id=project_id, user_id=user_id) > 0


def count_owners(tx: Transaction, project_id: str) -> int:
    row = tx.one(SQL.owners_of, project_id=project_id)
    return int(row[0]) if row else 0


def enable_api(tx: Transaction, now: int, project_id: str, *, api: str) -> None:
    tx.run(SQL.enable_api, project_id=project_id, api=api, now=now)


def disable_api(tx: Transaction, project_id: str, *, api: str) -> None:
    tx.run(SQL.disable_api, project_id=project_id, api=api)


def is_api_enabled(tx: Transaction, project_id: str, *, api: str) -> bool:
    return tx.one(SQL.enabled_api, project_id=project_id, api=api) is not None


def insert_service_account(tx: Transaction, account: ServiceAccount) -> bool:
    """Whether it is new; False when another one that was not deleted has the e-mail address."""
    row = tx.one(
        SQL.insert_service_account,
        id=account.id,
        project_id=account.project_id,
        email=account.email,
        name=account.name,
        now=account.created_at,
    )
    return row is not None


def service_account_by_email(tx: Transaction, email: str) -> ServiceAccount | None:
    """Never a deleted one."""
    row = tx.one(SQL.service_account_by_email, email=email)
    return ServiceAccount(*row) if row else None


def service_accounts_of(tx: Transaction, project_id: str) -> list[ServiceAccount]:
    return [ServiceAccount(*row) for row in tx.all(SQL.service_accounts_of, project_id=project_id)]


def disable_service_account(tx: Transaction, now: int, email: str) -> str | None:
    """The account's id, as with the next two; None when there is none."""
    row = tx.one(SQL.disable_service_account, email=email, now=now)
    return row[0] if row else None


def enable_service_account(tx: Transaction, email: str) -> str | None:
    row = tx.one(SQL.enable_service_account, email=email)
    return row[0] if row else None


def delete_service_account(tx: Transaction, now: int, email: str) -> str | None:
    row = tx.one(SQL.delete_service_account, email=email, now=now)
    return row[0] if row else None


def insert_key(
    tx: Transaction, now: int, *, key_id: str, email: str, public_key: str, certificate: str
) -> str | None:
    """The id of the account that it belongs to; None when there is no such account."""
    row = tx.one(
        SQL.insert_key,
        id=key_id,
        email=email,
        public_key=public_key,
        certificate=certificate,
        now=now,
    )
    return row[0] if row else None


def key_by_id(tx: Transaction, key_id: str) -> ServiceAccountKey | None:
    """Never a deleted one."""
    row = tx.one(SQL.key_by_id, id=key_id)
    return ServiceAccountKey(*row) if row else None


def keys_of(tx: Transaction, email: str) -> list[ServiceAccountKey]:
    return [ServiceAccountKey(*row) for row in tx.all(SQL.keys_of, email=email)]


def count_keys(tx: Transaction, project_id: str) -> dict[str, int]:
    """By the accounts' ids; only of those that have any."""
    return dict(tx.all(SQL.count_keys, project_id=project_id))


def delete_key(tx: Transaction, now: int, key_id: str) -> bool:
    return tx.one(SQL.delete_key, id=key_id, now=now) is not None


def revoke_tokens_of_account(tx: Transaction, now: int, service_account_id: str) -> None:
    tx.run(SQL.revoke_tokens_of_account, service_account_id=service_account_id, now=now)


def revoke_tokens_of_key(tx: Transaction, now: int, key_id: str) -> None:
    tx.run(SQL.revoke_tokens_of_key, key_id=key_id, now=now)


def _user(row: Row | None) -> User | None:
    return User(*row) if row else None


def _project(row: Row) -> Project:
    project_id, created_at, legacy_scopes, limit, disabled_at, by_operator, deleted_at = row
    return Project(
        project_id,
        created_at,
        bool(legacy_scopes),
        limit,
        disabled_at=disabled_at,
        disabled_by_operator=bool(by_operator),
        deleted_at=deleted_at,
    )
