-- Rows that a seeded lab does not have: spare ones for the scripts, and odd ones for the queries. They are added
-- before the migrations of the code under test run. All values are fixed: both systems have the same.

-- Spare devices, each with three finished runs.
INSERT INTO devices (id, name, type, status, updated_at)
SELECT 'device-' || n, 'Spare ' || n, 'incubator', 'available', '2026-05-01 08:00'
  FROM generate_series(70001, 70900) AS n;

INSERT INTO execution_logs (device_id, workflow_id, operation, status, started_at, completed_at, duration_ms)
SELECT 'device-' || n, md5('spare run ' || n)::uuid::text, 'incubate', 'completed',
       timestamp '2026-05-01 09:00' + run * interval '1 hour' + (n % 60) * interval '1 second',
       timestamp '2026-05-01 09:20' + run * interval '1 hour' + (n % 60) * interval '1 second', 1200000
  FROM generate_series(70001, 70900) AS n, generate_series(1, 3) AS run
 ORDER BY run, n;

-- Devices in every status, two with an id of full length, one that never ran, and one that ran once.
INSERT INTO devices (id, name, type, status, workflow_id, updated_at) VALUES
    ('odd-' || repeat('x', 46), 'Full length', 'reader', 'available', NULL, '2026-05-02 08:00'),
    ('odd-' || repeat('y', 46), 'Full length, for a life cycle', 'reader', 'available', NULL, '2026-05-02 08:00'),
    ('odd.held', 'Held', 'reader', 'busy', '11111111-1111-4111-8111-111111111111', '2026-05-02 08:01'),
    ('odd_maintained', 'Maintained', 'washer', 'maintenance', NULL, '2026-05-02 08:02'),
    ('odd-offline', 'Offline', 'washer', 'offline', NULL, '2026-05-02 08:03.5'),
    ('odd-never', 'Never ran', 'sealer', 'available', NULL, '2026-05-02 08:04:05.000006'),
    ('odd-once', 'Ran once', 'sealer', 'available', NULL, '2026-05-02 08:05'),
    ('odd-unbooked', 'Busy without a booking', 'reader', 'busy', 'odd-1', '2026-05-02 08:05:30'),
    ('odd-A', 'Runs with ties', 'centrifuge', 'available', NULL, '2026-05-02 08:06'),
    ('odd-B', 'Runs that overlap', 'centrifuge', 'available', NULL, '2026-05-02 08:07');

INSERT INTO bookings (device_id, workflow_id, booked_at, released_at) VALUES
    ('odd.held', '22222222-2222-4222-8222-222222222222', '2026-05-01 08:00', '2026-05-01 09:00'),
    ('odd.held', '11111111-1111-4111-8111-111111111111', '2026-05-02 08:01', NULL);

-- Runs with ties within and across devices, unfinished, failed and overlapping ones, long gaps, whole days.
INSERT INTO execution_logs
    (device_id, workflow_id, operation, status, message, started_at, completed_at, duration_ms)
VALUES
    ('odd-once', 'odd-1', 'seal', 'completed', NULL, '2024-02-29 10:00', '2024-02-29 10:05', 300000),
    ('odd-A', 'odd-1', 'spin', 'completed', 'a', '2024-02-28 23:59:59.999999', '2024-02-29 00:10', 600000),
    ('odd-A', 'odd-2', 'spin', 'completed', NULL, '2024-02-29 00:00', '2024-02-29 00:01', 60000),
    ('odd-A', 'odd-3', 'spin', 'failed', 'lid open', '2024-02-29 00:00', '2024-02-29 00:00:30', 30000),
    ('odd-A', 'odd-4', 'spin', 'completed', NULL, '2024-02-29 00:00', '2024-02-29 00:02', 120000),
    ('odd-A', 'odd-5', 'spin', 'running', NULL, '2024-02-29 06:00', NULL, NULL),
    ('odd-A', 'odd-6', 'spin', 'completed', '', '2024-02-29 07:30:00.25', '2024-02-29 07:45', 899750),
    ('odd-A', 'odd-7', 'spin', 'completed', 'Umlaut ä, "quotes"', '2024-03-01 00:00', '2024-03-01 00:05', 300000),
    ('odd-B', 'odd-8', 'spin', 'completed', NULL, '2021-06-15 12:00', '2021-06-15 12:30', 1800000),
    ('odd-B', 'odd-1', 'spin', 'completed', NULL, '2024-02-29 00:00', '2024-02-29 03:00', 10800000),
    ('odd-B', 'odd-2', 'spin', 'completed', NULL, '2024-02-29 01:00', '2024-02-29 02:00', 3600000),
    ('odd-B', 'odd-3', 'spin', 'completed', NULL, '2024-02-29 02:30', '2024-02-29 02:40', 600000),
    ('odd-B', 'odd-4', 'spin', 'completed', NULL, '2024-02-29 23:59:59.999999', '2024-03-01 00:00', 0),
    -- The newest rows of all, with equal moments.
    ('odd-B', 'odd-9', 'spin', 'completed', NULL, '2026-06-01 10:00', '2026-06-01 10:10', 600000),
    ('odd-A', 'odd-9', 'spin', 'running', NULL, '2026-06-01 10:00', NULL, NULL),
    ('odd-once', 'odd-9', 'seal', 'failed', 'jammed', '2026-06-01 10:00', '2026-06-01 10:00', 0);

-- The first of the runs with equal moments are written again, with their ids: so the order in which rows are found
-- is not that of their ids.
WITH again AS (
    DELETE FROM execution_logs WHERE started_at IN ('2024-02-29 00:00', '2026-06-01 10:00')
       AND id IN (SELECT min(id) FROM execution_logs WHERE device_id LIKE 'odd-%' GROUP BY started_at)
    RETURNING *
)
INSERT INTO execution_logs SELECT * FROM again;

-- More workflows than a list has, many of the same moment, and some without steps or samples.
INSERT INTO samples (id, barcode, type, volume_ul, created_at) VALUES
    (9001, 'ODD-00001', 'plasma', 0.5, '2026-05-03 08:00'),
    (9002, 'ODD-00002', 'buffer', 1234.25, '2026-05-03 08:00'),
    (9003, 'AAA-00003', 'plasma', 0, '2026-05-03 07:00');

INSERT INTO workflows (id, name, device_id, status, created_at, started_at, completed_at)
SELECT md5('odd workflow ' || n)::uuid::text, 'Odd ' || n, 'odd-A',
       (ARRAY['pending', 'running', 'completed'])[1 + n % 3],
       timestamp '2026-05-04 08:00' + (n / 4) * interval '1 minute',
       CASE WHEN n % 3 > 0 THEN timestamp '2026-05-04 09:00' + n * interval '1 second' END,
       CASE WHEN n % 3 = 2 THEN timestamp '2026-05-04 10:00' + n * interval '1 second' END
  FROM generate_series(1, 130) AS n;

INSERT INTO workflow_steps (workflow_id, position, operation, parameters)
SELECT md5('odd workflow ' || n)::uuid::text, 1 + (place + n) % 4, 'step ' || place,
       CASE WHEN place = 2 THEN '{}'::jsonb
            ELSE jsonb_build_object('n', n, 'half', 0.5, 'on', n % 2 = 0, 'text', 'ä', 'nothing', NULL) END
  FROM generate_series(1, 130) AS n, generate_series(1, 4) AS place
 WHERE n % 5 > 0 AND place <= 1 + n % 4
 ORDER BY n, place;

INSERT INTO workflow_samples (workflow_id, sample_id, role)
SELECT md5('odd workflow ' || n)::uuid::text, (ARRAY[9003, 9001, 9002])[place],
       (ARRAY['output', 'input', 'control'])[1 + (place + n) % 3]
  FROM generate_series(1, 130) AS n, generate_series(1, 3) AS place
 WHERE n % 7 > 0 AND place <= n % 4
 ORDER BY n, place;

SELECT setval('samples_id_seq', 9100);
ANALYZE devices, bookings, samples, workflows, workflow_steps, workflow_samples;
