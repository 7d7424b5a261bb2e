"""What a run of the whole path found, in lines for people."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

MEGA = 1e6


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the figures."""
    told, judged = found["told"], found["verdict"]
    ends = told["ended"]
    yield f"mix {found['mix']}, {found['rule_files']:,} rule files, {judged['acknowledged']:,} events acknowledged"
    for number, (rate, seconds) in enumerate(found["phases"]):
        name = "burst" if number else "steady"
        yield f"{name}: asked for {rate:,.0f} a second for {seconds:.0f} s: " + _phase(
            found, ends[number], ends[number + 1]
        )
    yield (
        f"  acknowledged after {told['wait_p50'] * 1e3:.0f} ms (median), {told['wait_p95'] * 1e3:.0f} ms (95 %), "
        f"{told['wait_max'] * 1e3:.0f} ms (longest); producer late by {told['late_seconds']:.1f} s at most; "
        f"refused {told['refused'] or 'none'}"
    )
    yield f"caught up {max(0.0, found['drained'] - told['ended'][-1]):.1f} s after the last was acknowledged"
    yield f"lost {judged['lost']}, doubled {judged['doubled']}, never acknowledged but stored {judged['unasked']}"
    samples = found["samples"]
    yield (
        f"memory of all processes of the server: peak {max(each['rss'] for each in samples) / MEGA:,.0f} MB RSS, "
        f"{max(each['pss'] for each in samples) / MEGA:,.0f} MB with shared pages counted once"
    )
    yield "memory by process: " + ", ".join(f"{name} {peak / MEGA:,.0f} MB" for name, peak in found["peaks"].items())
    yield "processor: " + ", ".join(f"{name} {seconds:.0f} s" for name, seconds in found["cpu_seconds"].items())
    yield from _stages(found["server"], judged["acknowledged"])


def _phase(found: Mapping[str, Any], begins: float, ends: float) -> str:
    inside = [
        (sample, lag)
        for sample, lag in zip(found["samples"], found["lags"], strict=True)
        if begins <= sample["at"] <= ends
    ]
    if len(inside) < 2:
        return "too short to tell"
    first, last = inside[0][0], inside[-1][0]
    seconds = last["at"] - first["at"]
    received, stored = last["received"] - first["received"], last["stored"] - first["stored"]
    waiting = max(sample["received"] - sample["stored"] for sample, _ in inside)
    lags = sorted(lag for _, lag in inside)
    free = sum(sample["free_percent"] for sample, _ in inside) / len(inside)
    return (
        f"{received / seconds:,.0f} a second received, {stored / seconds:,.0f} stored, at most {waiting:,} waiting, "
        f"lag {_middle(lags):.1f} s (median), {lags[-1]:.1f} s (longest), processors {free:.0f} % idle"
    )


def _middle(values: Sequence[float]) -> float:
    return values[len(values) // 2]


def _stages(server: Mapping[str, Any], events: int) -> Iterator[str]:
    """Yield the share of each stage: seconds of processes and threads, as the server counted them."""
    seconds: Mapping[str, float] = server.get("seconds", {})
    total = sum(seconds.values())
    for name, spent in sorted(seconds.items(), key=lambda each: -each[1]):
        yield f"  {name:<22} {spent / total:5.1%} {spent / events * 1e6:7.1f} µs an event"
