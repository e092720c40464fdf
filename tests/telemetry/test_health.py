"""An incident is in the log once, however often it is met."""

from telemetry.health import Health


def test_a_thousand_failures_are_one_incident_and_its_end_is_told_once() -> None:
    health = Health()
    assert health.raised("lost", "host", "refused", 1.0)
    assert not any(health.raised("lost", "host", "refused", 1.0 + k) for k in range(1, 1000))
    assert [i.times for i in health.now] == [1000]
    assert health.cleared("lost", "host", 2000.0)
    assert not health.cleared("lost", "host", 2001.0)
    assert [(i.began_s, i.ended_s) for i in health.log] == [(1.0, 2000.0)]
    assert health.now == ()


def test_what_comes_back_is_another_incident() -> None:
    health = Health()
    for k in range(3):
        health.set(True, "lost", "host", "", float(k))
        health.set(False, "lost", "host", "", k + 0.5)
    assert len(health.log) == 3
