"""Every metric of the server, in one place: prefix `atrium_`, base units, bounded labels."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

disable_created_metrics()  # type: ignore[no-untyped-call] # a start time per series that nobody reads

REGISTRY = CollectorRegistry()
COMMIT_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)

CONNECTIONS = Gauge("atrium_connections", "Open sync sockets.", registry=REGISTRY)
CLOSES = Counter("atrium_socket_closes", "Sockets closed by the server.", ["code"], registry=REGISTRY)
FRAMES = Counter("atrium_frames_received", "WebSocket messages received.", registry=REGISTRY)
FRAME_BYTES = Counter("atrium_received_bytes", "Bytes of WebSocket messages received.", registry=REGISTRY)
CONNECTIONS_REFUSED = Counter("atrium_connections_refused", "Sockets refused.", ["code"], registry=REGISTRY)
CONNECTIONS_OVER_LIMIT = Counter(
    "atrium_connections_over_limit", "Sockets refused because there were too many.", ["limit"], registry=REGISTRY
)
ROOMS = Gauge("atrium_rooms", "Documents in memory.", registry=REGISTRY)
ROOMS_BROKEN = Counter("atrium_rooms_broken", "Rooms rebuilt from their log.", registry=REGISTRY)
UPDATES_REFUSED = Counter("atrium_updates_refused", "Updates refused.", ["code"], registry=REGISTRY)
UPDATE_GAPS = Counter("atrium_update_gaps", "Updates that built on something unknown.", registry=REGISTRY)
OUTBOX_BYTES = Gauge("atrium_outbox_bytes", "Bytes that wait for sockets to take them.", registry=REGISTRY)
SLOW_CONSUMERS = Counter("atrium_slow_consumers", "Sockets closed because they did not read.", registry=REGISTRY)
THROTTLED = Counter("atrium_throttled", "Times reading from a socket was paused by its budget.", registry=REGISTRY)
RATE_LIMITED = Counter("atrium_rate_limited", "Refused because it came too often.", ["limit"], registry=REGISTRY)
SIGN_INS = Counter("atrium_sign_ins", "Attempts to sign in.", ["method", "outcome"], registry=REGISTRY)
DENIED = Counter("atrium_access_denied", "Acts that were denied.", ["action"], registry=REGISTRY)
AUTH_FAILURES = Counter("atrium_authentication_failures", "Tokens and tickets that did not count.", registry=REGISTRY)
AUDIT_ROWS = Counter("atrium_audit_rows", "Rows written to the audit log.", registry=REGISTRY)
AUDIT_QUEUE = Gauge("atrium_audit_queue", "Acts that wait to be written to the audit log.", registry=REGISTRY)
AUDIT_COLLAPSED = Counter("atrium_audit_collapsed", "Acts that repeated one in the audit log.", registry=REGISTRY)
AUDIT_LOST = Counter("atrium_audit_lost", "Acts that found the audit log's queue full.", registry=REGISTRY)
REDIS_UP = Gauge("atrium_redis_up", "Whether Redis answers; 1 where none is configured.", registry=REGISTRY)
LOOP_LAG_SECONDS = Histogram(
    "atrium_loop_lag_seconds", "How late the event loop is.", buckets=COMMIT_BUCKETS, registry=REGISTRY
)
LEASES_GRANTED = Counter("atrium_leases_granted", "Leases that began.", ["lock_type"], registry=REGISTRY)
LEASES_QUEUED = Counter("atrium_leases_queued", "Requests that had to wait.", ["lock_type"], registry=REGISTRY)
LEASES_REFUSED = Counter("atrium_leases_refused", "Requests that came to nothing.", ["reason"], registry=REGISTRY)
LEASES_ENDED = Counter("atrium_leases_ended", "Leases released, expired or stolen.", ["how"], registry=REGISTRY)
LEASES_HELD = Gauge("atrium_leases_held", "Leases of this node's sessions.", registry=REGISTRY)
FENCES_REJECTED = Counter("atrium_fences_rejected", "Fences that were not a lease's.", registry=REGISTRY)
LEASE_WAIT_SECONDS = Histogram(
    "atrium_lease_wait_seconds",
    "From a request to its lease.",
    buckets=(0.01, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 300),
    registry=REGISTRY,
)
COMMIT_SECONDS = Histogram(
    "atrium_persist_seconds", "One commit of the update log.", buckets=COMMIT_BUCKETS, registry=REGISTRY
)


class HotPath(Collector):
    """What the path of an update costs, in plain sums: observing each one would cost more than some of it."""

    __slots__ = ("applying_s", "batches", "broadcasting_s", "pending_gaps", "saving_s", "validating_s")

    def __init__(self) -> None:
        self.validating_s = self.applying_s = self.broadcasting_s = self.saving_s = 0.0
        self.batches = self.pending_gaps = 0

    def collect(self) -> Iterator[Metric]:
        """The sums, when somebody scrapes."""
        yield CounterMetricFamily("atrium_validate_seconds", "Spent on validating updates.", self.validating_s)
        yield CounterMetricFamily("atrium_apply_seconds", "Spent on applying updates to documents.", self.applying_s)
        yield CounterMetricFamily("atrium_broadcast_seconds", "Spent on telling peers.", self.broadcasting_s)
        yield CounterMetricFamily("atrium_saved_lag_seconds", "Batches waited so long for the log.", self.saving_s)
        yield CounterMetricFamily("atrium_batches", "Batches of updates handed to the log.", self.batches)
        yield GaugeMetricFamily("atrium_pending_gaps", "Updates that wait for what they build on.", self.pending_gaps)


HOT_PATH = HotPath()
REGISTRY.register(HOT_PATH)


def exposition() -> bytes:
    """The text format that Prometheus scrapes."""
    return generate_latest(REGISTRY)
