"""A bot as several processes: what is written for it, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import discord
import pytest

from bot.app import create_bot
from bot.cli.main import main
from bot.clusters import Cluster, read_cluster
from bot.config import ConfigError, Settings


def test_a_cluster_is_its_number_and_how_many_there_are() -> None:
    cluster = read_cluster(" 2/8 ")
    assert (cluster, str(cluster), cluster.leads, cluster.port(5000)) == (Cluster(2, 8), "2/8", False, 5001)
    assert read_cluster("1/8").leads
    assert cluster.shards(16).ids == {2, 3}


@pytest.mark.parametrize(
    "text", ["", "2", "0/8", "9/8", "2/0", "-1/8", "2/8/9", "a/b", "²/8", "1/999999", "2 / 8"]
)
def test_what_is_no_cluster_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="such as 2/8"):
        read_cluster(text)


@pytest.mark.parametrize(
    ("cluster", "server", "said", "status"),
    [("nine", "external", "such as 2/8", 2), ("2/8", "embedded", "server: external", 78)],
)
def test_the_command_line_says_what_a_cluster_needs(
    cluster: str,
    server: str,
    said: str,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "a-token")
    monkeypatch.setenv("SCHEDULEZERO_SERVER", server)
    assert main(["run", "--cluster", cluster]) == status
    assert said in capsys.readouterr().err


async def test_a_cluster_is_a_sharded_bot_with_its_share(settings: Settings) -> None:
    external = settings.model_copy(update={"server": "external", "shards": 6})
    bot = create_bot(external, Cluster(2, 3))
    assert isinstance(bot, discord.AutoShardedClient)
    assert (bot.shard_ids, bot.shard_count) == ([2, 3], 6)
    assert bot.services.shards is not None and bot.services.shards.ids == {2, 3}
    assert bot.services.handler_address.endswith(str(settings.handler_port + 1))
    assert bot.services.place.endswith(" 2/3") and not bot.services.leads


async def test_one_process_opens_as_many_connections_as_discord_recommends(settings: Settings) -> None:
    bot = create_bot(settings)
    assert isinstance(bot, discord.AutoShardedClient) and bot.shard_count is None and bot.asks_for_shards
    assert bot.services.shards is None and bot.services.place == settings.api_endpoint


async def test_too_few_shards_are_refused(settings: Settings) -> None:
    external = settings.model_copy(update={"server": "external", "shards": 2})
    with pytest.raises(ConfigError, match="too few for 3 clusters"):
        create_bot(external, Cluster(1, 3))


def test_clusters_take_all_shards_between_them() -> None:
    clusters = [replace(Cluster(1, 5), number=number) for number in range(1, 6)]
    taken = sorted(shard for cluster in clusters for shard in cluster.shards(13).ids)
    assert taken == list(range(13))
