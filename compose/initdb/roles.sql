-- The services' roles. Run as the owner, in the lab's database, before the migrations; again does no harm.
-- Each service has a role of its own, which owns nothing: statements, locks and connections can be told apart by it.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'device_service') THEN
        CREATE ROLE device_service LOGIN PASSWORD 'device_service';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'workflow_service') THEN
        CREATE ROLE workflow_service LOGIN PASSWORD 'workflow_service';
    END IF;
END
$$;

-- For every table and sequence that the owner will make here, a candidate's own among them.
ALTER DEFAULT PRIVILEGES IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO device_service, workflow_service;
ALTER DEFAULT PRIVILEGES IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO device_service, workflow_service;

CREATE EXTENSION IF NOT EXISTS pg_stat_statements;

-- The library of fixes keeps its ledger in the schema lab. By default a role that bears a schema's name makes
-- its tables there: what the owner's migrations make belongs in public, whether that schema exists or not.
ALTER ROLE CURRENT_USER SET search_path = public;
