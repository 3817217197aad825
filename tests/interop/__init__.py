"""fileroom against real peers: DCMTK and Orthanc."""
