# The package's operations.py is generated from the catalogue; this is its shape.
NAME: str
VERSION: str
OPERATIONS: tuple[str, ...]
