"""Measures Atrium beside other servers of Yjs clients; see `bench/README.md`."""
