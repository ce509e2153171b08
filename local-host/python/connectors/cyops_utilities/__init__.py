"""FortiSOAR's utilities connector, as far as other connectors call it."""
