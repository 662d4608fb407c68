ALTER TABLE aggregation_windows DROP CONSTRAINT aggregation_windows_window_fkey;
ALTER TABLE usage_events DROP CONSTRAINT usage_events_window_fkey;

DROP INDEX usage_events_window;
DROP INDEX usage_windows_open;

ALTER TABLE aggregation_windows DROP CONSTRAINT aggregation_windows_pkey;
ALTER TABLE usage_events DROP CONSTRAINT usage_events_pkey;
ALTER TABLE usage_windows DROP CONSTRAINT usage_windows_pkey;
