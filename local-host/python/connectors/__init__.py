"""Where FortiSOAR keeps its connectors, each in its own package beside `core`."""
