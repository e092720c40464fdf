"""The Fabric page: every trunk has its tile and row, what is lost is said with its reason."""

from dataclasses import replace

import numpy as np

from controllers.jobs.allocation import Allocation
from dashboards.fabric_now import FabricNow
from dashboards.feed import Feed
from dashboards.findings import Severity
from dashboards.pages import fabric as page
from dashboards.parts.fabric_cards import fabric_cards
from dashboards.parts.fabric_tables import ills, job_rows, trunk_rows
from dashboards.parts.tiles import colours
from dashboards.parts.trunk_map import drawn_trunks, trunk_colours, trunk_drawing
from dashboards.summary import summarise
from site_models.compile import compile_site
from site_models.plant import Plant
from telemetry.frame import Frame
from tests.fakes.small_plant import START_S
from tests.fakes.small_world import SmallWorld, small_snapshot
from twin.fabric.links import with_links

PLANT = SmallWorld().plant


def look(plant: Plant = PLANT, counters: dict[str, np.ndarray] | None = None) -> FabricNow:
    world = SmallWorld()
    feed = Feed(world)
    world.allocations.put(Allocation("wide", np.r_[0:8, 40:48], START_S), START_S)
    shot = small_snapshot(plant, 1, 0.5, world.supervisor)
    if counters:
        object.__setattr__(shot, "frame", Frame(shot.frame.time_s, counters))
    return feed.fabric_now(summarise(feed.index, shot, 0.0))


def test_every_trunk_has_one_tile_and_one_row() -> None:
    for site in ("pilot", "superpod-h100"):
        plant = compile_site(site)
        drawing, at = trunk_drawing(plant), drawn_trunks(plant)
        there = (plant.fabric.leaf_uplink_bytes_per_s > 0.0).sum()
        there += (plant.fabric.pod_uplink_bytes_per_s > 0.0).sum()
        assert len(drawing.tiles) == len(at) == len(set(at.tolist())) == there
        places = {(round(tile.x, 3), round(tile.y, 3)) for tile in drawing.tiles}
        assert len(places) == len(drawing.tiles)


def test_loads_are_told_in_gb_per_s_against_the_rate() -> None:
    now = look()
    (leaf0, *_) = trunk_rows(PLANT, now)
    assert (leaf0["trunk"], leaf0["rate"]) == ("leaf0", 1200.0)
    assert leaf0["load"] == now.trunk_load_bytes_per_s[0] / 1e9 > 0.0
    assert leaf0["share"] == round(100.0 * leaf0["load"] / 1200.0, 1)
    shown = colours(trunk_colours(PLANT, now))
    assert shown["values"][0] == round(100.0 * leaf0["load"] / 1200.0, 2)


def test_lost_links_are_marked_and_told_with_what_is_left() -> None:
    ill = with_links(with_links(PLANT, np.array([48]), 0.0), np.array([3]), 0.5)
    now = look(ill)
    text = str(ills(ill, now))
    assert "link leaf0:spine0 down, 600 of 1,200 GB/s left" in text
    assert "its GPU has less network" in text
    assert trunk_rows(ill, now)[0]["ill"] == "1 down"
    assert colours(trunk_colours(ill, now))["levels"][0] == Severity.NEAR
    cards = {card.title: card for card in fabric_cards(ill, now)}
    assert cards["Links whole"].severity is Severity.OVER
    gone = with_links(PLANT, np.array([48, 49]), 0.0)
    assert colours(trunk_colours(gone, look(gone)))["levels"][0] == Severity.OVER


def test_a_job_that_is_cut_off_stands_still() -> None:
    ill = with_links(PLANT, np.array([3]), 0.0)
    now = look(ill)
    assert now.jobs[0].stands_still
    assert job_rows(now)[0]["level"] == Severity.OVER
    cards = {card.title: card for card in fabric_cards(ill, now)}
    assert cards["Jobs on the network"].flag == "stands still"


def test_suspects_come_with_the_reason_and_their_absence_too() -> None:
    assert "the telemetry carries no counters of links" in str(ills(PLANT, look()))
    errors = np.zeros(52)
    errors[50] = 900.0
    told = look(PLANT, {"link_errors": errors})
    text = str(ills(PLANT, told))
    assert "leaf1:spine0" in text
    assert "900 errors" in text
    sent = np.full(52, 1e9)
    counted = look(PLANT, {"link_tx_bytes_per_s": sent})
    assert trunk_rows(PLANT, counted)[0]["sent"] == 2.0
    assert "No link is suspected" in str(ills(PLANT, counted))


def test_a_site_without_a_network_says_so() -> None:
    class Edge:
        plant = compile_site("edge")

    assert "no scale-out network" in str(page.layout(Edge(), ""))  # type: ignore[arg-type]


def test_a_network_whose_switches_state_no_power_is_not_called_all_optics() -> None:
    fabric = PLANT.fabric
    unknown = fabric.switches._replace(power_w=np.full_like(fabric.switches.power_w, np.nan))
    bare = replace(PLANT, fabric=fabric._replace(switches=unknown))
    (card,) = [one for one in fabric_cards(bare, look()) if one.title == "Network power"]
    assert "switches is not stated" in card.detail or card.value == "–"
