"""Files between a connector and FortiSOAR."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from integrations import records


def download_file_from_cyops(iri: str) -> dict[str, Any]:
    """Writes a file's contents under the temporary root, under a name of its own; the caller removes it."""
    name = f"cyops-{os.urandom(16).hex()}"
    filename = records.copy_contents(iri, os.path.join(settings.TMP_FILE_ROOT, name))
    return {"cyops_file_path": name, "filename": filename}


def upload_file_to_cyops(file_path: str, filename: str, name: str, create_attachment: bool = True) -> dict[str, Any]:
    """Keeps a file that lies under the temporary root; answers its attachment's record, or its own."""
    root = os.path.realpath(settings.TMP_FILE_ROOT)
    path = os.path.realpath(os.path.join(root, file_path))
    if os.path.commonpath([root, path]) != root:
        raise ValueError(f"{file_path} is not under {root}")
    file = records.create_file(path, filename)
    return records.create_attachment(name, file) if create_attachment else file
