-- The services' roles. Run as the owner, in the lab's database, before the migrations; again does no harm.
-- Each service connects by a role of its own, which may read and write all tables and owns none.

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

-- By default what a role makes goes to the schema that bears the role's name, if there is one. Here it belongs in
-- public, whoever the owner is and whatever schemas come later. This holds for this database alone; a copy of it
-- needs it said again.
DO $$
BEGIN
    EXECUTE format('ALTER DATABASE %I SET search_path = public', current_database());
END
$$;
