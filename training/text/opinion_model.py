"""One encoder with three heads: what a whole text feels, how toxic it is, and what it names and feels about that."""

from __future__ import annotations

from torch import Tensor, nn
from transformers import BertModel

MENTIONS = 3
"""Outside of, first in and further in a target."""
FEELINGS = 3
"""What may be felt about a target: positive, negative, neutral."""


class OpinionModel(nn.Module):
    """Args:
    encoder: its word embeddings stay as they are; all else learns.
    sources: how many sets there are; each has its own inclination to the four sentiments while learning, so that what
        is common to all learns what words say and not how a set was chosen.
    """

    def __init__(self, encoder: BertModel, sources: int) -> None:
        super().__init__()
        self.encoder = encoder
        width = encoder.config.hidden_size
        self.inclination = nn.Embedding(sources, 4)
        nn.init.zeros_(self.inclination.weight)
        self.sentiment = nn.Sequential(nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 4))
        self.toxicity = nn.Sequential(nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 8))
        self.targets = nn.Linear(width, MENTIONS + FEELINGS)

    def forward(self, pieces: Tensor, mask: Tensor, types: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Reads texts.

        Args:
            pieces: [texts, length] numbers of word pieces.
            mask: [texts, length] 1 where there is a piece.
            types: [texts, length] token types; all 0 by default.

        Returns:
            Logits [texts, 4] of sentiments, [texts, 8] of toxicities and [texts, length, 6] of each piece's place in a
            mention and of what is felt about it.
        """
        hidden = self.encoder(input_ids=pieces, attention_mask=mask, token_type_ids=types).last_hidden_state.float()
        weights = mask.unsqueeze(-1).float()
        mean = (hidden * weights).sum(1) / weights.sum(1)
        return self.sentiment(mean), self.toxicity(mean), self.targets(hidden)
