"""What a connector reads of the web framework that FortiSOAR's integrations service is built with."""
