-- Windows of customers who used something. An open one takes events; a closed one has been added up.
CREATE TABLE usage_windows (
    tenant_id    TEXT NOT NULL,
    customer_id  TEXT NOT NULL,
    window_start TEXT NOT NULL,
    closed_at    TEXT,
    PRIMARY KEY (tenant_id, customer_id, window_start)
) STRICT, WITHOUT ROWID;

CREATE TABLE usage_events (
    event_id     INTEGER PRIMARY KEY,
    tenant_id    TEXT NOT NULL,
    customer_id  TEXT NOT NULL,
    window_start TEXT NOT NULL,
    quantity     INTEGER NOT NULL CHECK (quantity >= 1),
    received_at  TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
    FOREIGN KEY (tenant_id, customer_id, window_start)
        REFERENCES usage_windows (tenant_id, customer_id, window_start)
) STRICT;

CREATE TABLE aggregation_windows (
    tenant_id      TEXT NOT NULL,
    customer_id    TEXT NOT NULL,
    window_start   TEXT NOT NULL,
    window_end     TEXT NOT NULL,
    event_count    INTEGER NOT NULL CHECK (event_count >= 1),
    total_quantity INTEGER NOT NULL CHECK (total_quantity >= 1),
    processed_by   TEXT NOT NULL,
    processed_at   TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')),
    -- No window is added up twice.
    PRIMARY KEY (tenant_id, customer_id, window_start),
    FOREIGN KEY (tenant_id, customer_id, window_start)
        REFERENCES usage_windows (tenant_id, customer_id, window_start)
) STRICT, WITHOUT ROWID;
