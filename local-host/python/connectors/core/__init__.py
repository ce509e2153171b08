"""What FortiSOAR gives every connector to build on."""
