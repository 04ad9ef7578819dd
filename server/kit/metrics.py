"""Every metric of the server, in one place: prefix `atrium_`, base units, bounded labels."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

disable_created_metrics()  # type: ignore[no-untyped-call] # a start time per series that nobody reads

REGISTRY = CollectorRegistry()
COMMIT_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)

CONNECTIONS = Gauge("atrium_connections", "Open sync sockets.", registry=REGISTRY)
CLOSES = Counter("atrium_socket_closes", "Sockets closed by the server.", ["code"], registry=REGISTRY)
FRAMES = Counter("atrium_frames_received", "WebSocket messages received.", registry=REGISTRY)
FRAME_BYTES = Counter("atrium_received_bytes", "Bytes of WebSocket messages received.", registry=REGISTRY)
CONNECTIONS_REFUSED = Counter("atrium_connections_refused", "Sockets refused.", ["code"], registry=REGISTRY)
ROOMS = Gauge("atrium_rooms", "Documents in memory.", registry=REGISTRY)
ROOMS_BROKEN = Counter("atrium_rooms_broken", "Rooms rebuilt from their log.", registry=REGISTRY)
UPDATES_REFUSED = Counter("atrium_updates_refused", "Updates refused.", ["code"], registry=REGISTRY)
UPDATE_GAPS = Counter("atrium_update_gaps", "Updates that built on something unknown.", registry=REGISTRY)
SLOW_CONSUMERS = Counter("atrium_slow_consumers", "Sockets closed because they did not read.", registry=REGISTRY)
THROTTLED = Counter("atrium_throttled", "Times reading from a socket was paused by its budget.", registry=REGISTRY)
COMMIT_SECONDS = Histogram(
    "atrium_persist_seconds", "From the hand-over of a batch to its commit.", buckets=COMMIT_BUCKETS, registry=REGISTRY
)


def exposition() -> bytes:
    """The text format that Prometheus scrapes."""
    return generate_latest(REGISTRY)
