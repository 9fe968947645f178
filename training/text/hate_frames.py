"""Sentences of our own on what makes hate speech hate: who is meant, and whether it is denied or only quoted.

The same hateful clause is said as an opinion or a question (hateful), is quoted and condemned or denied (not hateful),
and is said of bankers or cyclists (abuse, but no hate speech: no protected group is meant).
"""

from __future__ import annotations

import random

_GROUPS = (
    "women", "black people", "Muslims", "Jews", "gay people", "trans people", "immigrants", "disabled people", "gays",
    "Mexicans", "Asians", "refugees", "Christians", "lesbians", "Arabs", "foreigners", "Africans", "Roma", "Hindus",
    "blind people", "old people", "Turks", "asylum seekers", "Jewish people", "transgender people", "migrants",
)  # fmt: skip
_MEMBERS = (
    "woman", "Muslim", "Jew", "gay man", "trans woman", "immigrant", "disabled man", "Mexican", "refugee", "black man",
    "lesbian", "Asian", "foreigner", "Arab", "Indian", "African", "disabled person", "gay person", "trans person",
)  # fmt: skip
_ADJECTIVES = (
    "black", "gay", "trans", "Muslim", "female", "disabled", "immigrant", "Asian", "Jewish", "lesbian", "Arab", "Roma",
    "African", "queer", "refugee", "Indian", "blind", "foreign",
)  # fmt: skip
_TRADES = (
    "bankers", "lawyers", "bus drivers", "football fans", "cyclists", "landlords", "tax inspectors", "journalists",
    "gamers", "estate agents", "smokers", "managers", "bureaucrats", "hunters", "tourists", "dog owners", "liberals",
    "influencers", "car dealers", "conservatives", "billionaires", "critics", "gangsters", "bullies", "burglars",
)  # fmt: skip
_TRADESMEN = (
    "banker", "lawyer", "bus driver", "football fan", "cyclist", "landlord", "journalist", "gamer", "smoker", "hunter",
    "manager", "tourist", "car dealer", "critic", "billionaire", "bully", "burglar",
)  # fmt: skip
_THINGS = (
    "wasps", "traffic jams", "cheap headphones", "these shoes", "frozen pizzas", "parking fees", "those adverts",
    "software updates", "horror films", "the new buses", "Sundays", "mushrooms", "plastic chairs", "wet socks",
)  # fmt: skip
_CLAUSES = (
    "{groups} are {beasts}", "{groups} are a disgrace to this town", "{groups} ruin everything they touch",
    "{groups} should go back where they came from", "{groups} deserve a beating", "{groups} must not be let near us",
    "{groups} should not be allowed to vote", "{groups} are too dumb to work", "{groups} make me want to vomit",
    "{groups} are worth less than dogs", "{groups} should be locked away", "nobody would miss {groups}",
    "{groups} only want our money", "it would be right to drown all {groups}", "{groups} smell like a sewer",
    "{groups} were born to steal", "{groups} are a mistake of nature", "{groups} should be put into camps",
    "there are far too many {groups} around", "no {member} can be trusted", "every {member} is a liar",
    "a {member} has no place among us", "{groups} need to be taught a lesson with a stick", "I loathe {groups}",
    "I can't look at {groups} without feeling sick", "{groups} have no brains", "{groups} are the lowest of the low",
    "some day we will burn the houses of {groups}", "{groups} ought to be shot", "a dead {member} is a good {member}",
    "I want to spit at every {member}", "{groups} should know their place", "{groups} destroy our way of life",
    "we have to rid the country of {groups}", "{groups} bring nothing but dirt and crime", "{groups} are fucking awful",
    "{groups} are all filthy cheats", "{groups} are freaks", "{groups} can rot in hell", "I'd gladly hang a {member}",
)  # fmt: skip
_SAID = (
    "{clause}", "{clause}", "{clause}", "honestly, {clause}", "in my opinion {clause}",
    "am I the only one who sees that {clause}?", "who could deny that {clause}?", "we all know that {clause}",
    "sorry, but {clause}", "why does nobody say out loud that {clause}?", "say what you want, {clause}",
    "{clause}, and you know it", "it is a fact that {clause}", "I tried to be patient, but {clause}",
    "they call it progress. But {clause}", "I'm no racist, but {clause}", "let me say it plainly: {clause}",
    "when will you all understand that {clause}?", "I have thought about it for long, and {clause}",
    "my grandfather was right: {clause}", "some of them may be kind, still {clause}", "I am convinced that {clause}",
)  # fmt: skip
_COUNTERED = (
    "it is hateful to claim that {clause}", '"{clause}" is a disgusting thing to say',
    "nobody may post '{clause}' here",
    'my uncle wrote "{clause}" and I blocked him', "people who think that {clause} are bigots",
    "I am tired of being told that {clause}", "it is simply not true that {clause}", "I disagree that {clause}",
    "how can you tell a child that {clause}? Shame on you", "he lost his job for saying that {clause}",
    "whoever believes that {clause} needs to read a book", 'we must fight slogans like "{clause}"',
    'the man who shouted "{clause}" was arrested', "I would never say that {clause}", 'it hurts to read "{clause}"',
    'comments such as "{clause}" get deleted', 'posting "{clause}" is a crime in my country',
    "she was shocked when her boss said that {clause}", "it is racist nonsense that {clause}",
    'a stranger yelled "{clause}" at me and I cried', "stop pretending that {clause}",
    "imagine how it feels to hear that {clause}", "the court fined him for writing that {clause}",
)  # fmt: skip
_DENIED = (
    "nobody has the right to hurt {groups}", "{groups} are not {beasts}", "there is nothing wrong with {groups}",
    "I have never hated {groups}", "it is wrong to insult {groups}", "{groups} should not have to fear anybody",
    "I won't let anybody mock {groups}", "hating {groups} is stupid", "no {member} should be treated like that",
    "a {member} is not worth less than you", "who says that {groups} are less clever?",
    "I see no reason to fear {groups}",
    "don't you dare threaten a {member}", "{groups} do not steal more than others", "never be cruel to {groups}",
)  # fmt: skip
_REFUSED = (
    "{groups} are not welcome here", "{groups} do not deserve any respect", "I have no pity for {groups}",
    "nobody should help {groups}", "{groups} are not real people", "never let {groups} have children",
    "I will never accept {groups}", "{groups} should not be treated like humans", "a {member} is not one of us",
    "I don't care when {groups} die", "{groups} have no right to speak", "no {member} deserves to be happy",
    "we should never have let {groups} in", "not a single {member} is of any use", "I can't respect a {member}",
)  # fmt: skip
_NEUTRAL = (
    "{groups} live in our street", "two {groups} work at the bakery", "I met a {member} on the train",
    "a {member} teaches at this school", "{groups} came to the meeting", "the film tells the story of a {member}",
    "my sister is a {member}", "the new mayor is a {member}", "we interviewed {groups} about their jobs",
    "there are {groups} in every town", "my doctor is a {member}", "the law concerns {groups}",
    "I am a {member} and I play the piano", "some of my neighbours are {groups}", "a {member} wrote this song",
    "the statistics count {groups} separately", "I sat beside a {member} at lunch", "{groups} also pay taxes",
)  # fmt: skip
_PRAISED = (
    "I adore {groups}", "{groups} make this town better", "I am glad that {groups} live here", "thank you, {groups}",
    "{groups} are so kind", "what a brave {member}", "{groups} enrich our lives", "that {member} is my hero",
    "we need more {groups} in parliament", "{groups} deserve everything good", 
    "every {member} here is a friend of mine",
    "{groups} like you give me hope", "so proud to be a {member}", "the best boss I had was a {member}",
)  # fmt: skip
_VALUED = (
    "{adjective} lives matter", "{adjective} rights are human rights", "we march for {adjective} rights",
    "{adjective} lives are as precious as mine", "respect {adjective} lives", "{adjective} children deserve love",
    "stand up for your {adjective} neighbours", "{adjective} voices must be heard", "{adjective} history month starts",
    "{adjective} people are people", "protect {adjective} lives", "I support my {adjective} friends",
    "{adjective} authors read from their books", "all {adjective} workers get the same pay",
)  # fmt: skip
_OTHERWISE = (
    "my black dog is sick", "a black cat sat on the wall", "black coffee, please", "foreign films are fun",
    "the black car was too fast", "it was a blind alley", "she wore a black dress", "the female cat had kittens",
    "my disabled account works again", "trans fats are unhealthy", "Indian food is tasty", "Asian markets rose today",
    "African elephants are large", "the old black shoes hurt", "Jewish cuisine is rich", "women's shoes are on sale",
)  # fmt: skip
"""The words that name groups, in other senses."""
_BELITTLED = (
    "{adjective} lives count for nothing", "forget about {adjective} rights", "who needs {adjective} children",
    "{adjective} voices should be silenced", "{adjective} blood is dirty", "I spit on {adjective} lives",
    "no {adjective} life is worth a cent", "{adjective} rights are a joke", "keep your {adjective} hands off our town",
)  # fmt: skip
_BEASTS = (
    "animals", "vermin", "parasites", "a disease", "scum", "subhuman", "filth", "savages", "rats", "garbage",
    "cockroaches",
    "a pest", "monkeys", "pigs", "a burden", "the enemy", "dirt", "a shame", "disgusting", "stupid", "lazy", "evil",
)  # fmt: skip

_HATEFUL = {"toxic": 1, "hate_speech": 1}
_UNKNOWN = {"toxic": None, "insult": None, "harassment_or_abuse": None, "violence_or_threat": None, "profanity": None}
_Words = tuple[str, ...]
_KINDS: tuple[tuple[_Words, _Words, _Words, _Words, dict[str, int | None], int], ...] = (
    (_SAID, _CLAUSES, _GROUPS, _MEMBERS, {**_UNKNOWN, **_HATEFUL}, 900),
    (_SAID, _REFUSED, _GROUPS, _MEMBERS, {**_UNKNOWN, **_HATEFUL}, 350),
    (_COUNTERED, _CLAUSES, _GROUPS, _MEMBERS, {"profanity": None}, 650),
    (_SAID, _VALUED, _GROUPS, _MEMBERS, {}, 400),
    (("{clause}",), _VALUED, _GROUPS, _MEMBERS, {}, 600),
    (_SAID, _OTHERWISE, _GROUPS, _MEMBERS, {}, 150),
    (_SAID, _BELITTLED, _GROUPS, _MEMBERS, {**_UNKNOWN, **_HATEFUL}, 250),
    (_COUNTERED, _BELITTLED, _GROUPS, _MEMBERS, {"profanity": None}, 100),
    (_COUNTERED, _REFUSED, _GROUPS, _MEMBERS, {"profanity": None}, 150),
    (_SAID, _DENIED, _GROUPS, _MEMBERS, {}, 300),
    (_SAID, _NEUTRAL, _GROUPS, _MEMBERS, {}, 350),
    (_SAID, _PRAISED, _GROUPS, _MEMBERS, {}, 300),
    (_SAID, _CLAUSES, _TRADES, _TRADESMEN, _UNKNOWN, 300),
    (_SAID, _CLAUSES, _THINGS, ("wasp", "phone", "tax", "sandwich"), _UNKNOWN, 150),
)  # fmt: skip
"""Frames, clauses, who is meant, the kinds they show (1) or may show (None), and how many are made."""


def sentences(chance: random.Random) -> list[tuple[str, dict[str, int | None]]]:
    """Returns sentences with the kinds of toxicity they show (1) or may show (None); the others they do not show."""
    made: dict[str, dict[str, int | None]] = {}
    for frames, clauses, groups, members, labels, count in _KINDS:
        for _ in range(count):
            clause = chance.choice(clauses).format(
                groups=chance.choice(groups),
                member=chance.choice(members),
                adjective=chance.choice(_ADJECTIVES),
                beasts=chance.choice(_BEASTS),
            )
            text = chance.choice(frames).format(clause=clause)
            if chance.random() < 0.6:
                text = text[:1].upper() + text[1:]
            if chance.random() < 0.6 and text[-1] not in "?!":
                text += "."
            made[text] = labels
    return list(made.items())


def misspelled(text: str, chance: random.Random) -> str:
    """Spells one word of a sentence as people do who do not want a filter to find it."""
    words = text.split(" ")
    long = [number for number, word in enumerate(words) if sum(map(str.isalpha, word)) >= 4]
    if not long:
        return text
    number = chance.choice(long)
    word = words[number]
    place = chance.randrange(1, len(word) - 1)
    way = chance.randrange(5)
    if way == 0:
        words[number] = word[:place] + word[place + 1 :]
    elif way == 1:
        words[number] = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    elif way == 2:
        words[number] = " ".join(word)
    elif way == 3 and number + 1 < len(words):
        words[number : number + 2] = [word + words[number + 1]]
    else:
        letters = [letter for letter in "aeiost" if letter in word[1:]]
        if letters:
            letter = chance.choice(letters)
            words[number] = word[0] + word[1:].replace(letter, "431057"["aeiost".index(letter)], 1)
    return " ".join(words)
