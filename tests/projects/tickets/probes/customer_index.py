"""Bug 2: how many blocks does the server read for the tickets of one customer?

Blocks do not depend on the machine's speed. One row per block is the worst case of a good plan: the limit
allows that and some blocks more. A scan of the table, which the probe makes large enough, is far above it.
"""

from dataclasses import asdict, dataclass

from lab.probing.bench import Bench, Service, require_running
from lab.probing.client import Reply, request
from lab.probing.evidence import Evidence, Figure, Verdict
from lab.probing.load import warm_up
from lab.probing.statements import NOT_COUNTED, Count, counted

from .tickets import TICKET_SERVICE, SupportConnection, open_connection, rows

ADDED = 30_000
EVERY = 1_500
"""Every so many of the added tickets is one of the customer's, so no two of these are in one block."""

SLACK = 40
"""Blocks besides one for each ticket: of indexes, and of the customer's own row."""

FILL = """
INSERT INTO tickets (customer_id, subject, opened_at)
SELECT CASE WHEN n %% %(every)s = 0 THEN %(customer)s ELSE %(other)s END, 'Probe ' || n,
       now() - n * interval '1 minute'
  FROM generate_series(1, %(added)s) AS n
"""
TABLE_BLOCKS = "SELECT pg_relation_size('tickets') / current_setting('block_size')::int"


@dataclass(frozen=True, slots=True)
class Listing:
    """One GET /customers/{id}/tickets. `right`: it has the customer's tickets, in their order."""

    reply: Reply
    count: Count
    tickets: int
    right: bool


def probe(bench: Bench) -> Evidence:
    """List a customer's tickets in a large table, then again after one of them changed and one was added."""
    service = bench.service(TICKET_SERVICE)
    require_running(service)
    with open_connection(bench.database) as connection:
        customer, other = connection.new_customer(), connection.new_customer()
        connection.query(FILL, customer=customer, other=other, every=EVERY, added=ADDED)
        connection.query("VACUUM (ANALYZE) tickets")
        warm_up([service], f"/customers/{other + 1}/tickets")  # an unknown customer: opens the connections
        before = _list(service, connection, customer)
        connection.query("UPDATE tickets SET status = 'closed' WHERE customer_id = %s", customer)
        connection.new_ticket(customer)
        after = _list(service, connection, customer)
        blocks = int(connection.value(TABLE_BLOCKS))
    bench.raw["statements"] = [asdict(statement) for statement in before.count.statements]
    return _judge(before, after, blocks)


def _judge(before: Listing, after: Listing, table_blocks: int) -> Evidence:
    limit = before.tickets + SLACK
    figures = (
        Figure(f"blocks read for {before.tickets} tickets", before.count.blocks, "", limit),
        Figure("blocks of the table", table_blocks),
        Figure.duration(f"time for {before.tickets} tickets", before.reply.seconds),
    )
    for one in (before, after):
        if not one.reply.ok:
            return Evidence(Verdict.PRESENT, f"{one.reply}.", figures)
    cost = f"{before.tickets} tickets took {before.count.blocks:,} blocks; the table has {table_blocks:,}"
    if before.count.blocks > limit:
        return Evidence(Verdict.PRESENT, f"{cost}.", figures)
    if not before.right or not after.right:
        why = "The list takes few blocks, but it is not that of the customer's tickets in the database."
        return Evidence(Verdict.MASKED, why, figures)
    if not before.count.blocks:
        return Evidence(Verdict.UNMEASURED, NOT_COUNTED, figures)
    return Evidence(Verdict.FIXED, f"{cost}, and the list is right.", figures)


def _list(service: Service, connection: SupportConnection, customer: int) -> Listing:
    with counted(connection) as count:
        reply = request(service.url, f"/customers/{customer}/tickets")
    found, expected = reply.objects("tickets"), connection.tickets(customer)
    right = found is not None and rows(found, "id", "customer_id", "subject", "status") == expected
    return Listing(reply, count, len(expected), right)
