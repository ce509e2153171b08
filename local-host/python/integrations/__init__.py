"""FortiSOAR's integrations service, as far as a connector calls it."""
