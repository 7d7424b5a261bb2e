"""`sentinel demo`: server, collector and the bundled recordings of real attacks, from line to verified response."""

import signal
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Annotated

import typer

from sentinel.cli.client import Client
from sentinel.cli.demo import city
from sentinel.cli.demo.stage import Stages, say, until
from sentinel.cli.demo.story import PLAYBOOK, SECONDS, Story
from sentinel.cli.init import create
from sentinel.wiring import Home, open_home

STOP = {signal.SIGINT, signal.SIGTERM}

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="Approve by itself, verify every stage, and end.")] = False,
    folder: Annotated[Path, typer.Option(help="Folder to work in; an older demo there is removed.")] = Path(
        ".sentinel/demo"
    ),
    port: Annotated[int, typer.Option(help="Port of the console; another free one where it is taken.")] = city.PORT,
) -> None:
    """Show the whole chain on recordings of real attacks against a small agency LAN.

    Starts a server and a collector with files, captures and processes of their own, replays the recordings, and starts
    a harmless process from an upload folder. A playbook asks before it kills that process and quarantines its file.
    """
    # Whatever ends us, the processes we started end first.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    stages = Stages()
    place = city.fresh(folder)
    port = city.free_port(port)
    with stages.stage("Set up a home folder with keys, agencies and an administrator"):
        create(place.home, host="127.0.0.1", port=port, names=["localhost", "127.0.0.1"], administrator="admin")
    serve = [city.program("sentinel"), "serve", "--home", str(place.home)]
    with ExitStack() as running:
        server = running.enter_context(city.running(serve, place.log("server")))
        opened = running.enter_context(closing(open_home(place.home)))
        console = Client(opened.settings.server.public_url, opened.keys.ca)
        with stages.stage("Start the server"):
            until(lambda: console.is_up() or server.poll() is not None, "the server's start", SECONDS)
            console.sign_in(_link_token(opened))
            say(f"   {opened.settings.server.public_url}")
        with stages.stage("Enrol the collectors of two machines with one-time tokens and start them"):
            for host in city.HOSTS:
                running.enter_context(city.running(_enrol(place, opened, host), place.log(host)))
        story = Story(place, console)
        running.callback(story.end)
        _tell(story, stages, once=once)
        _sum_up(story, stages, opened, once=once)
        if not once:
            say("\nServing until Ctrl-C.")
            signal.pthread_sigmask(signal.SIG_BLOCK, STOP)
            signal.sigwait(STOP)


def _enrol(place: city.Place, opened: Home, host: str) -> list[str]:
    """Enrol one machine's collector; return the command that runs it."""
    url = opened.settings.server.public_url
    fingerprint = opened.keys.ca_fingerprint()
    token = opened.enrolment.make_token(
        agency=city.AGENCY, name=host, minutes=10, actor="demo", url=url, ca_fingerprint=fingerprint
    )
    place.settings(host).write_text(city.collector_settings(place, host, url), "utf-8")
    collect = [city.program("sentinel-collect"), "--config", str(place.settings(host))]
    # The token goes through standard input: arguments are visible to every user of a machine.
    city.finish([*collect, "enrol", "-"], token)
    say(f"   {host}")
    return [*collect, "run"]


def _tell(story: Story, stages: Stages, *, once: bool) -> None:
    with stages.stage("Replay recorded logs and packets of real attacks"):
        lines = story.replay()
    with stages.stage("Every line shipped, stored and found again"):
        story.wait_stored(lines)
    with stages.stage("Every expected rule fired"):
        story.wait_alerts()
    with stages.stage("A process starts from the portal's upload folder; the playbook asks"):
        file = story.drop_web_shell()
        question = story.wait_question()
    if not once:
        return
    with stages.stage("Approved: the process is killed and its file quarantined, both verified"):
        story.approve(question)
        story.wait_effects(str(question["run"]))
        story.check_with_own_eyes(file)


def _link_token(opened: Home) -> str:
    user = opened.users.by_name("admin")
    return opened.sign_in.make_link(user.id, minutes=120, actor="demo") if user else ""


def _sum_up(story: Story, stages: Stages, opened: Home, *, once: bool) -> None:
    console = story.console
    total = console.get("/api/v1/search", q="*", limit=0)["total"]
    say("\nSummary")
    say(stages.table())
    say(f"  events stored: {total}")
    say("  alerts by rule:")
    for row in _list(console.get("/api/v1/alerts/by-rule"), "rules"):
        say(f"    {row['alerts']:>4} × {row['level']!s:<13} {row['title']}")
    incidents = _list(console.get("/api/v1/incidents"), "incidents")
    say(f"  incidents: {len(incidents)}")
    for incident in incidents:
        say(f"    {incident['priority']} {incident['title']}  [{incident['host']}]")
    if once:
        return
    say(f"  waiting for approval: the playbook {PLAYBOOK}; approve it on the incident's page")
    url = opened.settings.server.public_url
    say(f"  console: {url}  (its certificate comes from the demo's own CA: {opened.keys.ca})")
    say(f"  one-time sign-in link: {url}/sign-in/link?token={_link_token(opened)}")


def _list(answer: dict[str, object], key: str) -> list[dict[str, object]]:
    rows = answer.get(key)
    return rows if isinstance(rows, list) else []
