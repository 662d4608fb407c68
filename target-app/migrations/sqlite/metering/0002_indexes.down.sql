DROP INDEX usage_events_window;
DROP INDEX usage_windows_open;
