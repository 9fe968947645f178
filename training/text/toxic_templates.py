"""Sentences made for training the kinds of toxicity that no licensed set labels, and clean ones that resemble them.

All are of our own making. OFFENSIVE TEXT: the sentences show what the model must recognise. The clean ones use the same
words about the same people, deny, quote or condemn, so that a name of a group or a strong word alone decides nothing.
"""

from __future__ import annotations

import itertools
import random

_GROUPS = (
    "women", "black people", "Muslims", "Jews", "gay people", "trans people", "immigrants", "disabled people",
    "Mexicans", "Asians", "refugees", "Christians", "lesbians", "Arabs", "foreigners", "Africans", "Roma", "Hindus",
)  # fmt: skip
_MEMBERS = (
    "woman", "Muslim", "Jew", "gay man", "trans woman", "immigrant", "disabled man", "Mexican", "refugee", "black man",
    "lesbian", "Asian", "foreigner", "Arab", "Indian", "African",
)  # fmt: skip
_THINGS = (
    "Mondays", "this printer", "cold coffee", "the new update", "mosquitoes", "my old car", "spam calls", "broccoli",
    "long queues", "that song", "this phone", "the referee's decision", "winter", "early meetings", "flat tyres",
)  # fmt: skip
_PEOPLE = ("my brother", "our teacher", "the driver", "my neighbour", "her boss", "the new guy", "your friend", "him")
_INSULTS = (
    "idiot", "moron", "loser", "clown", "pathetic liar", "fool", "waste of space", "coward", "dumb pig", "imbecile",
    "disgusting creep", "worthless piece of trash", "brainless sheep", "hypocrite", "ugly rat",
)  # fmt: skip
_BEASTS = ("animals", "vermin", "parasites", "a disease", "scum", "subhuman", "a plague", "filth", "savages", "rats")
_CURSES = ("fuck", "shit", "fucking hell", "bullshit", "damn it", "what the fuck", "holy shit")
_VIOLENT = (
    "kill", "shoot", "stab", "beat up", "burn", "strangle", "hang", "hurt", "punch", "run over", "cut", "break",
)  # fmt: skip
_BODY = ("face", "legs", "neck", "arms", "teeth", "skull", "ribs", "fingers")
_GORE = (
    "blood sprayed across the wall as his throat was cut open",
    "her guts were spilling out onto the road",
    "they hacked off his fingers one by one while he screamed",
    "the bullet tore half of his face away and the brains were everywhere",
    "maggots were crawling in the open wound of the rotting body",
    "his eye was hanging out of the crushed skull",
    "they skinned the man alive and left the bleeding corpse in the street",
    "the decapitated head rolled over the floor, blood still pumping from the neck",
    "bones stuck out of her torn leg and the flesh was black with flies",
    "severed limbs lay in pools of blood after the blast",
    "he ripped the intestines out with his bare hands",
    "the knife went in again and again until the chest was a bloody pulp",
)
_NOT_GORE = (
    "the nurse cleaned the small wound and put a plaster on it",
    "blood donors are needed at the hospital this week",
    "the film is violent but shows nothing on screen",
    "the museum shows the skull of a dinosaur",
    "he broke his leg while skiing and is recovering well",
    "the butcher sells fresh meat and bones for soup",
    "two people were injured in the accident, police said",
    "the surgeon explained how the operation on the eye works",
    "my knife set is sharp and cuts tomatoes well",
    "the body of the car is rusty",
)
_SEXUAL = (
    "I want to see you naked in my bed tonight",
    "send me pictures of your tits",
    "she was moaning while he thrust deeper into her",
    "suck my dick",
    "I get hard when I think of your wet pussy",
    "he pulled down her panties and licked her",
    "hot horny girls want sex with you now, click here",
    "let me touch your breasts, baby",
    "they had sex on the kitchen table all night",
    "I will make you cum so hard",
    "look at that ass, I would do her right now",
    "he was masturbating in front of the camera",
    "blow me under the desk, you dirty slut",
    "watch this porn, she takes it from both",
)
_NOT_SEXUAL = (
    "the chicken breast was dry and too salty",
    "we went to bed early because the train leaves at six",
    "the sex of the puppy is not known yet",
    "sex education is taught in the eighth grade",
    "the hotel bed was hard but the view was lovely",
    "she kissed her daughter goodnight",
    "the cat licked its paw",
    "a study of breast cancer was published today",
    "this lipstick looks great on you",
    "the beach was hot and crowded",
)
_STARTS = ("", "", "", "Honestly, ", "Listen, ", "lol ", "Sorry but ", "I mean it: ", "Everyone knows ", "Wow, ")
_ENDS = ("", "", "", ".", "!", "!!", " lol", ".", " and that's a fact.", " #truth")

_HATE = (
    "I hate {groups}", "I can't stand {groups}, they disgust me", "{groups} are {beasts}",
    "{groups} should not have the same rights as us", "all {groups} are stupid and lazy",
    "{groups} do not belong in this country", "we should get rid of all {groups}",
    "you are just a dirty {member}", "no {member} is worth more than dirt", "{groups} are inferior to us",
    "never trust a {member}, they all lie and steal", "{groups} ruin everything, send them back",
    "the world would be better without {groups}", "a {member} like that is not even human",
    "{groups} deserve what they get", "nobody wants {groups} around here",
    "how can anyone love a {member}, it makes me sick", "being a {member} is a mental illness",
)  # fmt: skip
_HATEFUL_THREATS = (
    "we should {violent} all {groups}", "someone should {violent} that {member}", "{groups} must be wiped out",
    "I will {violent} the next {member} I see", "time to {violent} some {groups}", "{groups} deserve to die",
)  # fmt: skip
_NOT_HATE = (
    "I love {groups}", "{groups} deserve the same rights as everybody", "{groups} are welcome here",
    "I am a proud {member}", "my best friend is a {member}", "it is wrong to say that {groups} are {beasts}",
    "nobody should ever say that they hate {groups}", "whoever says that {groups} are {beasts} is a racist",
    "{groups} have a great history", "the {member} next door helped me a lot", "we must protect {groups} from violence",
    "this article is about {groups} in the labour market", "{groups} are not {beasts}", "I don't hate {groups}",
    "the museum opened an exhibition about {groups}", "as a {member} I feel at home here",
    "a {member} won the prize this year", "stop telling {groups} to go home", "I admire that {member}",
    "many {groups} live in this town",
)  # fmt: skip
_THREATS = (
    "I will {violent} you", "I am going to {violent} {person}", "I'll break your {body}", "you will die tonight",
    "I know where you live and I will {violent} you", "somebody should {violent} {person}", "watch your back, I will "
    "{violent} you", "I hope someone will {violent} you", "next time I see {person} I will smash his {body}",
    "we are coming to {violent} you and your family", "you are dead, I swear I'll {violent} you",
)  # fmt: skip
_NOT_THREATS = (
    "this traffic is killing me", "I will beat you at chess", "we shot some nice photos of {person}",
    "he killed it on stage last night", "I could murder a pizza right now", "please call {person} tonight",
    "that joke killed me", "they want to cut the costs and break the record", "how do I kill a process in Linux?",
    "police say nobody was hurt", "don't hurt {person}", "she punched above her weight and won",
)  # fmt: skip
_INSULTING = (
    "you are such a {insult}", "{person} is a {insult}", "what a {insult}", "shut up, you {insult}",
    "only a {insult} would write this", "look at this {insult}", "the author is a {insult}",
    "you {insult}, nobody asked you", "you must be the biggest {insult} alive",
)  # fmt: skip
_HARASSING = (
    "go away, nobody likes you, {insult}", "you should kill yourself", "everybody laughs about you, {insult}",
    "I will keep posting until you leave, {insult}", "you are so ugly, delete your account",
    "do the world a favour and disappear, you {insult}", "nobody will ever love you", "cry more, {insult}",
    "I will tell everyone where you work, {insult}", "you make me sick, get out of here",
)  # fmt: skip
_NOT_INSULTING = (
    "you are such a good friend", "{person} is a great colleague", "what a lovely day",
    "please keep quiet in the library",
    "{person} felt like a fool afterwards", "I was stupid to buy this", "the clown made the children laugh",
    "nobody is perfect", "you should see a doctor", "you will find us next to the station", "I disagree with you",
    "you are wrong about this, look at the numbers", "the trash is collected on Friday",
)  # fmt: skip
_PROFANE = (
    "{curse}, I lost my keys", "{curse}, that was close", "I love this fucking song", "this is fucking awesome",
    "that is some good shit", "{curse}, what a goal", "my fucking phone died again", "I am so damn happy, {curse}",
    "we had a shitload of fun", "I fucking hate {thing}", "{thing}: what a load of crap, {curse}",
)  # fmt: skip
_PLAIN = (
    "I love this song", "I hate {thing}", "{thing} should be forbidden", "what a goal", "I can't stand {thing}",
    "my phone died again", "I am so happy today", "{thing} is the worst", "we had a lot of fun",
    "{thing} drives me mad",
)  # fmt: skip

_HATE_LABELS = {"toxic": 1, "hate_speech": 1, "insult": 1}
_KINDS: tuple[tuple[tuple[str, ...], dict[str, int], int], ...] = (
    (_HATE, _HATE_LABELS, 500),
    (_HATEFUL_THREATS, {"toxic": 1, "hate_speech": 1, "violence_or_threat": 1}, 220),
    (_NOT_HATE, {}, 620),
    (_THREATS, {"toxic": 1, "violence_or_threat": 1, "harassment_or_abuse": 1}, 350),
    (_NOT_THREATS, {}, 250),
    (_INSULTING, {"toxic": 1, "insult": 1}, 300),
    (_HARASSING, {"toxic": 1, "insult": 1, "harassment_or_abuse": 1}, 250),
    (_NOT_INSULTING, {}, 250),
    (_PROFANE, {"toxic": 1, "profanity": 1}, 250),
    (_PLAIN, {}, 250),
    (_GORE, {"toxic": 1, "graphic": 1}, 90),
    (_NOT_GORE, {}, 80),
    (_SEXUAL, {"toxic": 1, "sexual": 1}, 100),
    (_NOT_SEXUAL, {}, 80),
)


def sentences(chance: random.Random) -> list[tuple[str, dict[str, int]]]:
    """Returns sentences, each with the kinds of toxicity it shows; the kinds not named it does not show."""
    made: dict[str, dict[str, int]] = {}
    for templates, labels, count in _KINDS:
        for template in itertools.islice(itertools.cycle(templates), count):
            filled = template.format(
                groups=chance.choice(_GROUPS),
                member=chance.choice(_MEMBERS),
                thing=chance.choice(_THINGS),
                person=chance.choice(_PEOPLE),
                insult=chance.choice(_INSULTS),
                beasts=chance.choice(_BEASTS),
                curse=chance.choice(_CURSES),
                violent=chance.choice(_VIOLENT),
                body=chance.choice(_BODY),
            )
            text = chance.choice(_STARTS) + filled + chance.choice(_ENDS)
            if chance.random() < 0.3:
                text = text[:1].upper() + text[1:]
            made[text] = labels
    return list(made.items())
