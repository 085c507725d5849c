"""All that a server holds of the databases that a measurement must not change."""

from collections.abc import Sequence
from contextlib import closing
from typing import Any

from psycopg2 import sql

from lab.database import connect
from lab.runtime import databases
from lab.runtime.account import MAINTENANCE, Account

TABLES = """
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 1
"""
CATALOG = {
    "relations": "SELECT oid, relname, relnamespace, relowner, relkind, relpersistence, relacl, reloptions,"
    " relhasrules, relhastriggers, relrowsecurity FROM pg_class",
    "columns": "SELECT attrelid, attnum, attname, atttypid, attnotnull, attacl, attisdropped"
    " FROM pg_attribute",
    "routines": "SELECT oid, proname, pronamespace, proowner, prosecdef, proacl, proconfig, prosrc"
    " FROM pg_proc",
    "schemas": "SELECT oid, nspname, nspowner, nspacl FROM pg_namespace",
    "triggers": "SELECT oid, tgrelid, tgname, tgfoid, tgenabled FROM pg_trigger",
    "event triggers": "SELECT oid, evtname, evtevent, evtfoid, evtenabled FROM pg_event_trigger",
    "rules": "SELECT oid, rulename, ev_class, pg_get_ruledef(oid) FROM pg_rewrite",
    "constraints": "SELECT oid, conname, pg_get_constraintdef(oid) FROM pg_constraint",
    "indexes": "SELECT indexrelid, pg_get_indexdef(indexrelid) FROM pg_index",
    "extensions": "SELECT oid, extname, extowner, extversion FROM pg_extension",
    "privileges": "SELECT oid, defaclrole, defaclnamespace, defaclobjtype, defaclacl FROM pg_default_acl",
    "languages": "SELECT oid, lanname, lanpltrusted, lanacl FROM pg_language",
    "operators": "SELECT oid, oprname, oprnamespace, oprcode FROM pg_operator",
    "sequences": "SELECT schemaname, sequencename, last_value FROM pg_sequences",
    "large objects": "SELECT oid, lomowner FROM pg_largeobject_metadata",
}
SHARED = {
    "roles": "SELECT oid, rolname, rolsuper, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication,"
    " rolbypassrls, rolpassword FROM pg_authid",
    "members": "SELECT roleid, member, grantor, admin_option FROM pg_auth_members",
    "databases": "SELECT oid, datname, datdba, datistemplate, datallowconn, datconnlimit, datacl,"
    " shobj_description(oid, 'pg_database') FROM pg_database",
    "settings of roles and databases": "SELECT setdatabase, setrole, setconfig FROM pg_db_role_setting",
    "settings": "SELECT name, reset_val FROM pg_settings WHERE source IN ('configuration file', 'default')",
    "settings in files": "SELECT sourcefile, name, setting FROM pg_file_settings",
    "tablespaces": "SELECT oid, spcname, spcowner FROM pg_tablespace",
    "resets of statistics": "SELECT datname, stats_reset FROM pg_stat_database WHERE datname IS NOT NULL",
}
HASH = "SELECT count(*), sum(hashtextextended(t::text, 0)) FROM ({}) AS t"

Fingerprint = dict[str, Any]


def fingerprint(account: Account, live: str, template: str) -> Fingerprint:
    """A hash of each table and catalog of both databases, and of what the server's databases share."""
    if missing := [name for name in (live, template) if not databases.exists(account, name)]:
        return {"missing": missing}
    shared = _hashes(account.url(MAINTENANCE), SHARED)
    copied = f"{template}_copied"
    databases.create(account, copied, template=template)  # no connection to a template is allowed
    try:
        return {
            **{f"server: {name}": value for name, value in shared.items()},
            **{f"live: {name}": value for name, value in _database(account.url(live)).items()},
            **{f"template: {name}": value for name, value in _database(account.url(copied)).items()},
            "statistics": _reset_at(account.url(live)),
        }
    finally:
        databases.drop(account, copied)


def differences(before: Fingerprint, after: Fingerprint) -> Sequence[str]:
    return [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]


def _database(url: str) -> Fingerprint:
    with closing(connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(TABLES)
        tables = {name: f"SELECT * FROM {name}" for (name,) in cursor.fetchall()}
    return _hashes(url, {**CATALOG, **tables})


def _hashes(url: str, queries: dict[str, str]) -> Fingerprint:
    with closing(connect(url)) as connection, connection.cursor() as cursor:
        found = {}
        for name, query in queries.items():
            cursor.execute(sql.SQL(HASH).format(sql.SQL(query)))
            found[name] = cursor.fetchone()
        return found


def _reset_at(url: str) -> Any:
    with closing(connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT stats_reset FROM pg_stat_statements_info")
        return cursor.fetchone()
