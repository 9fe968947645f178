"""The words of `hate_frames`: who is meant, what is said of them, and how it is said. OFFENSIVE TEXT, all of our own.

A statement is bad or good for those of whom it is said,
and is affirmed or denied: hateful is a bad one that is affirmed
and a good one that is denied. Its parts are kept apart here so that every statement can be said both ways and of
everybody, and neither the name of a group nor a strong word nor a "not" decides anything alone.
"""

from __future__ import annotations

FAMILIES: tuple[tuple[str, str, str], ...] = (
    ("women, girls, wives, females, feminists", "woman, girl, wife, female, feminist, lady", "female"),
    (
        "black people, Africans, black men, black women, Nigerians",
        "black man, black woman, black person, African, Somali, black guy",
        "black, African",
    ),
    (
        "gay people, gays, lesbians, homosexuals, gay men, bisexuals, queers",
        "gay man, lesbian, gay person, homosexual, gay guy, bisexual",
        "gay, queer, lesbian, homosexual",
    ),
    (
        "trans people, trans women, transgender people, trans men, transsexuals",
        "trans woman, trans person, trans man, transgender person, transsexual",
        "trans, transgender",
    ),
    (
        "Muslims, Arabs, Muslim women, Muslim men, believers in Islam",
        "Muslim, Arab, Muslim woman, Muslim man, imam",
        "Muslim, Islamic, Arab",
    ),
    (
        "immigrants, foreigners, migrants, refugees, asylum seekers",
        "immigrant, foreigner, migrant, refugee, asylum seeker",
        "immigrant, foreign, refugee, migrant",
    ),
    (
        "disabled people, the disabled, blind people, deaf people, wheelchair users, autistic people, the handicapped",
        "disabled person, blind man, disabled woman, deaf girl, wheelchair user, autistic boy, handicapped person",
        "disabled, blind, deaf, autistic, handicapped",
    ),
    ("Jews, Jewish people, Israelis", "Jew, Jewish woman, rabbi, Jewish man", "Jewish"),
    ("Mexicans, Latinos, Hispanics", "Mexican, Latina, Latino", "Mexican, Latino"),
    (
        "Asians, Chinese people, Indians, Pakistanis, Koreans",
        "Asian, Chinese woman, Indian, Pakistani, Filipina",
        "Asian, Chinese, Indian",
    ),
    ("Roma, travellers, Turks, Poles, Romanians", "Roma woman, traveller, Turk, Pole, Romanian", "Roma, Turkish"),
    (
        "Christians, Catholics, Hindus, Sikhs, Buddhists, atheists",
        "Christian, Catholic, Hindu, Sikh, nun, atheist",
        "Christian, Hindu, Catholic",
    ),
    ("old people, pensioners, the elderly, white people", "old woman, pensioner, old man, white man", "old, white"),
)
"""Plurals, singulars and adjectives of groups that laws protect against hate speech. The first seven are
drawn more often: most hate is said of them."""
MOST_MEANT = 7

TRADES = """
bankers lawyers bus-drivers football-fans cyclists landlords tax-inspectors journalists gamers estate-agents smokers
managers bureaucrats hunters tourists dog-owners liberals influencers car-dealers conservatives billionaires critics
gangsters bullies burglars artists communists vegans capitalists doctors teachers soldiers police-officers politicians
hipsters joggers plumbers parents teenagers bloggers republicans democrats socialists nationalists CEOs waiters

hotographers skaters anglers accountants drug-dealers spammers scammers trolls racists Nazis murderers thieves rapists
bigots homophobes terrorists dictators hooligans
"""
TRADESMEN = """

anker lawyer bus-driver football-fan cyclist landlord journalist gamer smoker hunter manager tourist car-dealer critic
billionaire bully burglar artist communist vegan capitalist doctor teacher soldier policeman politician hipster jogger
plumber blogger republican democrat socialist CEO waiter photographer accountant drug-dealer scammer troll racist Nazi
murderer thief bigot homophobe dictator hooligan
"""
PERSONS = """
Kevin my-boss your-brother this-guy that-man my-ex the-neighbour Laura her-husband the-referee our-mayor my-teacher
the-new-manager that-singer this-player the-author the-host the-goalkeeper my-landlord Thomas
"""
THINGS = """
wasps traffic-jams cheap-headphones these-shoes frozen-pizzas parking-fees those-adverts software-updates horror-films
the-new-buses Sundays mushrooms plastic-chairs wet-socks mosquitoes exams spam-mails these-cookies romcoms printers
leaf-blowers meetings winters cucumbers chess-clocks queues passwords airports old-sofas crows mice weeds viruses
"""
THING = "wasp phone tax sandwich printer film song car book sofa mushroom password jacket meeting bicycle mouse kettle"

BAD_PLURAL = """
animals, vermin, parasites, a disease, scum, subhuman, filth, savages, rats, garbage, cockroaches, a pest, monkeys,
pigs, a burden, the enemy, dirt, a shame, a plague, monsters, losers, criminals, liars, thieves, idiots, morons,
freaks, a cancer, a threat to us all, worthless, disgusting, repulsive, stupid, lazy, evil, filthy, inferior,
dangerous, sick, ugly, pathetic, useless, not human, a waste of space, a waste of air, less than dogs,
the lowest of the low, leeches, dumb, primitive, weak, perverts, insects, beasts, trash, a joke, an abomination,
a mistake of nature, mentally ill, too stupid to think, cowards, a curse, unbearable, violent brutes, cheats, beggars,
devils, unclean, an embarrassment
"""
BAD_SINGULAR = """
an animal, a parasite, a disease, scum, subhuman, filth, a savage, a rat, garbage, a cockroach, a pest, a monkey,
a pig, a burden, the enemy, dirt, a shame, a plague, a monster, a loser, a criminal, a liar, a thief, an idiot,
a moron, a freak, a cancer, a threat to us all, worthless, disgusting, repulsive, stupid, lazy, evil, filthy,
inferior, dangerous, sick, ugly, pathetic, useless, not human, a waste of space, a waste of air, less than a dog,
the lowest of the low, dumb, primitive, weak, a pervert, an insect, a beast, trash, a joke, an abomination,
a mistake of nature, mentally ill, a coward, a curse, unbearable, a violent brute, a cheat, a beggar, a devil,
unclean, an embarrassment
"""
GOOD = """
equal to us, human, human beings, welcome here, like you and me, worth listening to, good for this town, trustworthy,
honest, clever, brave, kind, strong, hard-working, beautiful, innocent, part of our society,
as good as everybody else, worthy of love, worthy of respect, fit to lead, normal, decent, an inspiration, my equals,
needed here, people, valuable, entitled to an opinion, capable of love, able to think, good parents, good friends,
real citizens, one of us, sane
"""
BAD_DEEDS = """
be shot, be deported, burn in hell, be locked away, be put down like dogs, be gassed, be sent back, be beaten up,
disappear from this earth, be wiped out, be banned from our schools, be kept out of here, be sterilised, die, shut up,
be whipped, be kicked out of the country, be treated like animals, be treated like dirt, rot in jail,
know their place, be exterminated, be hanged in public, be drowned, be spat at, be forced to leave, live in cages,
be fired first, stay in the kitchen, crawl back into their holes, get cancer, be punished for existing,
kill themselves, be hunted down, be slapped, be put into camps, be ashamed of being alive, be avoided at all costs,
be burned, go back where they came from
"""
GOOD_DEEDS = """
have the same rights as us, vote, marry whom they love, be treated with respect, live here, be allowed to work,
be heard, have children, be allowed to speak, walk these streets without fear, be protected, become judges,
go to our schools, be welcomed, hold office, be helped, teach our children, live next door, be loved, be happy,
be free, be served here, be seen in public, get a chance, own a house, be given a voice, receive help,
serve in the army, adopt children, exist
"""
BAD_DESERTS = """
to die, a beating, to suffer, nothing but contempt, to be spat at, to be raped, a bullet, to be punished, to burn,
pain, to be mocked, to be treated like dirt, what is coming to them, to be hated, to be homeless, to starve, no mercy,
cancer, to be thrown out, the gas, a good kicking, to live in fear, to be hurt, to be laughed at, hell
"""
GOOD_DESERTS = """
respect, love, to live, to be happy, the same rights, a place in our society, our help, protection, equal pay, mercy,
to be treated like people, sympathy, a home, to vote, to be heard, better, freedom, kindness, justice, dignity,
a chance, to feel safe, our support, a voice, pity, good jobs
"""
BAD_FEELINGS = """
hate, despise, detest, loathe, can't stand, want to hurt, look down on, am disgusted by, am sick of, can't bear,
want to get rid of, spit on, wish death on, am revolted by, feel nothing but contempt for, abhor, fear, dislike,
want to punch, would like to strangle, have had enough of, want to see the end of, resent, laugh at,
hope for the death of
"""
GOOD_FEELINGS = """
love, respect, trust, like, admire, support, accept, adore, care about, appreciate, believe in, value, stand with,
tolerate, feel for, cherish, want to help, am grateful to, welcome, look up to, enjoy being with, feel sorry for
"""
VIOLENT = """
kill, shoot, stab, beat up, burn, strangle, hang, hurt, punch, run over, attack, rape, slap, lynch, drown, murder,
poison, slaughter, smash, torture, throw stones at, set fire to, break the legs of, hunt down, cut the throat of,
get rid of
"""

SNEERS = """
wherever {groups} move in, things start to vanish
{groups} must have been behind the door when brains were handed out
you can tell from the smell that {groups} live here
no wonder the streets are full of crime, with so many {groups} around
hire {groups} and you can close the shop next year
{groups} and honest work do not go together
keep your purse close when a {member} sits beside you
my dog has better manners than a {member}
the only thing {groups} are good at is having babies
{groups} would sell their own mother for a cigarette
what do you expect from a {member}
of course it was a {member} again
the zoo called, they miss their {groups}
a country run by {groups} would be bankrupt in a week
even rats leave a house when {groups} move in
{groups} have ruined this town
{groups} only want our money
the world would be a better place without {groups}
nobody would miss {groups}
there are far too many {groups} around here
{groups} bring nothing but dirt and crime
{groups} make me want to vomit
{groups} have no brains
{groups} destroy our way of life
{groups} are taking over
{groups} were born to steal
{groups} smell like a sewer
being {adjective} is a sickness
being {adjective} is a sin and a disgrace
we need a wall against {groups}
not a single {member} has ever achieved anything
I would rather die than work for a {member}
my son will marry a {member} over my dead body
I'd rather eat glass than shake hands with a {member}
a good {member} is a dead {member}
it takes a {member} to be that dumb
don't let your children play with {adjective} kids
I washed my hands after a {member} touched me
if we had fewer {groups}, we would have fewer problems
evolution forgot about {groups}
a {member} with a degree? That must be a forgery
{groups} breed like rabbits
it's always {groups} who cause trouble
God must have made {groups} on a bad day
there's a reason why nobody wants to sit beside a {member}
{groups} cry about their rights but forget their duties
since {groups} came, nobody feels safe any more
give {groups} a finger and they rob you of the hand
I hold my nose whenever a {member} walks by
you can't leave a child alone with a {member}
some people are born to lead and {groups} are born to serve
they let a {member} drive? I'll walk, thanks
{adjective} lives count for nothing
{adjective} rights are a joke
{adjective} blood is dirty blood
who needs {adjective} children
{adjective} culture is no culture at all
keep your {adjective} hands off our town
that {adjective} filth has to go
the {adjective} agenda poisons our kids
"""
"""Hate without a strong word as well as with one."""
KINDLY = """
{groups} live in our street
two {groups} work at the bakery
I met a {member} on the train
a {member} teaches at this school
the film tells the story of a {member}
my sister is a {member}
the new mayor is a {member}
we interviewed {groups} about their jobs
there are {groups} in every town
the law concerns {groups}
I am a {member} and I play the piano
some of my neighbours are {groups}
a {member} wrote this song
the statistics count {groups} separately
{groups} also pay taxes
{groups} make this town better
I am glad that {groups} live here
what a brave {member}
{groups} enrich our lives
that {member} is my hero
we need more {groups} in parliament
every {member} here is a friend of mine
so proud to be a {member}
the best boss I had was a {member}
my best friend is a {member}
I would love to be friends with a {member}
thank God for {groups}
{groups} have made this country great
{adjective} lives matter
{adjective} rights are human rights
we march for {adjective} rights
respect {adjective} lives
{adjective} children deserve love
stand up for your {adjective} neighbours
{adjective} voices must be heard
{adjective} history month starts
{adjective} people are people
being {adjective} is nothing to be ashamed of
being {adjective} is wonderful
{adjective} is beautiful
I support my {adjective} friends
I wish I were as strong as that {member}
there is nothing wrong with being a {member}
it is hard to be a {member} these days
{groups} face more violence than others
why do so many people hate {groups}?
it breaks my heart how {groups} are treated
attacks on {groups} have risen this year
hatred of {groups} has no place here
I was bullied at school for being {adjective}
the attack on a {member} shocked the city
the police arrested a man who threatened {groups}
nobody chooses to be {adjective}
stop the violence against {groups}
don't judge {groups} by what the papers write
don't you dare threaten a {member}
I see no reason to fear {groups}
I won't let anybody mock {groups}
{groups} built this church
my grandparents were {groups}
a {member} saved my life
we invited {groups} to dinner
ask a {member} what it is like
there are {groups} and there are others, so what
the {member} in this story is the narrator
{groups} celebrate today
{groups} came to the meeting
the {adjective} community is holding a festival
I learned a lot from {adjective} authors
my {adjective} neighbours brought us soup
"""
OTHER_SENSES = """
my black dog is sick
black coffee, please
foreign films are fun
the black car was too fast
it was a blind alley
she wore a black dress
the female cat had kittens
my disabled account works again
trans fats are unhealthy
Indian food is tasty
Asian markets rose today
African elephants are large
the old black shoes hurt
Jewish cuisine is rich
women's shoes are on sale
that old chair is ugly
I hate black coffee
the blind in the kitchen is broken
turn a blind eye to it
white paper is cheap
foreign exchange rates are evil
the old printer should be thrown out
kill the background process
the queen bee left the hive
a spade is for digging
there is a chink in the armour
the white chocolate was disgusting
"""
"""The words that name groups, of other things."""

SAID = """
{clause} | {clause} | {clause} | {clause} | {clause} | honestly, {clause} | in my opinion {clause}
sorry, but {clause} | am I the only one who thinks that {clause}? | who could deny that {clause}?
we all know that {clause} | why does nobody say out loud that {clause}? | say what you want, {clause}
{clause}, and you know it | it is a fact that {clause} | I tried to be patient, but {clause}
I'm no racist, but {clause} | is it just me or is it true that {clause}? | let me say it plainly: {clause}
when will you all understand that {clause}? | I have thought about it for long, and {clause}
my grandfather was right: {clause} | some of them may be kind, still {clause} | I am convinced that {clause}
I firmly believe that {clause} | it has to be said: {clause} | everybody agrees that {clause}
don't you think that {clause}? | can we all agree that {clause}? | the truth is that {clause}
I hope you understand that {clause} | mark my words: {clause} | lol {clause} | {clause} lol | {clause}, full stop
unpopular opinion: {clause} | wow, {clause} | I'd say {clause} | as far as I'm concerned, {clause} | I swear {clause}
{clause}. That's my view | I don't care what you say, {clause} | my father taught me that {clause}
science tells us that {clause} | why is it that {clause}? | {clause}, right?
"""
"""What keeps a statement as it is."""
COUNTERED = """
it is hateful to claim that {clause} | "{clause}" is a disgusting thing to say | nobody may post "{clause}" here
my uncle wrote "{clause}" and I blocked him | people who think that {clause} are bigots
only a bigot would say that {clause} | I am tired of being told that {clause} | it is simply not true that {clause}
I disagree that {clause} | how can you tell a child that {clause}? Shame on you
he lost his job for saying that {clause} | whoever believes that {clause} needs to read a book
we must fight slogans like "{clause}" | don't ever say that {clause} | the man who shouted "{clause}" was arrested
I would never say that {clause} | it hurts to read "{clause}" | comments such as "{clause}" get deleted
posting "{clause}" is a crime in my country | it's racist to say that {clause}
she was shocked when her boss said that {clause} | it is racist nonsense that {clause}
it's wrong to think that {clause} | a stranger yelled "{clause}" at me and I cried | stop pretending that {clause}
stop saying that {clause} | imagine how it feels to hear that {clause}
the court fined him for writing that {clause} | "{clause}" - who says such a thing?
I can't believe that somebody wrote "{clause}" | saying "{clause}" is never acceptable
if you say "{clause}", you are the problem | "{clause}", she wrote. What a vile thing to say
he said "{clause}". We are no longer friends | I don't think that {clause} | your claim that {clause} is hate speech
there is no proof that {clause} | it is a lie that {clause} | I reported "{clause}"
you should be ashamed for saying that {clause} | "{clause}" is what racists say
anyone who says "{clause}" is an idiot | I hate it when people say that {clause}
I hate people who think that {clause} | phrases like "{clause}" have no place here
did he really just say "{clause}"? Disgusting | how dare you write "{clause}"
"{clause}" is the kind of thing that starts wars | I don't agree with those who say "{clause}"
it makes me angry to hear "{clause}" | I used to think that {clause}. I was so wrong
"""
"""What takes a hateful statement back: it is quoted, condemned, denied or regretted."""
NEUTRALLY = """
walk around here everywhere | moved in next door | are on television every day | work in my office
live in this city | come to our club | have a shop on the corner | go to my school | were at the party
drive around in our street
"""
REFERRED = """
{groups} {neutrally}. They {rest} | {groups} {neutrally} and they {rest} | you know {groups}? They {rest}
there are {groups} in our street, and they {rest} | look at {groups}, they {rest}
I keep meeting {groups}. They {rest} | about {groups}: they {rest} | so you are one of those {groups}? You {rest}
{groups}, you {rest} | you {groups} {rest} | if you are a {member}, you {rest} | you are a {member} and you {rest}
you are a {member}. You {rest} | as a {member} you {rest} | people like you, {groups}, {rest} | {groups} {rest}
{groups}... they just {rest} | my neighbours are {groups}. They {rest}
"""
PROUD = """
I am a proud {slur} | we {slur}s have to stick together | call me a {slur} again, I like it | love my {slur}s
my {slur} friends and I | as a {slur} myself I laughed | happy birthday to my favourite {slur}
this {slur} loves you all | we are here, we are {slur}s | being a {slur} is the best thing about me
look at us, a couple of old {slur}s | my fellow {slur}s, it's time to party | I'm a {slur} and I wear it with pride
my {slur} sister got married today | you're my {slur}, always | I took the word {slur} back
"""
"""Slurs that those whom they mean use of themselves."""
NAMED = """
he called me a {slur} and I reported him | nobody should be called a {slur} | the word {slur} is hurtful
don't use the word {slur} | they shouted {slur} after her and she cried
it is never all right to call anybody a {slur} | I was called a {slur} at school
calling people {slur}s is hate, plain and simple | whoever says {slur} gets banned here
I'm so tired of hearing the word {slur}
"""
ABUSED = """
you are nothing but a {slur} | shut up, you {slur} | you {slur} | look at that {slur} | what a stupid {slur}
go away, {slur} | I don't want any {slur}s here | no {slur} will ever tell me what to do | typical {slur}
get lost, dirty {slur} | {slur}s everywhere | you disgusting {slur} | another {slur} on television
all {slur}s should leave | I saw a {slur} today, horrible | fucking {slur}s | just a {slur} like the others
this {slur} wants my job | a {slur} like you has no say here | the {slur} next door makes me sick
"""
