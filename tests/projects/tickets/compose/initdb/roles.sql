-- The service's role. Run it as the owner, in the lab's database, before the migrations. It can be repeated.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ticket_service') THEN
        CREATE ROLE ticket_service LOGIN PASSWORD 'ticket_service';
    END IF;
END
$$;

-- Applies to all tables and sequences that the owner creates later.
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ticket_service;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO ticket_service;

CREATE EXTENSION IF NOT EXISTS pg_stat_statements;

-- The setting belongs to this database: a copy of it does not have the setting, so run this file in the copy too.
DO $$
BEGIN
    EXECUTE format('ALTER DATABASE %I SET search_path = public', current_database());
END
$$;
