"""What counts as a noun phrase, for the training and the measurement of key phrases."""

from pathlib import Path

from training.text.treebanks import noun_phrases, read

SENTENCE = """\
# text = The old man's dog didn't see Iguazu Falls of Brazil on July 13.
1\tThe\tthe\tDET\t_\t_\t3\tdet\t_\t_
2\told\told\tADJ\t_\t_\t3\tamod\t_\t_
3-4\tman's\t_\t_\t_\t_\t_\t_\t_\t_
3\tman\tman\tNOUN\t_\t_\t5\tnmod:poss\t_\t_
4\t's\t's\tPART\t_\t_\t3\tcase\t_\t_
5\tdog\tdog\tNOUN\t_\t_\t8\tnsubj\t_\t_
6-7\tdidn't\t_\t_\t_\t_\t_\t_\t_\t_
6\tdid\tdo\tAUX\t_\t_\t8\taux\t_\t_
7\tn't\tnot\tPART\t_\t_\t8\tadvmod\t_\t_
8\tsee\tsee\tVERB\t_\t_\t0\troot\t_\t_
9\tIguazu\tIguazu\tPROPN\t_\t_\t10\tcompound\t_\t_
10\tFalls\tFalls\tPROPN\t_\t_\t8\tobj\t_\t_
11\tof\tof\tADP\t_\t_\t12\tcase\t_\t_
12\tBrazil\tBrazil\tPROPN\t_\t_\t10\tnmod\t_\t_
13\ton\ton\tADP\t_\t_\t14\tcase\t_\t_
14\tJuly\tJuly\tPROPN\t_\t_\t8\tobl\t_\t_
15\t13\t13\tNUM\t_\t_\t14\tnummod\t_\t_
16\t.\t.\tPUNCT\t_\t_\t8\tpunct\t_\t_

"""


def test_noun_phrases_hold_possessors_names_and_numbers_but_no_prepositional_phrases(tmp_path: Path) -> None:
    path = tmp_path / "one.conllu"
    path.write_text(SENTENCE)
    (sentence,) = read(path)
    phrases = [" ".join(sentence.words[begin:end]) for begin, end in noun_phrases(sentence)]
    assert phrases == ["The old man 's dog", "Iguazu Falls", "Brazil", "July 13"]


def test_written_words_know_the_syntactic_words_they_hold(tmp_path: Path) -> None:
    path = tmp_path / "one.conllu"
    path.write_text(SENTENCE)
    (sentence,) = read(path)
    written = {sentence.text[begin:end]: sentence.words[first:last] for begin, end, first, last in sentence.surface}
    assert written["didn't"] == ["did", "n't"]
    assert written["dog"] == ["dog"]
