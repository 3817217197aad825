"""The DICOM upper layer and its messages as pure computation: bytes in, events out, events in, bytes out.

What belongs here: PDUs (PS3.8 9.3), their stream, command sets (PS3.7 6.3), negotiation (PS3.8 7.1, PS3.7 annex D) and
the state machine (PS3.8 9.2). What does not: sockets, threads, clocks and what is done with an object; time is an
argument, bulk data passes as views. Peers' mistakes raise `ProtocolError`, ours raise `LocalError`.
"""
