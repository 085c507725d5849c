"""The names of query parameters for pages that people choose, as far as it is known what to send in them."""

import re

PAGE = (
    *("page", "p", "pg", "page_number", "page_no", "page_num", "page_index", "pageno"),
    *("pageNumber", "pageNo", "pageNum", "pageIndex", "page[number]"),
)
OFFSET = (
    *("offset", "skip", "start", "from", "first", "begin", "start_index", "first_result"),
    *("startIndex", "firstResult", "page[offset]"),
)
BY_ID = (
    *("before_id", "last_id", "after_id", "cursor", "before", "after", "max_id", "start_after"),
    *(
        "starting_after",
        "last_seen",
        "last_seen_id",
        "from_id",
        "id_before",
        "id_lt",
        "older_than_id",
        "last",
    ),
    *("beforeId", "lastId", "afterId", "maxId", "startAfter", "startingAfter"),
)
BY_TIME = (
    *("before", "until", "older_than", "end", "cursor", "after", "before_started_at", "started_before", "to"),
    *("last_started_at", "before_time", "last_seen", "max_time", "from", "start_after"),
    *("startedBefore", "olderThan", "lastStartedAt", "beforeTime"),
)
BY_DAY = ("day", "date")

BY_KEY = (
    *(("before", "before_id"), ("after", "after_id"), ("last_started_at", "last_id")),
    *(("before_started_at", "before_id"), ("started_before", "before_id"), ("before_time", "before_id")),
    *(("before", "id_before"), ("before", "last_id"), ("before", "id"), ("after_started_at", "after_id")),
    *(("started_at", "id"), ("until", "until_id"), ("lastStartedAt", "lastId"), ("before", "beforeId")),
)
"""Names for the time and for the id of the last row."""

SPANS = (("start", "end"), ("from", "to"), ("since", "until"), ("after", "before"))
"""Names for the start and for the end of a span of time."""

TOKENS = (
    *("cursor", "after", "before", "token", "page_token", "next_token", "continuation", "continuation_token"),
    *("pageToken", "nextToken", "continuationToken", "start_after", "starting_after", "marker", "next"),
    *("next_cursor", "nextCursor", "last_id", "before_id", "after_id", "lastId", "beforeId", "afterId"),
)
"""Names of parameters for what a response gave."""

SIZES = ("per_page", "limit", "page_size", "size", "count")
OTHER_SIZES = (
    *("perPage", "pageSize", "page[size]", "page[limit]", "take", "top", "max", "n", "num", "rows"),
    *("results", "batch", "batch_size", "max_results", "maxResults"),
)
"""Names of parameters for the size of a page."""

SIZE = re.compile(r"(^|_)(per|limit|size|count|take|top|max|num|rows|results|batch)(_|$)")
PAGING = re.compile(
    r"(^|_)(pages?|offset|window|range|day|date|month|week|year|from|until|end|start|since|before|after|next"
    r"|skip|position|index|older|last)(_|$)"
)
"""Names of parameters that may be for pages, in lower case, with underlines between their words."""

OPAQUE = re.compile(r"(^|_)(cursor|token|continuation|marker|bookmark|seek|keyset|scroll)(_|$)")
"""Names of parameters whose values only the service can make, or a person who has read what they are."""

KNOWN = {
    *(*PAGE, *OFFSET, *BY_ID, *BY_TIME, *BY_DAY),
    *(name for names in (*BY_KEY, *SPANS) for name in names),
}
