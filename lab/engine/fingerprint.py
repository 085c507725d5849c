"""Read the schema of a database as text, to compare two databases or one database at two times.

The text does not depend on the order in which the objects were made, except for the columns of a table.
"""

from contextlib import closing

from lab.database import OWN, PLAIN, connect

OF_CLASS = f"JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {OWN}"
QUERIES = {
    "relation": f"""
        SELECT n.nspname, c.relname, c.relkind, c.relpersistence, pg_get_userbyid(c.relowner), c.relacl::text,
               c.reloptions::text, obj_description(c.oid), c.relreplident, c.relrowsecurity,
               c.relforcerowsecurity, pg_get_expr(c.relpartbound, c.oid),
               (SELECT string_agg(h.inhparent::regclass::text, ',' ORDER BY h.inhseqno) FROM pg_inherits h
                 WHERE h.inhrelid = c.oid)
          FROM pg_class c {OF_CLASS}""",
    "column": f"""
        SELECT n.nspname, c.relname, row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum), a.attname,
               format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
               a.attacl::text, pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum),
               a.attstattarget, a.attcollation::regcollation::text, a.attstorage, a.attoptions::text
          FROM pg_attribute a
          JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
          LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
         WHERE a.attnum > 0 AND NOT a.attisdropped AND {OWN}""",
    "index": f"""
        SELECT pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisready, i.indisprimary, i.indisreplident,
               obj_description(i.indexrelid)
          FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid {OF_CLASS}""",
    "constraint": f"""
        SELECT t.conrelid::regclass::text, t.conname, pg_get_constraintdef(t.oid), t.convalidated,
               obj_description(t.oid)
          FROM pg_constraint t JOIN pg_namespace n ON n.oid = t.connamespace WHERE {OWN}""",
    "sequence": f"""
        SELECT c.oid::regclass::text, s.seqtypid::regtype::text, s.seqstart, s.seqincrement, s.seqmax,
               s.seqmin, (SELECT d.refobjid::regclass::text || '.' || d.refobjsubid FROM pg_depend d
                 WHERE d.objid = c.oid AND d.deptype IN ('a', 'i') AND d.classid = 'pg_class'::regclass)
          FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid {OF_CLASS}""",
    "function": f"""
        SELECT p.oid::regprocedure::text, pg_get_userbyid(p.proowner), p.proacl::text, obj_description(p.oid),
               CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END
          FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE {OWN}""",
    "trigger": f"""
        SELECT pg_get_triggerdef(g.oid), g.tgenabled, obj_description(g.oid)
          FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid {OF_CLASS} AND NOT g.tgisinternal""",
    "type": f"""
        SELECT t.oid::regtype::text, t.typtype, obj_description(t.oid),
               (SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum e
                 WHERE e.enumtypid = t.oid)
          FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE {OWN}""",
    "policy": "SELECT * FROM pg_policies",
    "rule": f"""
        SELECT pg_get_ruledef(r.oid) FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class {OF_CLASS}""",
    "statistics": f"""
        SELECT pg_get_statisticsobjdef(s.oid)
          FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace WHERE {OWN}""",
    "schema": f"SELECT nspname, nspacl::text, pg_get_userbyid(nspowner) FROM pg_namespace n WHERE {OWN}",
    "extension": "SELECT extname, extversion FROM pg_extension",
    "default": """
        SELECT defaclnamespace::regnamespace::text, defaclobjtype, defaclacl::text FROM pg_default_acl""",
}


def schema_fingerprint(url: str) -> str:
    """Return every object of the schema, one line each, sorted: definitions, owners, privileges, comments.

    Raises as `schema_rows` does.
    """
    return "\n".join(sorted(f"{kind} {row!r}" for kind, found in schema_rows(url).items() for row in found))


def schema_rows(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Return what QUERIES find of the schema, by their kinds.

    Raises:
        DatabaseUnreachable: no connection could be made.
        psycopg2.Error: a query failed.
    """
    found = {}
    with closing(connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(PLAIN)
        for kind, query in QUERIES.items():
            cursor.execute(query)
            found[kind] = cursor.fetchall()
    return found
