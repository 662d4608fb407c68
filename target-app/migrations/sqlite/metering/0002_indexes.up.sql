CREATE INDEX usage_windows_open ON usage_windows (window_start) WHERE closed_at IS NULL;
CREATE INDEX usage_events_window ON usage_events (tenant_id, customer_id, window_start);
