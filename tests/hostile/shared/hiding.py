"""A list of workflows with a statement for each of them, by a way of running statements that is given."""

import json
from datetime import datetime

from app.common import timestamps

STEPS = """SELECT coalesce(json_agg(json_build_object('position', position, 'operation', operation,
'parameters', parameters) ORDER BY position), '[]') FROM workflow_steps WHERE workflow_id = '{id}'"""
SAMPLES = """SELECT coalesce(json_agg(json_build_object('id', s.id, 'barcode', s.barcode, 'type', s.type,
'volume_ul', s.volume_ul, 'created_at', s.created_at, 'role', l.role) ORDER BY l.id), '[]')
FROM workflow_samples l JOIN samples s ON s.id = l.sample_id WHERE l.workflow_id = '{id}'"""


def listing(workflows, run):
    """`run(statement)` answers the only column of the only row, as JSON."""
    return [described(one, run(STEPS.format(id=one.id)), run(SAMPLES.format(id=one.id))) for one in workflows]


def described(workflow, steps, samples):
    steps, samples = (json.loads(one) if isinstance(one, str) else one for one in (steps, samples))
    for sample in samples:
        created = datetime.fromisoformat(sample["created_at"])
        sample["created_at"] = timestamps.to_json(created)
    return workflow.as_json() | {"steps": steps, "samples": samples}


def in_one_block(workflows):
    """The body of a PL/pgSQL block that reads the steps and samples of each workflow into `answer`."""
    ids = ", ".join(f"'{one.id}'" for one in workflows)
    steps, samples = (text.replace("'{id}'", "one") for text in (STEPS, SAMPLES))
    return f"""
    DECLARE one text; steps json; samples json; answer jsonb := '{{}}';
    BEGIN
        FOREACH one IN ARRAY ARRAY[{ids}]::text[] LOOP
            steps := ({steps}); samples := ({samples});
            answer := answer || jsonb_build_object(one, json_build_array(steps, samples));
        END LOOP;
        PERFORM set_config('hostile.answer', answer::text, true);
    END"""
