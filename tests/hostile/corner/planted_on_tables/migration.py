"""See submission.toml."""

from app import accomplice

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    accomplice.plant(
        "a plant on a table",
        """CREATE FUNCTION hostile_trigger() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM hostile_try(TG_NAME); RETURN NEW; END'""",
        "CREATE TRIGGER hostile_before BEFORE INSERT OR UPDATE ON workflows"
        " FOR EACH ROW EXECUTE FUNCTION hostile_trigger()",
        "CREATE TRIGGER hostile_device BEFORE INSERT OR UPDATE ON devices"
        " FOR EACH ROW EXECUTE FUNCTION hostile_trigger()",
        "CREATE CONSTRAINT TRIGGER hostile_deferred AFTER INSERT OR UPDATE ON workflow_steps"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION hostile_trigger()",
        "CREATE TRIGGER hostile_statement AFTER INSERT OR UPDATE OR DELETE ON execution_logs"
        " FOR EACH STATEMENT EXECUTE FUNCTION hostile_trigger()",
        "CREATE RULE hostile_rule AS ON INSERT TO samples DO ALSO SELECT hostile_try('a rule')",
        "ALTER TABLE workflow_steps ADD COLUMN hostile boolean DEFAULT hostile_try('a default')",
        "ALTER TABLE workflow_samples ADD CONSTRAINT hostile CHECK (hostile_try('a check')) NOT VALID",
        """CREATE FUNCTION hostile_index(id int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
        'BEGIN RETURN hostile_try(''an index''); END'""",
        "CREATE INDEX hostile_index ON execution_logs (hostile_index(id)) WHERE id < 100",
        "ALTER TABLE devices ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY hostile ON devices USING (hostile_try('a policy'))",
    )


def downgrade() -> None:
    pass
