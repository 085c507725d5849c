-- The services' roles. Run it as the owner, in the lab's database, before the migrations. It can be repeated.
-- Each service connects with its own role, which can read and write every table and owns none.

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

-- Applies to all tables and sequences that the owner creates later, including those of a candidate.
ALTER DEFAULT PRIVILEGES IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO device_service, workflow_service;
ALTER DEFAULT PRIVILEGES IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO device_service, workflow_service;

CREATE EXTENSION IF NOT EXISTS pg_stat_statements;

-- The default search_path is "$user", public: if there is a schema with the role's name, new objects go there.
-- Here they must go to public, for any owner. The setting belongs to this database: a copy of it does not have
-- the setting, so run this file in the copy too.
DO $$
BEGIN
    EXECUTE format('ALTER DATABASE %I SET search_path = public', current_database());
END
$$;
