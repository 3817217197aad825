"""Whole files to and from the DICOM JSON Model, by our own reading and writing of both."""

from pathlib import Path

from fileroom.adapters.files.json_model.bulk_files import BulkFiles
from fileroom.adapters.files.json_model.late_values import MAX_DOCUMENT_BYTES
from fileroom.adapters.files.json_model.rebuilding import open_document
from fileroom.adapters.files.json_model.writing import JsonWriter
from fileroom.adapters.files.tree import open_tree
from fileroom.adapters.files.whole_file import write_whole
from fileroom.application.ports.json_converter import (
    FromJsonOptions,
    JsonConverter,
    ToJsonOptions,
    WrittenDicom,
    WrittenJson,
)


class TreeJsonConverter(JsonConverter):
    """Converts by way of trees of elements."""

    def __init__(self, *, max_document_bytes: int = MAX_DOCUMENT_BYTES) -> None:
        """Refuse documents that have more than that besides long strings of base64."""
        self._max_document_bytes = max_document_bytes

    def to_json(self, source: Path, output: Path, options: ToJsonOptions) -> WrittenJson:
        """Write while the source is read."""
        bulk = None
        if options.bulk_dir is not None:
            bulk = BulkFiles(output, options.bulk_dir, options.bulk_threshold)
        with open_tree(source) as tree:
            writer = JsonWriter(bulk, pretty=options.pretty)
            try:
                size = write_whole(output, writer.parts(tree))
            except BaseException:
                if bulk is not None:
                    bulk.discard()
                raise
        return WrittenJson(
            elements=writer.count,
            bulk_files=len(bulk.files) if bulk is not None else 0,
            bulk_bytes=bulk.size if bulk is not None else 0,
            size=size,
            notes=writer.notes,
        )

    def from_json(self, source: Path, output: Path, options: FromJsonOptions) -> WrittenDicom:
        """Write while large values are read."""
        with open_document(source, bulk_dir=options.bulk_dir, max_bytes=self._max_document_bytes) as document:
            size = write_whole(output, document.parts())
            return WrittenDicom(
                sop_class_uid=document.sop_class_uid,
                sop_instance_uid=document.sop_instance_uid,
                transfer_syntax_uid=document.transfer_syntax_uid,
                elements=document.elements,
                bulk_values=document.bulk_values,
                size=size,
                notes=document.notes,
            )
