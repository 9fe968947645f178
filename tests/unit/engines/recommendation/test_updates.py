"""A model that takes in new events and items without being trained anew."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clary.engines.recommendation.contract import Features, History, Interactions, TrainingData, TrainingError
from clary.engines.recommendation.features import categories
from clary.engines.recommendation.personal import Personal
from tests.unit.engines.recommendation.worlds import DAY, log

NEW_ITEM = 120


def history(*items: int) -> History:
    return History(np.array(items, np.int32), 2000 * DAY + 60 * np.arange(len(items), dtype=np.int64))


def grown(world: TrainingData, contexts: dict[str, np.ndarray] | None = None) -> TrainingData:
    """The world, and thirty new users who go from item 41 to an item that was not there before."""
    old = world.interactions
    rows = [(120 + user, item, 1500 * DAY + user * 60 + at) for user in range(30) for at, item in enumerate((41, 120))]
    more = log(rows, 150, 121)
    together = Interactions(
        np.concatenate([old.users, more.users]),
        np.concatenate([old.items, more.items]),
        np.concatenate([old.timestamps, more.timestamps]),
        150,
        121,
        contexts=contexts or {},
    )
    items = Features(121, {"genre": categories([[item // 20] for item in range(120)] + [[2]])})
    users = Features(150, {"segment": categories([[user % 6] for user in range(120)] + [[2]] * 30)})
    return TrainingData(together, items, users)


@pytest.fixture(scope="module")
def updated(world: TrainingData, tmp_path_factory: pytest.TempPathFactory) -> tuple[Personal, Personal]:
    """A model, and what became of its saved form by an update."""
    model = Personal().fit(world)
    folder = tmp_path_factory.mktemp("model")
    model.save(folder)
    return model, Personal.load(folder).update(grown(world))


def test_an_update_learns_what_new_events_say_of_new_items(updated: tuple[Personal, Personal]) -> None:
    _, after = updated
    assert NEW_ITEM in after.recommend(after.session(history(40, 41)), 3).items
    assert after.history(120).items.tolist() == [41, NEW_ITEM]
    assert after.item_count == 121
    assert after.last_timestamp >= 1500 * DAY


def test_an_update_keeps_weights_and_regressions(updated: tuple[Personal, Personal]) -> None:
    before, after = updated
    assert after.blend.weights.tolist() == before.blend.weights.tolist()
    assert after.blend.cold_weights.tolist() == before.blend.cold_weights.tolist()
    for name in ("sequence_linear", "linear_autoencoder"):
        old, new = before.blend.members[name].arrays(), after.blend.members[name].arrays()
        assert np.array_equal(new["weights"][:120], old["weights"])
        assert not new["weights"][NEW_ITEM].any()


def test_an_updated_model_can_be_saved_and_answers_equally(updated: tuple[Personal, Personal], tmp_path: Path) -> None:
    _, after = updated
    after.save(tmp_path)
    again = Personal.load(tmp_path)
    session = after.session(history(61, 62, 63))
    assert again.recommend(session, 25).items.tolist() == after.recommend(session, 25).items.tolist()


def test_an_update_with_other_columns_or_without_events_is_refused(world: TrainingData) -> None:
    model = Personal().fit(world)
    contexts = {"device": np.zeros(len(world.interactions) + 60, np.int32)}
    with pytest.raises(TrainingError, match="train anew"):
        model.update(grown(world, contexts))
    with pytest.raises(TrainingError, match="0 interactions"):
        model.update(TrainingData(log([], 120, 120)))
