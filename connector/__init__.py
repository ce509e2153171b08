"""A FortiSOAR connector for the Docker Engine API; `connector.py` is where FortiSOAR enters."""
