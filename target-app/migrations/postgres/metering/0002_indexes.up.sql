ALTER TABLE usage_windows ADD CONSTRAINT usage_windows_pkey
    PRIMARY KEY (tenant_id, customer_id, window_start);
ALTER TABLE usage_events ADD CONSTRAINT usage_events_pkey PRIMARY KEY (event_id);
-- No window is added up twice, whoever thinks to hold its lock.
ALTER TABLE aggregation_windows ADD CONSTRAINT aggregation_windows_pkey
    PRIMARY KEY (tenant_id, customer_id, window_start);

CREATE INDEX usage_windows_open ON usage_windows (window_start) WHERE closed_at IS NULL;
CREATE INDEX usage_events_window ON usage_events (tenant_id, customer_id, window_start);

ALTER TABLE usage_events ADD CONSTRAINT usage_events_window_fkey
    FOREIGN KEY (tenant_id, customer_id, window_start)
    REFERENCES usage_windows (tenant_id, customer_id, window_start);
ALTER TABLE aggregation_windows ADD CONSTRAINT aggregation_windows_window_fkey
    FOREIGN KEY (tenant_id, customer_id, window_start)
    REFERENCES usage_windows (tenant_id, customer_id, window_start);
